//! A new key for one tenant, without any person's token.

use strongroom_types::KeyVersion;
use strongroom_types::body::{Batch, ItemResult, RewrapItem};

use super::DemoError;
use super::report::Report;
use super::seal::Sealed;
use super::stage::Stage;
use super::table::Table;

/// Items of one rewrap batch.
const BATCH: usize = 500;

/// Rotates the tenant's key and moves its records to the new version. Nobody's identity is shown:
/// only the outer layer is replaced, and no record is opened.
pub(super) async fn rotate(
    stage: &Stage,
    table: &Table,
    sealed: &mut Sealed,
    tenant: &str,
    report: &mut Report,
) -> Result<(), DemoError> {
    let rows: Vec<usize> = table.rows_of(tenant).map(|(row, _)| row).collect();
    let Some(first) = rows.first().and_then(|row| sealed.get(*row)) else {
        return Ok(());
    };
    let context = stage.client.contexts().rotate(first.key.id).await?;
    let newest = context.versions.iter().map(|version| version.version).max();
    let newest = newest.unwrap_or(KeyVersion::FIRST);
    let mut bytes = 0;
    for rows in rows.chunks(BATCH) {
        bytes += rewrap(stage, table, sealed, rows, newest).await?;
    }
    report.end("rotate a tenant's key and rewrap", rows.len(), bytes);
    Ok(())
}

async fn rewrap(
    stage: &Stage,
    table: &Table,
    sealed: &mut Sealed,
    rows: &[usize],
    newest: KeyVersion,
) -> Result<usize, DemoError> {
    let items = rows.iter().filter_map(|row| {
        let context = table.records().get(*row)?.key_context.clone();
        Some(RewrapItem::new(
            context,
            sealed.get(*row)?.ciphertext.clone(),
        ))
    });
    let batch = Batch {
        items: items.collect(),
        metadata: None,
    };
    let answer = stage.client.rewrap_batch(batch).await?;
    stage.saw(answer.log_entry);
    let mut bytes = 0;
    for (&row, result) in rows.iter().zip(answer.results) {
        let moved = match result {
            ItemResult::Ok(moved) if moved.key.version == newest => moved,
            ItemResult::Ok(_) => return Err(DemoError::OldVersion { row }),
            ItemResult::Err { error } => {
                return Err(DemoError::NotRewrapped {
                    row,
                    code: error.code,
                });
            }
        };
        bytes += moved.ciphertext.0.len();
        if let Some(slot) = sealed.get_mut(row) {
            *slot = moved;
        }
    }
    Ok(bytes)
}
