//! Four attacks, each refused by the server's own answer.

use core::fmt;

use serde_json::json;
use strongroom_client::{Client, ClientError, RefusalError};
use strongroom_types::body::{
    Batch, DecryptAnswer, DecryptItem, DecryptRequest, EncryptAnswer, ItemResult, LogEntryId,
};
use strongroom_types::{Bytes, Code, ContextPattern, Permission};

use super::DemoError;
use super::report::Report;
use super::seal::Sealed;
use super::stage::Stage;
use super::table::{Record, Table};
use crate::print;

/// How many bytes at the start of a ciphertext are altered, one at a time. The header lies there.
const HEADER_BYTES: usize = 96;

/// What everybody wants to open: the table's first record.
struct Target<'a> {
    record: &'a Record,
    sealed: &'a EncryptAnswer,
}

impl Target<'_> {
    fn request(&self) -> DecryptRequest {
        DecryptRequest::new(
            self.record.key_context.clone(),
            self.sealed.ciphertext.clone(),
        )
    }
}

/// Runs the attacks; hands over the entries that record the refusals. Each attack is right in
/// everything but the one thing that it is named after.
pub(super) async fn attack(
    stage: &Stage,
    table: &Table,
    sealed: &Sealed,
    report: &mut Report,
) -> Result<Vec<LogEntryId>, DemoError> {
    let (Some(record), Some(sealed)) = (table.records().first(), sealed.first()) else {
        return Ok(Vec::new());
    };
    let target = Target { record, sealed };
    print::line("\nrefused, by the server's own answer:")?;
    let mut refusals = Vec::new();
    refusals.extend(another_tenant(stage, table, &target).await?);
    another_workspace(stage, &target).await?;
    refusals.extend(another_identity(stage, table, &target).await?);
    refusals.push(unknown_issuer(stage, &target).await?);
    unknown_key(stage, &target).await?;
    let altered = altered_header(stage, &target).await?;
    report.end("attacks refused", refusals.len() + 2 + altered, 0);
    Ok(refusals)
}

async fn another_tenant(
    stage: &Stage,
    table: &Table,
    target: &Target<'_>,
) -> Result<[LogEntryId; 2], DemoError> {
    let other = table
        .records()
        .iter()
        .find(|record| record.tenant != target.record.tenant)
        .unwrap_or(target.record);
    let own = ContextPattern::new(other.key_context.pairs())?;
    let client = stage
        .new_client("another tenant", &[Permission::Decrypt], vec![own])
        .await?;
    let client = stage.as_identity(&client, &target.record.identity);

    let what = "another tenant's client";
    let answer = client.decrypt(target.request()).await;
    let first = refused(what, answer, Code::ContextNotFound)?;

    let what = "another tenant's client, naming its own context";
    let renamed = DecryptRequest {
        key_context: other.key_context.clone(),
        ..target.request()
    };
    let second = refused(what, client.decrypt(renamed).await, Code::CannotDecrypt)?;

    Ok([first, second])
}

/// The refusal stands in the log of the workspace that asked.
async fn another_workspace(stage: &Stage, target: &Target<'_>) -> Result<(), DemoError> {
    let context = target.record.key_context.clone();
    stage.stranger.contexts().create(context).await?;
    let client = stage.as_identity(&stage.stranger, &target.record.identity);
    let answer = client.decrypt(target.request()).await;
    refused(
        "another workspace, with the same names",
        answer,
        Code::CannotDecrypt,
    )
    .map(drop)
}

async fn another_identity(
    stage: &Stage,
    table: &Table,
    target: &Target<'_>,
) -> Result<[LogEntryId; 2], DemoError> {
    let other = table
        .identities()
        .keys()
        .find(|identity| **identity != target.record.identity)
        .map_or("", String::as_str);
    let answer = stage.on_behalf_of(other).decrypt(target.request()).await;
    let first = refused("another identity", answer, Code::IdentityMismatch)?;
    let answer = stage.client.decrypt(target.request()).await;
    Ok([
        first,
        refused("no identity", answer, Code::IdentityMismatch)?,
    ])
}

async fn unknown_issuer(stage: &Stage, target: &Target<'_>) -> Result<LogEntryId, DemoError> {
    let forged = json!({
        "sub": target.record.identity,
        "claims": {"iss": "https://elsewhere.example"},
    });
    let token = stage.mint(&forged).await?;
    let client: Client = stage.client.with_lock_context(token.as_str());
    let answer = client.decrypt(target.request()).await;
    refused(
        "a token of an unknown issuer",
        answer,
        Code::InvalidIdentity,
    )
}

/// Nobody's log records it: the caller is not known.
async fn unknown_key(stage: &Stage, target: &Target<'_>) -> Result<(), DemoError> {
    let client = stage.with_key("sr_unknown")?;
    let client = stage.as_identity(&client, &target.record.identity);
    let what = "an unknown API key";
    match client.decrypt(target.request()).await {
        Ok(_) => Err(DemoError::NotRefused { what }),
        Err(error) if error.is_unauthenticated() => show(what, &error, "no log entry"),
        Err(error) => Err(error.into()),
    }
}

/// Alters each byte of the header in turn; none of it opens.
async fn altered_header(stage: &Stage, target: &Target<'_>) -> Result<usize, DemoError> {
    let altered = |position: usize| {
        let mut bytes = target.sealed.ciphertext.0.clone();
        if let Some(byte) = bytes.get_mut(position) {
            *byte ^= 0x40;
        }
        DecryptItem::new(target.record.key_context.clone(), Bytes(bytes))
    };
    let batch = Batch {
        items: (0..HEADER_BYTES).map(altered).collect(),
        metadata: None,
    };
    let client = stage.on_behalf_of(&target.record.identity);
    let answer = client.decrypt_batch(batch).await?;
    let what = "an altered header";
    if answer
        .results
        .iter()
        .any(|result| matches!(result, ItemResult::Ok(_)))
    {
        return Err(DemoError::NotRefused { what });
    }
    let entry = answer.log_entry;
    print::line(format_args!(
        "  {what:<50} {HEADER_BYTES} of {HEADER_BYTES} altered bytes refused, log entry {entry}"
    ))?;
    Ok(HEADER_BYTES)
}

/// Checks that it was refused for the reason that is expected, and that the log says so.
fn refused(
    what: &'static str,
    answer: Result<DecryptAnswer, ClientError>,
    expected: Code,
) -> Result<LogEntryId, DemoError> {
    let Err(error) = answer else {
        return Err(DemoError::NotRefused { what });
    };
    match error.code() {
        Some(code) if code == expected => {}
        Some(code) => return Err(DemoError::RefusedOtherwise { what, code }),
        None => return Err(error.into()),
    }
    let entry = error.refusal().and_then(RefusalError::log_entry);
    let entry = entry.ok_or(DemoError::NotLogged { what })?;
    show(what, &error, format_args!("log entry {entry}"))?;
    Ok(entry)
}

fn show(what: &str, error: &ClientError, entry: impl fmt::Display) -> Result<(), DemoError> {
    let Some(refusal) = error.refusal() else {
        return Ok(());
    };
    let (status, code) = (refusal.status(), refusal.code());
    Ok(print::line(format_args!(
        "  {what:<50} {status} {code}, {entry}"
    ))?)
}
