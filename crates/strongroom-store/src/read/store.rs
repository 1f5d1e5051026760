//! Reads of stores and their values.

use sqlx::any::AnyRow;
use sqlx::{AnyExecutor, AnyPool, AssertSqlSafe, query, query_scalar};
use strongroom_core::ports::{
    FoundStore, InStore, SealedStoreValue, StaleStoreValue, StoreError, StoreRow, StoreValuePlace,
    StoreValueRow,
};
use strongroom_types::{ContextId, KeyVersion, WorkspaceId};

use crate::columns::{Columns, bigint, failed};

/// A store with the map of its key context.
const FOUND: &str = "SELECT s.context, s.body, s.created, s.changed, c.map
     FROM store s JOIN context c ON c.workspace = s.workspace AND c.id = s.context";

pub(crate) async fn store(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
) -> Result<Option<FoundStore>, StoreError> {
    query(AssertSqlSafe(format!(
        "{FOUND} WHERE s.workspace = $1 AND s.context = $2"
    )))
    .bind(workspace.to_string())
    .bind(context.to_string())
    .fetch_optional(pool)
    .await
    .map_err(failed("store"))?
    .map(|row| found_of(&row))
    .transpose()
}

pub(crate) async fn stores(
    pool: &AnyPool,
    workspace: WorkspaceId,
    after: Option<ContextId>,
    limit: u32,
) -> Result<Vec<FoundStore>, StoreError> {
    let rows = query(AssertSqlSafe(format!(
        "{FOUND} WHERE s.workspace = $1 AND s.context > $2 ORDER BY s.context LIMIT $3"
    )))
    .bind(workspace.to_string())
    .bind(after.map_or_else(String::new, |id| id.to_string()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("store"))?;
    rows.iter().map(found_of).collect()
}

/// The newest version under a name. That there is no store and that there is no such name are told
/// apart by the one query.
pub(crate) async fn value(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    name: &[u8],
) -> Result<InStore<SealedStoreValue>, StoreError> {
    let found = query(
        "SELECT v.version, v.name, v.key_version, v.client, v.created,
                v.size, v.digest, v.prefix, v.body
         FROM store s
         LEFT JOIN store_value v
              ON v.workspace = s.workspace AND v.context = s.context AND v.name = $3
         WHERE s.workspace = $1 AND s.context = $2
         ORDER BY v.version DESC LIMIT 1",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(name)
    .fetch_optional(pool)
    .await
    .map_err(failed("store_value"))?;
    let Some(row) = found else {
        return Ok(InStore::NoStore);
    };
    // NULL where the store has no such name.
    match Columns::new("store_value", &row).optional_number(0)? {
        None => Ok(InStore::NoValue),
        Some(version) => value_of(context, version, &row).map(InStore::Value),
    }
}

/// A version under a name, the newest if none is named.
pub(crate) async fn value_at(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    (name, version): (&[u8], Option<u64>),
) -> Result<Option<SealedStoreValue>, StoreError> {
    let found = query(
        "SELECT version, name, key_version, client, created, size, digest, prefix, body
         FROM store_value
         WHERE workspace = $1 AND context = $2 AND name = $3 AND (version = $4 OR $4 = 0)
         ORDER BY version DESC LIMIT 1",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(name)
    // Versions are counted from 1, so that 0 names the newest.
    .bind(version.map_or(0, bigint))
    .fetch_optional(pool)
    .await
    .map_err(failed("store_value"))?;
    let Some(row) = found else { return Ok(None) };
    let version = Columns::new("store_value", &row).number(0)?;
    value_of(context, version, &row).map(Some)
}

/// The number of the newest version under a name.
pub(crate) async fn version(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    name: &[u8],
) -> Result<InStore<u64>, StoreError> {
    let found: Option<i64> = query_scalar(
        "SELECT COALESCE((SELECT max(v.version) FROM store_value v
                          WHERE v.workspace = s.workspace AND v.context = s.context
                                AND v.name = $3), 0)
         FROM store s WHERE s.workspace = $1 AND s.context = $2",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(name)
    .fetch_optional(pool)
    .await
    .map_err(failed("store_value"))?;
    Ok(match found.map(i64::unsigned_abs) {
        None => InStore::NoStore,
        Some(0) => InStore::NoValue,
        Some(version) => InStore::Value(version),
    })
}

pub(crate) async fn stale_values(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    below: KeyVersion,
    after: Option<StoreValuePlace>,
    limit: u32,
) -> Result<Vec<StaleStoreValue>, StoreError> {
    let (name, version) = after.unwrap_or_default();
    let rows = query(
        "SELECT name, version, key_version, prefix, digest FROM store_value
         WHERE workspace = $1 AND context = $2 AND key_version < $3 AND (name, version) > ($4, $5)
         ORDER BY name, version LIMIT $6",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(i64::from(below.0))
    .bind(name)
    .bind(bigint(version))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("store_value"))?;
    rows.iter().map(stale_of).collect()
}

/// How many values of a store are under a version of its key that is older than `below`.
pub(crate) async fn count_stale_values(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    below: KeyVersion,
) -> Result<u64, StoreError> {
    let count: i64 = query_scalar(
        "SELECT count(*) FROM store_value
         WHERE workspace = $1 AND context = $2 AND key_version < $3",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(i64::from(below.0))
    .fetch_one(pool)
    .await
    .map_err(failed("store_value"))?;
    Ok(count.unsigned_abs())
}

/// A destroyed store, by workspace and key context, that holds values still.
pub(crate) async fn to_erase<'c>(
    executor: impl AnyExecutor<'c>,
) -> Result<Option<(String, String)>, StoreError> {
    let found = query("SELECT workspace, context FROM store_erasure LIMIT 1")
        .fetch_optional(executor)
        .await
        .map_err(failed("store_erasure"))?;
    let place = |row: AnyRow| {
        let columns = Columns::new("store_erasure", &row);
        Ok((columns.text(0)?, columns.text(1)?))
    };
    found.map(place).transpose()
}

fn found_of(row: &AnyRow) -> Result<FoundStore, StoreError> {
    let columns = Columns::new("store", row);
    Ok(FoundStore {
        row: StoreRow {
            context: columns.id(0)?,
            body: columns.bytes(1)?,
            created: columns.time(2)?,
        },
        changed: columns.number(3)?,
        map: columns.bytes(4)?,
    })
}

fn value_of(
    context: ContextId,
    version: u64,
    row: &AnyRow,
) -> Result<SealedStoreValue, StoreError> {
    let columns = Columns::new("store_value", row);
    Ok(SealedStoreValue {
        row: StoreValueRow {
            context,
            name: columns.bytes(1)?,
            version,
            key_version: columns.key_version(2)?,
            client: columns.id(3)?,
            created: columns.time(4)?,
            size: columns.number(5)?,
            digest: columns.hash(6)?,
        },
        prefix: columns.bytes(7)?,
        body: columns.bytes(8)?,
    })
}

fn stale_of(row: &AnyRow) -> Result<StaleStoreValue, StoreError> {
    let columns = Columns::new("store_value", row);
    Ok(StaleStoreValue {
        name: columns.bytes(0)?,
        version: columns.number(1)?,
        key_version: columns.key_version(2)?,
        prefix: columns.bytes(3)?,
        digest: columns.hash(4)?,
    })
}
