//! Changes of objects and their versions.

use sqlx::{AnyConnection, query, query_scalar};
use strongroom_core::ports::{CommitError, Micros, ObjectRow, RewrappedVersion, SealedVersion};
use strongroom_types::ObjectId;

use super::{ChangeError, Place, must_change};
use crate::columns::bigint;

pub(super) async fn insert(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &ObjectRow,
    version: &SealedVersion,
) -> Result<(), ChangeError> {
    let insert = query(
        "INSERT INTO object (workspace, id, context, name_hash, body, version, made, changed,
                             created, updated, expires, deleted, purge)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
    )
    .bind(place.workspace)
    .bind(row.id.to_string())
    .bind(row.context.to_string())
    .bind(row.name_hash.as_slice())
    .bind(row.body.as_slice())
    .bind(bigint(row.version))
    .bind(bigint(place.index))
    .bind(row.created)
    .bind(row.updated)
    .bind(row.expires)
    .bind(row.deleted)
    .bind(row.purge);
    must_change(&mut *conn, insert, CommitError::Outdated).await?;
    insert_version(conn, place, row, version).await
}

async fn insert_version(
    conn: &mut AnyConnection,
    place: Place<'_>,
    object: &ObjectRow,
    version: &SealedVersion,
) -> Result<(), ChangeError> {
    let insert = query(
        "INSERT INTO object_version (workspace, object, version, context, key_version, client,
                                     created, size, digest, destroyed, prefix, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
    )
    .bind(place.workspace)
    .bind(object.id.to_string())
    .bind(bigint(version.row.version))
    .bind(object.context.to_string())
    .bind(i64::from(version.row.key_version.0))
    .bind(version.row.client.to_string())
    .bind(version.row.created)
    .bind(bigint(version.row.size))
    .bind(version.row.digest.as_bytes().as_slice())
    .bind(version.row.destroyed)
    .bind(version.prefix.as_slice())
    .bind(version.body.as_slice());
    must_change(conn, insert, CommitError::Outdated).await
}

pub(super) async fn put(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &ObjectRow,
    seen: u64,
    version: Option<&SealedVersion>,
) -> Result<(), ChangeError> {
    let update = query(
        "UPDATE object SET body = $3, version = $4, changed = $5, updated = $6, expires = $7,
                           deleted = $8, purge = $9
         WHERE workspace = $1 AND id = $2 AND changed = $10",
    )
    .bind(place.workspace)
    .bind(row.id.to_string())
    .bind(row.body.as_slice())
    .bind(bigint(row.version))
    .bind(bigint(place.index))
    .bind(row.updated)
    .bind(row.expires)
    .bind(row.deleted)
    .bind(row.purge)
    .bind(bigint(seen));
    must_change(&mut *conn, update, CommitError::Outdated).await?;
    match version {
        Some(version) => insert_version(conn, place, row, version).await,
        None => Ok(()),
    }
}

pub(super) async fn destroy_version(
    conn: &mut AnyConnection,
    place: Place<'_>,
    object: ObjectId,
    version: u64,
) -> Result<(), ChangeError> {
    let destroy = query(
        "UPDATE object_version SET destroyed = $4, prefix = $5, body = $5
         WHERE workspace = $1 AND object = $2 AND version = $3 AND destroyed IS NULL",
    )
    .bind(place.workspace)
    .bind(object.to_string())
    .bind(bigint(version))
    .bind(place.time)
    .bind(Vec::new());
    must_change(conn, destroy, CommitError::Outdated).await
}

pub(super) async fn purge(
    conn: &mut AnyConnection,
    place: Place<'_>,
    object: ObjectId,
    due: Micros,
) -> Result<(), ChangeError> {
    let id = object.to_string();
    let there: Option<String> =
        query_scalar("SELECT id FROM object WHERE workspace = $1 AND id = $2 AND purge <= $3")
            .bind(place.workspace)
            .bind(id.as_str())
            .bind(due)
            .fetch_optional(&mut *conn)
            .await?;
    if there.is_none() {
        return Err(CommitError::Outdated.into());
    }
    query("DELETE FROM object_version WHERE workspace = $1 AND object = $2")
        .bind(place.workspace)
        .bind(id.as_str())
        .execute(&mut *conn)
        .await?;
    query("DELETE FROM object WHERE workspace = $1 AND id = $2")
        .bind(place.workspace)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn rewrap(
    conn: &mut AnyConnection,
    place: Place<'_>,
    rewrapped: &RewrappedVersion,
) -> Result<(), ChangeError> {
    let rewrap = query(
        "UPDATE object_version SET key_version = $5, prefix = $6
         WHERE workspace = $1 AND object = $2 AND version = $3 AND key_version = $4
               AND destroyed IS NULL",
    )
    .bind(place.workspace)
    .bind(rewrapped.object.to_string())
    .bind(bigint(rewrapped.version))
    .bind(i64::from(rewrapped.from.0))
    .bind(i64::from(rewrapped.to.0))
    .bind(rewrapped.prefix.as_slice());
    must_change(conn, rewrap, CommitError::Outdated).await
}
