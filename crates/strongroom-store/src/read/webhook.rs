//! Reads of webhooks.

use sqlx::any::AnyRow;
use sqlx::{AnyPool, query};
use strongroom_core::ports::{
    DeadLetterRow, DueWebhook, EventPlace, Micros, StoreError, WebhookRow,
};
use strongroom_types::{WebhookId, WorkspaceId};

use crate::columns::{Columns, bigint, failed};

pub(crate) async fn webhook(
    pool: &AnyPool,
    workspace: WorkspaceId,
    id: WebhookId,
) -> Result<Option<WebhookRow>, StoreError> {
    query(
        "SELECT workspace, id, secret, next_entry, next_part, failures, due, turn FROM webhook
         WHERE workspace = $1 AND id = $2",
    )
    .bind(workspace.to_string())
    .bind(id.to_string())
    .fetch_optional(pool)
    .await
    .map_err(failed("webhook"))?
    .map(|row| Ok(due_of(&row)?.row))
    .transpose()
}

pub(crate) async fn due_webhooks(
    pool: &AnyPool,
    now: Micros,
    after: Option<(WorkspaceId, WebhookId)>,
    limit: u32,
) -> Result<Vec<DueWebhook>, StoreError> {
    let (workspace, id) = after.map_or_else(
        || (String::new(), String::new()),
        |(workspace, id)| (workspace.to_string(), id.to_string()),
    );
    let rows = query(
        "SELECT workspace, id, secret, next_entry, next_part, failures, due, turn FROM webhook
         WHERE due <= $1 AND (workspace > $2 OR (workspace = $2 AND id > $3))
         ORDER BY workspace, id LIMIT $4",
    )
    .bind(now)
    .bind(workspace)
    .bind(id)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("webhook"))?;
    rows.iter().map(due_of).collect()
}

pub(crate) async fn dead_letters(
    pool: &AnyPool,
    workspace: WorkspaceId,
    id: WebhookId,
    from: EventPlace,
    limit: u32,
) -> Result<Vec<DeadLetterRow>, StoreError> {
    let rows = query(
        "SELECT entry, part, status, given_up FROM dead_letter
         WHERE workspace = $1 AND webhook = $2 AND (entry > $3 OR (entry = $3 AND part >= $4))
         ORDER BY entry, part LIMIT $5",
    )
    .bind(workspace.to_string())
    .bind(id.to_string())
    .bind(bigint(from.entry))
    .bind(i64::from(from.part))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed("dead_letter"))?;
    rows.iter().map(dead_of).collect()
}

fn due_of(row: &AnyRow) -> Result<DueWebhook, StoreError> {
    let columns = Columns::new("webhook", row);
    Ok(DueWebhook {
        workspace: columns.id(0)?,
        row: WebhookRow {
            id: columns.id(1)?,
            secret: columns.bytes(2)?,
            next: place_of(&columns, 3)?,
            failures: small(&columns, 5)?,
            due: columns.optional_time(6)?,
            turn: columns.number(7)?,
        },
    })
}

fn dead_of(row: &AnyRow) -> Result<DeadLetterRow, StoreError> {
    let columns = Columns::new("dead_letter", row);
    let status = columns.optional_time(2)?.map(u16::try_from).transpose();
    Ok(DeadLetterRow {
        place: place_of(&columns, 0)?,
        status: status.map_err(|_out_of_range| columns.damaged())?,
        given_up: columns.time(3)?,
    })
}

fn place_of(columns: &Columns<'_>, column: usize) -> Result<EventPlace, StoreError> {
    Ok(EventPlace {
        entry: columns.number(column)?,
        part: small(columns, column + 1)?,
    })
}

fn small(columns: &Columns<'_>, column: usize) -> Result<u32, StoreError> {
    u32::try_from(columns.number(column)?).map_err(|_out_of_range| columns.damaged())
}
