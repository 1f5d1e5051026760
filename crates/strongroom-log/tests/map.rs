//! The map against the plainest implementation there is, and against those who read its proofs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use strongroom_log::map::{MapError, MapKey, MapNode, MapNodeId, MapProof, MapView};
use strongroom_log::{Hash, sha256};

type Leaves = BTreeMap<[u8; 32], Hash>;

fn bit(key: &[u8; 32], depth: usize) -> bool {
    key[depth / 8] & (0x80 >> (depth % 8)) != 0
}

fn labelled(label: &str, pieces: &[&[u8]]) -> Hash {
    sha256(&[label.as_bytes(), &pieces.concat()].concat())
}

/// The root as `docs/formats/sealed-store.md` defines it, from all leaves and without any memory.
fn naive_root(leaves: &[([u8; 32], Hash)], depth: usize) -> Hash {
    if depth == 256 {
        return match leaves {
            [] => labelled("strongroom/v1/map-empty", &[]),
            [(key, value), ..] => labelled("strongroom/v1/map-leaf", &[key, value.as_bytes()]),
        };
    }
    let (left, right) = if leaves.is_empty() {
        let below = naive_root(&[], depth + 1);
        (below, below)
    } else {
        let split = leaves.partition_point(|(key, _)| !bit(key, depth));
        let (left, right) = leaves.split_at(split);
        (naive_root(left, depth + 1), naive_root(right, depth + 1))
    };
    labelled(
        "strongroom/v1/map-node",
        &[left.as_bytes(), right.as_bytes()],
    )
}

fn naive(leaves: &Leaves) -> Hash {
    // One level of empties at a time: 256 hashes for each lone leaf are enough for a test.
    let leaves: Vec<_> = leaves.iter().map(|(key, value)| (*key, *value)).collect();
    naive_root(&leaves, 0)
}

/// A map as a database keeps it.
#[derive(Default)]
struct Kept {
    root: strongroom_log::map::MapChild,
    nodes: BTreeMap<Vec<u8>, Vec<u8>>,
    reads: usize,
}

impl Kept {
    fn view(&mut self, keys: &[MapKey]) -> Result<MapView, MapError> {
        let mut view = MapView::new(self.root);
        loop {
            let wanted = view.wanted(keys, 3)?;
            if wanted.is_empty() {
                return Ok(view);
            }
            for id in wanted {
                self.reads += 1;
                if let Some(bytes) = self.nodes.get(&id.encode()) {
                    let node = MapNode::decode(bytes).map_err(|_malformed| MapError::Damaged)?;
                    view.supply(id, node);
                }
            }
        }
    }

    fn change(&mut self, changes: &[(MapKey, Option<Hash>)]) -> Result<(), MapError> {
        let keys: Vec<_> = changes.iter().map(|(key, _)| *key).collect();
        let mut view = self.view(&keys)?;
        for (key, value) in changes {
            view.set(*key, *value)?;
        }
        let changes = view.into_changes();
        self.root = changes.root;
        for (id, node) in changes.put {
            self.nodes.insert(id.encode(), node.encode());
        }
        for id in changes.removed {
            self.nodes.remove(&id.encode());
        }
        Ok(())
    }
}

/// Keys that part early, late and in their last bit.
fn keys() -> impl Strategy<Value = [u8; 32]> {
    let near = (0..6_u8, 0..4_u8).prop_map(|(first, last)| {
        let mut key = [0xaa; 32];
        key[0] = first << 5;
        key[31] = last;
        key
    });
    prop_oneof![near, any::<[u8; 32]>()]
}

fn changes() -> impl Strategy<Value = Vec<([u8; 32], Option<u64>)>> {
    prop::collection::vec((keys(), prop::option::weighted(0.7, any::<u64>())), 0..24)
}

fn value(number: u64) -> Hash {
    sha256(&number.to_be_bytes())
}

