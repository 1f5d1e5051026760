//! What a restart must not forget, and what is kept outside the database for it.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use strongroom_core::{
    AfterRollback, Ask, Denial, EmptyAnchor, EntriesQuery, OpenError, Settings, Strongroom,
};
use strongroom_store::Database;
use strongroom_types::body::{ClientCreate, EncryptRequest};
use strongroom_types::{ContextPattern, Permission};
use support::{MemoryAnchor, World, ask, back_up, context, database, open};
use tempfile::TempDir;

#[tokio::test]
async fn an_anchor_that_is_empty_is_refused_until_it_is_new_by_name() {
    let world = World::new().await;
    world.grow(5).await;
    world.room.tick().await;
    let signed = |anchor: &MemoryAnchor| {
        let held = anchor.checkpoints.lock().unwrap();
        held.keys().copied().collect::<Vec<_>>()
    };
    let logs = signed(&world.anchor);
    assert!(logs.contains(&world.workspace));

    // As of a volume that is not mounted.
    let anchor = Arc::new(MemoryAnchor::default());
    let refused = open(&world.store, &anchor, Settings::default()).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, OpenError::EmptyAnchor { .. }),
        "{refused}"
    );
    assert_eq!(signed(&anchor), []);

    let by_name = Settings {
        empty_anchor: EmptyAnchor::Begin,
        ..Settings::default()
    };
    let room = open(&world.store, &anchor, by_name).await.unwrap();
    assert_eq!(signed(&anchor), logs);
    drop(room);
    assert!(
        open(&world.store, &anchor, Settings::default())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_anchor_is_empty_before_the_first_checkpoint() {
    let world = World::new().await;
    let anchor = Arc::new(MemoryAnchor::default());
    assert!(
        open(&world.store, &anchor, Settings::default())
            .await
            .is_ok()
    );
}

/// Seals some values, and has the log signed.
async fn seal(room: &Strongroom, ask: &Ask, values: usize) {
    for _ in 0..values {
        let request = EncryptRequest::new(context("org_acme"), vec![1]);
        room.encrypt(ask, request).await.unwrap();
    }
    room.tick().await;
}

/// A log, and the copy of its database in which it went on otherwise.
struct Forked {
    own: Arc<Database>,
    other: Arc<Database>,
    anchor: Arc<MemoryAnchor>,
    ask: Ask,
    _folder: TempDir,
}

impl Forked {
    /// Whoever has the copy writes this many values there, and keeps the checkpoints elsewhere.
    async fn after(values: usize) -> Self {
        let world = World::new().await;
        let ask = world.ask.clone();
        let (folder, anchor) = world.close().await;
        let [file, copy] = ["strongroom.db", "copy.db"].map(|name| folder.path().join(name));
        back_up(&file, &copy);
        let (own, other) = (database(&file).await, database(&copy).await);
        let room = open(&own, &anchor, Settings::default()).await.unwrap();
        seal(&room, &ask, 3).await;
        let forked = Self {
            own,
            other,
            anchor,
            ask,
            _folder: folder,
        };
        forked.write_elsewhere(&forked.other, values).await;
        forked
    }

    async fn write_elsewhere(&self, store: &Arc<Database>, values: usize) {
        let elsewhere = Arc::new(MemoryAnchor::default());
        let begin = Settings {
            empty_anchor: EmptyAnchor::Begin,
            ..Settings::default()
        };
        let room = open(store, &elsewhere, begin).await.unwrap();
        seal(&room, &self.ask, values).await;
    }

    async fn start(&self, store: &Arc<Database>) -> Result<Strongroom, OpenError> {
        open(store, &self.anchor, Settings::default()).await
    }
}

#[tokio::test]
async fn a_database_with_another_history_does_not_start_however_long_it_is() {
    for values in [3, 5] {
        let forked = Forked::after(values).await;
        let refused = forked.start(&forked.other).await.unwrap_err();
        assert!(matches!(refused, OpenError::OtherLog { .. }), "{refused}");
        assert!(forked.start(&forked.own).await.is_ok());
    }
}

#[tokio::test]
async fn a_database_of_an_older_generation_does_not_start_however_long_it_is() {
    let forked = Forked::after(5).await;
    let by_name = Settings {
        after_rollback: AfterRollback::NewGeneration,
        ..Settings::default()
    };
    let room = open(&forked.other, &forked.anchor, by_name).await.unwrap();
    seal(&room, &forked.ask, 1).await;
    // The older one goes on, and becomes longer.
    forked.write_elsewhere(&forked.own, 20).await;
    let refused = forked.start(&forked.own).await.unwrap_err();
    assert!(matches!(refused, OpenError::RolledBack { .. }), "{refused}");
}

#[tokio::test]
async fn nobody_is_shown_a_checkpoint_that_is_not_kept_outside() {
    let world = World::new().await;
    world.seal("org_acme").await;
    world.room.tick().await;
    let kept = || world.anchor.checkpoints.lock().unwrap()[&world.workspace].clone();
    let before = kept();
    world.anchor.full.store(true, Ordering::SeqCst);
    let index = world.seal("org_acme").await;
    let refused = world.room.log_checkpoint(&world.ask).await.unwrap_err();
    assert_eq!(refused.denial, Denial::CheckpointUnkept);
    assert!(refused.entry.is_some());
    let refused = world.room.log_proof(&world.ask, index).await.unwrap_err();
    assert_eq!(refused.denial, Denial::CheckpointUnkept);
    assert!(
        world.room.log_proof(&world.ask, 0).await.is_ok(),
        "under the last that is kept"
    );
    assert_eq!(kept(), before);
    assert!(!world.room.health().await.anchor);
    world.anchor.full.store(false, Ordering::SeqCst);
    let shown = world.room.log_checkpoint(&world.ask).await.unwrap().value;
    assert_eq!(kept(), shown);
    assert!(world.room.health().await.anchor);
}

#[tokio::test]
async fn a_restart_under_a_clock_set_back_takes_no_time_back() {
    let world = World::new().await;
    let request = ClientCreate {
        name: "short".to_owned(),
        permissions: vec![Permission::Encrypt],
        allowed_contexts: vec![ContextPattern::default()],
        expires_in: Some(3600),
    };
    let made = world.room.client_create(&world.ask, request).await;
    let short = ask(&made.unwrap().value.api_key.secret);
    let sealed = || EncryptRequest::new(context("org_acme"), vec![1]);
    assert!(world.room.encrypt(&short, sealed()).await.is_ok());
    world.clock.pass(Duration::from_hours(2));
    assert!(world.room.encrypt(&short, sealed()).await.is_err());
    world.room.close().await;
    let before = newest(&world.room, &world.ask).await;

    // Its clock starts anew, two hours earlier.
    let room = open(&world.store, &world.anchor, Settings::default())
        .await
        .unwrap();
    let refused = room.encrypt(&short, sealed()).await.unwrap_err();
    assert_eq!(refused.denial, Denial::CredentialRevoked);
    let after = newest(&room, &world.ask).await;
    assert!(after > before, "{after} after {before}");
}

/// The time of the newest entry.
async fn newest(room: &Strongroom, ask: &Ask) -> String {
    let page = room.log_entries(ask, EntriesQuery::default()).await;
    let times = page.unwrap().value.entries.into_iter();
    times.map(|entry| entry.time).max().unwrap()
}
