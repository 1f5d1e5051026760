//! What was destroyed stays destroyed, on a real database with an anchor of its own.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use strongroom_core::ports::Tombstone;
use strongroom_core::{Denial, PageQuery, Settings};
use strongroom_types::body::{ContextCreate, ContextInfo, ContextState, EncryptRequest, KeyState};
use strongroom_types::{ContextId, KeyVersion};
use support::{START, World, back_up, context, database, open};

const HOUR: i64 = 3_600_000_000;

async fn first(world: &World) -> ContextInfo {
    let page = world.room.contexts(&world.ask, PageQuery::default()).await;
    page.unwrap().value.items.remove(0)
}

fn tombstone(world: &World, context: ContextId, version: u32, only: bool) -> Tombstone {
    Tombstone {
        workspace: world.workspace,
        context,
        version: KeyVersion(version),
        only,
        destroyed: START + HOUR,
        final_after: START + 2 * HOUR,
    }
}

fn value() -> EncryptRequest {
    EncryptRequest::new(context("org_acme"), vec![1])
}

fn held(world: &World) -> Vec<Tombstone> {
    world.anchor.tombstones.lock().unwrap().clone()
}

#[tokio::test]
async fn a_destroyed_version_has_a_tombstone_of_its_own() {
    let world = World::new().await;
    world.seal("org_acme").await;
    let id = first(&world).await.id;
    world.room.context_rotate(&world.ask, id).await.unwrap();
    let destroyed = world
        .room
        .context_version_destroy(&world.ask, id, KeyVersion(1))
        .await;
    assert_eq!(destroyed.unwrap().value.state, ContextState::Active);
    let held = held(&world);
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].version, held[0].only), (KeyVersion(1), true));
}

#[tokio::test]
async fn destroyed_keys_leave_the_memory_at_once() {
    let world = World::new().await;
    world.seal("org_acme").await;
    assert_eq!(world.room.kept_contexts(), 1);
    let id = first(&world).await.id;
    let destroyed = world.room.context_destroy(&world.ask, id).await;
    destroyed.unwrap();
    assert_eq!(world.room.kept_contexts(), 0);
}

#[tokio::test]
async fn a_version_that_a_restored_database_made_active_again_is_replaced_and_destroyed() {
    let world = World::new().await;
    world.seal("org_acme").await;
    let id = first(&world).await.id;
    let of_version = tombstone(&world, id, 1, true);
    world.anchor.tombstones.lock().unwrap().push(of_version);
    let room = open(&world.store, &world.anchor, Settings::default())
        .await
        .unwrap();
    let info = room.context(&world.ask, id).await.unwrap().value;
    assert_eq!(info.state, ContextState::Active);
    let states: Vec<_> = info
        .versions
        .iter()
        .map(|v| (v.version.0, v.state))
        .collect();
    assert_eq!(states, [(2, KeyState::Active), (1, KeyState::Destroyed)]);
    room.encrypt(&world.ask, value()).await.unwrap();
}

#[tokio::test]
async fn a_destroyed_context_that_the_database_does_not_know_is_made_again_by_name_only() {
    let world = World::new().await;
    let ask = world.ask.clone();
    let (folder, anchor) = world.close().await;
    let file = folder.path().join("strongroom.db");
    let backup = folder.path().join("old.db");
    back_up(&file, &backup);

    let store = database(&file).await;
    let room = open(&store, &anchor, Settings::default()).await.unwrap();
    room.encrypt(&ask, value()).await.unwrap();
    let page = room.contexts(&ask, PageQuery::default()).await;
    let id = page.unwrap().value.items[0].id;
    room.context_destroy(&ask, id).await.unwrap();

    let store = database(&backup).await;
    let room = open(&store, &anchor, Settings::default()).await.unwrap();
    let refused = room.encrypt(&ask, value()).await.unwrap_err();
    assert_eq!(refused.denial, Denial::ContextDestroyed);
    let key_context = context("org_acme");
    let made = room
        .context_create(&ask, ContextCreate { key_context })
        .await;
    assert_eq!(made.unwrap().value.versions[0].version, KeyVersion(2));
    room.encrypt(&ask, value()).await.unwrap();
    drop(room);
    let room = open(&store, &anchor, Settings::default()).await.unwrap();
    room.encrypt(&ask, value()).await.unwrap();
}

#[tokio::test]
async fn a_tombstone_that_was_not_written_is_written_at_the_next_start() {
    let world = World::new().await;
    world.grow(3).await;
    let id = first(&world).await.id;
    world.room.context_destroy(&world.ask, id).await.unwrap();
    let written = core::mem::take(&mut *world.anchor.tombstones.lock().unwrap());
    let room = open(&world.store, &world.anchor, Settings::default())
        .await
        .unwrap();
    room.tick().await;
    let again = held(&world);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].context, id);
    assert_eq!(again[0].final_after, written[0].final_after);
    let room = open(&world.store, &world.anchor, Settings::default())
        .await
        .unwrap();
    room.tick().await;
    assert_eq!(held(&world).len(), 1);
}

#[tokio::test]
async fn a_tombstone_that_could_not_be_written_is_written_when_it_can_be() {
    let world = World::new().await;
    world.seal("org_acme").await;
    world.room.tick().await;
    let id = first(&world).await.id;
    world.anchor.full.store(true, Ordering::SeqCst);
    let told = world.room.context_destroy(&world.ask, id).await;
    let told = told.unwrap_err();
    assert_eq!(told.denial, Denial::TombstoneUnkept);
    assert!(told.entry.is_some(), "the destruction is an entry");
    let refused = world.room.encrypt(&world.ask, value()).await.unwrap_err();
    assert_eq!(refused.denial, Denial::ContextDestroyed);
    // It is looked for, and fails again.
    world.clock.pass(Duration::from_secs(5));
    world.room.tick().await;
    assert_eq!(held(&world), []);
    world.anchor.full.store(false, Ordering::SeqCst);
    world.clock.pass(Duration::from_secs(5));
    world.room.tick().await;
    let held = held(&world);
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].context, held[0].only), (id, false));
}

#[tokio::test]
async fn a_tombstone_of_a_version_that_could_not_be_written_is_written_when_it_can_be() {
    let world = World::new().await;
    world.seal("org_acme").await;
    world.room.tick().await;
    let id = first(&world).await.id;
    world.room.context_rotate(&world.ask, id).await.unwrap();
    world.anchor.full.store(true, Ordering::SeqCst);
    let destroyed = world
        .room
        .context_version_destroy(&world.ask, id, KeyVersion(1))
        .await;
    assert_eq!(destroyed.unwrap_err().denial, Denial::TombstoneUnkept);
    world.anchor.full.store(false, Ordering::SeqCst);
    world.clock.pass(Duration::from_secs(5));
    world.room.tick().await;
    let held = held(&world);
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].version, held[0].only), (KeyVersion(1), true));
}
