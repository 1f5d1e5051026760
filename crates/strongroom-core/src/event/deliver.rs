//! Sending events to webhooks: one after the other, each until it is taken or given up.

use std::sync::Arc;

use strongroom_crypto::foreign::workos::WebhookKey;
use strongroom_types::body::Event;
use strongroom_types::{Operation, WebhookId, WorkspaceId};
use tokio::task::JoinSet;

use super::list::{Found, place};
use super::webhook::{Webhook, open_secret};
use crate::denial::{Denial, Thing};
use crate::door::Account;
use crate::ports::{
    Change, DeadLetterRow, DeliverError, DueWebhook, EventPlace, Micros, RecordKind, WebhookMove,
    WebhookRow,
};
use crate::record;
use crate::strongroom::Strongroom;
use crate::time::seconds;
use crate::workspace::WorkspaceState;

/// How many webhooks are read together, and sent to at once.
const AT_ONCE: u32 = 16;
/// The most events of one turn.
const EVENTS_MAX: usize = 100;
/// How long a turn lasts. Nobody else sends meanwhile, so that the order holds; after a crash, its
/// rest is waited for.
const TURN: Micros = seconds(30);
/// What is left of a turn when the last event of it is sent: more than one attempt takes.
const LAST_CALL: Micros = seconds(12);
/// How often an event is sent before it is given up.
const ATTEMPTS_MAX: u32 = 12;
/// How long the first event that fails waits; three times as long after each further attempt.
const WAIT_FIRST: Micros = seconds(5);
/// It never waits longer.
const WAIT_MAX: Micros = seconds(12 * 3600);

impl Strongroom {
    /// Sends what is due, to many webhooks at once. Call it every second, beside
    /// [`Strongroom::tick`]: it waits for receivers. It never fails, it reports.
    pub async fn deliver(&self) {
        let mut after = None;
        loop {
            let due = self
                .store
                .due_webhooks(self.time.now(), after, AT_ONCE)
                .await;
            let due = match due {
                Ok(due) => due,
                Err(error) => {
                    let error = &error as &dyn core::error::Error;
                    return tracing::error!(error, "webhooks not read");
                }
            };
            let Some(last) = due.last() else { return };
            after = Some((last.workspace, last.row.id));
            let mut tasks = JoinSet::new();
            for webhook in due {
                let room = self.clone();
                tasks.spawn(async move { room.deliver_to(webhook).await });
            }
            while tasks.join_next().await.is_some() {}
        }
    }

    async fn deliver_to(&self, due: DueWebhook) {
        let DueWebhook { workspace, row } = due;
        match self.take_turn(workspace, &row).await {
            // Another node was first, or an administrator changed something: the next round sees.
            Ok(()) | Err(Denial::Unavailable) => {}
            Err(denial) => {
                tracing::error!(%workspace, webhook = %row.id, %denial, "events not sent");
            }
        }
    }

    async fn take_turn(&self, workspace: WorkspaceId, row: &WebhookRow) -> Result<(), Denial> {
        let state = self.state(workspace).await?;
        let webhook = self.webhook(&state, row.id).await?;
        let bound = EventPlace::first_of(self.log_size(workspace).await?);
        if row.next >= bound {
            return Ok(());
        }
        let wants = |event: &Event| webhook.body.wants(event.data.name());
        let found = self
            .look_for(&state, row.next..bound, EVENTS_MAX, |_| true, wants)
            .await?;
        let now = self.time.now();
        if found.events.is_empty() {
            let moved = WebhookMove {
                id: row.id,
                turn: row.turn,
                next: EventPlace::first_of(found.looked),
                failures: 0,
                due: now,
                dead: None,
            };
            self.store.move_webhook(workspace, moved).await?;
            return Ok(());
        }
        let turn = self.claim(&state, row, &found, now).await?;
        let moved = self.send(&state, &webhook, row, turn, found).await?;
        self.store.move_webhook(workspace, moved).await?;
        Ok(())
    }

    /// Opens the record of a webhook.
    pub(crate) async fn webhook(
        &self,
        state: &WorkspaceState,
        id: WebhookId,
    ) -> Result<Webhook, Denial> {
        let kind = RecordKind::Webhook;
        let record = self.store.record(state.id, kind, &id.to_string()).await?;
        let record = record.ok_or(Denial::NotFound(Thing::Webhook))?;
        Ok(record::webhook(&state.keys, state.id, &record)?)
    }

