//! Changes of leases.

use sqlx::{AnyConnection, query, query_scalar};
use strongroom_core::ports::{CommitError, LeaseChange, LeaseRow, Micros};
use strongroom_types::LeaseId;

use super::{ChangeError, Place, must_change};
use crate::columns::bigint;

pub(super) async fn apply(
    conn: &mut AnyConnection,
    place: Place<'_>,
    change: &LeaseChange,
) -> Result<(), ChangeError> {
    match change {
        LeaseChange::Insert { row, most } => insert(conn, place, row, *most).await,
        LeaseChange::Renew { id, from, to, body } => {
            renew(conn, place, (*id, *from), (*to, body)).await
        }
        LeaseChange::Stands(id) => stands(conn, place, *id).await,
        LeaseChange::Erase(id) => erase(conn, place, *id).await,
    }
}

async fn insert(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &LeaseRow,
    most: u64,
) -> Result<(), ChangeError> {
    let insert = query(
        "INSERT INTO lease (workspace, id, client, context, key_version, created, expires, body)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8
         WHERE (SELECT COUNT(*) FROM lease WHERE workspace = $1 AND client = $3 AND expires > $9)
             < $10",
    )
    .bind(place.workspace)
    .bind(row.id.to_string())
    .bind(row.client.to_string())
    .bind(row.context.to_string())
    .bind(i64::from(row.key_version.0))
    .bind(row.created)
    .bind(row.expires)
    .bind(row.body.as_slice())
    .bind(place.time)
    .bind(bigint(most));
    must_change(conn, insert, CommitError::Outdated).await
}

async fn renew(
    conn: &mut AnyConnection,
    place: Place<'_>,
    (id, from): (LeaseId, Micros),
    (to, body): (Micros, &[u8]),
) -> Result<(), ChangeError> {
    let renew = query(
        "UPDATE lease SET expires = $4, body = $5
         WHERE workspace = $1 AND id = $2 AND expires = $3",
    )
    .bind(place.workspace)
    .bind(id.to_string())
    .bind(from)
    .bind(to)
    .bind(body);
    must_change(conn, renew, CommitError::Outdated).await
}

async fn stands(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: LeaseId,
) -> Result<(), ChangeError> {
    let found =
        query_scalar::<_, i64>("SELECT expires FROM lease WHERE workspace = $1 AND id = $2")
            .bind(place.workspace)
            .bind(id.to_string())
            .fetch_optional(conn)
            .await?;
    found
        .map(drop)
        .ok_or(ChangeError::Refused(CommitError::Outdated))
}

async fn erase(conn: &mut AnyConnection, place: Place<'_>, id: LeaseId) -> Result<(), ChangeError> {
    let erase = query("DELETE FROM lease WHERE workspace = $1 AND id = $2")
        .bind(place.workspace)
        .bind(id.to_string());
    must_change(conn, erase, CommitError::Outdated).await
}
