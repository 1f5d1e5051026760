//! Whole logs and whole batches.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use strongroom_log::{
    BundleError, Checkpoint, ContextUses, DecodeError, Entry, EntryBundle, Facts, Frontier, Item,
    ItemId, Items, LogVerifier, Openings, ProofError, VerifyError, leaf_hash, sha256, verify_item,
};
use strongroom_types::{ContextId, KeyVersion, Kind, Operation, Outcome, RequestId};

fn entry(i: u64) -> Vec<u8> {
    let entry = Entry {
        time_us: i64::try_from(i).unwrap(),
        operation: Operation::Encrypt,
        outcome: Outcome::Allowed,
        reason: None,
        of: None,
        client: None,
        request_id: RequestId::from_bytes([3; 16]),
        count: 1,
        contexts: ContextUses::none(),
        output: Some(sha256(&i.to_be_bytes())),
        items: None,
        facts: Facts::default(),
        commitments: Openings::default().commitments(),
    };
    entry.encode()
}

/// A log's bundles, their tiles, and its last state.
struct Log {
    bundles: Vec<Vec<u8>>,
    tiles: Vec<Vec<u8>>,
    checkpoint: Checkpoint,
}

fn log(size: u64) -> Log {
    let (mut bundles, mut tiles, mut tree) = (Vec::new(), Vec::new(), Frontier::default());
    for start in (0..size).step_by(256) {
        let (mut bundle, mut tile) = (EntryBundle::default(), Vec::new());
        for entry in (start..size.min(start + 256)).map(entry) {
            bundle.push(&entry).unwrap();
            tile.extend(leaf_hash(&entry).as_bytes());
            tree.push(leaf_hash(&entry)).unwrap();
        }
        bundles.push(bundle.into_bytes());
        tiles.push(tile);
    }
    let checkpoint = Checkpoint::new("example.com/log", size, tree.root()).unwrap();
    Log {
        bundles,
        tiles,
        checkpoint,
    }
}

fn verify(log: &Log) -> Result<(), VerifyError> {
    let mut verifier = LogVerifier::default();
    log.bundles
        .iter()
        .try_for_each(|bundle| verifier.bundle(bundle))?;
    verifier.check(&log.checkpoint)
}

fn verify_with_tiles(log: &Log) -> Result<(), VerifyError> {
    let mut verifier = LogVerifier::default();
    for (bundle, tile) in log.bundles.iter().zip(&log.tiles) {
        verifier.bundle_with_tile(bundle, tile)?;
    }
    verifier.check(&log.checkpoint)
}

#[test]
fn a_true_log_verifies() {
    for size in [0, 1, 255, 256, 257, 700] {
        assert_eq!(verify(&log(size)), Ok(()));
        assert_eq!(verify_with_tiles(&log(size)), Ok(()));
    }
}

#[test]
fn an_altered_entry_is_named_with_the_tile_and_shows_in_the_root_without() {
    let mut log = log(300);
    let end = log.bundles[1].len() - 40;
    log.bundles[1][end] ^= 1;
    assert_eq!(verify(&log), Err(VerifyError::OtherRoot { size: 300 }));
    assert_eq!(
        verify_with_tiles(&log),
        Err(VerifyError::Altered { index: 299 })
    );
}

#[test]
fn flipping_any_byte_of_a_bundle_fails() {
    let log = log(3);
    for at in 0..log.bundles[0].len() {
        let mut bundle = log.bundles[0].clone();
        bundle[at] ^= 1;
        let altered = Log {
            bundles: vec![bundle],
            tiles: log.tiles.clone(),
            ..log_head(&log)
        };
        assert!(verify(&altered).is_err(), "{at}");
        assert!(verify_with_tiles(&altered).is_err(), "{at}");
    }
}

fn log_head(log: &Log) -> Log {
    Log {
        bundles: Vec::new(),
        tiles: Vec::new(),
        checkpoint: log.checkpoint.clone(),
    }
}

#[test]
fn a_missing_or_added_entry_is_another_size() {
    let (mut shorter, longer) = (log(299), log(300));
    shorter.checkpoint = longer.checkpoint;
    let error = VerifyError::OtherSize {
        signed: 300,
        present: 299,
    };
    assert_eq!(verify(&shorter), Err(error));
}

#[test]
fn a_tile_of_more_or_fewer_entries_than_its_bundle_fails() {
    let (shorter, longer) = (log(2), log(3));
    let read = |bundle: &Log, tile: &Log| {
        LogVerifier::default().bundle_with_tile(&bundle.bundles[0], &tile.tiles[0])
    };
    assert_eq!(read(&longer, &longer), Ok(()));
    let left = VerifyError::Bundle {
        index: 2,
        source: BundleError::Truncated,
    };
    assert_eq!(read(&shorter, &longer), Err(left));
    assert_eq!(
        read(&longer, &shorter),
        Err(VerifyError::Altered { index: 2 })
    );
}

#[test]
fn a_malformed_entry_and_an_outcome_of_a_later_one_are_named() {
    let mut verifier = LogVerifier::default();
    verifier.entry(&entry(0)).unwrap();
    assert_eq!(
        verifier.entry(&[]),
        Err(VerifyError::Malformed {
            index: 1,
            source: DecodeError::Truncated
        })
    );
    let mut outcome = Entry::decode(&entry(1)).unwrap();
    outcome.of = Some(1);
    assert_eq!(
        verifier.entry(&outcome.encode()),
        Err(VerifyError::OutcomeBefore { index: 1, of: 1 })
    );
    outcome.of = Some(0);
    assert!(verifier.entry(&outcome.encode()).is_ok());
}

#[test]
fn each_item_of_a_batch_is_proven_by_the_entrys_root() {
    let item = |position| Item {
        id: ItemId::Position(position),
        context: Some((
            Kind::Context,
            ContextId::from_bytes([5; 32]),
            KeyVersion::FIRST,
        )),
        outcome: Outcome::Allowed,
        reason: None,
        digest: None,
        moved_to: (position % 3 == 1).then_some(KeyVersion(2)),
    };
    for count in [1u32, 2, 7, 100] {
        let items = Items((0..count).map(item).collect());
        assert_eq!(Items::decode(&items.encode()).as_ref(), Ok(&items));
        for position in 0..count {
            let path = items.prove(position).unwrap();
            let check = |item| verify_item(&item, position, count, &path, items.root());
            assert_eq!(check(item(position)), Ok(()));
            assert_eq!(check(item(position + 1)), Err(ProofError::OtherRoot));
        }
        assert!(items.prove(count).is_err());
    }
}
