//! Reads of objects and their versions.

use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe, query, query_scalar};
use strongroom_core::ports::{
    DueObject, FoundObject, Micros, ObjectRow, ObjectVersionRow, ObjectsFilter, ObjectsRange,
    SealedVersion, StaleVersion, StoreError, VersionPlace,
};
use strongroom_types::body::Order;
use strongroom_types::{ContextId, KeyVersion, ObjectId, WorkspaceId};

use crate::columns::{Columns, bigint, failed};

/// An object with the map of its key context and its newest version.
const FOUND: &str = "SELECT o.id, o.context, o.name_hash, o.body, o.version, o.created, o.updated,
        o.expires, o.deleted, o.purge, o.made, o.changed, c.map,
        v.version, v.key_version, v.client, v.created, v.size, v.digest, v.destroyed
     FROM object o
     JOIN context c ON c.workspace = o.workspace AND c.id = o.context
     JOIN object_version v
          ON v.workspace = o.workspace AND v.object = o.id AND v.version = o.version";

/// The number of the first column of a version in [`FOUND`].
const NEWEST: usize = 13;

pub(crate) async fn object(
    pool: &AnyPool,
    workspace: WorkspaceId,
    id: ObjectId,
) -> Result<Option<FoundObject>, StoreError> {
    query(AssertSqlSafe(format!(
        "{FOUND} WHERE o.workspace = $1 AND o.id = $2"
    )))
    .bind(workspace.to_string())
    .bind(id.to_string())
    .fetch_optional(pool)
    .await
    .map_err(failed("object"))?
    .map(|row| found_of(&row))
    .transpose()
}

pub(crate) async fn object_named(
    pool: &AnyPool,
    workspace: WorkspaceId,
    name_hash: &[u8; 32],
) -> Result<Option<FoundObject>, StoreError> {
    query(AssertSqlSafe(format!(
        "{FOUND} WHERE o.workspace = $1 AND o.name_hash = $2 AND o.deleted IS NULL"
    )))
    .bind(workspace.to_string())
    .bind(name_hash.as_slice())
    .fetch_optional(pool)
    .await
    .map_err(failed("object"))?
    .map(|row| found_of(&row))
    .transpose()
}

pub(crate) async fn objects(
    pool: &AnyPool,
    workspace: WorkspaceId,
    filter: &ObjectsFilter,
    range: ObjectsRange,
) -> Result<Vec<FoundObject>, StoreError> {
    let (behind, order) = match range.order {
        Order::Asc => (">", "ASC"),
        Order::Desc => ("<", "DESC"),
    };
    // The numbers of the placeholders are the same in every query; one that a query leaves out is
    // bound all the same, in a condition that is always true.
    let condition = |is_there: bool, condition: &'static str, number: &'static str| {
        if is_there {
            format!(" AND {condition}")
        } else {
            format!(" AND {number} IS NULL")
        }
    };
    let sql = format!(
        "{FOUND} WHERE o.workspace = $1 AND (o.purge IS NULL OR o.purge > $2) AND {}{}{}{}{}{}
         ORDER BY o.made {order} LIMIT $8",
        if filter.deleted {
            "o.deleted IS NOT NULL"
        } else {
            "o.deleted IS NULL"
        },
        condition(
            filter.name_hash.is_some(),
            "o.name_hash = $3",
            "CAST($3 AS BYTEA)"
        ),
        condition(
            filter.context.is_some(),
            "o.context = $4",
            "CAST($4 AS TEXT)"
        ),
        condition(
            filter.updated_from.is_some(),
            "o.updated >= $5",
            "CAST($5 AS BIGINT)"
        ),
        condition(
            filter.updated_to.is_some(),
            "o.updated < $6",
            "CAST($6 AS BIGINT)"
        ),
        if range.behind.is_some() {
            format!(" AND o.made {behind} $7")
        } else {
            " AND CAST($7 AS BIGINT) IS NULL".to_owned()
        },
    );
    let rows = query(AssertSqlSafe(sql))
        .bind(workspace.to_string())
        .bind(filter.now)
        .bind(filter.name_hash.map(|hash| hash.to_vec()))
        .bind(filter.context.map(|id| id.to_string()))
        .bind(filter.updated_from)
        .bind(filter.updated_to)
        .bind(range.behind.map(bigint))
        .bind(i64::from(range.limit))
        .fetch_all(pool)
        .await
        .map_err(failed("object"))?;
    rows.iter().map(found_of).collect()
}

pub(crate) async fn all_objects(
    pool: &AnyPool,
    workspace: WorkspaceId,
    after: Option<ObjectId>,
    limit: u32,
) -> Result<Vec<FoundObject>, StoreError> {
    let sql = format!("{FOUND} WHERE o.workspace = $1 AND o.id > $2 ORDER BY o.id LIMIT $3");
    let rows = query(AssertSqlSafe(sql))
        .bind(workspace.to_string())
        .bind(after.map_or_else(String::new, |id| id.to_string()))
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await
        .map_err(failed("object"))?;
    rows.iter().map(found_of).collect()
}

