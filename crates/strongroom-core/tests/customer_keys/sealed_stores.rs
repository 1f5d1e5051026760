//! Sealed stores: what has expired is erased when its time has come, what they hold is moved to new
//! versions of their keys, and two nodes make one history. The bytes that clients seal are made up
//! here: the server does not look into them.

use strongroom_core::ports::{Store as _, Wrapper};
use strongroom_core::{Denial, Strongroom, Thing};
use strongroom_log::map::{MapKey, MapProof};
use strongroom_log::{Hash, sha256};
use strongroom_types::body::{
    CustomerKeyAttach, JobCreate, JobKind, KeyState, RecordSet, RecordsAnswer, RecordsGet,
    RecordsSet, SealedStoreCreate, SealedVersion, SlotKind, SlotPut,
};
use strongroom_types::{
    Bytes, ContextId, ContextPattern, KeyVersion, Kind, Operation, Outcome, StoreName,
};

use crate::on_each_database;
use crate::provider::Mood;
use crate::support::START;
use crate::world::{World, denial};

on_each_database!(
    an_expired_record_is_hidden_at_once_and_erased_with_its_leaf,
    an_older_version_that_expired_is_erased_alone,
    what_was_deleted_or_set_again_is_not_erased_by_its_former_expiry,
    many_expired_records_of_many_stores_are_erased,
    a_rotated_store_is_moved_and_still_reads_when_the_old_version_is_destroyed,
    a_customers_key_wraps_the_stores_that_its_policy_matches,
    two_nodes_make_one_history_of_one_store,
    a_large_store_is_erased_with_its_map_and_slots,
    a_plain_store_of_the_same_name_is_another_store,
    neither_names_nor_values_stand_in_database_or_entries,
);

const HOUR: i64 = 3_600_000_000;

fn word(text: &str) -> StoreName {
    text.parse().unwrap()
}

/// The same for a record that is new where others were deleted.
fn write_anew(name: &str, version: u64, value: &str) -> RecordSet {
    let mut anew = write(name, 0, value, 0);
    anew.sealed.as_mut().unwrap().version = version;
    anew
}

/// What a client would make of a name.
fn record(text: &str) -> MapKey {
    MapKey::from_bytes(*sha256(text.as_bytes()).as_bytes())
}

/// What a client would have the map say of a value.
fn leaf(value: &str) -> Hash {
    sha256(format!("leaf of {value}").as_bytes())
}

fn write(name: &str, if_version: u64, value: &str, expires: i64) -> RecordSet {
    RecordSet {
        name: (*record(name).as_bytes()).into(),
        if_version,
        sealed: Some(SealedVersion {
            version: if_version + 1,
            epoch: 1,
            expires,
            leaf: (*leaf(value).as_bytes()).into(),
            value: value.as_bytes().into(),
        }),
    }
}

async fn set_at(
    room: &Strongroom,
    world: &World,
    store: &str,
    write: RecordSet,
) -> Result<RecordsAnswer, Denial> {
    let request = RecordsSet {
        records: vec![write],
    };
    let set = room.sealed_set(&world.ask, word(store), request).await;
    set.map(|set| set.value).map_err(denial)
}

async fn get_at(
    room: &Strongroom,
    world: &World,
    store: &str,
    name: &str,
    version: Option<u64>,
) -> Result<RecordsAnswer, Denial> {
    let request = RecordsGet {
        names: vec![(*record(name).as_bytes()).into()],
        version,
    };
    let got = room.sealed_get(&world.ask, word(store), request).await;
    got.map(|got| got.value).map_err(denial)
}

/// Whether an answer proves that its map has this leaf in the record's place, or nothing.
fn proves(answer: &RecordsAnswer, name: &str, leaf: Option<Hash>) -> bool {
    let root = Hash::from_bytes(answer.root.0.as_slice().try_into().unwrap());
    let proof = MapProof::decode(&answer.records[0].proof.0).unwrap();
    proof.verify(record(name), leaf, root).is_ok()
}

fn value(answer: &RecordsAnswer) -> Option<&[u8]> {
    let newest = answer.records[0].record.as_ref()?;
    newest.value.as_ref().map(|value| value.0.as_slice())
}

impl World {
    async fn sealed_store(&self, store: &str, keep: u32) -> ContextId {
        let request = SealedStoreCreate {
            name: word(store),
            keep: Some(keep),
        };
        let made = self.room.sealed_store_create(&self.ask, request).await;
        made.unwrap().value.id
    }

    async fn put(&self, store: &str, write: RecordSet) -> RecordsAnswer {
        set_at(&self.room, self, store, write).await.unwrap()
    }

