//! Events of a whole deployment on SQLite: read, sent, refused, given up, sent again.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::time::Duration;

use strongroom_core::ports::DeliverError;
use strongroom_core::{Denial, EntriesQuery, EventsQuery, Invalid, ObjectsQuery, PageQuery, Thing};
use strongroom_crypto::foreign::workos::WebhookKey;
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::body::{
    Batch, DataKeyCreate, DeadLetter, DecryptRequest, Event, EventData, EventName, ObjectCreate,
    ObjectDelete, ObjectRead, ObjectUpdate, WebhookCreate, WebhookCreated, WebhookInfo,
    WebhookReplay, WebhookUpdate,
};
use strongroom_types::{Operation, WebhookId};

use support::{World, context};

const URL: &str = "https://receiver.example/hook";
const REFUSED: DeliverError = DeliverError::Status { status: 500 };

impl World {
    /// All events, page by page.
    async fn events(&self, events: &[EventName], limit: u32) -> Vec<Event> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let query = EventsQuery {
                events: events.to_vec(),
                limit: Some(limit),
                after,
                ..EventsQuery::default()
            };
            let page = self.room.events(&self.ask, query).await.unwrap().value;
            found.extend(page.data);
            match page.list_metadata.after {
                None => return found,
                Some(id) => after = Some(id.to_string()),
            }
        }
    }

    async fn webhook(&self, events: Option<Vec<EventName>>) -> WebhookCreated {
        let url = URL.to_owned();
        let created = self
            .room
            .webhook_create(&self.ask, WebhookCreate { url, events })
            .await;
        created.unwrap().value
    }

    async fn describe(&self, id: WebhookId) -> WebhookInfo {
        let described = self.room.webhook_describe(&self.ask, id).await;
        described.unwrap().value
    }

    async fn dead_letters(&self, id: WebhookId) -> Vec<DeadLetter> {
        let query = PageQuery::default();
        let letters = self.room.webhook_dead_letters(&self.ask, id, query).await;
        letters.unwrap().value.items
    }

    async fn keep(&self, name: &str) {
        let request = ObjectCreate::new(context("org_acme"), name, b"v".to_vec());
        self.room.object_create(&self.ask, request).await.unwrap();
    }

    /// What was taken since the last look.
    fn letters(&self) -> Vec<Event> {
        let letters = core::mem::take(&mut *self.letterbox.letters.lock().unwrap());
        let event =
            |(_, _, body): &(String, String, Vec<u8>)| serde_json::from_slice(body).unwrap();
        letters.iter().map(event).collect()
    }

    fn refuse(&self, times: usize) {
        let mut refusals = self.letterbox.refusals.lock().unwrap();
        refusals.extend(core::iter::repeat_n(REFUSED, times));
    }
}

fn names(events: &[Event]) -> Vec<EventName> {
    events.iter().map(|event| event.data.name()).collect()
}

fn kept(events: &[Event]) -> Vec<&str> {
    let name = |event: &Event| match &event.data {
        EventData::DataCreated(written) => Some(written.kv_name.clone()),
        _ => None,
    };
    let names = events.iter().map(name);
    names
        .map(|name| name.map_or("", |name| String::leak(name)))
        .collect()
}

/// Does one of everything, and says which events that makes.
async fn do_everything(world: &World) -> Vec<EventName> {
    let (room, ask) = (&world.room, &world.ask);
    let request = ObjectCreate::new(context("org_acme"), "a/b", b"v".to_vec());
    let id = room.object_create(ask, request).await.unwrap().value.id;
    let update = ObjectUpdate::new(b"w".to_vec());
    room.object_update(ask, id, update).await.unwrap();
    let read = ObjectRead::by_name("a/b");
    room.object_read(ask, read).await.unwrap();
    let named = ObjectRead::by_id(id);
    room.object_describe(ask, named).await.unwrap();
    room.objects(ask, ObjectsQuery::default()).await.unwrap();
    let delete = ObjectDelete {
        version_check: None,
        purge_in: None,
    };
    room.object_delete(ask, id, delete).await.unwrap();
    let request = DataKeyCreate::new(context("org_acme"));
    let created = room.data_key_create(ask, request).await.unwrap().value;
    let wrapped = created.wrapped_key;
    let unwrapped = room.data_key_unwrap_unnamed(ask, wrapped.clone()).await;
    unwrapped.unwrap();
    let moved = room.data_key_rekey(ask, wrapped, context("org_beta")).await;
    let beta = moved.unwrap().value.key.id;
    room.context_rotate(ask, beta).await.unwrap();
    room.context_destroy(ask, beta).await.unwrap();
    let denied = DecryptRequest::new(context("org_acme"), b"not ours".to_vec());
    room.decrypt(ask, denied).await.unwrap_err();
    vec![
        EventName::KekCreated,
        EventName::DataCreated,
        EventName::DataUpdated,
        EventName::DataRead,
        EventName::MetadataRead,
        EventName::NamesListed,
        EventName::DataDeleted,
        EventName::DekRead,
        EventName::DekDecrypted,
        EventName::KekCreated,
        EventName::DekRekeyed,
        EventName::KekRotated,
        EventName::KekDeleted,
        EventName::AccessDenied,
    ]
}