pub(crate) async fn object_versions(
    pool: &AnyPool,
    workspace: WorkspaceId,
    object: ObjectId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<ObjectVersionRow>, StoreError> {
    let rows = query(
        "SELECT version, key_version, client, created, size, digest, destroyed
         FROM object_version
         WHERE workspace = $1 AND object = $2 AND version < $3
         ORDER BY version DESC LIMIT $4",
    )
    .bind(workspace.to_string())
    .bind(object.to_string())
    .bind(before.map_or(i64::MAX, bigint))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("object_version"))?;
    let version = |row| version_of(Columns::new("object_version", row), 0);
    rows.iter().map(version).collect()
}

pub(crate) async fn object_version(
    pool: &AnyPool,
    workspace: WorkspaceId,
    object: ObjectId,
    version: u64,
) -> Result<Option<SealedVersion>, StoreError> {
    query(
        "SELECT version, key_version, client, created, size, digest, destroyed, prefix, body
         FROM object_version WHERE workspace = $1 AND object = $2 AND version = $3",
    )
    .bind(workspace.to_string())
    .bind(object.to_string())
    .bind(bigint(version))
    .fetch_optional(pool)
    .await
    .map_err(failed("object_version"))?
    .map(|row| sealed_of(&row))
    .transpose()
}

pub(crate) async fn due_objects(
    pool: &AnyPool,
    now: Micros,
    limit: u32,
) -> Result<Vec<DueObject>, StoreError> {
    let rows = query(
        "SELECT workspace, id, context FROM object
         WHERE purge IS NOT NULL AND purge <= $1 ORDER BY purge LIMIT $2",
    )
    .bind(now)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("object"))?;
    rows.iter().map(due_of).collect()
}

pub(crate) async fn stale_versions(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    below: KeyVersion,
    after: Option<VersionPlace>,
    limit: u32,
) -> Result<Vec<StaleVersion>, StoreError> {
    let (object, version) = after.map_or_else(
        || (String::new(), 0),
        |(object, version)| (object.to_string(), version),
    );
    let rows = query(
        "SELECT object, version, key_version, prefix, digest FROM object_version
         WHERE workspace = $1 AND context = $2 AND destroyed IS NULL AND key_version < $3
               AND (object, version) > ($4, $5)
         ORDER BY object, version LIMIT $6",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(i64::from(below.0))
    .bind(object)
    .bind(bigint(version))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("object_version"))?;
    rows.iter().map(stale_of).collect()
}

pub(crate) async fn count_stale_versions(
    pool: &AnyPool,
    workspace: WorkspaceId,
    context: ContextId,
    below: KeyVersion,
) -> Result<u64, StoreError> {
    let count: i64 = query_scalar(
        "SELECT count(*) FROM object_version
         WHERE workspace = $1 AND context = $2 AND destroyed IS NULL AND key_version < $3",
    )
    .bind(workspace.to_string())
    .bind(context.to_string())
    .bind(i64::from(below.0))
    .fetch_one(pool)
    .await
    .map_err(failed("object_version"))?;
    Ok(count.unsigned_abs())
}

fn found_of(row: &AnyRow) -> Result<FoundObject, StoreError> {
    let columns = Columns::new("object", row);
    let object = ObjectRow {
        id: columns.id(0)?,
        context: columns.id(1)?,
        name_hash: *columns.hash(2)?.as_bytes(),
        body: columns.bytes(3)?,
        version: columns.number(4)?,
        created: columns.time(5)?,
        updated: columns.time(6)?,
        expires: columns.optional_time(7)?,
        deleted: columns.optional_time(8)?,
        purge: columns.optional_time(9)?,
    };
    Ok(FoundObject {
        row: object,
        made: columns.number(10)?,
        changed: columns.number(11)?,
        map: columns.bytes(12)?,
        newest: version_of(Columns::new("object_version", row), NEWEST)?,
    })
}

/// A version whose columns begin at `first`.
fn version_of(columns: Columns<'_>, first: usize) -> Result<ObjectVersionRow, StoreError> {
    Ok(ObjectVersionRow {
        version: columns.number(first)?,
        key_version: columns.key_version(first + 1)?,
        client: columns.id(first + 2)?,
        created: columns.time(first + 3)?,
        size: columns.number(first + 4)?,
        digest: columns.hash(first + 5)?,
        destroyed: columns.optional_time(first + 6)?,
    })
}

fn sealed_of(row: &AnyRow) -> Result<SealedVersion, StoreError> {
    let columns = Columns::new("object_version", row);
    Ok(SealedVersion {
        row: version_of(columns, 0)?,
        prefix: columns.bytes(7)?,
        body: columns.bytes(8)?,
    })
}

fn due_of(row: &AnyRow) -> Result<DueObject, StoreError> {
    let columns = Columns::new("object", row);
    Ok(DueObject {
        workspace: columns.id(0)?,
        object: columns.id(1)?,
        context: columns.id(2)?,
    })
}

fn stale_of(row: &AnyRow) -> Result<StaleVersion, StoreError> {
    let columns = Columns::new("object_version", row);
    Ok(StaleVersion {
        object: columns.id(0)?,
        version: columns.number(1)?,
        key_version: columns.key_version(2)?,
        prefix: columns.bytes(3)?,
        digest: columns.hash(4)?,
    })
}
