//! Reads of the logs: batches, items, tiles, search terms and checkpoints.

use std::collections::BTreeSet;

use sqlx::any::AnyRow;
use sqlx::{AnyExecutor, AnyPool, AssertSqlSafe, query};
use strongroom_core::ports::{BatchRow, CheckpointRow, Micros, StoreError};
use strongroom_log::Hash;
use strongroom_types::WorkspaceId;

use crate::columns::{Columns, bigint, failed, placeholders};

pub(crate) async fn batches(
    pool: &AnyPool,
    workspace: WorkspaceId,
    from: u64,
    to: u64,
) -> Result<Vec<BatchRow>, StoreError> {
    if from >= to {
        return Ok(Vec::new());
    }
    // The batch that holds `from` may start before it: the index finds its start in one step.
    let rows = query(
        "SELECT first, count, entries, openings FROM batch
         WHERE workspace = $1 AND first < $3 AND first >= COALESCE(
             (SELECT MAX(first) FROM batch WHERE workspace = $1 AND first <= $2), $2)
         ORDER BY first",
    )
    .bind(workspace.to_string())
    .bind(bigint(from))
    .bind(bigint(to))
    .fetch_all(pool)
    .await
    .map_err(failed("batch"))?;
    let mut batches = rows.iter().map(batch_of).collect::<Result<Vec<_>, _>>()?;
    // Beyond the end of the log the last batch holds none of them.
    batches.retain(|batch| batch.first.saturating_add(batch.count) > from);
    Ok(batches)
}

/// Batches lose their openings oldest first, so that those which have them are the newest, and an
/// index finds the newest of these. Where none has them, it is the last of a log.
pub(crate) async fn newest_time(pool: &AnyPool) -> Result<Option<Micros>, StoreError> {
    let row = query(
        "SELECT COALESCE(
             (SELECT MAX(last_time) FROM batch WHERE openings IS NOT NULL),
             (SELECT MAX((SELECT last_time FROM batch WHERE batch.workspace = workspace.id
                          ORDER BY first DESC LIMIT 1)) FROM workspace))",
    )
    .fetch_one(pool)
    .await
    .map_err(failed("batch"))?;
    Columns::new("batch", &row).optional_time(0)
}

fn batch_of(row: &AnyRow) -> Result<BatchRow, StoreError> {
    let columns = Columns::new("batch", row);
    Ok(BatchRow {
        first: columns.number(0)?,
        count: columns.number(1)?,
        entries: columns.bytes(2)?,
        openings: columns.bytes_or_empty(3)?,
    })
}

pub(crate) async fn items(
    pool: &AnyPool,
    workspace: WorkspaceId,
    index: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    query("SELECT records FROM items WHERE workspace = $1 AND entry = $2")
        .bind(workspace.to_string())
        .bind(bigint(index))
        .fetch_optional(pool)
        .await
        .map_err(failed("items"))?
        .map(|row| Columns::new("items", &row).bytes(0))
        .transpose()
}

pub(crate) async fn tile(
    pool: &AnyPool,
    workspace: WorkspaceId,
    level: u8,
    n: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    query("SELECT hashes FROM tile WHERE workspace = $1 AND level = $2 AND n = $3")
        .bind(workspace.to_string())
        .bind(i64::from(level))
        .bind(bigint(n))
        .fetch_optional(pool)
        .await
        .map_err(failed("tile"))?
        .map(|row| Columns::new("tile", &row).bytes(0))
        .transpose()
}

pub(crate) async fn tile_roots(
    pool: &AnyPool,
    workspace: WorkspaceId,
    level: u8,
    from: u64,
    to: u64,
) -> Result<Vec<Hash>, StoreError> {
    let rows = query(
        "SELECT root FROM tile WHERE workspace = $1 AND level = $2 AND n >= $3 AND n < $4
         ORDER BY n",
    )
    .bind(workspace.to_string())
    .bind(i64::from(level))
    .bind(bigint(from))
    .bind(bigint(to))
    .fetch_all(pool)
    .await
    .map_err(failed("tile"))?;
    rows.iter()
        .map(|row| Columns::new("tile", row).hash(0))
        .collect()
}

