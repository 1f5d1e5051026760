//! The tree against two independent implementations: `ct-merkle` and `tlog_tiles`.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;
use sha2::Sha256;
use strongroom_log::{
    Frontier, Hash, LeafHashes, MissingNode, ProofError, ProveError, Tile, TileError, TileKind,
    TileSet, leaf_hash, prove_consistency, prove_inclusion, tiles_for_consistency,
    tiles_for_inclusion, tiles_for_root, tree_root, verify_consistency, verify_inclusion,
};
use tlog_tiles::tlog;

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    for leaf in leaves {
        tree.push(*leaf).unwrap();
    }
    tree.root()
}

fn flat(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn theirs(proof: &[Hash]) -> Vec<tlog::Hash> {
    proof
        .iter()
        .map(|hash| tlog::Hash(*hash.as_bytes()))
        .collect()
}

fn oracle(size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|i| tree.push(i.to_be_bytes().to_vec()));
    tree
}

fn oracle_root(root: Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new((*root.as_bytes()).into(), size)
}

#[test]
fn roots_equal_the_oracle_for_all_sizes_to_300() {
    let mut tree = oracle(0);
    let mut frontier = Frontier::default();
    for size in 0..300u64 {
        if size > 0 {
            assert_eq!(tree.root().as_bytes()[..], frontier.root().as_bytes()[..]);
            let all = leaves(size);
            assert_eq!(tree_root(&LeafHashes(&all), size), Ok(frontier.root()));
        }
        tree.push(size.to_be_bytes().to_vec());
        frontier.push(leaf_hash(&size.to_be_bytes())).unwrap();
    }
}

#[test]
fn inclusion_equals_both_oracles_for_all_sizes_to_64() {
    for size in 1..=64u64 {
        let (all, tree) = (leaves(size), oracle(size));
        let root = root(&all);
        for index in 0..size {
            let path = prove_inclusion(&LeafHashes(&all), index, size).unwrap();
            let place = usize::try_from(index).unwrap();
            assert_eq!(flat(&path), tree.prove_inclusion(place).as_bytes());
            let leaf = all[place];
            assert_eq!(verify_inclusion(leaf, index, size, &path, root), Ok(()));
            oracle_root(root, size)
                .verify_inclusion(
                    &index.to_be_bytes().to_vec(),
                    index,
                    &InclusionProof::from_bytes(flat(&path)),
                )
                .unwrap();
            let (tlog_root, tlog_leaf) =
                (tlog::Hash(*root.as_bytes()), tlog::Hash(*leaf.as_bytes()));
            tlog::check_record(&theirs(&path), size, tlog_root, index, tlog_leaf).unwrap();
        }
    }
}

#[test]
fn consistency_equals_both_oracles_for_all_sizes_to_64() {
    for to in 1..=64u64 {
        let (all, tree) = (leaves(to), oracle(to));
        for from in 1..=to {
            let earlier = root(&all[..usize::try_from(from).unwrap()]);
            let later = root(&all);
            let proof = prove_consistency(&LeafHashes(&all), from, to).unwrap();
            if from < to {
                let added = usize::try_from(to - from).unwrap();
                assert_eq!(flat(&proof), tree.prove_consistency(added).as_bytes());
                let theirs = ConsistencyProof::try_from_bytes(flat(&proof)).unwrap();
                oracle_root(later, to)
                    .verify_consistency(&oracle_root(earlier, from), &theirs)
                    .unwrap();
            }
            assert_eq!(
                verify_consistency((from, earlier), (to, later), &proof),
                Ok(())
            );
            let (a, b) = (
                tlog::Hash(*later.as_bytes()),
                tlog::Hash(*earlier.as_bytes()),
            );
            tlog::check_tree(&theirs(&proof), to, a, from, b).unwrap();
        }
    }
}

