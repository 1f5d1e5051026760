//! Objects in a whole deployment on SQLite: kept, replaced, deleted, purged, moved, checked.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::time::Duration;

use strongroom_core::ports::Store as _;
use strongroom_core::{Denial, EntriesQuery, Thing};
use strongroom_types::body::{
    EntryView, ObjectCreate, ObjectDelete, ObjectRead, ObjectUpdate, StoredObject,
};
use strongroom_types::{ClientId, ContextId, KeyVersion, ObjectId, Operation, Outcome};

use support::{World, context};

const DAY: Duration = Duration::from_hours(24);

fn create(name: &str, value: &str) -> ObjectCreate {
    ObjectCreate::new(context("org_acme"), name, value.as_bytes().to_vec())
}

impl World {
    async fn keep(&self, request: ObjectCreate) -> StoredObject {
        let created = self.room.object_create(&self.ask, request).await;
        created.unwrap().value
    }

    async fn read(&self, item: ObjectRead) -> Result<Vec<u8>, Denial> {
        let read = self.room.object_read(&self.ask, item).await;
        read.map(|read| read.value.value.unwrap().0)
            .map_err(|refused| refused.denial)
    }

    async fn replace(&self, id: ObjectId, value: &str) -> StoredObject {
        let update = ObjectUpdate::new(value.as_bytes().to_vec());
        let updated = self.room.object_update(&self.ask, id, update).await;
        updated.unwrap().value
    }

    async fn delete(&self, id: ObjectId, purge_in: Option<u64>) -> StoredObject {
        let request = ObjectDelete {
            version_check: None,
            purge_in,
        };
        let deleted = self.room.object_delete(&self.ask, id, request).await;
        deleted.unwrap().value
    }

    async fn is_stored(&self, id: ObjectId) -> bool {
        self.store
            .object(self.workspace, id)
            .await
            .unwrap()
            .is_some()
    }

    /// The entries of an operation.
    async fn told(&self, operation: Operation) -> Vec<EntryView> {
        let query = EntriesQuery {
            operation: Some(operation),
            ..EntriesQuery::default()
        };
        let page = self.room.log_entries(&self.ask, query).await;
        page.unwrap().value.entries
    }

    /// Moves everything of a key context to its active key version.
    async fn rewrap(&self, context: ContextId, limit: u32) -> u64 {
        let (mut moved, mut place) = (0, None);
        loop {
            let page = (place, limit);
            let about = ("job", "test");
            let page = self
                .room
                .rewrap_objects(self.workspace, context, page, about);
            let page = page.await.unwrap();
            assert_eq!(page.failed, 0);
            moved += page.moved;
            match page.next {
                None => return moved,
                next => place = next,
            }
        }
    }
}

const GONE: Denial = Denial::NotFound(Thing::Object);

#[tokio::test]
async fn what_is_kept_can_be_read_by_id_and_by_name() {
    let world = World::new().await;
    let name = "a/b \u{0}\u{e9}";
    let object = world.keep(create(name, "one")).await;
    assert_eq!((object.version, object.size), (1, 3));
    let by_id = || ObjectRead::by_id(object.id);
    assert_eq!(world.read(by_id()).await.unwrap(), b"one");
    assert_eq!(world.read(ObjectRead::by_name(name)).await.unwrap(), b"one");
    assert_eq!(world.replace(object.id, "two").await.version, 2);
    assert_eq!(world.read(by_id()).await.unwrap(), b"two");
    let old = ObjectRead {
        version: Some(1),
        ..by_id()
    };
    assert_eq!(world.read(old).await.unwrap(), b"one");
    assert_eq!(world.room.check_objects().await.unwrap(), []);
}

