//! Changes of jobs.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, query};
use strongroom_core::ports::{CommitError, JobRow};

use super::{ChangeError, must_change};
use crate::columns::bigint;

pub(super) async fn insert(conn: &mut AnyConnection, row: &JobRow) -> Result<(), ChangeError> {
    let insert = query(
        "INSERT INTO job (workspace, id, kind, state, revision, total, done, moved, failed, stored,
                          remaining, position, body, created, updated, due, leased, finished)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         ON CONFLICT DO NOTHING",
    );
    let insert = bind(insert, row);
    must_change(conn, insert, CommitError::Conflict).await
}

pub(super) async fn update(conn: &mut AnyConnection, row: &JobRow) -> Result<(), ChangeError> {
    must_change(conn, replace(row), CommitError::Outdated).await
}

/// Replaces the row whose revision is the one before.
pub(crate) fn replace(row: &JobRow) -> Query<'_, Any, AnyArguments> {
    let update = query(
        "UPDATE job SET kind = $3, state = $4, revision = $5, total = $6, done = $7, moved = $8,
                        failed = $9, stored = $10, remaining = $11, position = $12, body = $13,
                        created = $14, updated = $15, due = $16, leased = $17, finished = $18
         WHERE workspace = $1 AND id = $2 AND revision + 1 = $5",
    );
    bind(update, row)
}

fn bind<'q>(
    statement: Query<'q, Any, AnyArguments>,
    row: &'q JobRow,
) -> Query<'q, Any, AnyArguments> {
    statement
        .bind(row.workspace.to_string())
        .bind(row.id.to_string())
        .bind(row.kind.name())
        .bind(row.state.name())
        .bind(bigint(row.revision))
        .bind(bigint(row.total))
        .bind(bigint(row.done))
        .bind(bigint(row.moved))
        .bind(bigint(row.failed))
        .bind(bigint(row.stored))
        .bind(bigint(row.remaining))
        .bind(row.cursor.as_str())
        .bind(row.body.as_slice())
        .bind(row.created)
        .bind(row.updated)
        .bind(row.due)
        .bind(row.leased)
        .bind(row.finished)
}
