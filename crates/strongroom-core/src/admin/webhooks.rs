//! Webhooks: where the workspace's events are sent. Whoever administers them has what `log:read`
//! shows sent to a place of their choice, so that both permissions are needed.

use strongroom_types::body::{
    DeadLetter, Page, WebhookCreate, WebhookCreated, WebhookInfo, WebhookReplay, WebhookUpdate,
};
use strongroom_types::{Operation, Permission, WebhookId};

use super::{Administration, PageQuery, body_digest, names, page, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::event::{Webhook, WebhookBody, draw_secret};
use crate::ports::{Change, DeadLetterRow, EventPlace, RecordKind, WebhookRow};
use crate::record;
use crate::strongroom::Strongroom;
use crate::time::format_time;

/// The most webhooks of a workspace.
const WEBHOOKS_MAX: usize = 16;
/// The longest URL, in bytes.
const URL_BYTES_MAX: usize = 2000;

impl Strongroom {
    /// Lists the workspace's webhooks.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn webhooks(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<WebhookInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Registers a receiver of the events from now on.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn webhook_create(
        &self,
        ask: &Ask,
        request: WebhookCreate,
    ) -> Result<Answered<WebhookCreated>, Refused> {
        self.administer(ask, Create(request)).await
    }

    /// Describes a webhook, and how far it has come.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn webhook_describe(
        &self,
        ask: &Ask,
        id: WebhookId,
    ) -> Result<Answered<WebhookInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Changes a webhook; its secret stays.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn webhook_update(
        &self,
        ask: &Ask,
        id: WebhookId,
        request: WebhookUpdate,
    ) -> Result<Answered<WebhookInfo>, Refused> {
        self.administer(ask, Update { id, request }).await
    }

    /// Removes a webhook. What was not sent yet is not sent.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn webhook_delete(&self, ask: &Ask, id: WebhookId) -> Result<Answered<()>, Refused> {
        self.administer(ask, Delete(id)).await
    }

    /// Sends events again, from an entry on.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn webhook_replay(
        &self,
        ask: &Ask,
        id: WebhookId,
        request: WebhookReplay,
    ) -> Result<Answered<WebhookInfo>, Refused> {
        self.administer(ask, Replay { id, request }).await
    }

    /// Lists the events that were given up, oldest first.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn webhook_dead_letters(
        &self,
        ask: &Ask,
        id: WebhookId,
        query: PageQuery,
    ) -> Result<Answered<Page<DeadLetter>>, Refused> {
        self.administer(ask, DeadLetters { id, query }).await
    }

    async fn webhook_row(&self, caller: &Caller, id: WebhookId) -> Result<WebhookRow, Denial> {
        let row = self.store.webhook(caller.state.id, id).await?;
        row.ok_or(Denial::NotFound(Thing::Webhook))
    }
}

fn check(room: &Strongroom, body: &WebhookBody) -> Result<(), Denial> {
    let wrong = |field: &'static str| Invalid::Field(field.into());
    if body.url.len() > URL_BYTES_MAX || room.deliver.check(&body.url).is_err() {
        return Err(wrong("url").into());
    }
    if body.events.as_ref().is_some_and(Vec::is_empty) {
        return Err(wrong("events").into());
    }
    Ok(())
}

/// The account of a webhook that shall be as its body says.
fn change(caller: &Caller, webhook: &Webhook) -> Result<Account, Denial> {
    let state = &caller.state;
    let place = (RecordKind::Webhook, webhook.id.to_string(), webhook.created);
    let record = record::seal(&state.keys, state.id, place, &webhook.body)?;
    let disabled = if webhook.body.disabled {
        "true"
    } else {
        "false"
    };
    Ok(
        Account::of_changes(vec![Change::PutRecord(state.id, record)])
            .fact("webhook", &webhook.id.to_string())
            .fact("body", &body_digest(&state.keys, &webhook.body)?)
            .fact("disabled", disabled),
    )
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWebhooks);
    type Answer = Page<WebhookInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<WebhookInfo>, Account), Stopped> {
        let limit = self.0.limit()?;
        let after = self.0.after::<WebhookId>()?.map(|id| id.to_string());
        let state = &caller.state;
        let kind = RecordKind::Webhook;
        let rows = room.store.records(state.id, kind, after.as_deref(), limit);
        let rows = rows.await.map_err(Denial::from)?;
        let open = |row| record::webhook(&state.keys, state.id, row).map(|found| found.info(None));
        let items = rows.iter().map(open).collect::<Result<Vec<_>, _>>();
        let items = items.map_err(Denial::from)?;
        Ok((
            page(items, limit, |info| info.id.to_string()),
            reading("webhooks"),
        ))
    }
}