#[tokio::test]
async fn an_expired_object_is_gone_at_once_and_its_name_is_free() {
    let world = World::new().await;
    let expiring = || ObjectCreate {
        expires_in: Some(3600),
        ..create("session", "v")
    };
    let first = world.keep(expiring()).await;
    assert!(world.read(ObjectRead::by_id(first.id)).await.is_ok());
    world.clock.pass(Duration::from_hours(1));
    // Nobody has tidied up yet.
    assert!(world.is_stored(first.id).await);
    assert_eq!(world.read(ObjectRead::by_id(first.id)).await, Err(GONE));
    assert_eq!(world.read(ObjectRead::by_name("session")).await, Err(GONE));
    let second = world.keep(expiring()).await;
    assert_ne!(first.id, second.id);
    assert!(!world.is_stored(first.id).await);
    world.clock.pass(Duration::from_hours(1));
    world.room.tick().await;
    assert!(!world.is_stored(second.id).await);
    let purges = world.told(Operation::ObjectPurge).await;
    assert_eq!(purges.len(), 2);
    assert!(
        purges
            .iter()
            .all(|entry| entry.client.is_none() && entry.count == 1)
    );
    assert_eq!(world.room.check_objects().await.unwrap(), []);
}

#[tokio::test]
async fn a_new_expiry_takes_the_place_of_the_old() {
    let world = World::new().await;
    let request = ObjectCreate {
        expires_in: Some(60),
        ..create("session", "v")
    };
    let object = world.keep(request).await;
    let kept = world.replace(object.id, "as it was").await;
    assert_eq!(kept.expires, object.expires);
    let update = ObjectUpdate {
        expires_in: Some(0),
        ..ObjectUpdate::new(b"for ever".to_vec())
    };
    let updated = world
        .room
        .object_update(&world.ask, object.id, update)
        .await;
    assert_eq!(updated.unwrap().value.expires, None);
    world.clock.pass(DAY);
    world.room.tick().await;
    assert_eq!(
        world.read(ObjectRead::by_id(object.id)).await.unwrap(),
        b"for ever"
    );
}

#[tokio::test]
async fn a_deleted_object_can_be_restored_until_it_is_purged() {
    let world = World::new().await;
    let object = world.keep(create("a", "v")).await;
    let restore = || world.room.object_restore(&world.ask, object.id, None);
    assert_eq!(
        restore().await.unwrap_err().denial,
        Denial::Conflict(Thing::Object)
    );
    let deleted = world.delete(object.id, None).await;
    assert!(deleted.deleted.is_some() && deleted.purged_after.is_some());
    assert_eq!(world.read(ObjectRead::by_id(object.id)).await, Err(GONE));
    world.clock.pass(29 * DAY);
    world.room.tick().await;
    let restored = restore().await.unwrap().value;
    assert_eq!((restored.deleted, restored.purged_after), (None, None));
    assert_eq!(world.read(ObjectRead::by_name("a")).await.unwrap(), b"v");
    world.delete(object.id, Some(60)).await;
    world.clock.pass(Duration::from_mins(1));
    // Its time is over, whether or not somebody has tidied up.
    assert!(world.is_stored(object.id).await);
    assert_eq!(restore().await.unwrap_err().denial, GONE);
    world.room.tick().await;
    assert!(!world.is_stored(object.id).await);
    assert_eq!(restore().await.unwrap_err().denial, GONE);
    assert_eq!(world.room.check_objects().await.unwrap(), []);
}

#[tokio::test]
async fn many_are_purged_in_a_few_entries_that_name_each() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for n in 0..150 {
        let object = world.keep(create(&n.to_string(), "v")).await;
        world.delete(object.id, Some(0)).await;
        ids.push(object.id.to_string());
    }
    world.clock.pass(Duration::from_secs(1));
    world.room.tick().await;
    let purges = world.told(Operation::ObjectPurge).await;
    assert_eq!(purges.iter().map(|entry| entry.count).sum::<u32>(), 150);
    assert_eq!(purges.len(), 3);
    let mut named = Vec::new();
    for purge in purges {
        let items = world.room.log_items(&world.ask, purge.index).await;
        let items = items.unwrap().value.items;
        named.extend(items.into_iter().filter_map(|item| item.name));
    }
    named.sort();
    ids.sort();
    assert_eq!(named, ids);
}