#[test]
fn a_wrong_root_size_or_index_fails_for_all_sizes_to_24() {
    for size in 1..=24u64 {
        let all = leaves(size);
        let root = root(&all);
        for index in 0..size {
            let path = prove_inclusion(&LeafHashes(&all), index, size).unwrap();
            let leaf = all[usize::try_from(index).unwrap()];
            for other in (0..size + 3).filter(|other| *other != index) {
                assert!(verify_inclusion(leaf, other, size, &path, root).is_err());
            }
            assert!(verify_inclusion(leaf, index, size, &path, leaf_hash(b"?")).is_err());
            assert!(verify_inclusion(leaf_hash(b"?"), index, size, &path, root).is_err());
            let longer = [path.as_slice(), &[root]].concat();
            assert!(verify_inclusion(leaf, index, size, &longer, root).is_err());
            if let Some((_, shorter)) = path.split_last() {
                assert!(verify_inclusion(leaf, index, size, shorter, root).is_err());
            }
        }
    }
}

#[test]
fn flipping_any_byte_of_a_proof_fails() {
    let all = leaves(45);
    let (later, earlier) = (root(&all), root(&all[..26]));
    let path = flat(&prove_inclusion(&LeafHashes(&all), 13, 45).unwrap());
    let proof = flat(&prove_consistency(&LeafHashes(&all), 26, 45).unwrap());
    let flip = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
            .as_chunks()
            .0
            .iter()
            .copied()
            .map(Hash::from_bytes)
            .collect::<Vec<_>>()
    };
    for at in 0..path.len() {
        let result = verify_inclusion(all[13], 13, 45, &flip(&path, at), later);
        assert_eq!(result, Err(ProofError::OtherRoot));
    }
    for at in 0..proof.len() {
        let result = verify_consistency((26, earlier), (45, later), &flip(&proof, at));
        assert_eq!(result, Err(ProofError::OtherRoot));
    }
}

#[test]
fn consistency_refuses_what_it_cannot_say() {
    let all = leaves(5);
    let (five, three) = (root(&all), root(&all[..3]));
    let reader = LeafHashes(&all);
    assert_eq!(
        prove_consistency(&reader, 6, 5),
        Err(ProveError::Shrinks { from: 6, to: 5 })
    );
    assert!(verify_consistency((5, five), (3, three), &[]).is_err());
    assert!(verify_consistency((3, three), (5, five), &[]).is_err());
    assert!(verify_consistency((5, five), (5, three), &[]).is_err());
    assert!(verify_consistency((5, five), (5, five), &[five]).is_err());
    assert!(verify_consistency((0, five), (5, five), &[]).is_err());
    assert_eq!(verify_consistency((0, root(&[])), (5, five), &[]), Ok(()));
}

/// Every tile of a tree, read as a server would hold it: all levels, partial ones as wide as they are.
fn tile_bytes(all: &[Hash], tile: Tile) -> Vec<u8> {
    let TileKind::Hashes(level) = tile.kind() else {
        return Vec::new();
    };
    let span = 256usize.pow(level.into());
    let start = usize::try_from(tile.start()).unwrap();
    let spans = all.chunks_exact(span).skip(start).take(tile.width().into());
    flat(&spans.map(root).collect::<Vec<_>>())
}

fn tile_set(all: &[Hash], tiles: impl IntoIterator<Item = Tile>) -> TileSet {
    let mut set = TileSet::default();
    for tile in tiles {
        set.insert(tile, &tile_bytes(all, tile)).unwrap();
    }
    set
}

#[test]
fn proofs_from_the_named_tiles_equal_proofs_from_the_leaves() {
    for size in [1, 2, 255, 256, 257, 511, 700, 65_536, 66_000] {
        let all = leaves(size);
        let memory = LeafHashes(&all);
        let tiles = tiles_for_root(size);
        assert!(tiles.len() <= 3);
        assert_eq!(tree_root(&tile_set(&all, tiles), size), Ok(root(&all)));
        for index in [0, 1, size / 3, size / 2, size - 1]
            .into_iter()
            .filter(|i| *i < size)
        {
            let tiles = tiles_for_inclusion(index, size).unwrap();
            assert!(tiles.iter().all(|tile| tile.is_in_tree(size)));
            let path = prove_inclusion(&tile_set(&all, tiles), index, size).unwrap();
            assert_eq!(path, prove_inclusion(&memory, index, size).unwrap());
            let tiles = tiles_for_consistency(index, size).unwrap();
            let proof = prove_consistency(&tile_set(&all, tiles), index, size).unwrap();
            assert_eq!(proof, prove_consistency(&memory, index, size).unwrap());
        }
    }
}

