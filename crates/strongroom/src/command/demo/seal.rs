//! Sealing every record, and opening all of them.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use strongroom_types::Code;
use strongroom_types::body::{Batch, DecryptItem, EncryptAnswer, EncryptItem, ItemResult};

use super::DemoError;
use super::report::Report;
use super::stage::{PARALLEL, Stage};
use super::table::{Record, Table};

/// The sealed records, in the order of the table.
pub(super) type Sealed = Vec<EncryptAnswer>;

/// Seals every record under its tenant's key context, locked to its identity: one batch for each
/// identity, because a request is made on behalf of one.
pub(super) async fn seal_all(
    stage: &Stage,
    table: &Table,
    report: &mut Report,
) -> Result<Sealed, DemoError> {
    let batches: Vec<_> = stream::iter(table.identities())
        .map(|(identity, rows)| seal_rows(stage, table, identity, rows))
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    let mut sealed: Vec<_> = batches.into_iter().flatten().collect();
    sealed.sort_by_key(|(row, _)| *row);
    let sealed: Sealed = sealed.into_iter().map(|(_, answer)| answer).collect();
    let bytes = sealed.iter().map(|answer| answer.ciphertext.0.len()).sum();
    report.end("seal every record", sealed.len(), bytes);
    Ok(sealed)
}

async fn seal_rows(
    stage: &Stage,
    table: &Table,
    identity: &str,
    rows: &[usize],
) -> Result<Vec<(usize, EncryptAnswer)>, DemoError> {
    let item =
        |record: &Record| EncryptItem::new(record.key_context.clone(), record.plaintext.as_slice());
    let records = rows.iter().filter_map(|row| table.records().get(*row));
    let batch = Batch {
        items: records.map(item).collect(),
        metadata: None,
    };
    let answer = stage.on_behalf_of(identity).encrypt_batch(batch).await?;
    stage.saw(answer.log_entry);
    rows.iter()
        .copied()
        .zip(answer.results)
        .map(|(row, result)| match result {
            ItemResult::Ok(sealed) => Ok((row, sealed)),
            ItemResult::Err { error } => Err(DemoError::NotSealed {
                row,
                code: error.code,
            }),
        })
        .collect()
}

/// Opens every record on behalf of its identity and compares it with the table. The records of the
/// `destroyed` tenant, if there is one, must be gone.
pub(super) async fn open_all(
    stage: &Stage,
    table: &Table,
    sealed: &Sealed,
    destroyed: Option<&str>,
    report: &mut Report,
) -> Result<(), DemoError> {
    let counts: Vec<(usize, usize)> = stream::iter(table.identities())
        .map(|(identity, rows)| open_rows(stage, table, sealed, (identity, rows), destroyed))
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    let count = counts.iter().map(|(count, _)| count).sum();
    let bytes = counts.iter().map(|(_, bytes)| bytes).sum();
    let step = match destroyed {
        None => "open all and compare",
        Some(_) => "open what is left and compare",
    };
    report.end(step, count, bytes);
    Ok(())
}

async fn open_rows(
    stage: &Stage,
    table: &Table,
    sealed: &Sealed,
    (identity, rows): (&str, &[usize]),
    destroyed: Option<&str>,
) -> Result<(usize, usize), DemoError> {
    let owned = rows
        .iter()
        .filter_map(|row| Some((*row, table.records().get(*row)?, sealed.get(*row)?)));
    let items = owned.clone().map(|(_, record, answer)| {
        DecryptItem::new(record.key_context.clone(), answer.ciphertext.clone())
    });
    let batch = Batch {
        items: items.collect(),
        metadata: None,
    };
    let answer = stage.on_behalf_of(identity).decrypt_batch(batch).await?;
    stage.saw(answer.log_entry);
    let (mut count, mut bytes) = (0, 0);
    for ((row, record, _), result) in owned.zip(answer.results) {
        let is_gone = destroyed == Some(record.tenant.as_str());
        match result {
            ItemResult::Ok(_) if is_gone => return Err(DemoError::StillOpens { row }),
            ItemResult::Ok(opened) if opened.plaintext.0 != record.plaintext => {
                return Err(DemoError::OpenedDifferently { row });
            }
            ItemResult::Ok(_) => {
                count += 1;
                bytes += record.plaintext.len();
            }
            ItemResult::Err { error } if is_gone && error.code == Code::CannotDecrypt => {}
            ItemResult::Err { error } => {
                return Err(DemoError::NotOpened {
                    row,
                    code: error.code,
                });
            }
        }
    }
    Ok((count, bytes))
}
