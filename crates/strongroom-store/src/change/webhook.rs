//! Changes of webhooks.

use sqlx::{AnyConnection, query};
use strongroom_core::ports::{CommitError, EventPlace, Micros, WebhookRow};
use strongroom_types::WebhookId;

use super::{ChangeError, Place, must_change};
use crate::columns::bigint;

pub(super) async fn insert(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &WebhookRow,
) -> Result<(), ChangeError> {
    let insert = query(
        "INSERT INTO webhook (workspace, id, secret, next_entry, next_part, failures, due, turn)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(place.workspace)
    .bind(row.id.to_string())
    .bind(row.secret.as_slice())
    .bind(bigint(row.next.entry))
    .bind(i64::from(row.next.part))
    .bind(i64::from(row.failures))
    .bind(row.due)
    .bind(bigint(row.turn));
    must_change(conn, insert, CommitError::Conflict).await
}

pub(super) async fn claim(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: WebhookId,
    turn: u64,
    until: Micros,
) -> Result<(), ChangeError> {
    let claim = query(
        "UPDATE webhook SET turn = turn + 1, due = $4
         WHERE workspace = $1 AND id = $2 AND turn = $3 AND due IS NOT NULL",
    )
    .bind(place.workspace)
    .bind(id.to_string())
    .bind(bigint(turn))
    .bind(until);
    must_change(conn, claim, CommitError::Outdated).await
}

pub(super) async fn reset(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: WebhookId,
    next: Option<EventPlace>,
    due: Option<Micros>,
) -> Result<(), ChangeError> {
    let reset = query(
        "UPDATE webhook SET turn = turn + 1, due = $3, failures = 0
         WHERE workspace = $1 AND id = $2",
    )
    .bind(place.workspace)
    .bind(id.to_string())
    .bind(due);
    must_change(&mut *conn, reset, CommitError::Missing).await?;
    let Some(next) = next else { return Ok(()) };
    query("UPDATE webhook SET next_entry = $3, next_part = $4 WHERE workspace = $1 AND id = $2")
        .bind(place.workspace)
        .bind(id.to_string())
        .bind(bigint(next.entry))
        .bind(i64::from(next.part))
        .execute(&mut *conn)
        .await?;
    query(
        "DELETE FROM dead_letter WHERE workspace = $1 AND webhook = $2
             AND (entry > $3 OR (entry = $3 AND part >= $4))",
    )
    .bind(place.workspace)
    .bind(id.to_string())
    .bind(bigint(next.entry))
    .bind(i64::from(next.part))
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn delete(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: WebhookId,
) -> Result<(), ChangeError> {
    query("DELETE FROM dead_letter WHERE workspace = $1 AND webhook = $2")
        .bind(place.workspace)
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    let delete = query("DELETE FROM webhook WHERE workspace = $1 AND id = $2")
        .bind(place.workspace)
        .bind(id.to_string());
    must_change(conn, delete, CommitError::Missing).await
}