    async fn look(&self, store: &str, name: &str) -> RecordsAnswer {
        get_at(&self.room, self, store, name, None).await.unwrap()
    }

    /// Records and versions that are kept.
    async fn counted(&self, context: ContextId) -> (u64, u64) {
        let counts = self.store.sealed_counts(self.workspace, context).await;
        let counts = counts.unwrap();
        (counts.records, counts.versions)
    }
}

async fn an_expired_record_is_hidden_at_once_and_erased_with_its_leaf(world: World) {
    let context = world.sealed_store("vault", 3).await;
    let until = START + HOUR;
    world.put("vault", write("n", 0, "v", until)).await;
    world.put("vault", write("stays", 0, "w", 0)).await;
    let before = world.look("vault", "n").await;
    assert_eq!(value(&before), Some(&b"v"[..]));
    world.pass(3600);
    // Nobody has tidied up yet: the value is gone, and that it expires is proven.
    let hidden = world.look("vault", "n").await;
    assert_eq!(value(&hidden), None);
    assert_eq!(hidden.records[0].record.as_ref().unwrap().expires, until);
    assert!(proves(&hidden, "n", Some(leaf("v"))));
    world.room.tick().await;
    let erased = world.look("vault", "n").await;
    assert_eq!(erased.records[0].record, None);
    assert!(proves(&erased, "n", None));
    assert_eq!(erased.sequence, hidden.sequence + 1);
    assert_eq!(world.counted(context).await, (1, 1));
    assert_eq!(value(&world.look("vault", "stays").await), Some(&b"w"[..]));
    // The entry states the new root, and nothing of the record.
    let purges = world.entries(Operation::SealedPurge).await;
    let [purge] = &purges[..] else {
        panic!("one entry")
    };
    assert_eq!((purge.outcome, purge.count), (Outcome::Allowed, 1));
    assert_eq!(purge.client, None);
    let root = Hash::from_bytes(erased.root.0.as_slice().try_into().unwrap());
    assert_eq!(purge.facts["root"], root.to_string());
    assert_eq!(erased.rooted.index, purge.index);
    let facts: Vec<_> = purge.facts.keys().map(String::as_str).collect();
    assert_eq!(facts, ["records", "root", "sequence"]);
    // Its name is free, and there is nothing left to do.
    assert_eq!(erased.next_version, 2);
    world.put("vault", write_anew("n", 2, "anew")).await;
    world.pass(3600);
    world.room.tick().await;
    assert_eq!(world.entries(Operation::SealedPurge).await.len(), 1);
}

async fn an_older_version_that_expired_is_erased_alone(world: World) {
    let context = world.sealed_store("vault", 3).await;
    world.put("vault", write("n", 0, "1", START + HOUR)).await;
    world.put("vault", write("n", 1, "2", 0)).await;
    let older = async || {
        let answer = get_at(&world.room, &world, "vault", "n", Some(1)).await;
        answer.unwrap().records.remove(0).older
    };
    assert_eq!(older().await.unwrap().value, Some(Bytes(b"1".to_vec())));
    world.pass(3600);
    assert_eq!(older().await.unwrap().value, None);
    world.room.tick().await;
    assert_eq!(older().await, None);
    assert_eq!(world.counted(context).await, (1, 1));
    let newest = world.look("vault", "n").await;
    assert_eq!(value(&newest), Some(&b"2"[..]));
    assert!(proves(&newest, "n", Some(leaf("2"))));
}

async fn what_was_deleted_or_set_again_is_not_erased_by_its_former_expiry(world: World) {
    let context = world.sealed_store("vault", 1).await;
    for name in ["deleted", "replaced"] {
        world.put("vault", write(name, 0, "1", START + HOUR)).await;
    }
    let delete = RecordSet {
        sealed: None,
        ..write("deleted", 1, "", 0)
    };
    assert_eq!(world.put("vault", delete).await.next_version, 2);
    // The versions of a name never fall.
    let fallen = set_at(&world.room, &world, "vault", write("deleted", 0, "2", 0)).await;
    assert_eq!(fallen.unwrap_err(), Denial::VersionConflict { current: 0 });
    world.put("vault", write_anew("deleted", 2, "2")).await;
    // One version is kept, so that the one that expires is gone already.
    world.put("vault", write("replaced", 1, "2", 0)).await;
    world.pass(3600);
    world.room.tick().await;
    for name in ["deleted", "replaced"] {
        assert_eq!(value(&world.look("vault", name).await), Some(&b"2"[..]));
    }
    assert_eq!(world.counted(context).await, (2, 2));
    let due = world.store.due_records(i64::MAX, 9).await.unwrap();
    assert!(due.is_empty(), "{due:?}");
}

