//! Stores: what they hold is moved to new versions of their keys, by jobs as stored objects are, and
//! a customer's key wraps the keys of the stores that its policy matches.

use strongroom_core::ports::{Store as _, Wrapper};
use strongroom_core::{Denial, Strongroom, Thing};
use strongroom_types::body::{
    ContextState, CustomerKeyAttach, JobCreate, JobInfo, JobKind, KeyState, PolicyBody,
};
use strongroom_types::{
    ContextId, ContextPattern, KeyVersion, Kind, Lock, LockTerm, Operation, Outcome, StoreName,
};

use crate::on_each_database;
use crate::provider::Mood;
use crate::world::{World, denial};

on_each_database!(
    a_value_is_read_as_it_was_set,
    stores_are_known_by_their_exact_names_only,
    a_rotated_store_is_moved_and_still_reads_when_the_old_version_is_destroyed,
    a_job_moves_many_values_of_many_stores_and_counts_what_remains,
    a_deleted_store_takes_its_keys_and_values_with_it,
    a_store_of_a_destroyed_key_context_is_gone,
    a_customers_key_wraps_the_stores_that_its_policy_matches,
    two_nodes_lose_no_version_of_one_value,
    a_policy_that_demands_a_lock_keeps_a_store_shut,
    neither_names_nor_values_stand_in_database_or_entries,
);

fn named(store: &str) -> StoreName {
    store.parse().unwrap()
}

impl World {
    async fn declare(&self, store: &str) -> ContextId {
        let declared = self.room.store_put(&self.ask, named(store), None).await;
        declared.unwrap().value.id
    }

    async fn set(&self, store: &str, name: &str, value: &str) -> Result<u64, Denial> {
        set_at(&self.room, self, store, name, value).await
    }

    async fn get(&self, store: &str, name: &str) -> Result<Option<String>, Denial> {
        get_at(&self.room, self, store, name).await
    }

    async fn rewrap_all(&self) -> JobInfo {
        let create = JobCreate::of(JobKind::Rewrap);
        let job = self.room.job_create(&self.ask, create).await;
        self.done(job.unwrap().value.id).await
    }
}

async fn set_at(
    room: &Strongroom,
    world: &World,
    store: &str,
    name: &str,
    value: &str,
) -> Result<u64, Denial> {
    let (name, value) = (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    let set = room.store_set(&world.ask, named(store), name, value).await;
    set.map(|set| set.value.version).map_err(denial)
}

async fn get_at(
    room: &Strongroom,
    world: &World,
    store: &str,
    name: &str,
) -> Result<Option<String>, Denial> {
    let name = name.as_bytes().to_vec();
    let got = room.store_get(&world.ask, named(store), name).await;
    let text = |value: strongroom_types::Bytes| String::from_utf8(value.0).unwrap();
    got.map(|got| got.value.map(|found| text(found.value)))
        .map_err(denial)
}

const NO_STORE: Denial = Denial::NotFound(Thing::Store);

async fn a_value_is_read_as_it_was_set(world: World) {
    world.declare("tokens").await;
    assert_eq!(world.get("tokens", "k").await, Ok(None));
    assert_eq!(world.set("tokens", "k", "one").await, Ok(1));
    assert_eq!(world.get("tokens", "k").await, Ok(Some("one".to_owned())));
    assert_eq!(world.set("tokens", "k", "").await, Ok(2));
    assert_eq!(world.get("tokens", "k").await, Ok(Some(String::new())));
    assert_eq!(world.get("tokens", "k\0").await, Ok(None));
    let long = "x".repeat(3 << 20);
    assert_eq!(world.set("tokens", "long", &long).await, Ok(1));
    assert_eq!(world.get("tokens", "long").await, Ok(Some(long)));
    for entry in world.entries(Operation::StoreGet).await {
        assert_eq!(entry.outcome, Outcome::Allowed);
        let missed = entry.facts.get("found").is_some_and(|found| found == "no");
        assert_eq!(entry.key.is_none(), missed, "{entry:?}");
    }
}

async fn stores_are_known_by_their_exact_names_only(world: World) {
    world.declare("a").await;
    world.set("a", "k", "v").await.unwrap();
    for other in [
        "A",
        "b",
        "constructor",
        "toString",
        "__proto__",
        "hasOwnProperty",
    ] {
        assert_eq!(world.get(other, "k").await, Err(NO_STORE), "{other}");
        assert_eq!(world.set(other, "k", "v").await, Err(NO_STORE), "{other}");
    }
    // Whoever declares one of them has a store like any other.
    world.declare("constructor").await;
    assert_eq!(world.get("constructor", "k").await, Ok(None));
}

async fn destroy_version(world: &World, id: ContextId, version: u32) {
    let version = KeyVersion(version);
    let destroyed = world.room.context_version_destroy(&world.ask, id, version);
    let info = destroyed.await.unwrap().value;
    let state = info.versions.iter().find(|one| one.version == version);
    assert_eq!(state.unwrap().state, KeyState::Destroyed);
}

async fn a_rotated_store_is_moved_and_still_reads_when_the_old_version_is_destroyed(world: World) {
    let id = world.declare("tokens").await;
    for n in 0..5 {
        let name = n.to_string();
        world.set("tokens", &name, &name).await.unwrap();
    }
    let rotated = world.room.context_rotate(&world.ask, id).await.unwrap();
    assert_eq!(rotated.value.kind, Kind::Store);
    world.set("tokens", "3", "new").await.unwrap();
    let job = world.rewrap_all().await;
    assert_eq!((job.stored, job.failed, job.remaining), (4, 0, 0));
    destroy_version(&world, id, 1).await;
    let node = world.node().await;
    for n in 0..5 {
        let expected = if n == 3 {
            "new".to_owned()
        } else {
            n.to_string()
        };
        let got = get_at(&node, &world, "tokens", &n.to_string()).await;
        assert_eq!(got, Ok(Some(expected)));
    }
    let moves = world.entries(Operation::StoreRewrap).await;
    let outcomes: Vec<_> = moves.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Allowed, Outcome::Completed]);
    assert_eq!(moves[1].of, Some(moves[0].index));
    let items = world.room.log_items(&world.ask, moves[0].index).await;
    assert_eq!(items.unwrap().value.items.len(), 4);
}