    /// Writes the entry of what is about to be sent, and takes the turn with it.
    async fn claim(
        &self,
        state: &Arc<WorkspaceState>,
        row: &WebhookRow,
        found: &Found,
        now: Micros,
    ) -> Result<Turn, Denial> {
        let until = now.saturating_add(TURN);
        let claim = Change::ClaimWebhook {
            id: row.id,
            turn: row.turn,
            until,
        };
        let first = found.events.first().map(|event| event.id.to_string());
        let last = found.events.last().map(|event| event.id.to_string());
        let account = Account::of_changes(vec![claim])
            .fact("webhook", &row.id.to_string())
            .fact("events", &found.events.len().to_string())
            .fact("first", &first.unwrap_or_default())
            .fact("last", &last.unwrap_or_default());
        self.append_own(state, Operation::WebhookDeliver, account)
            .await?;
        Ok(Turn {
            number: row.turn.saturating_add(1),
            until,
        })
    }

    /// Sends the events, as long as they are taken and the turn lasts.
    async fn send(
        &self,
        state: &WorkspaceState,
        webhook: &Webhook,
        row: &WebhookRow,
        turn: Turn,
        found: Found,
    ) -> Result<WebhookMove, Denial> {
        let key = WebhookKey::new(&open_secret(&state.keys, state.id, row)?);
        let mut moved = WebhookMove {
            id: row.id,
            turn: turn.number,
            next: row.next,
            failures: row.failures,
            due: self.time.now(),
            dead: None,
        };
        let all = found.events.len() < EVENTS_MAX;
        for event in &found.events {
            if self.time.now() >= turn.until - LAST_CALL {
                return Ok(moved);
            }
            moved.next = place(event);
            if let Err(error) = self.post(webhook, &key, event).await {
                give_back(&mut moved, error, self.time.now());
                return Ok(moved);
            }
            (moved.next, moved.failures) = (place(event).next(), 0);
        }
        if all {
            moved.next = EventPlace::first_of(found.looked);
        }
        Ok(moved)
    }

    async fn post(
        &self,
        webhook: &Webhook,
        key: &WebhookKey,
        event: &Event,
    ) -> Result<(), DeliverError> {
        let body =
            serde_json::to_vec(event).map_err(|_unserialisable| DeliverError::Unreachable)?;
        let now_ms = u64::try_from(self.time.now() / 1000).unwrap_or_default();
        let signature = key.sign(now_ms, &body);
        self.deliver.post(&webhook.body.url, &signature, body).await
    }
}

/// The right to send.
#[derive(Clone, Copy)]
struct Turn {
    number: u64,
    until: Micros,
}

/// Notes an attempt in vain: the event waits, or is given up so that the next one is sent.
fn give_back(moved: &mut WebhookMove, error: DeliverError, now: Micros) {
    moved.failures = moved.failures.saturating_add(1);
    if moved.failures < ATTEMPTS_MAX {
        moved.due = now.saturating_add(wait(moved.failures));
        return;
    }
    let status = match error {
        DeliverError::Status { status } => Some(status),
        DeliverError::Url | DeliverError::Unreachable => None,
    };
    moved.dead = Some(DeadLetterRow {
        place: moved.next,
        status,
        given_up: now,
    });
    (moved.next, moved.failures, moved.due) = (moved.next.next(), 0, now);
}

/// How long an event waits after so many attempts.
fn wait(failures: u32) -> Micros {
    let times = 3_i64.saturating_pow(failures.saturating_sub(1));
    WAIT_FIRST.saturating_mul(times).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_waits_longer_each_time_and_not_for_ever() {
        assert_eq!(wait(1), seconds(5));
        assert_eq!(wait(3), seconds(45));
        assert_eq!(wait(ATTEMPTS_MAX), WAIT_MAX);
        let all: Micros = (1..ATTEMPTS_MAX).map(wait).sum();
        assert!((seconds(24 * 3600)..seconds(72 * 3600)).contains(&all));
    }
}
