//! Records: clients, issuers, policies, customers' keys, webhooks, keysets, named contexts and
//! invitations, as sealed rows and back.

use core::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use strongroom_types::body::GuardBody;
use strongroom_types::{
    ClientId, ContextId, CustomerKeyId, InvitationId, IssuerId, KeysetClientId, KeysetId, PolicyId,
    WebhookId, WorkspaceId,
};

use crate::admin::ApplicationNameBody;
use crate::caller::{Client, ClientBody};
use crate::customer_key::{CustomerKey, CustomerKeyBody};
use crate::denial::Denial;
use crate::event::{Webhook, WebhookBody};
use crate::identity::{Issuer, IssuerBody};
use crate::keysets::{Keyset, KeysetBody, KeysetClient, KeysetClientBody, NameBody, ShareBody};
use crate::named::{NamedContext, NamedContextBody};
use crate::policy::{Policy, PolicyRecord};
use crate::ports::{Micros, Record, RecordKind, StoreError};
use crate::user::{Invitation, InvitationBody};
use crate::workspace::WorkspaceKeys;

/// The place of a record's body: what it describes, in which workspace, under which id.
fn place<'a>(workspace: &'a WorkspaceId, kind: RecordKind, id: &'a str) -> [&'a [u8]; 4] {
    [
        b"record",
        workspace.as_bytes(),
        kind.name().as_bytes(),
        id.as_bytes(),
    ]
}

/// Seals a record.
pub(crate) fn seal<T: Serialize>(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    (kind, id, created): (RecordKind, String, Micros),
    body: &T,
) -> Result<Record, Denial> {
    let body = keys.seal_body(&place(&workspace, kind, &id), body)?;
    Ok(Record {
        kind,
        id,
        created,
        body,
    })
}

/// Seals a record whose body is written already.
pub(crate) fn seal_json(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    (kind, id, created): (RecordKind, String, Micros),
    json: &[u8],
) -> Result<Record, Denial> {
    let body = keys.seal_json(&place(&workspace, kind, &id), json)?;
    Ok(Record {
        kind,
        id,
        created,
        body,
    })
}

fn open<T: DeserializeOwned, I: FromStr>(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<(I, T), StoreError> {
    let body = keys.open_body(
        "record",
        &place(&workspace, record.kind, &record.id),
        &record.body,
    )?;
    let id = record
        .id
        .parse()
        .map_err(|_not_an_id| StoreError::Damaged { table: "record" })?;
    Ok((id, body))
}

/// Opens a client's record.
pub(crate) fn client(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<Client, StoreError> {
    let (id, body) = open::<ClientBody, ClientId>(keys, workspace, record)?;
    Ok(Client {
        id,
        created: record.created,
        body: body.grown(),
    })
}

/// Seals a client's record.
pub(crate) fn seal_client(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    client: &Client,
) -> Result<Record, Denial> {
    let place = (RecordKind::Client, client.id.to_string(), client.created);
    seal(keys, workspace, place, &client.body)
}

/// Opens the record that the name of an application is looked up by.
pub(crate) fn application_name(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<ApplicationNameBody, StoreError> {
    open::<ApplicationNameBody, String>(keys, workspace, record).map(|(_, body)| body)
}

/// Opens a guard's record. Its id is an HMAC of its name.
pub(crate) fn guard(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<GuardBody, StoreError> {
    open::<GuardBody, String>(keys, workspace, record).map(|(_, body)| body)
}

/// Opens a named context's record.
pub(crate) fn named_context(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<NamedContext, StoreError> {
    let (id, body) = open::<NamedContextBody, ContextId>(keys, workspace, record)?;
    Ok(NamedContext {
        id,
        created: record.created,
        body,
    })
}

/// Opens an invitation's record.
pub(crate) fn invitation(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<Invitation, StoreError> {
    let (id, body) = open::<InvitationBody, InvitationId>(keys, workspace, record)?;
    Ok(Invitation {
        id,
        created: record.created,
        body,
    })
}

/// Opens an issuer's record.
pub(crate) fn issuer(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<Issuer, StoreError> {
    let (id, body) = open::<IssuerBody, IssuerId>(keys, workspace, record)?;
    Ok(Issuer {
        id,
        created: record.created,
        body,
    })
}

/// Opens a webhook's record.
pub(crate) fn webhook(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<Webhook, StoreError> {
    let (id, body) = open::<WebhookBody, WebhookId>(keys, workspace, record)?;
    Ok(Webhook {
        id,
        created: record.created,
        body,
    })
}

/// Opens a keyset's record.
pub(crate) fn keyset(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<Keyset, StoreError> {
    let (id, body) = open::<KeysetBody, KeysetId>(keys, workspace, record)?;
    Ok(Keyset {
        id,
        created: record.created,
        body,
    })
}

/// Opens the record that the name of a keyset is looked up by.
pub(crate) fn keyset_name(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<NameBody, StoreError> {
    open::<NameBody, String>(keys, workspace, record).map(|(_, body)| body)
}

/// Opens the record of a client of keysets.
pub(crate) fn keyset_client(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<KeysetClient, StoreError> {
    let (id, body) = open::<KeysetClientBody, KeysetClientId>(keys, workspace, record)?;
    Ok(KeysetClient { id, body })
}

/// Opens the record of what all clients of keysets share.
pub(crate) fn keyset_share(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<ShareBody, StoreError> {
    open::<ShareBody, String>(keys, workspace, record).map(|(_, body)| body)
}

/// Opens a record whose id says all that is not in its body.
pub(crate) fn body<T: DeserializeOwned>(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<T, StoreError> {
    open::<T, String>(keys, workspace, record).map(|(_, body)| body)
}

/// Opens a policy's record.
pub(crate) fn policy(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<Policy, StoreError> {
    let (id, body) = open::<PolicyRecord, PolicyId>(keys, workspace, record)?;
    Ok(Policy {
        id,
        created: record.created,
        body: body.policy,
        customer_key: body.customer_key,
    })
}

/// Opens a customer key's record.
pub(crate) fn customer_key(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<CustomerKey, StoreError> {
    let (id, body) = open::<CustomerKeyBody, CustomerKeyId>(keys, workspace, record)?;
    Ok(CustomerKey {
        id,
        created: record.created,
        body,
    })
}
