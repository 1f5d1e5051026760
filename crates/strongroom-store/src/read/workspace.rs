//! Reads of the deployment, the workspaces and the heads of their logs.

use sqlx::any::AnyRow;
use sqlx::{AnyExecutor, AnyPool, query, query_scalar};
use strongroom_core::ports::{Head, StoreError, WorkspaceRow};
use strongroom_log::Frontier;
use strongroom_types::WorkspaceId;

use crate::columns::{Columns, failed};

pub(crate) async fn deployment<'c>(
    executor: impl AnyExecutor<'c>,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    query("SELECT value FROM deployment WHERE name = $1")
        .bind(name)
        .fetch_optional(executor)
        .await
        .map_err(failed("deployment"))?
        .map(|row| Columns::new("deployment", &row).bytes(0))
        .transpose()
}

pub(crate) async fn head(
    pool: &AnyPool,
    workspace: WorkspaceId,
) -> Result<Option<Head>, StoreError> {
    query("SELECT workspace, frontier, epoch, generation FROM head WHERE workspace = $1")
        .bind(workspace.to_string())
        .fetch_optional(pool)
        .await
        .map_err(failed("head"))?
        .map(|row| Ok(head_of(&row)?.1))
        .transpose()
}

/// Reads the columns `workspace, frontier, epoch, generation`.
pub(crate) fn head_of(row: &AnyRow) -> Result<(WorkspaceId, Head), StoreError> {
    let columns = Columns::new("head", row);
    let frontier = Frontier::decode(&columns.bytes(1)?).map_err(|_damage| columns.damaged())?;
    let head = Head {
        frontier,
        epoch: columns.number(2)?,
        generation: columns.number(3)?,
    };
    Ok((columns.id(0)?, head))
}

pub(crate) async fn workspace(
    pool: &AnyPool,
    id: WorkspaceId,
) -> Result<Option<WorkspaceRow>, StoreError> {
    query("SELECT id, created, seeds, body, context_quota, contexts FROM workspace WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(pool)
        .await
        .map_err(failed("workspace"))?
        .map(|row| workspace_of(&row))
        .transpose()
}

pub(crate) async fn count(pool: &AnyPool) -> Result<u64, StoreError> {
    let count: i64 = query_scalar("SELECT count(*) FROM workspace")
        .fetch_one(pool)
        .await
        .map_err(failed("workspace"))?;
    Ok(count.unsigned_abs())
}

pub(crate) async fn workspaces(
    pool: &AnyPool,
    after: Option<WorkspaceId>,
    limit: u32,
) -> Result<Vec<WorkspaceRow>, StoreError> {
    let rows = query(
        "SELECT id, created, seeds, body, context_quota, contexts FROM workspace
         WHERE id > $1 ORDER BY id LIMIT $2",
    )
    .bind(after.map_or_else(String::new, |id| id.to_string()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("workspace"))?;
    rows.iter().map(workspace_of).collect()
}

fn workspace_of(row: &AnyRow) -> Result<WorkspaceRow, StoreError> {
    let columns = Columns::new("workspace", row);
    Ok(WorkspaceRow {
        id: columns.id(0)?,
        created: columns.time(1)?,
        seeds: columns.bytes(2)?,
        body: columns.bytes(3)?,
        context_quota: columns.number(4)?,
        contexts: columns.number(5)?,
    })
}