#[test]
fn a_tile_set_takes_whole_tiles_of_hashes_only_and_keeps_the_widest() {
    let all = leaves(3);
    let tile = |size| Tile::in_tree(TileKind::Hashes(0), 0, size).unwrap();
    let mut set = TileSet::default();
    let bytes = tile_bytes(&all, tile(3));
    for wrong in [&bytes[..64], &bytes[..95], &[&bytes[..], b"?"].concat()] {
        let refused = TileError::Length {
            width: 3,
            bytes: wrong.len(),
        };
        assert_eq!(set.insert(tile(3), wrong), Err(refused));
    }
    let entries = Tile::in_tree(TileKind::Entries, 0, 3).unwrap();
    assert_eq!(set.insert(entries, &bytes), Err(TileError::NoHashes));
    for size in [2, 3, 1] {
        set.insert(tile(size), &tile_bytes(&all, tile(size)))
            .unwrap();
    }
    assert_eq!(tree_root(&set, 3), Ok(root(&all)));
}

#[test]
fn a_missing_leaf_or_tile_is_named() {
    let leaves = leaves(3);
    let node = MissingNode { level: 0, index: 3 };
    assert_eq!(
        prove_inclusion(&LeafHashes(&leaves), 2, 4),
        Err(ProveError::Read(node))
    );
    let empty = TileSet::default();
    assert!(matches!(
        prove_inclusion(&empty, 3, 300),
        Err(ProveError::Read(TileError::Missing { .. }))
    ));
}

#[test]
fn tiles_and_their_paths_equal_the_oracle() {
    for size in [1u64, 2, 255, 256, 257, 70_000, 300_000_000] {
        for theirs in tlog_tiles::Tile::new_tiles(8, size.saturating_sub(1), size) {
            let kind = TileKind::Hashes(theirs.level());
            let ours = Tile::in_tree(kind, theirs.level_index(), size).unwrap();
            assert_eq!(u32::from(ours.width()), theirs.width());
            let path = theirs.path();
            assert_eq!(format!("{ours}"), path.replace("tile/8/", "tile/"));
            assert_eq!(ours.to_string().parse(), Ok(ours));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn larger_trees_prove_and_verify(size in 65u64..3000, a in any::<u64>(), b in any::<u64>()) {
        let (index, from) = (a % size, 1 + b % size);
        let all = leaves(size);
        let (later, reader) = (root(&all), LeafHashes(&all));
        let earlier = root(&all[..usize::try_from(from).unwrap()]);
        let path = prove_inclusion(&reader, index, size).unwrap();
        let leaf = all[usize::try_from(index).unwrap()];
        prop_assert_eq!(verify_inclusion(leaf, index, size, &path, later), Ok(()));
        let (tlog_root, tlog_leaf) = (tlog::Hash(*later.as_bytes()), tlog::Hash(*leaf.as_bytes()));
        prop_assert!(tlog::check_record(&theirs(&path), size, tlog_root, index, tlog_leaf).is_ok());
        let proof = prove_consistency(&reader, from, size).unwrap();
        prop_assert_eq!(verify_consistency((from, earlier), (size, later), &proof), Ok(()));
        let b = tlog::Hash(*earlier.as_bytes());
        prop_assert!(tlog::check_tree(&theirs(&proof), size, tlog_root, from, b).is_ok());
    }

    #[test]
    fn paths_of_huge_trees_have_logarithmic_tiles(size in 1u64.., at in any::<u64>()) {
        let tiles = tiles_for_inclusion(at % size, size).unwrap();
        prop_assert!(tiles.len() <= 16);
        prop_assert!(tiles.iter().all(|tile| tile.is_in_tree(size)));
    }
}
