//! Reads of records, API keys and what Idempotency-Keys made.

use sqlx::any::AnyRow;
use sqlx::{AnyPool, query};
use strongroom_core::ports::{ApiKeyRow, IdempotencyRow, Micros, Record, RecordKind, StoreError};
use strongroom_types::{ClientId, KeyId, WorkspaceId};

use crate::columns::{Columns, failed};

pub(crate) async fn records(
    pool: &AnyPool,
    workspace: WorkspaceId,
    kind: RecordKind,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let rows = query(
        "SELECT id, created, body FROM record
         WHERE workspace = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4",
    )
    .bind(workspace.to_string())
    .bind(kind.name())
    .bind(until_nul(after.unwrap_or_default()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("record"))?;
    rows.iter().map(|row| record_of(kind, row)).collect()
}

/// PostgreSQL refuses NUL in text. No id has one, so the same ids come after what stands before it.
fn until_nul(text: &str) -> &str {
    text.split_once('\0').map_or(text, |(before, _)| before)
}

pub(crate) async fn record(
    pool: &AnyPool,
    workspace: WorkspaceId,
    kind: RecordKind,
    id: &str,
) -> Result<Option<Record>, StoreError> {
    if id.contains('\0') {
        return Ok(None);
    }
    query("SELECT id, created, body FROM record WHERE workspace = $1 AND kind = $2 AND id = $3")
        .bind(workspace.to_string())
        .bind(kind.name())
        .bind(id)
        .fetch_optional(pool)
        .await
        .map_err(failed("record"))?
        .map(|row| record_of(kind, &row))
        .transpose()
}

fn record_of(kind: RecordKind, row: &AnyRow) -> Result<Record, StoreError> {
    let columns = Columns::new("record", row);
    Ok(Record {
        kind,
        id: columns.text(0)?,
        created: columns.time(1)?,
        body: columns.bytes(2)?,
    })
}

pub(crate) async fn api_key(pool: &AnyPool, id: KeyId) -> Result<Option<ApiKeyRow>, StoreError> {
    query("SELECT id, workspace, client, hash, created, expires FROM api_key WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(pool)
        .await
        .map_err(failed("api_key"))?
        .map(|row| api_key_of(&row))
        .transpose()
}

pub(crate) async fn api_keys(
    pool: &AnyPool,
    workspace: WorkspaceId,
    client: ClientId,
) -> Result<Vec<ApiKeyRow>, StoreError> {
    let rows = query(
        "SELECT id, workspace, client, hash, created, expires FROM api_key
         WHERE workspace = $1 AND client = $2 ORDER BY created, id",
    )
    .bind(workspace.to_string())
    .bind(client.to_string())
    .fetch_all(pool)
    .await
    .map_err(failed("api_key"))?;
    rows.iter().map(api_key_of).collect()
}

fn api_key_of(row: &AnyRow) -> Result<ApiKeyRow, StoreError> {
    let columns = Columns::new("api_key", row);
    Ok(ApiKeyRow {
        id: columns.id(0)?,
        workspace: columns.id(1)?,
        client: columns.id(2)?,
        hash: columns.bytes(3)?,
        created: columns.time(4)?,
        expires: columns.optional_time(5)?,
    })
}

pub(crate) async fn idempotency(
    pool: &AnyPool,
    workspace: WorkspaceId,
    key: &[u8],
    now: Micros,
) -> Result<Option<IdempotencyRow>, StoreError> {
    query(
        "SELECT key, request, made, expires FROM idempotency
         WHERE workspace = $1 AND key = $2 AND expires >= $3",
    )
    .bind(workspace.to_string())
    .bind(key)
    .bind(now)
    .fetch_optional(pool)
    .await
    .map_err(failed("idempotency"))?
    .map(|row| idempotency_of(&row))
    .transpose()
}

fn idempotency_of(row: &AnyRow) -> Result<IdempotencyRow, StoreError> {
    let columns = Columns::new("idempotency", row);
    Ok(IdempotencyRow {
        key: columns.bytes(0)?,
        request: columns.bytes(1)?,
        made: columns.text(2)?,
        expires: columns.time(3)?,
    })
}
