//! The log, fetched by an auditor and checked offline.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use strongroom_client::Client;
use strongroom_log::{Entry, EntryBundle, Tile, TileKind};
use strongroom_types::body::LogEntryId;
use strongroom_types::{Outcome, Permission};

use super::DemoError;
use super::report::Report;
use super::stage::Stage;
use crate::archive::{self, ArchiveError};
use crate::print;

/// How often to look for a checkpoint that covers the last entry; one exists within a second.
const LOOKS: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Fetches the log with a credential that can do nothing else, verifies it offline, finds every
/// refusal in it, and shows that one flipped byte is caught.
pub(super) async fn prove(
    stage: &Stage,
    refusals: &[LogEntryId],
    report: &mut Report,
) -> Result<(), DemoError> {
    let auditor = stage
        .new_client("auditor", &[Permission::LogRead], Vec::new())
        .await?;
    let directory = stage.directory.path().join("log");
    wait_for_checkpoint(&auditor, stage.last_seen()).await?;
    let exported = archive::export(&auditor, &stage.log_key, &directory).await?;
    report.end(
        "fetch the log",
        count(exported.entries),
        count(exported.bytes),
    );

    let verified = archive::verify(&directory, &stage.log_key)?;
    report.end(
        "verify it offline",
        count(verified.entries),
        count(verified.bytes),
    );
    for refusal in refusals {
        find_refusal(&directory, verified.entries, *refusal)?;
    }
    print::line(format_args!(
        "\nthe log {} holds {} entries, the {} refusals among them; all as signed",
        verified.origin,
        verified.entries,
        refusals.len()
    ))?;
    catch_flipped_byte(stage, &directory, verified.entries)
}

/// Waits until a checkpoint covers the entry.
async fn wait_for_checkpoint(auditor: &Client, index: u64) -> Result<(), DemoError> {
    for _ in 0..LOOKS {
        let note = auditor.log().checkpoint().await?;
        if size_of(&note).is_some_and(|size| size > index) {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(DemoError::NotCovered { index })
}

/// The size that a checkpoint claims: its second line. The export checks the signature.
fn size_of(note: &str) -> Option<u64> {
    note.lines().nth(1)?.parse().ok()
}

/// Checks that the verified log says the same as the server's answer did.
fn find_refusal(directory: &Path, size: u64, refusal: LogEntryId) -> Result<(), DemoError> {
    let missing = DemoError::RefusalMissing {
        index: refusal.index,
    };
    let Some(path) = bundle_of(directory, refusal.index, size) else {
        return Err(missing);
    };
    let bundle = fs::read(&path).map_err(ArchiveError::io(&path))?;
    let position = usize::try_from(refusal.index & 0xff).unwrap_or_default();
    let entry = match EntryBundle::entries(&bundle).nth(position) {
        Some(Ok(bytes)) => Entry::decode(bytes).ok(),
        Some(Err(_)) | None => None,
    };
    match entry.map(|entry| entry.outcome) {
        Some(Outcome::Denied | Outcome::Failed) => Ok(()),
        Some(Outcome::Allowed | Outcome::Completed) | None => Err(missing),
    }
}

fn bundle_of(directory: &Path, index: u64, size: u64) -> Option<PathBuf> {
    let tile = Tile::in_tree(TileKind::Entries, index >> 8, size)?;
    Some(directory.join(tile.to_string()))
}

/// Flips one byte in the middle of the log and asks the verifier again.
fn catch_flipped_byte(stage: &Stage, directory: &Path, size: u64) -> Result<(), DemoError> {
    let path = bundle_of(directory, size / 2, size).ok_or(DemoError::AlterationMissed)?;
    let mut bundle = fs::read(&path).map_err(ArchiveError::io(&path))?;
    let middle = bundle.len() / 2;
    if let Some(byte) = bundle.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(&path, &bundle).map_err(ArchiveError::io(&path))?;
    match archive::verify(directory, &stage.log_key) {
        Ok(_) => Err(DemoError::AlterationMissed),
        Err(caught) => Ok(print::line(format_args!(
            "one flipped byte: caught, {caught}"
        ))?),
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
