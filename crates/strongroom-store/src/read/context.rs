//! Reads of key contexts.

use sqlx::any::AnyRow;
use sqlx::{AnyPool, query};
use strongroom_core::ports::{ContextKeyRow, ContextRow, Destruction, StoreError, Wrapper};
use strongroom_types::body::{ContextState, KeyState};
use strongroom_types::{ContextId, Kind, WorkspaceId};

use crate::columns::{Columns, failed};

pub(crate) async fn context(
    pool: &AnyPool,
    workspace: WorkspaceId,
    id: ContextId,
) -> Result<Option<ContextRow>, StoreError> {
    let rows = query(
        "SELECT c.id, c.kind, c.state, c.created, c.map, c.lock_secret, c.final_after,
                k.version, k.state, k.created, k.seed, k.sealed, k.last_opened, c.wrapper,
                c.destroy_at, c.destroy_job
         FROM context c
         JOIN context_key k ON k.workspace = c.workspace AND k.context = c.id
         WHERE c.workspace = $1 AND c.id = $2
         ORDER BY k.version",
    )
    .bind(workspace.to_string())
    .bind(id.to_string())
    .fetch_all(pool)
    .await
    .map_err(failed("context"))?;
    Ok(gather(&rows)?.pop())
}

pub(crate) async fn contexts(
    pool: &AnyPool,
    workspace: WorkspaceId,
    after: Option<ContextId>,
    limit: u32,
) -> Result<Vec<ContextRow>, StoreError> {
    let rows = query(
        "SELECT c.id, c.kind, c.state, c.created, c.map, c.lock_secret, c.final_after,
                k.version, k.state, k.created, k.seed, k.sealed, k.last_opened, c.wrapper,
                c.destroy_at, c.destroy_job
         FROM (SELECT * FROM context WHERE workspace = $1 AND id > $2 ORDER BY id LIMIT $3) c
         JOIN context_key k ON k.workspace = c.workspace AND k.context = c.id
         ORDER BY c.id, k.version",
    )
    .bind(workspace.to_string())
    .bind(after.map_or_else(String::new, |id| id.to_string()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("context"))?;
    gather(&rows)
}

pub(crate) async fn wrapped(
    pool: &AnyPool,
    workspace: WorkspaceId,
    wrapper: Wrapper,
) -> Result<u64, StoreError> {
    let row =
        query("SELECT count(*) FROM context WHERE workspace = $1 AND wrapper = $2 AND state <> $3")
            .bind(workspace.to_string())
            .bind(wrapper.to_string())
            .bind(ContextState::Destroyed.name())
            .fetch_one(pool)
            .await
            .map_err(failed("context"))?;
    Columns::new("context", &row).number(0)
}

/// One context for each run of rows with its id.
fn gather(rows: &[AnyRow]) -> Result<Vec<ContextRow>, StoreError> {
    let mut contexts: Vec<ContextRow> = Vec::new();
    for row in rows {
        let columns = Columns::new("context", row);
        let id = columns.id(0)?;
        let key = key_of(Columns::new("context_key", row))?;
        match contexts.last_mut().filter(|last| last.id == id) {
            Some(context) => context.keys.push(key),
            None => contexts.push(context_of(id, columns, key)?),
        }
    }
    Ok(contexts)
}

fn context_of(
    id: ContextId,
    columns: Columns<'_>,
    first: ContextKeyRow,
) -> Result<ContextRow, StoreError> {
    Ok(ContextRow {
        id,
        kind: columns.name(1, Kind::from_name)?,
        state: columns.name(2, ContextState::from_name)?,
        created: columns.time(3)?,
        map: columns.bytes(4)?,
        wrapper: columns.id(13)?,
        lock_secret: columns.bytes(5)?,
        destruction: destruction_of(columns)?,
        final_after: columns.optional_time(6)?,
        keys: vec![first],
    })
}

fn destruction_of(columns: Columns<'_>) -> Result<Option<Destruction>, StoreError> {
    let at = columns.optional_time(14)?;
    at.map(|at| {
        let job = columns.id(15)?;
        Ok(Destruction { at, job })
    })
    .transpose()
}

fn key_of(columns: Columns<'_>) -> Result<ContextKeyRow, StoreError> {
    Ok(ContextKeyRow {
        version: columns.key_version(7)?,
        state: columns.name(8, KeyState::from_name)?,
        created: columns.time(9)?,
        seed: columns.bytes(10)?,
        sealed: columns.number(11)?,
        last_opened: columns.optional_time(12)?,
    })
}