#[tokio::test]
async fn every_use_is_told_in_the_order_of_the_log_page_by_page() {
    let world = World::new().await;
    let expected = do_everything(&world).await;
    for limit in [1, 3, 100] {
        let events = world.events(&[], limit).await;
        assert_eq!(names(&events), expected, "pages of {limit}");
        assert!(events.is_sorted_by(|one, next| one.id < next.id));
    }
    let denied = world.events(&[EventName::AccessDenied], 1).await;
    assert_eq!(names(&denied), [EventName::AccessDenied]);
    let events = world.events(&[EventName::DataCreated], 100).await;
    let EventData::DataCreated(written) = &events[0].data else {
        panic!("{:?}", events[0])
    };
    assert_eq!(written.kv_name, "a/b");
    assert_eq!(written.key_context, context("org_acme"));
    assert!(written.actor.actor_id.starts_with("cl_"));
    let rekeyed = world.events(&[EventName::DekRekeyed], 100).await;
    let EventData::DekRekeyed(moved) = &rekeyed[0].data else {
        panic!("{:?}", rekeyed[0])
    };
    assert_eq!(moved.key_context, context("org_beta"));
}

/// A batch is one entry, and each of its items an event.
#[tokio::test]
async fn each_item_of_a_batch_is_told() {
    let world = World::new().await;
    world.keep("one").await;
    world.keep("two").await;
    let named = |name: &str| ObjectRead::by_name(name);
    let batch = Batch {
        items: vec![named("one"), named("none"), named("two")],
        metadata: None,
    };
    let read = world.room.object_read_batch(&world.ask, batch).await;
    read.unwrap();
    let wanted = [EventName::DataRead, EventName::AccessDenied];
    let events = world.events(&wanted, 100).await;
    let [read, denied] = wanted;
    assert_eq!(names(&events), [read, denied, read]);
    assert_eq!(events[0].id.entry, events[2].id.entry);
}

#[tokio::test]
async fn events_of_a_time_are_found_and_of_another_workspace_are_not() {
    let world = World::new().await;
    world.keep("early").await;
    world.clock.pass(Duration::from_hours(1));
    let middle = support::START + 1_800_000_000;
    world.keep("late").await;
    let of = async |from: Option<i64>, to: Option<i64>| {
        let query = EventsQuery {
            events: vec![EventName::DataCreated],
            from,
            to,
            ..EventsQuery::default()
        };
        let page = world.room.events(&world.ask, query).await.unwrap();
        page.value.data
    };
    assert_eq!(kept(&of(Some(middle), None).await), ["late"]);
    assert_eq!(kept(&of(None, Some(middle)).await), ["early"]);
    let mut foreign = of(None, None).await[0].id;
    foreign.workspace = world.room.system_workspace();
    for wrong in [foreign.to_string(), "x".to_owned()] {
        let query = EventsQuery {
            after: Some(wrong),
            ..EventsQuery::default()
        };
        let refused = world.room.events(&world.ask, query).await.unwrap_err();
        assert_eq!(refused.denial, Denial::Invalid(Invalid::PageToken));
    }
}

#[tokio::test]
async fn events_are_sent_once_in_order_signed_and_after_an_entry() {
    let world = World::new().await;
    world.keep("before").await;
    let webhook = world.webhook(None).await;
    let expected = do_everything(&world).await;
    world.room.deliver().await;
    let key = WebhookKey::new(&SecretBytes::from(webhook.secret.into_bytes()));
    for (url, signature, body) in &*world.letterbox.letters.lock().unwrap() {
        let now = u64::try_from(support::START / 1000).unwrap();
        assert_eq!(url, URL);
        assert_eq!(key.verify(signature, body, now), Ok(()));
    }
    // The key context is there already.
    assert_eq!(names(&world.letters()), expected[1..]);
    world.room.deliver().await;
    assert_eq!(world.letters(), []);
    let query = EntriesQuery {
        operation: Some(Operation::WebhookDeliver),
        ..EntriesQuery::default()
    };
    let entries = world.room.log_entries(&world.ask, query).await.unwrap();
    let entry = &entries.value.entries[0];
    let sent = (expected.len() - 1).to_string();
    assert_eq!(entry.facts["events"], sent);
    assert_eq!(entry.facts["webhook"], webhook.webhook.id.to_string());
}

