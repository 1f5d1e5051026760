//! Applications of a whole deployment on SQLite, while time passes.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use sqlx::{Connection as _, SqliteConnection};
use strongroom_core::ports::{RecordKind, Store as _};
use strongroom_core::{
    AccessTokenSeconds, ApplicationCreate, ApplicationCreated, Ask, Bearer, Credentials, Denial,
    EntriesQuery, NamedItem, Refreshed, Refused, Settings,
};
use strongroom_types::body::{ClientCreate, DecryptRequest, EncryptRequest};
use strongroom_types::{ContextName, ContextPattern, KeyContext, Operation, Outcome, Permission};

use support::World;

const MINUTE: Duration = Duration::from_mins(1);
/// What whoever registers applications gives them, and that it may.
const ALL_OF_AN_APPLICATION: [Permission; 12] = [
    Permission::ApplicationsRegister,
    Permission::Encrypt,
    Permission::Decrypt,
    Permission::NamedContextsList,
    Permission::Sign,
    Permission::Verify,
    Permission::Compute,
    Permission::AdminSigningKeys,
    Permission::SealTo,
    Permission::SealedOpen,
    Permission::AdminHybridKeys,
    Permission::Leases,
];
const DAY: Duration = Duration::from_hours(24);

fn name() -> ContextName {
    "general".parse().unwrap()
}

impl World {
    async fn with_context() -> Self {
        Self::with_context_under(Settings::default()).await
    }

    async fn with_context_under(settings: Settings) -> Self {
        let world = Self::under(settings).await;
        world.declare_context("general").await;
        world
    }

    async fn register(&self) -> ApplicationCreated {
        self.register_as("app").await
    }

    async fn register_as(&self, name_of_it: &str) -> ApplicationCreated {
        self.try_register(&self.ask, name_of_it).await.unwrap()
    }

    async fn try_register(
        &self,
        ask: &Ask,
        name_of_it: &str,
    ) -> Result<ApplicationCreated, Refused> {
        let request = ApplicationCreate {
            name: name_of_it.to_owned(),
            environment: "test".to_owned(),
            team: "default".to_owned(),
            description: String::new(),
            contexts: vec![name()],
            expires_in_days: Some(60),
            again: true,
        };
        let made = self
            .room
            .application_register(ask, request, |_| Map::new())
            .await;
        made.map(|answered| answered.value)
    }

    /// Somebody else who may register applications.
    async fn another(&self) -> Ask {
        let request = ClientCreate {
            name: "another".to_owned(),
            permissions: ALL_OF_AN_APPLICATION.to_vec(),
            allowed_contexts: vec![ContextPattern::default()],
            expires_in: None,
        };
        let made = self.room.client_create(&self.ask, request).await.unwrap();
        support::ask(&made.value.api_key.secret)
    }

    async fn refresh(&self, token: &str) -> Result<Refreshed, Refused> {
        let credentials = Credentials {
            refresh: Some(Arc::new(Bearer::new(token))),
            ..Credentials::default()
        };
        let ask = Ask {
            credentials,
            ..self.ask.clone()
        };
        let refreshed = self.room.application_refresh(&ask, |_| Map::new()).await;
        refreshed.map(|answered| answered.value)
    }

    /// Seals with an access token, and says why not.
    async fn seal_with(&self, access: &str) -> Option<Denial> {
        let credentials = Credentials {
            bearer: Some(Arc::new(Bearer::new(access))),
            ..Credentials::default()
        };
        let ask = Ask {
            credentials,
            ..self.ask.clone()
        };
        let item = NamedItem::new(name(), b"x".to_vec(), None).unwrap();
        let sealed = self.room.named_encrypt(&ask, item).await;
        sealed.err().map(|refused| refused.denial)
    }

    async fn of_operation(&self, operation: Operation, outcome: Outcome) -> usize {
        let query = EntriesQuery {
            operation: Some(operation),
            outcome: Some(outcome),
            ..EntriesQuery::default()
        };
        let found = self.room.log_entries(&self.ask, query).await.unwrap();
        found.value.entries.len()
    }
}

impl World {
    async fn row(&self, id: &str) -> Vec<u8> {
        let row = self.store.record(self.workspace, RecordKind::Client, id);
        row.await.unwrap().unwrap().body
    }

    /// Puts another body into a client's row, behind the deployment's back.
    async fn put_row(&self, id: &str, body: &[u8]) {
        let file = self.folder.path().join("strongroom.db");
        let url = format!("sqlite:{}", file.display());
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        let statement = "UPDATE record SET body = ?1 WHERE kind = 'client' AND id = ?2";
        let query = sqlx::query(statement).bind(body).bind(id);
        let done = query.execute(&mut database).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
        database.close().await.unwrap();
    }

