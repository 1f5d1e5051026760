//! Changes of workspaces.

use sqlx::{AnyConnection, query};
use strongroom_core::ports::{CommitError, WorkspaceRow};
use strongroom_log::Frontier;
use strongroom_types::WorkspaceId;

use super::{ChangeError, must_change};
use crate::columns::bigint;

/// The epoch and the generation of a new log.
const FIRST: i64 = 1;

pub(crate) async fn insert(
    conn: &mut AnyConnection,
    row: &WorkspaceRow,
) -> Result<(), ChangeError> {
    let id = row.id.to_string();
    let workspace = query(
        "INSERT INTO workspace (id, created, seeds, body, context_quota, contexts)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(id.as_str())
    .bind(row.created)
    .bind(row.seeds.as_slice())
    .bind(row.body.as_slice())
    .bind(bigint(row.context_quota))
    .bind(bigint(row.contexts));
    must_change(&mut *conn, workspace, CommitError::Conflict).await?;
    query("INSERT INTO head (workspace, frontier, epoch, generation) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(Frontier::default().encode())
        .bind(FIRST)
        .bind(FIRST)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn update(
    conn: &mut AnyConnection,
    id: WorkspaceId,
    body: &[u8],
    context_quota: u64,
) -> Result<(), ChangeError> {
    let update = query("UPDATE workspace SET body = $2, context_quota = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(body)
        .bind(bigint(context_quota));
    must_change(conn, update, CommitError::Missing).await
}

pub(super) async fn put_seeds(
    conn: &mut AnyConnection,
    id: WorkspaceId,
    (from, to): (&[u8], &[u8]),
) -> Result<(), ChangeError> {
    let update = query("UPDATE workspace SET seeds = $3 WHERE id = $1 AND seeds = $2")
        .bind(id.to_string())
        .bind(from)
        .bind(to);
    must_change(conn, update, CommitError::Outdated).await
}

pub(super) async fn put_deployment(
    conn: &mut AnyConnection,
    name: &str,
    (from, to): (&[u8], &[u8]),
) -> Result<(), ChangeError> {
    let update = query("UPDATE deployment SET value = $3 WHERE name = $1 AND value = $2")
        .bind(name)
        .bind(from)
        .bind(to);
    must_change(conn, update, CommitError::Outdated).await
}