#[tokio::test]
async fn a_webhook_gets_the_events_that_it_names_only() {
    let world = World::new().await;
    world.webhook(Some(vec![EventName::AccessDenied])).await;
    do_everything(&world).await;
    world.room.deliver().await;
    assert_eq!(names(&world.letters()), [EventName::AccessDenied]);
}

#[tokio::test]
async fn a_refused_event_waits_and_those_after_it_too() {
    let world = World::new().await;
    let only = Some(vec![EventName::DataCreated]);
    let webhook = world.webhook(only).await.webhook.id;
    for name in ["one", "two", "three"] {
        world.keep(name).await;
    }
    world.refuse(2);
    world.room.deliver().await;
    assert_eq!(world.letters(), []);
    let progress = world.describe(webhook).await.progress.unwrap();
    assert_eq!(progress.failures, 1);
    assert!(progress.next_attempt.is_some());
    world.clock.pass(Duration::from_secs(2));
    world.room.deliver().await;
    assert_eq!(world.letterbox.refusals.lock().unwrap().len(), 1);
    world.clock.pass(Duration::from_secs(4));
    world.room.deliver().await;
    assert_eq!(world.letterbox.refusals.lock().unwrap().len(), 0);
    world.clock.pass(Duration::from_secs(10));
    world.room.deliver().await;
    assert_eq!(world.letters(), [], "the second wait is longer");
    world.clock.pass(Duration::from_secs(6));
    world.room.deliver().await;
    assert_eq!(kept(&world.letters()), ["one", "two", "three"]);
    assert_eq!(world.dead_letters(webhook).await, []);
}

#[tokio::test]
async fn an_event_that_is_never_taken_is_a_dead_letter_and_is_replayed() {
    let world = World::new().await;
    let only = Some(vec![EventName::DataCreated]);
    let webhook = world.webhook(only).await.webhook.id;
    world.keep("one").await;
    world.keep("two").await;
    world.refuse(12);
    for _ in 0..12 {
        world.room.deliver().await;
        world.clock.pass(Duration::from_hours(13));
    }
    world.room.deliver().await;
    assert_eq!(kept(&world.letters()), ["two"]);
    let dead = world.dead_letters(webhook).await;
    assert_eq!((dead.len(), dead[0].status), (1, Some(500)));
    let replay = |from_entry| WebhookReplay { from_entry };
    let ahead = world
        .room
        .webhook_replay(&world.ask, webhook, replay(1 << 40));
    let refused = ahead.await.unwrap_err();
    assert_eq!(
        refused.denial,
        Denial::Invalid(Invalid::Field("from_entry".into()))
    );
    let again = world
        .room
        .webhook_replay(&world.ask, webhook, replay(dead[0].entry));
    again.await.unwrap();
    world.room.deliver().await;
    assert_eq!(kept(&world.letters()), ["one", "two"]);
    assert_eq!(world.dead_letters(webhook).await, []);
}

#[tokio::test]
async fn a_resting_webhook_loses_nothing_and_a_removed_one_sends_nothing() {
    let world = World::new().await;
    let only = Some(vec![EventName::DataCreated]);
    let webhook = world.webhook(only).await.webhook.id;
    let rest = async |disabled| {
        let update = WebhookUpdate {
            disabled: Some(disabled),
            ..WebhookUpdate::default()
        };
        let updated = world.room.webhook_update(&world.ask, webhook, update).await;
        assert_eq!(updated.unwrap().value.disabled, disabled);
    };
    rest(true).await;
    world.keep("one").await;
    world.room.deliver().await;
    assert_eq!(world.letters(), []);
    rest(false).await;
    world.room.deliver().await;
    assert_eq!(kept(&world.letters()), ["one"]);
    world.keep("two").await;
    world
        .room
        .webhook_delete(&world.ask, webhook)
        .await
        .unwrap();
    world.room.deliver().await;
    assert_eq!(world.letters(), []);
    let gone = world.room.webhook_describe(&world.ask, webhook).await;
    assert_eq!(gone.unwrap_err().denial, Denial::NotFound(Thing::Webhook));
}

#[tokio::test]
async fn urls_and_events_that_cannot_be_are_refused() {
    let world = World::new().await;
    let create = async |url: &str, events| {
        let url = url.to_owned();
        let created = world
            .room
            .webhook_create(&world.ask, WebhookCreate { url, events })
            .await;
        created.map(drop).map_err(|refused| refused.denial)
    };
    let wrong = |field: &'static str| Err(Denial::Invalid(Invalid::Field(field.into())));
    assert_eq!(create("http://inside/", None).await, wrong("url"));
    let long = format!("https://{}", "a".repeat(2000));
    assert_eq!(create(&long, None).await, wrong("url"));
    assert_eq!(create(URL, Some(Vec::new())).await, wrong("events"));
    for _ in 0..16 {
        create(URL, None).await.unwrap();
    }
    let full = Err(Denial::Conflict(Thing::Webhook));
    assert_eq!(create(URL, None).await, full);
}
