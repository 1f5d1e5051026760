//! Reads of leases.

use sqlx::any::AnyRow;
use sqlx::{AnyPool, query, query_scalar};
use strongroom_core::ports::{LeaseRow, Micros, StoreError};
use strongroom_types::{ClientId, ContextId, KeyVersion, LeaseId, WorkspaceId};

use crate::columns::{Columns, failed};

pub(crate) async fn lease(
    pool: &AnyPool,
    workspace: WorkspaceId,
    id: LeaseId,
) -> Result<Option<LeaseRow>, StoreError> {
    query(
        "SELECT id, client, context, key_version, created, expires, body
         FROM lease WHERE workspace = $1 AND id = $2",
    )
    .bind(workspace.to_string())
    .bind(id.to_string())
    .fetch_optional(pool)
    .await
    .map_err(failed("lease"))?
    .map(|row| lease_of(&row))
    .transpose()
}

fn lease_of(row: &AnyRow) -> Result<LeaseRow, StoreError> {
    let columns = Columns::new("lease", row);
    Ok(LeaseRow {
        id: columns.id(0)?,
        client: columns.id(1)?,
        context: columns.id(2)?,
        key_version: columns.key_version(3)?,
        created: columns.time(4)?,
        expires: columns.time(5)?,
        body: columns.bytes(6)?,
    })
}

pub(crate) async fn count_of_client(
    pool: &AnyPool,
    workspace: WorkspaceId,
    client: ClientId,
    now: Micros,
) -> Result<u64, StoreError> {
    let count = query_scalar(
        "SELECT COUNT(*) FROM lease WHERE workspace = $1 AND client = $2 AND expires > $3",
    )
    .bind(workspace.to_string())
    .bind(client.to_string())
    .bind(now)
    .fetch_one(pool)
    .await;
    counted(count)
}

pub(crate) async fn count_stale(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    (below, now): (KeyVersion, Micros),
) -> Result<u64, StoreError> {
    let count = query_scalar(
        "SELECT COUNT(*) FROM lease
         WHERE workspace = $1 AND context = $2 AND key_version < $3 AND expires > $4",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(i64::from(below.0))
    .bind(now)
    .fetch_one(pool)
    .await;
    counted(count)
}

fn counted(count: Result<i64, sqlx::Error>) -> Result<u64, StoreError> {
    let count = count.map_err(failed("lease"))?;
    u64::try_from(count).map_err(|_negative| StoreError::Damaged { table: "lease" })
}
