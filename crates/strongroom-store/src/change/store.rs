//! Changes of stores and their values.

use sqlx::{AnyConnection, query, query_scalar};
use strongroom_core::ports::{CommitError, RewrappedStoreValue, SealedStoreValue, StoreRow};

use super::{ChangeError, Place, must_change};
use crate::columns::bigint;

pub(super) async fn insert(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &StoreRow,
) -> Result<(), ChangeError> {
    // One that was destroyed is not made again before all that it held is erased.
    let insert = query(
        "INSERT INTO store (workspace, context, body, changed, created)
         SELECT $1, $2, $3, $4, $5
         WHERE NOT EXISTS (SELECT 1 FROM store_erasure WHERE workspace = $1 AND context = $2)
         ON CONFLICT DO NOTHING",
    )
    .bind(place.workspace)
    .bind(row.context.to_string())
    .bind(row.body.as_slice())
    .bind(bigint(place.index))
    .bind(row.created);
    must_change(conn, insert, CommitError::Outdated).await
}

pub(super) async fn update(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &StoreRow,
    seen: u64,
) -> Result<(), ChangeError> {
    let update = query(
        "UPDATE store SET body = $3, changed = $4
         WHERE workspace = $1 AND context = $2 AND changed = $5",
    )
    .bind(place.workspace)
    .bind(row.context.to_string())
    .bind(row.body.as_slice())
    .bind(bigint(place.index))
    .bind(bigint(seen));
    must_change(conn, update, CommitError::Outdated).await
}

/// How many rows are erased with their store. More are erased afterwards, so that no transaction that
/// others share waits for them.
const ERASED_AT_ONCE: u32 = 64;

/// Erases a store, if there is one of this key context, and some of what it holds, which no key opens
/// any more; notes it if there may be more.
pub(super) async fn erase(
    conn: &mut AnyConnection,
    place: Place<'_>,
    context: &str,
) -> Result<(), ChangeError> {
    for gone in [
        "DELETE FROM sealed_map WHERE workspace = $1 AND context = $2",
        "DELETE FROM store WHERE workspace = $1 AND context = $2",
    ] {
        query(gone)
            .bind(place.workspace)
            .bind(context)
            .execute(&mut *conn)
            .await?;
    }
    let erased = erase_rows(conn, (place.workspace, context), ERASED_AT_ONCE).await?;
    if erased < u64::from(ERASED_AT_ONCE) {
        return Ok(());
    }
    query("INSERT INTO store_erasure (workspace, context) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(place.workspace)
        .bind(context)
        .execute(conn)
        .await?;
    Ok(())
}

/// What a store holds, in an order in which it can be erased.
const ROWS_OF_STORE: [&str; 5] = [
    "DELETE FROM store_value
     WHERE workspace = $1 AND context = $2 AND (name, version) IN (
         SELECT name, version FROM store_value WHERE workspace = $1 AND context = $2 LIMIT $3)",
    "DELETE FROM sealed_node
     WHERE workspace = $1 AND context = $2 AND id IN (
         SELECT id FROM sealed_node WHERE workspace = $1 AND context = $2 LIMIT $3)",
    "DELETE FROM sealed_expiry
     WHERE workspace = $1 AND context = $2 AND (record, version) IN (
         SELECT record, version FROM sealed_expiry WHERE workspace = $1 AND context = $2 LIMIT $3)",
    "DELETE FROM sealed_guess
     WHERE workspace = $1 AND context = $2 AND (slot, client) IN (
         SELECT slot, client FROM sealed_guess WHERE workspace = $1 AND context = $2 LIMIT $3)",
    "DELETE FROM sealed_slot
     WHERE workspace = $1 AND context = $2 AND slot IN (
         SELECT slot FROM sealed_slot WHERE workspace = $1 AND context = $2 LIMIT $3)",
];

/// Erases some of what a store held; says how many rows. All are gone when they are fewer than `limit`.
pub(crate) async fn erase_rows(
    conn: &mut AnyConnection,
    (workspace, context): (&str, &str),
    limit: u32,
) -> Result<u64, sqlx::Error> {
    let mut erased = 0;
    for some in ROWS_OF_STORE {
        let left = i64::from(limit) - bigint(erased);
        let gone = query(some)
            .bind(workspace)
            .bind(context)
            .bind(left)
            .execute(&mut *conn)
            .await?;
        erased += gone.rows_affected();
        if erased >= u64::from(limit) {
            break;
        }
    }
    Ok(erased)
}

/// Adds the version behind the one that was seen, and forgets those that are more than `keep`
/// versions old.
pub(super) async fn put_value(
    conn: &mut AnyConnection,
    place: Place<'_>,
    value: &SealedStoreValue,
    keep: u64,
) -> Result<(), ChangeError> {
    let row = &value.row;
    let context = row.context.to_string();
    let newest: Option<i64> = query_scalar(
        "SELECT max(version) FROM store_value WHERE workspace = $1 AND context = $2 AND name = $3",
    )
    .bind(place.workspace)
    .bind(context.as_str())
    .bind(row.name.as_slice())
    .fetch_one(&mut *conn)
    .await?;
    let expected = match newest {
        Some(newest) => newest.saturating_add(1),
        None => first_version(conn, place, &context).await?,
    };
    if bigint(row.version) != expected {
        return Err(CommitError::Outdated.into());
    }
    query(
        "DELETE FROM store_value
         WHERE workspace = $1 AND context = $2 AND name = $3 AND version <= $4",
    )
    .bind(place.workspace)
    .bind(context.as_str())
    .bind(row.name.as_slice())
    .bind(bigint(row.version.saturating_sub(keep)))
    .execute(&mut *conn)
    .await?;
    let insert = query(
        "INSERT INTO store_value (workspace, context, name, version, key_version, client, created,
                                  size, digest, prefix, body)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM store
         WHERE workspace = $1 AND context = $2",
    )
    .bind(place.workspace)
    .bind(context)
    .bind(row.name.as_slice())
    .bind(bigint(row.version))
    .bind(i64::from(row.key_version.0))
    .bind(row.client.to_string())
    .bind(row.created)
    .bind(bigint(row.size))
    .bind(row.digest.as_bytes().as_slice())
    .bind(value.prefix.as_slice())
    .bind(value.body.as_slice());
    must_change(conn, insert, CommitError::Missing).await
}

/// The version that a new name begins with: a sealed store says which.
async fn first_version(
    conn: &mut AnyConnection,
    place: Place<'_>,
    context: &str,
) -> Result<i64, ChangeError> {
    let next =
        query_scalar("SELECT next_version FROM sealed_map WHERE workspace = $1 AND context = $2")
            .bind(place.workspace)
            .bind(context)
            .fetch_optional(conn)
            .await?;
    Ok(next.unwrap_or(1))
}

pub(super) async fn rewrap_value(
    conn: &mut AnyConnection,
    place: Place<'_>,
    rewrapped: &RewrappedStoreValue,
) -> Result<(), ChangeError> {
    let rewrap = query(
        "UPDATE store_value SET key_version = $6, prefix = $7
         WHERE workspace = $1 AND context = $2 AND name = $3 AND version = $4 AND key_version = $5",
    )
    .bind(place.workspace)
    .bind(rewrapped.context.to_string())
    .bind(rewrapped.name.as_slice())
    .bind(bigint(rewrapped.version))
    .bind(i64::from(rewrapped.from.0))
    .bind(i64::from(rewrapped.to.0))
    .bind(rewrapped.prefix.as_slice());
    must_change(conn, rewrap, CommitError::Outdated).await
}