async fn a_job_moves_many_values_of_many_stores_and_counts_what_remains(world: World) {
    let mut ids = Vec::new();
    for store in ["a", "b", "empty"] {
        ids.push(world.declare(store).await);
    }
    // More than one slice takes.
    for n in 0..300 {
        world.set("a", &n.to_string(), "of a").await.unwrap();
    }
    world.set("b", "k", "of b").await.unwrap();
    for id in &ids {
        world.room.context_rotate(&world.ask, *id).await.unwrap();
    }
    world
        .room
        .context_disable(&world.ask, ids[1])
        .await
        .unwrap();
    let job = world.rewrap_all().await;
    assert_eq!((job.stored, job.remaining), (300, 1));
    world.room.context_enable(&world.ask, ids[1]).await.unwrap();
    let job = world.rewrap_all().await;
    assert_eq!((job.stored, job.remaining), (1, 0));
    destroy_version(&world, ids[0], 1).await;
    destroy_version(&world, ids[1], 1).await;
    for n in 0..300 {
        assert_eq!(
            world.get("a", &n.to_string()).await,
            Ok(Some("of a".to_owned()))
        );
    }
    assert_eq!(world.get("b", "k").await, Ok(Some("of b".to_owned())));
}

async fn a_deleted_store_takes_its_keys_and_values_with_it(world: World) {
    let id = world.declare("tokens").await;
    world.set("tokens", "k", "before").await.unwrap();
    let deleted = world.room.store_delete(&world.ask, named("tokens")).await;
    deleted.unwrap();
    assert_eq!(world.get("tokens", "k").await, Err(NO_STORE));
    let row = world
        .store
        .context(world.workspace, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.state, ContextState::Destroyed);
    assert!(row.keys.iter().all(|key| key.seed.is_empty()));
    assert!(world.tombstones().contains(&id));
    let again = world.room.store_delete(&world.ask, named("tokens")).await;
    assert_eq!(again.map_err(denial).unwrap_err(), NO_STORE);
    // Another store of the same name has other keys, and nothing of the former.
    assert_eq!(world.declare("tokens").await, id);
    assert_eq!(world.get("tokens", "k").await, Ok(None));
    assert_eq!(world.set("tokens", "k", "after").await, Ok(1));
    let row = world
        .store
        .context(world.workspace, id)
        .await
        .unwrap()
        .unwrap();
    let active = row.keys.iter().find(|key| key.state == KeyState::Active);
    assert_eq!(active.unwrap().version, KeyVersion(2));
}