fn apply(leaves: &mut Leaves, changes: &[([u8; 32], Option<u64>)]) {
    for (key, number) in changes {
        match number {
            Some(number) => leaves.insert(*key, value(*number)),
            None => leaves.remove(key),
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kept_map_has_the_root_of_all_its_leaves(batches in prop::collection::vec(changes(), 1..4)) {
        let (mut kept, mut leaves) = (Kept::default(), Leaves::new());
        for batch in &batches {
            let changes: Vec<_> = batch
                .iter()
                .map(|(key, number)| (MapKey::from_bytes(*key), number.map(value)))
                .collect();
            kept.change(&changes).unwrap();
            apply(&mut leaves, batch);
            prop_assert_eq!(kept.view(&[]).unwrap().root(), naive(&leaves));
        }
    }

    #[test]
    fn kept_nodes_do_not_tell_of_the_past(batch in changes(), order in any::<prop::sample::Index>()) {
        let mut leaves = Leaves::new();
        apply(&mut leaves, &batch);
        let (mut changed, mut fresh) = (Kept::default(), Kept::default());
        for (key, number) in &batch {
            changed.change(&[(MapKey::from_bytes(*key), number.map(value))]).unwrap();
        }
        let mut all: Vec<_> = leaves
            .iter()
            .map(|(key, value)| (MapKey::from_bytes(*key), Some(*value)))
            .collect();
        if !all.is_empty() {
            let middle = order.index(all.len());
            all.rotate_left(middle);
        }
        fresh.change(&all).unwrap();
        prop_assert_eq!(changed.root, fresh.root);
        prop_assert_eq!(changed.nodes, fresh.nodes);
    }

    #[test]
    fn proof_holds_for_what_is_there_and_for_nothing_else(batch in changes(), asked in keys()) {
        let (mut kept, mut leaves) = (Kept::default(), Leaves::new());
        apply(&mut leaves, &batch);
        let all: Vec<_> = leaves
            .iter()
            .map(|(key, value)| (MapKey::from_bytes(*key), Some(*value)))
            .collect();
        kept.change(&all).unwrap();
        for key in leaves.keys().copied().chain([asked]) {
            let there = leaves.get(&key).copied();
            let key = MapKey::from_bytes(key);
            let view = kept.view(&[key]).unwrap();
            prop_assert_eq!(view.leaf(key), Ok(there));
            let proof = MapProof::decode(&view.prove(key).unwrap().encode()).unwrap();
            let root = view.root();
            prop_assert!(proof.verify(key, there, root).is_ok());
            let other = if there.is_some() { None } else { Some(value(0)) };
            prop_assert!(proof.verify(key, other, root).is_err());
            prop_assert!(proof.verify(key, Some(sha256(b"other")), root).is_err());
            prop_assert!(proof.verify(key, there, sha256(b"root")).is_err());
        }
    }

    #[test]
    fn altered_proof_does_not_hold(batch in changes(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut view = MapView::default();
        for (key, number) in &batch {
            view.set(MapKey::from_bytes(*key), number.map(value)).unwrap();
        }
        let key = MapKey::from_bytes([0x55; 32]);
        let mut bytes = view.prove(key).unwrap().encode();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let read = MapProof::decode(&bytes);
        let holds = read.is_ok_and(|proof| proof.verify(key, None, view.root()).is_ok());
        prop_assert!(!holds);
    }
}

/// 64 records, with two that differ in their last bit only: the worst case for what a sibling says.
fn crowd() -> Leaves {
    let mut leaves: Leaves = (0..62_u64)
        .map(|number| (*value(number).as_bytes(), value(1000 + number)))
        .collect();
    let mut twin = [0x33; 32];
    leaves.insert(twin, value(1));
    twin[31] ^= 1;
    leaves.insert(twin, value(2));
    leaves
}

fn view_of(leaves: &Leaves) -> MapView {
    let mut view = MapView::default();
    for (key, value) in leaves {
        view.set(MapKey::from_bytes(*key), Some(*value)).unwrap();
    }
    view
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn no_proof_contains_the_name_or_the_leaf_of_another_record() {
    let leaves = crowd();
    let view = view_of(&leaves);
    let absent = [[0x32; 32], [0x77; 32]];
    for asked in leaves.keys().chain(&absent) {
        let proof = view.prove(MapKey::from_bytes(*asked)).unwrap().encode();
        for (key, value) in &leaves {
            assert!(!contains(&proof, key));
            assert!(!contains(&proof, value.as_bytes()));
            // Nor the first half of a name, which would be as good.
            assert!(!contains(&proof, &key[..8]));
        }
    }
}

#[test]
fn damaged_or_missing_node_is_noticed() {
    let leaves = crowd();
    let mut kept = Kept::default();
    let all: Vec<_> = leaves
        .iter()
        .map(|(key, value)| (MapKey::from_bytes(*key), Some(*value)))
        .collect();
    kept.change(&all).unwrap();
    let key = MapKey::from_bytes([0x33; 32]);
    let ids: Vec<_> = kept.nodes.keys().cloned().collect();
    let (mut damaged, mut missing) = (0, 0);
    for id in ids {
        let good = kept.nodes.remove(&id).unwrap();
        missing += usize::from(kept.view(&[key]).is_err());
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        kept.nodes.insert(id.clone(), bad);
        damaged += usize::from(kept.view(&[key]).is_err_and(|e| e == MapError::Damaged));
        kept.nodes.insert(id, good);
    }
    // Every node on the way to the twins: their parting is the deepest there can be.
    assert!(damaged > 250, "{damaged}");
    assert_eq!(damaged, missing);
    assert!(kept.view(&[key]).is_ok());
}

#[test]
fn change_reads_the_way_to_its_key_only() {
    let mut kept = Kept::default();
    let all: Vec<_> = (0..2000_u64)
        .map(|number| {
            (
                MapKey::from_bytes(*value(number).as_bytes()),
                Some(value(1)),
            )
        })
        .collect();
    kept.change(&all).unwrap();
    assert!(kept.nodes.len() < 4000, "{}", kept.nodes.len());
    kept.reads = 0;
    let key = MapKey::from_bytes([0x55; 32]);
    kept.change(&[(key, Some(value(2)))]).unwrap();
    assert!(kept.reads < 24, "{}", kept.reads);
    let proof = kept.view(&[key]).unwrap().prove(key).unwrap();
    assert!(proof.encode().len() < 33 + 20 * 32);
}

#[test]
fn node_of_another_place_is_damaged() {
    let view = view_of(&crowd());
    let root = view.root();
    let changes = view.into_changes();
    let (first, other) = (changes.put[0], changes.put[1]);
    let mut moved = MapView::new(changes.root);
    assert_eq!(moved.root(), root);
    moved.supply(first.0, other.1);
    let key = MapKey::from_bytes([0; 32]);
    assert_eq!(moved.wanted(&[key], 0), Err(MapError::Damaged));
    assert_eq!(moved.prove(key), Err(MapError::Damaged));
    assert!(MapNodeId::decode(&first.0.encode()).is_ok());
}