    /// Another node on the same database.
    async fn opened_again(self) -> Self {
        let room = support::open(&self.store, &self.anchor, Settings::default()).await;
        let room = room.unwrap();
        Self { room, ..self }
    }

    /// Another node with the same clock, that lets users register so often.
    async fn opened_under(self, registrations_per_hour: u32) -> Self {
        let settings = Settings {
            registrations_per_hour,
            ..Settings::default()
        };
        let outside = (Arc::clone(&self.clock), Arc::clone(&self.letterbox));
        let room = support::open_at(&outside, &self.store, &self.anchor, settings).await;
        let room = room.unwrap();
        Self { room, ..self }
    }
}

fn denial(refused: Result<Refreshed, Refused>) -> Denial {
    refused.unwrap_err().denial
}

#[tokio::test]
async fn an_application_opens_nothing_of_a_key_context_that_reads_like_its_own() {
    let world = World::with_context().await;
    let app = world.register().await;
    let ask = support::ask(&app.tokens.access.token);
    let like = KeyContext::new([("context", "general")]).unwrap();
    let seal = |ask: Ask| {
        let request = EncryptRequest::new(like.clone(), b"value".to_vec());
        let room = world.room.clone();
        async move { room.encrypt(&ask, request).await }
    };
    let sealed = seal(world.ask.clone()).await.unwrap().value.ciphertext;
    let refused = seal(ask.clone()).await.unwrap_err().denial;
    assert_eq!(refused, Denial::ContextNotAllowed);
    let open = DecryptRequest::new(like.clone(), sealed);
    assert!(world.room.decrypt(&world.ask, open.clone()).await.is_ok());
    let refused = world.room.decrypt(&ask, open).await.unwrap_err().denial;
    assert_eq!(refused, Denial::ContextNotAllowed);
}

#[tokio::test]
async fn a_copy_of_a_spent_refresh_token_ends_all_tokens() {
    let world = World::with_context().await;
    let first = world.register().await.tokens;
    let second = world.refresh(&first.refresh.token).await.unwrap().tokens;
    let third = world.refresh(&second.refresh.token).await.unwrap().tokens;
    assert_eq!(world.seal_with(&third.access.token).await, None);
    world.clock.pass(2 * MINUTE);
    let copied = denial(world.refresh(&first.refresh.token).await);
    assert_eq!(copied, Denial::CredentialRevoked);
    for access in [&first.access, &second.access, &third.access] {
        let refused = world.seal_with(&access.token).await;
        assert_eq!(refused, Some(Denial::Unauthenticated));
    }
    for token in [&first, &second, &third] {
        let refused = denial(world.refresh(&token.refresh.token).await);
        assert_eq!(refused, Denial::Unauthenticated);
    }
    let ended = world.of_operation(Operation::ApplicationReuse, Outcome::Allowed);
    assert_eq!(ended.await, 1);
    let denied = world.of_operation(Operation::ApplicationRefresh, Outcome::Denied);
    assert_eq!(denied.await, 1);
}

#[tokio::test]
async fn requests_under_way_at_once_may_pass_each_other() {
    let world = World::with_context().await;
    let first = world.register().await.tokens;
    let second = world.refresh(&first.refresh.token).await.unwrap().tokens;
    world.refresh(&second.refresh.token).await.unwrap();
    world.clock.pass(MINUTE / 2);
    let late = world.refresh(&first.refresh.token).await.unwrap().tokens;
    assert_eq!(world.seal_with(&late.access.token).await, None);
    assert!(world.refresh(&late.refresh.token).await.is_ok());
}

#[tokio::test]
async fn tokens_of_an_application_end_in_time() {
    let world = World::with_context().await;
    let first = world.register().await.tokens;
    world.clock.pass(59 * MINUTE);
    assert_eq!(world.seal_with(&first.access.token).await, None);
    world.clock.pass(MINUTE);
    assert!(world.seal_with(&first.access.token).await.is_some());
    // The client that keeps its refresh token uses it for thirty days, and no longer.
    for _ in 0..29 {
        let renewed = world.refresh(&first.refresh.token).await.unwrap().tokens;
        assert_eq!(world.seal_with(&renewed.access.token).await, None);
        world.clock.pass(DAY);
    }
    let last = world.refresh(&first.refresh.token).await.unwrap().tokens;
    world.clock.pass(DAY);
    let refused = denial(world.refresh(&first.refresh.token).await);
    assert_eq!(refused, Denial::Unauthenticated);
    // What it was given last would have gone on.
    assert!(world.refresh(&last.refresh.token).await.is_ok());
}

