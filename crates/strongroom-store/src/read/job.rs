//! Reads of jobs.

use sqlx::any::AnyRow;
use sqlx::{AnyPool, query};
use strongroom_core::ports::{JobRow, Micros, StoreError};
use strongroom_types::body::{JobKind, JobState};
use strongroom_types::{JobId, WorkspaceId};

use crate::columns::{Columns, failed};

pub(crate) async fn job(
    pool: &AnyPool,
    workspace: WorkspaceId,
    id: JobId,
) -> Result<Option<JobRow>, StoreError> {
    query(
        "SELECT workspace, id, kind, state, revision, total, done, moved, failed, stored, remaining,
                position, body, created, updated, due, leased, finished
         FROM job WHERE workspace = $1 AND id = $2",
    )
    .bind(workspace.to_string())
    .bind(id.to_string())
    .fetch_optional(pool)
    .await
    .map_err(failed("job"))?
    .map(|row| job_of(&row))
    .transpose()
}

pub(crate) async fn jobs(
    pool: &AnyPool,
    workspace: WorkspaceId,
    behind: Option<JobId>,
    limit: u32,
) -> Result<Vec<JobRow>, StoreError> {
    let rows = query(
        "SELECT workspace, id, kind, state, revision, total, done, moved, failed, stored, remaining,
                position, body, created, updated, due, leased, finished
         FROM job
         WHERE workspace = $1 AND ($2 = '' OR (created, id) < (
             SELECT created, id FROM job WHERE workspace = $1 AND id = $2))
         ORDER BY created DESC, id DESC LIMIT $3",
    )
    .bind(workspace.to_string())
    .bind(behind.map_or_else(String::new, |id| id.to_string()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("job"))?;
    rows.iter().map(job_of).collect()
}

pub(crate) async fn due(
    pool: &AnyPool,
    now: Micros,
    limit: u32,
) -> Result<Vec<JobRow>, StoreError> {
    let rows = query(
        "SELECT workspace, id, kind, state, revision, total, done, moved, failed, stored, remaining,
                position, body, created, updated, due, leased, finished
         FROM job
         WHERE finished IS NULL AND due <= $1 AND leased <= $1
         ORDER BY due, workspace, id LIMIT $2",
    )
    .bind(now)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("job"))?;
    rows.iter().map(job_of).collect()
}

fn job_of(row: &AnyRow) -> Result<JobRow, StoreError> {
    let columns = Columns::new("job", row);
    Ok(JobRow {
        workspace: columns.id(0)?,
        id: columns.id(1)?,
        kind: columns.name(2, JobKind::from_name)?,
        state: columns.name(3, JobState::from_name)?,
        revision: columns.number(4)?,
        total: columns.number(5)?,
        done: columns.number(6)?,
        moved: columns.number(7)?,
        failed: columns.number(8)?,
        stored: columns.number(9)?,
        remaining: columns.number(10)?,
        cursor: columns.text(11)?,
        body: columns.bytes(12)?,
        created: columns.time(13)?,
        updated: columns.time(14)?,
        due: columns.time(15)?,
        leased: columns.time(16)?,
        finished: columns.optional_time(17)?,
    })
}