#[tokio::test]
async fn stored_versions_are_moved_to_the_active_key_and_open() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let object = world.keep(create(&n.to_string(), "old")).await;
        world.replace(object.id, &format!("value {n}")).await;
        ids.push(object.id);
    }
    let context = world.keep(create("gone", "v")).await.key.id;
    world
        .room
        .context_rotate(&world.ask, context)
        .await
        .unwrap();
    let count = || {
        let below = KeyVersion(2);
        world
            .store
            .count_stale_versions(world.workspace, context, below)
    };
    assert_eq!(count().await.unwrap(), 11);
    assert_eq!(world.rewrap(context, 3).await, 11);
    assert_eq!(count().await.unwrap(), 0);
    assert_eq!(world.rewrap(context, 3).await, 0);
    // Nothing needs the old version any more.
    let destroy = world
        .room
        .context_version_destroy(&world.ask, context, KeyVersion(1));
    destroy.await.unwrap();
    for (n, id) in ids.iter().enumerate() {
        let value = world.read(ObjectRead::by_id(*id)).await.unwrap();
        assert_eq!(value, format!("value {n}").into_bytes());
        let old = ObjectRead {
            version: Some(1),
            ..ObjectRead::by_id(*id)
        };
        assert_eq!(world.read(old).await.unwrap(), b"old");
    }
    let entries = world.told(Operation::ObjectRewrap).await;
    let outcomes: Vec<_> = entries
        .iter()
        .map(|entry| (entry.outcome, entry.count))
        .collect();
    let page = |count| [(Outcome::Allowed, count), (Outcome::Completed, count)];
    assert_eq!(outcomes, [page(3), page(3), page(3), page(2)].concat());
    assert!(
        entries
            .chunks(2)
            .all(|pair| pair[1].of == Some(pair[0].index))
    );
    assert_eq!(world.room.check_objects().await.unwrap(), []);
}

#[tokio::test]
async fn a_suspended_key_context_is_not_rewrapped() {
    let world = World::new().await;
    let context = world.keep(create("a", "v")).await.key.id;
    world
        .room
        .context_rotate(&world.ask, context)
        .await
        .unwrap();
    world
        .room
        .context_disable(&world.ask, context)
        .await
        .unwrap();
    let page = (None, 10);
    let moved = world
        .room
        .rewrap_objects(world.workspace, context, page, ("job", "test"));
    assert_eq!(moved.await, Err(Denial::KeyDisabled));
}

#[tokio::test]
async fn a_purge_amid_a_rewrap_loses_nothing_else() {
    let world = World::new().await;
    let first = world.keep(create("a", "v")).await;
    let kept = world.keep(create("b", "v")).await;
    let context = kept.key.id;
    world
        .room
        .context_rotate(&world.ask, context)
        .await
        .unwrap();
    world.delete(first.id, Some(0)).await;
    world.clock.pass(Duration::from_secs(1));
    let moving = async {
        loop {
            let page = (None, 10);
            let about = ("job", "test");
            let page = world
                .room
                .rewrap_objects(world.workspace, context, page, about);
            match page.await {
                Err(Denial::Unavailable) => {}
                other => return other.unwrap(),
            }
        }
    };
    let ((), moved) = tokio::join!(world.room.tick(), moving);
    assert_eq!(moved.failed, 0);
    assert_eq!(world.rewrap(context, 10).await, 0);
    assert!(!world.is_stored(first.id).await);
    assert_eq!(world.read(ObjectRead::by_id(kept.id)).await.unwrap(), b"v");
}

#[tokio::test]
async fn uses_of_keys_by_objects_are_counted() {
    let world = World::new().await;
    let object = world.keep(create("a", "v")).await;
    for n in 0..299 {
        world.replace(object.id, &n.to_string()).await;
    }
    world.read(ObjectRead::by_id(object.id)).await.unwrap();
    world.room.close().await;
    let info = world.room.context(&world.ask, object.key.id).await;
    let version = &info.unwrap().value.versions[0];
    // 256 entries are counted: those of the workspace and of the key context come first.
    assert!((253..=255).contains(&version.sealed), "{}", version.sealed);
}

#[tokio::test]
async fn the_author_of_a_version_is_named() {
    let world = World::new().await;
    let object = world.keep(create("a", "v")).await;
    assert_ne!(object.updated_by, ClientId::from_bytes([0; 16]));
    let entry = &world.told(Operation::ObjectCreate).await[0];
    assert_eq!(entry.client, Some(object.updated_by));
    assert_eq!(entry.facts["object"], object.id.to_string());
    assert_eq!(entry.facts["version"], "1");
}