struct Create(WebhookCreate);

impl Administration for Create {
    const OPERATION: Operation = Operation::WebhookCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWebhooks);
    type Answer = WebhookCreated;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(WebhookCreated, Account), Stopped> {
        caller.require(Permission::LogRead)?;
        let state = &caller.state;
        let webhook = Webhook {
            id: WebhookId::from_bytes(room.generate_id()?),
            created: room.time.now(),
            body: WebhookBody {
                url: self.0.url.clone(),
                events: self.0.events.clone(),
                disabled: false,
            },
        };
        check(room, &webhook.body)?;
        let kind = RecordKind::Webhook;
        let open = |record: &_| record::webhook(&state.keys, state.id, record);
        let present = room.all_records(state.id, kind, open).await;
        if present.map_err(Denial::from)?.len() >= WEBHOOKS_MAX {
            return Err(Denial::Conflict(Thing::Webhook).into());
        }
        let (secret, sealed) = draw_secret(state, webhook.id, &*room.entropy)?;
        let row = WebhookRow {
            id: webhook.id,
            secret: sealed,
            next: EventPlace::first_of(room.log_size(state.id).await?),
            failures: 0,
            due: Some(webhook.created),
            turn: 0,
        };
        let mut account = change(caller, &webhook)?;
        account.changes.push(Change::InsertWebhook(row.clone()));
        let created = WebhookCreated {
            webhook: webhook.info(Some(&row)),
            secret: secret.to_string(),
        };
        Ok((created, account))
    }

    fn made(answer: &WebhookCreated) -> Option<String> {
        Some(answer.webhook.id.to_string())
    }
}

struct Describe(WebhookId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWebhooks);
    type Answer = WebhookInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(WebhookInfo, Account), Stopped> {
        let webhook = room.webhook(&caller.state, self.0).await?;
        let row = room.webhook_row(caller, self.0).await?;
        let account = reading("webhook").fact("webhook", &self.0.to_string());
        Ok((webhook.info(Some(&row)), account))
    }
}

struct Update {
    id: WebhookId,
    request: WebhookUpdate,
}

impl Update {
    fn apply(&self, webhook: &mut Webhook) {
        let WebhookUpdate {
            url,
            events,
            disabled,
        } = self.request.clone();
        let body = &mut webhook.body;
        body.url = url.unwrap_or_else(|| body.url.clone());
        body.events = events.or_else(|| body.events.take());
        body.disabled = disabled.unwrap_or(body.disabled);
    }

    fn changed(&self) -> String {
        names([
            ("url", self.request.url.is_some()),
            ("events", self.request.events.is_some()),
            ("disabled", self.request.disabled.is_some()),
        ])
    }
}

impl Administration for Update {
    const OPERATION: Operation = Operation::WebhookUpdate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWebhooks);
    type Answer = WebhookInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(WebhookInfo, Account), Stopped> {
        caller.require(Permission::LogRead)?;
        let mut webhook = room.webhook(&caller.state, self.id).await?;
        self.apply(&mut webhook);
        check(room, &webhook.body)?;
        let row = room.webhook_row(caller, self.id).await?;
        let due = (!webhook.body.disabled).then(|| room.time.now());
        let mut account = change(caller, &webhook)?.fact("changed", &self.changed());
        account.changes.push(Change::ResetWebhook {
            id: self.id,
            next: None,
            due,
        });
        Ok((webhook.info(Some(&WebhookRow { due, ..row })), account))
    }
}