async fn many_expired_records_of_many_stores_are_erased(world: World) {
    let contexts = [
        world.sealed_store("a", 1).await,
        world.sealed_store("b", 1).await,
    ];
    for store in ["a", "b"] {
        for n in 0..70 {
            let name = n.to_string();
            world.put(store, write(&name, 0, "v", START + HOUR)).await;
        }
    }
    world.pass(3600);
    world.room.tick().await;
    for context in contexts {
        assert_eq!(world.counted(context).await, (0, 0));
    }
    let empty = world.look("a", "1").await;
    assert!(proves(&empty, "1", None));
    // With the last record the last node is gone.
    assert_eq!(empty.root.0, Hash::from_bytes(empty_root()).as_bytes());
}

/// The root of a map that has nothing.
fn empty_root() -> [u8; 32] {
    *strongroom_log::map::MapView::default().root().as_bytes()
}

async fn a_rotated_store_is_moved_and_still_reads_when_the_old_version_is_destroyed(world: World) {
    let id = world.sealed_store("vault", 2).await;
    for n in 0..5 {
        let name = n.to_string();
        world.put("vault", write(&name, 0, &name, 0)).await;
    }
    let root = world.look("vault", "0").await.root;
    let rotated = world.room.context_rotate(&world.ask, id).await.unwrap();
    assert_eq!(rotated.value.kind, Kind::Store);
    let create = JobCreate::of(JobKind::Rewrap);
    let job = world.room.job_create(&world.ask, create).await;
    let job = world.done(job.unwrap().value.id).await;
    assert_eq!((job.stored, job.failed, job.remaining), (5, 0, 0));
    let old = KeyVersion(1);
    let destroyed = world
        .room
        .context_version_destroy(&world.ask, id, old)
        .await;
    let info = destroyed.unwrap().value;
    let state = info.versions.iter().find(|one| one.version == old);
    assert_eq!(state.unwrap().state, KeyState::Destroyed);
    let node = world.node().await;
    for n in 0..5 {
        let name = n.to_string();
        let answer = get_at(&node, &world, "vault", &name, None).await.unwrap();
        assert_eq!(value(&answer), Some(name.as_bytes()));
        assert!(proves(&answer, &name, Some(leaf(&name))));
        // The server's layer changed, and nothing that a client sees.
        assert_eq!(answer.root, root);
    }
}

async fn a_customers_key_wraps_the_stores_that_its_policy_matches(world: World) {
    let id = world.sealed_store("theirs", 2).await;
    world.put("theirs", write("n", 0, "v", 0)).await;
    let key = world.key("acme", Some(0)).await;
    let attach = CustomerKeyAttach {
        matches: ContextPattern::new([("sealed_store", "theirs")]).unwrap(),
    };
    let attached = world
        .room
        .customer_key_attach(&world.ask, key, attach)
        .await;
    let job = world.done(attached.unwrap().value.job.id).await;
    assert_eq!((job.moved, job.stored, job.remaining), (1, 1, 0));
    let row = world.store.context(world.workspace, id).await.unwrap();
    assert_eq!(row.unwrap().wrapper, Wrapper::Customer(key));
    assert_eq!(value(&world.look("theirs", "n").await), Some(&b"v"[..]));
    world.at_provider("acme").set(Mood::Disabled);
    let refused = get_at(&world.room, &world, "theirs", "n", None).await;
    assert!(
        matches!(refused, Err(Denial::CustomerKey(_))),
        "{refused:?}"
    );
    world.at_provider("acme").set(Mood::Serves);
    assert_eq!(value(&world.look("theirs", "n").await), Some(&b"v"[..]));
}

async fn two_nodes_make_one_history_of_one_store(world: World) {
    const EACH: u64 = 15;
    world.sealed_store("vault", 2).await;
    let other = world.node().await;
    for n in 0..EACH {
        let (one, two) = tokio::join!(
            set_at(&world.room, &world, "vault", write("one", n, "1", 0)),
            set_at(&other, &world, "vault", write("two", n, "2", 0)),
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_ne!(one.sequence, two.sequence);
    }
    // Of two that saw the same version of one record, one wins.
    let (one, two) = tokio::join!(
        set_at(&world.room, &world, "vault", write("one", EACH, "a", 0)),
        set_at(&other, &world, "vault", write("one", EACH, "b", 0)),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let lost = if one.is_ok() { two } else { one };
    assert_eq!(
        lost.unwrap_err(),
        Denial::VersionConflict { current: EACH + 1 }
    );
    let [here, there] = [
        get_at(&world.room, &world, "vault", "two", None),
        get_at(&other, &world, "vault", "two", None),
    ]
    .map(Box::pin);
    let (here, there) = (here.await.unwrap(), there.await.unwrap());
    assert_eq!((here.sequence, &here.root), (there.sequence, &there.root));
    assert_eq!(here.sequence, 2 * EACH + 1);
    assert!(proves(&here, "two", Some(leaf("2"))));
    // Each state has one entry.
    let sets = world.entries(Operation::SealedSet).await;
    let mut sequences: Vec<u64> = sets
        .iter()
        .filter(|entry| entry.outcome == Outcome::Allowed)
        .map(|entry| entry.facts["sequence"].parse().unwrap())
        .collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=2 * EACH + 1).collect::<Vec<_>>());
}

