//! Changes of records, API keys and what Idempotency-Keys made.

use sqlx::{AnyConnection, query};
use strongroom_core::ports::{ApiKeyRow, CommitError, IdempotencyRow, Record, RecordKind};
use strongroom_types::{KeyId, WorkspaceId};

use super::{ChangeError, Place, must_change};

pub(super) async fn put(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    record: &Record,
) -> Result<(), ChangeError> {
    query(
        "INSERT INTO record (workspace, kind, id, created, body) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace, kind, id)
         DO UPDATE SET created = excluded.created, body = excluded.body",
    )
    .bind(workspace.to_string())
    .bind(record.kind.name())
    .bind(record.id.as_str())
    .bind(record.created)
    .bind(record.body.as_slice())
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn delete(
    conn: &mut AnyConnection,
    place: Place<'_>,
    kind: RecordKind,
    id: &str,
) -> Result<(), ChangeError> {
    let delete = query("DELETE FROM record WHERE workspace = $1 AND kind = $2 AND id = $3")
        .bind(place.workspace)
        .bind(kind.name())
        .bind(id);
    must_change(conn, delete, CommitError::Missing).await
}

pub(super) async fn insert_api_key(
    conn: &mut AnyConnection,
    row: &ApiKeyRow,
) -> Result<(), ChangeError> {
    let insert = query(
        "INSERT INTO api_key (id, workspace, client, hash, created, expires)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(row.id.to_string())
    .bind(row.workspace.to_string())
    .bind(row.client.to_string())
    .bind(row.hash.as_slice())
    .bind(row.created)
    .bind(row.expires);
    must_change(conn, insert, CommitError::Conflict).await
}

pub(super) async fn delete_api_key(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: KeyId,
) -> Result<(), ChangeError> {
    let delete = query("DELETE FROM api_key WHERE workspace = $1 AND id = $2")
        .bind(place.workspace)
        .bind(id.to_string());
    must_change(conn, delete, CommitError::Missing).await
}

/// Conflicts with a row that is still remembered, and clears away a few that are not: more than one
/// for each that is added, so that they do not pile up.
pub(super) async fn insert_idempotency(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &IdempotencyRow,
) -> Result<(), ChangeError> {
    query(
        "DELETE FROM idempotency WHERE workspace = $1 AND key IN (
             SELECT key FROM idempotency WHERE workspace = $1 AND expires < $2
             ORDER BY expires LIMIT 8)",
    )
    .bind(place.workspace)
    .bind(place.time)
    .execute(&mut *conn)
    .await?;
    let insert = query(
        "INSERT INTO idempotency (workspace, key, request, made, expires)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace, key)
         DO UPDATE SET request = excluded.request, made = excluded.made,
                       expires = excluded.expires
         WHERE idempotency.expires < $6",
    )
    .bind(place.workspace)
    .bind(row.key.as_slice())
    .bind(row.request.as_slice())
    .bind(row.made.as_str())
    .bind(row.expires)
    .bind(place.time);
    must_change(conn, insert, CommitError::Conflict).await
}
