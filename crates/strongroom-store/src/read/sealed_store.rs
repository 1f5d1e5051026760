//! Reads of sealed stores.

use sqlx::{AnyPool, AssertSqlSafe, query, query_scalar};
use strongroom_core::ports::{
    DueRecord, Guesses, Micros, SealedCounts, SealedMapRow, SealedNode, SealedSlot, StoreError,
};
use strongroom_types::{ClientId, ContextId, WorkspaceId};

use crate::columns::{Columns, failed, placeholders};

pub(crate) async fn map(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
) -> Result<Option<SealedMapRow>, StoreError> {
    let row = query(
        "SELECT epoch, keep, sequence, root, changed, next_version FROM sealed_map
         WHERE workspace = $1 AND context = $2",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .fetch_optional(pool)
    .await
    .map_err(failed("sealed_map"))?;
    let Some(row) = row else { return Ok(None) };
    let columns = Columns::new("sealed_map", &row);
    let small = |column| {
        let number = columns.number(column)?;
        u32::try_from(number).map_err(|_too_large| columns.damaged())
    };
    Ok(Some(SealedMapRow {
        context,
        epoch: small(0)?,
        keep: small(1)?,
        sequence: columns.number(2)?,
        root: columns.bytes(3)?,
        changed: columns.number(4)?,
        next_version: columns.number(5)?,
    }))
}

/// How many ids a query names.
const IDS: usize = 200;

pub(crate) async fn nodes(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    ids: &[Vec<u8>],
) -> Result<Vec<SealedNode>, StoreError> {
    let mut nodes = Vec::new();
    for ids in ids.chunks(IDS) {
        let named = placeholders(3, ids.len());
        let select = query(AssertSqlSafe(format!(
            "SELECT id, node FROM sealed_node
             WHERE workspace = $1 AND context = $2 AND id IN ({named})"
        )))
        .bind(workspace.to_string())
        .bind(context.to_string());
        let select = ids
            .iter()
            .fold(select, |select, id| select.bind(id.as_slice()));
        let rows = select.fetch_all(pool).await;
        for row in rows.map_err(failed("sealed_node"))? {
            let columns = Columns::new("sealed_node", &row);
            nodes.push((columns.bytes(0)?, columns.bytes(1)?));
        }
    }
    Ok(nodes)
}

pub(crate) async fn slot(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    slot: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    query_scalar("SELECT body FROM sealed_slot WHERE workspace = $1 AND context = $2 AND slot = $3")
        .bind(workspace.to_string())
        .bind(context.to_string())
        .bind(slot)
        .fetch_optional(pool)
        .await
        .map_err(failed("sealed_slot"))
}

pub(crate) async fn slots(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    limit: u32,
) -> Result<Vec<SealedSlot>, StoreError> {
    let rows = query(
        "SELECT slot, body FROM sealed_slot
         WHERE workspace = $1 AND context = $2 ORDER BY slot LIMIT $3",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("sealed_slot"))?;
    let slot = |row| {
        let columns = Columns::new("sealed_slot", row);
        Ok((columns.bytes(0)?, columns.bytes(1)?))
    };
    rows.iter().map(slot).collect()
}

pub(crate) async fn guesses(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    (slot, client): (&[u8], ClientId),
) -> Result<Option<Guesses>, StoreError> {
    let row = query(
        "SELECT used, since FROM sealed_guess
         WHERE workspace = $1 AND context = $2 AND slot = $3 AND client = $4",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(slot)
    .bind(client.to_string())
    .fetch_optional(pool)
    .await
    .map_err(failed("sealed_guess"))?;
    let Some(row) = row else { return Ok(None) };
    let columns = Columns::new("sealed_guess", &row);
    Ok(Some(Guesses {
        used: columns.number(0)?,
        since: columns.time(1)?,
    }))
}

pub(crate) async fn due_records(
    pool: &AnyPool,
    now: Micros,
    limit: u32,
) -> Result<Vec<DueRecord>, StoreError> {
    let rows = query(
        // What a destroyed store held is erased with it.
        "SELECT e.workspace, e.context, e.record, e.version FROM sealed_expiry e
         JOIN sealed_map m ON m.workspace = e.workspace AND m.context = e.context
         WHERE e.due <= $1 ORDER BY e.due LIMIT $2",
    )
    .bind(now)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("sealed_expiry"))?;
    let due = |row| {
        let columns = Columns::new("sealed_expiry", row);
        Ok(DueRecord {
            workspace: columns.id(0)?,
            context: columns.id(1)?,
            record: columns.bytes(2)?,
            version: columns.number(3)?,
        })
    };
    rows.iter().map(due).collect()
}

pub(crate) async fn counts(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
) -> Result<SealedCounts, StoreError> {
    let row = query(
        "SELECT count(DISTINCT name), count(*), CAST(COALESCE(sum(size), 0) AS BIGINT)
         FROM store_value WHERE workspace = $1 AND context = $2",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .fetch_one(pool)
    .await
    .map_err(failed("store_value"))?;
    let columns = Columns::new("store_value", &row);
    Ok(SealedCounts {
        records: columns.number(0)?,
        versions: columns.number(1)?,
        bytes: columns.number(2)?,
    })
}