pub(crate) async fn tiles(pool: &AnyPool, workspace: WorkspaceId) -> Result<u64, StoreError> {
    // The follower stores them in order, so the last one's number is one less than their count.
    query("SELECT n FROM tile WHERE workspace = $1 AND level = 0 ORDER BY n DESC LIMIT 1")
        .bind(workspace.to_string())
        .fetch_optional(pool)
        .await
        .map_err(failed("tile"))?
        .map_or(Ok(0), |row| Ok(Columns::new("tile", &row).number(0)? + 1))
}

pub(crate) async fn term_tiles(
    pool: &AnyPool,
    workspace: WorkspaceId,
    terms: &[[u8; 16]],
    from: u64,
) -> Result<Vec<u64>, StoreError> {
    let terms: BTreeSet<&[u8; 16]> = terms.iter().collect();
    // Every tile holds all of no terms.
    let sql = if terms.is_empty() {
        "SELECT n FROM tile WHERE workspace = $1 AND n >= $2 AND level = 0 ORDER BY n".to_owned()
    } else {
        format!(
            "SELECT tile FROM term WHERE workspace = $1 AND tile >= $2 AND term IN ({})
             GROUP BY tile HAVING COUNT(*) = {} ORDER BY tile",
            placeholders(3, terms.len()),
            terms.len(),
        )
    };
    let mut query = query(AssertSqlSafe(sql))
        .bind(workspace.to_string())
        .bind(bigint(from));
    for term in terms {
        query = query.bind(term.as_slice());
    }
    let rows = query.fetch_all(pool).await.map_err(failed("term"))?;
    rows.iter()
        .map(|row| Columns::new("term", row).number(0))
        .collect()
}

/// The level-0 tiles with terms to erase whose last entry is older than `before`, oldest first.
pub(crate) async fn tiles_with_private_terms<'c>(
    executor: impl AnyExecutor<'c>,
    before: Micros,
    limit: u32,
) -> Result<Vec<(String, u64)>, StoreError> {
    let rows = query(
        "SELECT workspace, n FROM tile WHERE level = 0 AND last_time < $1
         ORDER BY last_time LIMIT $2",
    )
    .bind(before)
    .bind(i64::from(limit))
    .fetch_all(executor)
    .await
    .map_err(failed("tile"))?;
    let tile = |row| {
        let columns = Columns::new("tile", row);
        Ok((columns.text(0)?, columns.number(1)?))
    };
    rows.iter().map(tile).collect()
}

pub(crate) async fn checkpoint(
    pool: &AnyPool,
    workspace: WorkspaceId,
) -> Result<Option<CheckpointRow>, StoreError> {
    query(
        "SELECT generation, size, note FROM checkpoint WHERE workspace = $1
         ORDER BY generation DESC, size DESC LIMIT 1",
    )
    .bind(workspace.to_string())
    .fetch_optional(pool)
    .await
    .map_err(failed("checkpoint"))?
    .map(|row| checkpoint_of(&row))
    .transpose()
}

/// The checkpoint of a generation and size.
pub(crate) async fn checkpoint_at<'c>(
    executor: impl AnyExecutor<'c>,
    workspace: WorkspaceId,
    generation: u64,
    size: u64,
) -> Result<Option<CheckpointRow>, StoreError> {
    query(
        "SELECT generation, size, note FROM checkpoint
         WHERE workspace = $1 AND generation = $2 AND size = $3",
    )
    .bind(workspace.to_string())
    .bind(bigint(generation))
    .bind(bigint(size))
    .fetch_optional(executor)
    .await
    .map_err(failed("checkpoint"))?
    .map(|row| checkpoint_of(&row))
    .transpose()
}

fn checkpoint_of(row: &AnyRow) -> Result<CheckpointRow, StoreError> {
    let columns = Columns::new("checkpoint", row);
    Ok(CheckpointRow {
        generation: columns.number(0)?,
        size: columns.number(1)?,
        note: columns.text(2)?,
    })
}