#[tokio::test]
async fn an_access_token_lives_as_long_as_the_operator_says() {
    let settings = Settings {
        access_token: AccessTokenSeconds::new(60).unwrap(),
        ..Settings::default()
    };
    let world = World::with_context_under(settings).await;
    let first = world.register().await.tokens;
    world.clock.pass(Duration::from_secs(58));
    assert_eq!(world.seal_with(&first.access.token).await, None);
    world.clock.pass(Duration::from_secs(2));
    assert!(world.seal_with(&first.access.token).await.is_some());
    let renewed = world.refresh(&first.refresh.token).await.unwrap().tokens;
    assert_eq!(world.seal_with(&renewed.access.token).await, None);
    for never in [0, 3601, u16::MAX] {
        assert_eq!(AccessTokenSeconds::new(never), None);
    }
}

#[tokio::test]
async fn a_user_registers_so_often_in_an_hour_and_then_waits() {
    let settings = Settings {
        registrations_per_hour: 3,
        ..Settings::default()
    };
    let world = World::with_context_under(settings).await;
    // One that is there already counts as well: it gets new tokens.
    for name in ["one", "two", "one"] {
        world.register_as(name).await;
        world.clock.pass(10 * MINUTE);
    }
    for name in ["one", "four"] {
        let refused = world.try_register(&world.ask, name).await.unwrap_err();
        let limit = "registrations_per_hour";
        assert!(
            matches!(refused.denial, Denial::RateLimitedFor { limit: named, .. } if named == limit)
        );
        let wait = refused.retry_after.unwrap();
        assert!(wait > 29 * MINUTE && wait <= 30 * MINUTE, "{wait:?}");
        assert!(refused.entry.is_some());
    }
    let denied = world.of_operation(Operation::ApplicationRegister, Outcome::Denied);
    assert_eq!(denied.await, 2);
    // Another user has an hour of its own, and a restart forgets none.
    let another = world.another().await;
    assert!(world.try_register(&another, "four").await.is_ok());
    let world = world.opened_under(3).await;
    assert!(world.try_register(&world.ask, "four").await.is_err());
    world.clock.pass(30 * MINUTE);
    assert!(world.try_register(&world.ask, "four").await.is_ok());
}

#[tokio::test]
async fn of_registrations_at_once_no_more_than_the_limit_are_made() {
    let settings = Settings {
        registrations_per_hour: 3,
        ..Settings::default()
    };
    let world = World::with_context_under(settings).await;
    let register = |name| world.try_register(&world.ask, name);
    let made: [_; 5] = tokio::join!(
        register("a"),
        register("b"),
        register("c"),
        register("d"),
        register("e"),
    )
    .into();
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 3);
}

#[tokio::test]
async fn an_application_does_nothing_after_its_time() {
    let world = World::with_context().await;
    let mut tokens = world.register().await.tokens;
    for _ in 0..59 {
        world.clock.pass(DAY);
        let refreshed = world.refresh(&tokens.refresh.token).await;
        tokens = refreshed.unwrap().tokens;
    }
    assert_eq!(world.seal_with(&tokens.access.token).await, None);
    world.clock.pass(MINUTE * (24 * 60 - 1));
    tokens = world.refresh(&tokens.refresh.token).await.unwrap().tokens;
    assert_eq!(world.seal_with(&tokens.access.token).await, None);
    world.clock.pass(MINUTE);
    // The access token would be good for an hour.
    assert!(world.seal_with(&tokens.access.token).await.is_some());
    let refused = world.refresh(&tokens.refresh.token).await;
    assert_eq!(denial(refused), Denial::Unauthenticated);
}

#[tokio::test]
async fn a_row_in_the_place_of_another_signs_and_verifies_nothing() {
    let world = World::with_context().await;
    let (one, other) = (world.register().await, world.register_as("other").await);
    let ids = [one.info.id.to_string(), other.info.id.to_string()];
    let rows = [world.row(&ids[0]).await, world.row(&ids[1]).await];
    // Each row with the other's body, key and all.
    world.put_row(&ids[0], &rows[1]).await;
    world.put_row(&ids[1], &rows[0]).await;
    let world = world.opened_again().await;
    for tokens in [&one.tokens, &other.tokens] {
        assert!(world.seal_with(&tokens.access.token).await.is_some());
        assert!(world.refresh(&tokens.refresh.token).await.is_err());
    }
    world.put_row(&ids[0], &rows[0]).await;
    let world = world.opened_again().await;
    assert_eq!(world.seal_with(&one.tokens.access.token).await, None);
}

#[tokio::test]
async fn a_token_is_verified_without_reading_a_row() {
    let world = World::with_context().await;
    let first = world.register().await;
    let second = world.refresh(&first.tokens.refresh.token).await.unwrap();
    // The first use reads the application's row, and the key in it is at hand from then on.
    assert_eq!(world.seal_with(&first.tokens.access.token).await, None);
    world.put_row(&first.info.id.to_string(), b"damaged").await;
    for tokens in [&second.tokens, &first.tokens, &second.tokens] {
        assert_eq!(world.seal_with(&tokens.access.token).await, None);
    }
}
