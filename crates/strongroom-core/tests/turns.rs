//! Slow work of a whole deployment on SQLite, while the state changes under it.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use std::time::Duration;

use serde_json::Map;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection as _, Executor as _};
use strongroom_core::{ApplicationCreate, Ask, Bench, Denial, Strongroom, Tool};
use strongroom_types::body::{EncryptRequest, SignRequest, SigningKeyCreate, VerifyRequest};
use strongroom_types::{Operation, SigningAlgorithm};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use support::{World, context, named_context};

/// Changes the state each time that it works.
struct Restless {
    room: Strongroom,
    ask: Ask,
    done: Arc<AtomicU32>,
    runtime: Handle,
    /// What it does before that takes so long.
    first: Duration,
}

impl Tool for Restless {
    const OPERATION: Operation = Operation::SecretSplit;
    type Answer = u32;

    fn algorithm(&self) -> &'static str {
        "none"
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn work(&self, _bench: &Bench) -> Result<u32, Denial> {
        let done = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        self.runtime.block_on(tokio::time::sleep(self.first));
        let request = named_context(&format!("context-{done}"));
        let made = self.room.named_context_create(&self.ask, request);
        self.runtime.block_on(made).unwrap();
        Ok(done)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_work_is_done_once_however_often_the_state_changes_under_it() {
    let world = World::new().await;
    let done = Arc::<AtomicU32>::default();
    let tool = Restless {
        room: world.room.clone(),
        ask: world.ask.clone(),
        done: Arc::clone(&done),
        runtime: Handle::current(),
        first: Duration::ZERO,
    };
    let answered = world.room.use_tool(&world.ask, tool).await.unwrap();
    assert_eq!(answered.value, 1);
    assert!(answered.entry.is_some());
    assert_eq!(done.load(Ordering::SeqCst), 1);
}

impl World {
    /// Has others do slow work all the time, each of which changes the state at its end. Whoever waits
    /// for a turn has what it read before changed under it.
    async fn unrest(&self) -> JoinSet<()> {
        let (mut restless, done) = (JoinSet::new(), Arc::<AtomicU32>::default());
        for _ in 0..4 {
            let (room, ask, done) = (self.room.clone(), self.ask.clone(), Arc::clone(&done));
            restless.spawn(async move {
                loop {
                    let tool = Restless {
                        room: room.clone(),
                        ask: ask.clone(),
                        done: Arc::clone(&done),
                        runtime: Handle::current(),
                        first: Duration::from_millis(100),
                    };
                    room.use_tool(&ask, tool).await.unwrap();
                }
            });
        }
        // By then all places in the line are taken, and stay so.
        while done.load(Ordering::SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
        restless
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_checked_once_however_often_the_state_changes_under_it() {
    let world = World::new().await;
    let (room, ask) = (&world.room, &world.ask);
    let key = SigningKeyCreate {
        name: "key".to_owned(),
        key_context: None,
        algorithm: SigningAlgorithm::Ed25519,
    };
    let key = room.signing_key_create(ask, key).await.unwrap().value.id;
    // So long that its check is slow work.
    let message = vec![7; 300 << 10];
    let request = SignRequest {
        key,
        message: message.clone().into(),
        metadata: None,
    };
    let signed = room.sign(ask, request).await.unwrap().value;
    let restless = world.unrest().await;
    let request = VerifyRequest {
        key,
        message: message.into(),
        signature: signed.signature,
        version: None,
        metadata: None,
    };
    let verified = room.verify(ask, request).await;
    assert_eq!(verified.unwrap().value.version, Some(1));
    drop(restless);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_is_counted_once_however_often_the_state_changes_under_it() {
    let world = World::new().await;
    let (room, ask) = (&world.room, &world.ask);
    let request = ApplicationCreate {
        name: "app".to_owned(),
        environment: "test".to_owned(),
        team: "default".to_owned(),
        description: String::new(),
        contexts: Vec::new(),
        expires_in_days: None,
        again: true,
    };
    let made = room.application_register(ask, request, |_| Map::new());
    let id = made.await.unwrap().value.info.id;
    let restless = world.unrest().await;
    let looked_at = room.promotion_info(ask, id, "production".to_owned()).await;
    assert!(!looked_at.unwrap().value.is_ready());
    drop(restless);
}

/// Makes every look at the state of a workspace find another epoch, as if it changed all the time.
async fn change_the_state_all_the_time(world: &World) {
    install_default_drivers();
    let file = world.folder.path().join("strongroom.db");
    let url = format!("sqlite:{}", file.display());
    let mut conn = AnyConnection::connect(&url).await.unwrap();
    for statement in [
        "ALTER TABLE head RENAME TO head_rows",
        "CREATE VIEW head AS SELECT workspace, frontier, random() & 1099511627775 AS epoch, generation
         FROM head_rows",
        "CREATE TRIGGER head_update INSTEAD OF UPDATE ON head BEGIN
         UPDATE head_rows SET frontier = NEW.frontier, generation = NEW.generation
         WHERE workspace = NEW.workspace; END",
    ] {
        conn.execute(statement).await.unwrap();
    }
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_request_that_the_state_leaves_no_time_is_refused_with_an_entry() {
    let world = World::new().await;
    let request = || EncryptRequest::new(context("org"), b"value".to_vec());
    world.room.encrypt(&world.ask, request()).await.unwrap();
    change_the_state_all_the_time(&world).await;
    let refused = world.room.encrypt(&world.ask, request()).await.unwrap_err();
    assert_eq!(refused.denial, Denial::Unavailable);
    let entry = refused.entry.unwrap();
    assert_eq!(entry.log, world.workspace);
}