async fn a_store_of_a_destroyed_key_context_is_gone(world: World) {
    let id = world.declare("tokens").await;
    world.set("tokens", "k", "v").await.unwrap();
    world.room.context_disable(&world.ask, id).await.unwrap();
    assert_eq!(world.get("tokens", "k").await, Err(Denial::KeyDisabled));
    assert_eq!(
        world.set("tokens", "k", "v").await,
        Err(Denial::KeyDisabled)
    );
    world.room.context_enable(&world.ask, id).await.unwrap();
    assert_eq!(world.get("tokens", "k").await, Ok(Some("v".to_owned())));
    world.room.context_destroy(&world.ask, id).await.unwrap();
    assert_eq!(world.get("tokens", "k").await, Err(NO_STORE));
    let found = world.store.store(world.workspace, id).await.unwrap();
    assert_eq!(found, None);
}

async fn a_customers_key_wraps_the_stores_that_its_policy_matches(world: World) {
    let (ours, theirs) = (world.declare("ours").await, world.declare("theirs").await);
    world.set("ours", "k", "of ours").await.unwrap();
    world.set("theirs", "k", "of theirs").await.unwrap();
    let key = world.key("acme", Some(0)).await;
    let attach = CustomerKeyAttach {
        matches: ContextPattern::new([("store", "theirs")]).unwrap(),
    };
    let job = world
        .room
        .customer_key_attach(&world.ask, key, attach)
        .await;
    let job = world.done(job.unwrap().value.job.id).await;
    assert_eq!(
        (job.moved, job.stored, job.failed, job.remaining),
        (1, 1, 0, 0)
    );
    let wrapper = async |id| {
        let row = world.store.context(world.workspace, id).await;
        row.unwrap().unwrap().wrapper
    };
    assert_eq!(wrapper(theirs).await, Wrapper::Customer(key));
    assert_eq!(wrapper(ours).await, Wrapper::Root(KeyVersion(1)));
    assert_eq!(
        world.get("theirs", "k").await,
        Ok(Some("of theirs".to_owned()))
    );
    assert_eq!(world.set("theirs", "k", "new").await, Ok(2));
    world.at_provider("acme").set(Mood::Disabled);
    let refused = world.get("theirs", "k").await;
    assert!(
        matches!(refused, Err(Denial::CustomerKey(_))),
        "{refused:?}"
    );
    assert_eq!(world.get("ours", "k").await, Ok(Some("of ours".to_owned())));
    world.at_provider("acme").set(Mood::Serves);
    assert_eq!(world.get("theirs", "k").await, Ok(Some("new".to_owned())));
}

async fn two_nodes_lose_no_version_of_one_value(world: World) {
    const EACH: u64 = 20;
    world.declare("tokens").await;
    let other = world.node().await;
    let mut versions = Vec::new();
    for n in 0..EACH {
        let value = n.to_string();
        let (one, two) = tokio::join!(
            world.set("tokens", "k", &value),
            set_at(&other, &world, "tokens", "k", &value),
        );
        versions.extend([one.unwrap(), two.unwrap()]);
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=2 * EACH).collect::<Vec<_>>());
}

async fn a_policy_that_demands_a_lock_keeps_a_store_shut(world: World) {
    world.declare("tokens").await;
    let policy = PolicyBody {
        required_lock: Lock::new(vec![LockTerm::Whole("sub".to_owned())]).unwrap(),
        ..PolicyBody::of(ContextPattern::new([("store", "tokens")]).unwrap())
    };
    world.room.policy_create(&world.ask, policy).await.unwrap();
    let refused = world.set("tokens", "k", "v").await;
    assert!(matches!(refused, Err(Denial::LockRequired { .. })));
}

async fn neither_names_nor_values_stand_in_database_or_entries(world: World) {
    let id = world.declare("needle-store").await;
    let name = "needle-hashed-name-of-thirty-two-bytes";
    world
        .set("needle-store", name, "needle-value")
        .await
        .unwrap();
    world.get("needle-store", name).await.unwrap();
    world.get("needle-store", "needle-miss").await.unwrap();
    let stale = world
        .store
        .stale_store_values(world.workspace, id, KeyVersion(9), None, 9)
        .await
        .unwrap();
    assert_eq!((stale.len(), stale[0].name.len()), (1, 32));
    assert_ne!(stale[0].name, name.as_bytes());
    let batches = world.store.batches(world.workspace, 0, u64::MAX).await;
    for batch in batches.unwrap() {
        for part in [batch.entries, batch.openings] {
            let found = part.windows(6).any(|window| window == b"needle");
            assert!(!found);
        }
    }
    // One value has one tag in all its entries, and other values have others.
    let tags: Vec<_> = world
        .entries(Operation::StoreGet)
        .await
        .iter()
        .chain(&world.entries(Operation::StoreSet).await)
        .map(|entry| entry.facts["value"].clone())
        .collect();
    assert_eq!(tags.len(), 3);
    assert_eq!(tags[0], tags[2]);
    assert_ne!(tags[0], tags[1]);
}