async fn a_large_store_is_erased_with_its_map_and_slots(world: World) {
    let context = world.sealed_store("vault", 1).await;
    for n in 0..100 {
        let name = n.to_string();
        world.put("vault", write(&name, 0, "v", START + HOUR)).await;
    }
    let slot = SlotPut {
        kind: SlotKind::Secret,
        epoch: 1,
        wrapped: vec![7; 104].into(),
        salt: None,
        ticket: None,
        replace: false,
    };
    let place = || (word("vault"), word("main"));
    let put = world
        .room
        .sealed_slot_put(&world.ask, place(), slot.clone())
        .await;
    put.unwrap();
    let deleted = world
        .room
        .sealed_store_delete(&world.ask, word("vault"))
        .await;
    deleted.unwrap();
    let gone = Denial::NotFound(Thing::Store);
    let looked = get_at(&world.room, &world, "vault", "1", None).await;
    assert_eq!(looked.unwrap_err(), gone);
    let late = world
        .room
        .sealed_slot_put(&world.ask, place(), slot)
        .await
        .map_err(denial);
    assert_eq!(late.unwrap_err(), gone);
    // Nothing of it is purged one by one: the rows go in a few strides.
    world.pass(3600);
    for _ in 0..3 {
        world.room.tick().await;
    }
    assert_eq!(world.counted(context).await, (0, 0));
    assert!(world.entries(Operation::SealedPurge).await.is_empty());
    world.sealed_store("vault", 1).await;
    let due = world.store.due_records(i64::MAX, 9).await.unwrap();
    assert!(due.is_empty(), "{due:?}");
    let anew = world.look("vault", "1").await;
    assert!(proves(&anew, "1", None));
    let slot = world.room.sealed_slot_get(&world.ask, place()).await;
    assert_eq!(
        slot.map_err(denial).unwrap_err(),
        Denial::NotFound(Thing::Slot)
    );
}

async fn a_plain_store_of_the_same_name_is_another_store(world: World) {
    let sealed = world.sealed_store("vault", 1).await;
    let plain = world.room.store_put(&world.ask, word("vault"), None).await;
    assert_ne!(plain.unwrap().value.id, sealed);
    let name = record("n").as_bytes().to_vec();
    let set = world
        .room
        .store_set(&world.ask, word("vault"), name.clone(), b"plain".to_vec());
    set.await.unwrap();
    assert_eq!(value(&world.look("vault", "n").await), None);
    let deleted = world.room.store_delete(&world.ask, word("vault")).await;
    deleted.unwrap();
    world.put("vault", write("n", 0, "v", 0)).await;
    let read = world.room.store_get(&world.ask, word("vault"), name).await;
    assert_eq!(
        read.map(drop).map_err(denial).unwrap_err(),
        Denial::NotFound(Thing::Store)
    );
}

async fn neither_names_nor_values_stand_in_database_or_entries(world: World) {
    let id = world.sealed_store("needle-store", 2).await;
    world
        .put("needle-store", write("n", 0, "needle-value", 0))
        .await;
    let slot = SlotPut {
        kind: SlotKind::Secret,
        epoch: 1,
        wrapped: vec![7; 104].into(),
        salt: None,
        ticket: None,
        replace: false,
    };
    let place = (word("needle-store"), word("needle-slot"));
    let put = world.room.sealed_slot_put(&world.ask, place, slot).await;
    put.unwrap();
    world.look("needle-store", "n").await;
    world.look("needle-store", "missing").await;
    let name = record("n");
    let stale = world
        .store
        .stale_store_values(world.workspace, id, KeyVersion(9), None, 9);
    let stale = stale.await.unwrap();
    assert_ne!(stale[0].name, name.as_bytes());
    let missing = record("missing");
    let batches = world.store.batches(world.workspace, 0, u64::MAX).await;
    for batch in batches.unwrap() {
        for part in [batch.entries, batch.openings] {
            for word in [&b"needle"[..], name.as_bytes(), missing.as_bytes()] {
                let found = part.windows(word.len()).any(|window| window == word);
                assert!(!found);
            }
        }
    }
}