struct Delete(WebhookId);

impl Administration for Delete {
    const OPERATION: Operation = Operation::WebhookDelete;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWebhooks);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        room.webhook(&caller.state, self.0).await?;
        let record = Change::DeleteRecord(RecordKind::Webhook, self.0.to_string());
        let changes = vec![record, Change::DeleteWebhook(self.0)];
        let account = Account::of_changes(changes).fact("webhook", &self.0.to_string());
        Ok(((), account))
    }
}

struct Replay {
    id: WebhookId,
    request: WebhookReplay,
}

impl Administration for Replay {
    const OPERATION: Operation = Operation::WebhookReplay;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWebhooks);
    type Answer = WebhookInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(WebhookInfo, Account), Stopped> {
        caller.require(Permission::LogRead)?;
        let webhook = room.webhook(&caller.state, self.id).await?;
        let row = room.webhook_row(caller, self.id).await?;
        let next = EventPlace::first_of(self.request.from_entry);
        if next > row.next {
            return Err(Denial::Invalid(Invalid::Field("from_entry".into())).into());
        }
        let due = (!webhook.body.disabled).then(|| room.time.now());
        let reset = Change::ResetWebhook {
            id: self.id,
            next: Some(next),
            due,
        };
        let account = Account::of_changes(vec![reset])
            .fact("webhook", &self.id.to_string())
            .fact("from", &next.entry.to_string());
        let row = WebhookRow {
            next,
            failures: 0,
            due,
            ..row
        };
        Ok((webhook.info(Some(&row)), account))
    }
}

struct DeadLetters {
    id: WebhookId,
    query: PageQuery,
}

impl DeadLetters {
    /// The place that the page begins at: `<entry>.<part>` is the last of the page before.
    fn from(&self) -> Result<EventPlace, Denial> {
        let Some(token) = &self.query.page else {
            return Ok(EventPlace::first_of(0));
        };
        let place = token.split_once('.').and_then(|(entry, part)| {
            Some(EventPlace {
                entry: entry.parse().ok()?,
                part: part.parse().ok()?,
            })
        });
        Ok(place.ok_or(Invalid::PageToken)?.next())
    }
}

impl Administration for DeadLetters {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWebhooks);
    type Answer = Page<DeadLetter>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<DeadLetter>, Account), Stopped> {
        let (limit, from) = (self.query.limit()?, self.from()?);
        room.webhook(&caller.state, self.id).await?;
        let rows = room
            .store
            .dead_letters(caller.state.id, self.id, from, limit);
        let rows = rows.await.map_err(Denial::from)?;
        let letters = rows.iter().map(letter).collect();
        let account = reading("dead letters").fact("webhook", &self.id.to_string());
        let token = |last: &DeadLetter| format!("{}.{}", last.entry, last.part);
        Ok((page(letters, limit, token), account))
    }
}

fn letter(row: &DeadLetterRow) -> DeadLetter {
    DeadLetter {
        entry: row.place.entry,
        part: row.place.part,
        status: row.status,
        given_up: format_time(row.given_up),
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::body::EventName;

    use super::*;

    #[test]
    fn an_update_keeps_what_it_does_not_name() {
        let mut webhook = Webhook {
            id: WebhookId::from_bytes([1; 16]),
            created: 0,
            body: WebhookBody {
                url: "https://a.example".to_owned(),
                events: Some(vec![EventName::DataRead]),
                disabled: false,
            },
        };
        let request = WebhookUpdate {
            disabled: Some(true),
            ..WebhookUpdate::default()
        };
        let update = Update {
            id: webhook.id,
            request,
        };
        update.apply(&mut webhook);
        assert_eq!(webhook.body.url, "https://a.example");
        assert_eq!(webhook.body.events, Some(vec![EventName::DataRead]));
        assert!(webhook.body.disabled);
        assert_eq!(update.changed(), "disabled");
    }
}
