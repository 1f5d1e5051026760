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
    let insert = query(
        "INSERT INTO store (workspace, context, body, changed, created)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
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

/// Erases a store with all that it holds, if there is one of this key context.
pub(super) async fn erase(
    conn: &mut AnyConnection,
    place: Place<'_>,
    context: &str,
) -> Result<(), ChangeError> {
    for erase in [
        "DELETE FROM sealed_guess WHERE workspace = $1 AND context = $2",
        "DELETE FROM sealed_slot WHERE workspace = $1 AND context = $2",
        "DELETE FROM sealed_node WHERE workspace = $1 AND context = $2",
        "DELETE FROM sealed_map WHERE workspace = $1 AND context = $2",
        "DELETE FROM store_value WHERE workspace = $1 AND context = $2",
        "DELETE FROM store WHERE workspace = $1 AND context = $2",
    ] {
        query(erase)
            .bind(place.workspace)
            .bind(context)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
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
    if bigint(row.version) != newest.unwrap_or(0).saturating_add(1) {
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
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
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
    must_change(conn, insert, CommitError::Outdated).await
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
