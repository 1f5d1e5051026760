//! The follower: cuts the log into tiles and indexes it, behind the commit and never in it.
//!
//! Its durable cursor is the number of level-0 tiles: each step takes the next 256 entries and
//! stores, in one transaction, their tile, the tiles above that it completes, their search terms
//! and the uses of keys. A step that ran twice, or on two nodes, stores once.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use strongroom_crypto::keys::AuditKey;
use strongroom_log::{Entry, Hash, LeafHashes, Tile, tree_root};
use strongroom_types::body::EntryIdentity;
use strongroom_types::{ContextId, KeyVersion, LeaseId, Operation, Outcome, WorkspaceId};

use super::contexts::TookPart;
use super::query::{lease_of, outcomes_of};
use super::terms::Term;
use crate::denial::Denial;
use crate::door::NO_KEY;
use crate::ports::{Micros, StoreError, TermRow, TileRow, Tiling, UseCount};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// Entries, or hashes, of a full tile.
pub(super) const WIDTH: u64 = Tile::FULL as u64;

impl Strongroom {
    /// Follows a log of `size` entries, at most `tiles_max` tiles further, and gives the number of
    /// level-0 tiles that are stored.
    pub(super) async fn follow(
        &self,
        workspace: WorkspaceId,
        size: u64,
        tiles_max: u64,
    ) -> Result<u64, Denial> {
        let stored = self.store.tiles(workspace).await?;
        let end = (size / WIDTH).min(stored.saturating_add(tiles_max));
        if stored >= end {
            return Ok(stored);
        }
        let state = self.state(workspace).await?;
        for tile in stored..end {
            let tiling = self.tiling(&state, tile).await?;
            self.store.put_tiling(workspace, tiling).await?;
        }
        Ok(end)
    }

    /// What a level-0 tile comes to.
    async fn tiling(&self, state: &WorkspaceState, tile: u64) -> Result<Tiling, StoreError> {
        let range = tile * WIDTH..(tile + 1) * WIDTH;
        let followed = self.followed(state, range).await?;
        let mut found = Found::default();
        for one in &followed {
            let contexts = self.contexts_of(state, one.index, &one.entry).await?;
            found.add(&one.entry, one.identity.as_ref(), &contexts);
        }
        let leaves = followed.iter().map(|one| one.leaf).collect();
        let tiles = self.completed(state.id, tile, leaves).await?;
        Ok(Tiling {
            tiles,
            terms: found.terms(&state.keys.audit, tile),
            last_time: found.last_time,
            uses: found.uses(),
        })
    }

    /// The level-0 tile of these leaves, and each tile above of which it is the last part.
    async fn completed(
        &self,
        workspace: WorkspaceId,
        mut n: u64,
        mut hashes: Vec<Hash>,
    ) -> Result<Vec<TileRow>, StoreError> {
        let mut tiles = Vec::new();
        for level in 0..=Tile::LEVEL_MAX {
            let row = tile_row(level, n, &hashes)?;
            let root = row.root;
            tiles.push(row);
            if !(n + 1).is_multiple_of(WIDTH) {
                break;
            }
            let first = n + 1 - WIDTH;
            hashes = self.store.tile_roots(workspace, level, first, n).await?;
            hashes.push(root);
            n /= WIDTH;
        }
        Ok(tiles)
    }
}

/// # Errors
/// There are not 256 hashes: a tile below is missing.
fn tile_row(level: u8, n: u64, hashes: &[Hash]) -> Result<TileRow, StoreError> {
    let damaged = || StoreError::Damaged { table: "tile" };
    let root = tree_root(&LeafHashes(hashes), WIDTH).map_err(|_missing| damaged())?;
    if hashes.len() != usize::from(Tile::FULL) {
        return Err(damaged());
    }
    let hashes = hashes.iter().flat_map(Hash::as_bytes).copied().collect();
    Ok(TileRow {
        level,
        n,
        hashes,
        root,
    })
}

/// What 256 entries tell the index.
#[derive(Debug, Default)]
struct Found {
    operations: BTreeSet<Operation>,
    outcomes: BTreeSet<Outcome>,
    issuers: BTreeSet<String>,
    subjects: BTreeSet<String>,
    contexts: HashSet<ContextId>,
    leases: HashSet<LeaseId>,
    uses: BTreeMap<(ContextId, KeyVersion), Uses>,
    last_time: Micros,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Uses {
    sealed: u64,
    last_opened: Option<Micros>,
}

impl Found {
    fn add(&mut self, entry: &Entry, identity: Option<&EntryIdentity>, contexts: &[TookPart]) {
        self.operations.insert(entry.operation);
        self.outcomes.extend(outcomes_of(entry));
        self.last_time = self.last_time.max(entry.time_us);
        if let Some(identity) = identity {
            self.issuers.insert(identity.issuer.clone());
            self.subjects.insert(identity.subject.clone());
        }
        self.leases.extend(lease_of(entry));
        self.contexts
            .extend(contexts.iter().map(|part| part.context));
        if entry.outcome == Outcome::Allowed {
            for part in contexts.iter().filter(|part| part.version != NO_KEY) {
                self.count(entry, part);
            }
        }
    }

    fn count(&mut self, entry: &Entry, part: &TookPart) {
        let uses = self.uses.entry((part.context, part.version)).or_default();
        let direction = direction(entry.operation);
        if matches!(direction, Some(Direction::Seals | Direction::Both)) {
            uses.sealed += u64::from(part.count);
        }
        if matches!(direction, Some(Direction::Opens | Direction::Both)) {
            uses.last_opened = uses.last_opened.max(Some(entry.time_us));
        }
    }

    /// The MAC of each different term, once.
    fn terms(&self, audit: &AuditKey, tile: u64) -> Vec<TermRow> {
        let operations = self.operations.iter().copied().map(Term::Operation);
        let outcomes = self.outcomes.iter().copied().map(Term::Outcome);
        let issuers = self.issuers.iter().map(|issuer| Term::Issuer(issuer));
        let subjects = self.subjects.iter().map(|subject| Term::Subject(subject));
        let contexts = self.contexts.iter().copied().map(Term::Context);
        let leases = self.leases.iter().copied().map(Term::Lease);
        let terms = operations
            .chain(outcomes)
            .chain(issuers)
            .chain(subjects)
            .chain(contexts)
            .chain(leases);
        terms
            .map(|term| TermRow {
                term: term.mac(audit),
                tile,
                private: term.is_private(),
            })
            .collect()
    }

    fn uses(&self) -> Vec<UseCount> {
        let used = self
            .uses
            .iter()
            .filter(|(_, uses)| **uses != Uses::default());
        used.map(|((context, version), uses)| UseCount {
            context: *context,
            version: *version,
            sealed: uses.sealed,
            last_opened: uses.last_opened,
        })
        .collect()
    }
}

enum Direction {
    Seals,
    Opens,
    /// Opens under one key context and seals under another. The entry does not say which is which,
    /// so both count as both: too much, never too little.
    Both,
}

/// What an operation does with the key version that its entry names. A rewrap names the version
/// that it opens.
const fn direction(operation: Operation) -> Option<Direction> {
    match operation {
        Operation::Encrypt
        | Operation::DataKeyCreate
        | Operation::StreamEncrypt
        | Operation::ObjectCreate
        | Operation::ObjectUpdate
        | Operation::ObjectUpsert
        | Operation::StoreSet
        | Operation::SealedSet
        | Operation::ImportedKeysPut
        | Operation::KeysetGenerate => Some(Direction::Seals),
        Operation::Decrypt
        | Operation::DataKeyUnwrap
        | Operation::StreamDecrypt
        | Operation::Rewrap
        | Operation::DataKeyRewrap
        | Operation::ObjectRead
        | Operation::ObjectVersionRestore
        | Operation::StreamRewrap
        | Operation::ObjectRewrap
        | Operation::StoreGet
        | Operation::SealedGet
        | Operation::Sign
        | Operation::ImportedRewrap
        | Operation::StoreRewrap
        | Operation::KeysetRetrieve => Some(Direction::Opens),
        Operation::DataKeyRekey | Operation::SplitDerive => Some(Direction::Both),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::keys::Seed;
    use strongroom_crypto::secret::Secret;
    use strongroom_log::leaf_hash;
    use strongroom_types::Kind;

    use super::*;
    use crate::log::query::tests::entry_of as entry;

    fn part(version: u32, count: u32) -> TookPart {
        TookPart {
            kind: Kind::Context,
            context: ContextId::from_bytes([9; 32]),
            version: KeyVersion(version),
            suite: None,
            count,
        }
    }

    fn audit() -> AuditKey {
        AuditKey::derive(
            &Seed::from_secret(Secret::from_bytes([1; 32])),
            WorkspaceId::from_bytes([2; 16]),
        )
    }

    #[test]
    fn sealing_is_counted_and_opening_is_dated() {
        let mut found = Found::default();
        let allowed = |operation, time| entry(operation, Outcome::Allowed, time);
        found.add(&allowed(Operation::Encrypt, 1), None, &[part(2, 3)]);
        found.add(&allowed(Operation::StreamEncrypt, 2), None, &[part(2, 1)]);
        found.add(&allowed(Operation::Decrypt, 9), None, &[part(1, 1)]);
        found.add(&allowed(Operation::Rewrap, 7), None, &[part(1, 1)]);
        let seen: Vec<_> = found
            .uses()
            .into_iter()
            .map(|uses| (uses.version.0, uses.sealed, uses.last_opened))
            .collect();
        assert_eq!(seen, [(1, 0, Some(9)), (2, 4, None)]);
    }

    #[test]
    fn moving_a_data_key_counts_as_sealing_and_as_opening() {
        let mut found = Found::default();
        let moved = entry(Operation::DataKeyRekey, Outcome::Allowed, 5);
        found.add(&moved, None, &[part(1, 1)]);
        let uses = found.uses();
        assert_eq!((uses[0].sealed, uses[0].last_opened), (1, Some(5)));
    }

    #[test]
    fn what_used_no_key_is_not_counted() {
        let mut found = Found::default();
        let denied = entry(Operation::Decrypt, Outcome::Denied, 1);
        found.add(&denied, None, &[part(1, 1)]);
        let administered = entry(Operation::ContextDisable, Outcome::Allowed, 1);
        found.add(&administered, None, &[part(0, 1)]);
        assert!(found.uses().is_empty());
    }

    #[test]
    fn every_field_that_can_be_asked_for_is_a_term() {
        let (audit, mut found) = (audit(), Found::default());
        let identity = EntryIdentity {
            issuer: "https://issuer".to_owned(),
            subject: "alice".to_owned(),
            claims: serde_json::Map::new(),
        };
        let mut denied = entry(Operation::Decrypt, Outcome::Denied, 1);
        let lease = LeaseId::from_bytes([7; 16]);
        denied.facts.insert("lease", &lease.to_string()).unwrap();
        found.add(&denied, Some(&identity), &[part(0, 1)]);
        for (term, private) in [
            (Term::Operation(Operation::Decrypt), false),
            (Term::Outcome(Outcome::Denied), false),
            (Term::Issuer("https://issuer"), true),
            (Term::Subject("alice"), true),
            (Term::Context(ContextId::from_bytes([9; 32])), false),
            (Term::Lease(lease), false),
        ] {
            let row = TermRow {
                term: term.mac(&audit),
                tile: 4,
                private,
            };
            assert!(found.terms(&audit, 4).contains(&row), "{term:?}");
        }
        assert_eq!(found.terms(&audit, 4).len(), 6);
    }

    #[test]
    fn a_batch_of_which_items_were_denied_is_indexed_both_ways() {
        let (audit, mut found) = (audit(), Found::default());
        let mut batch = entry(Operation::Decrypt, Outcome::Allowed, 1);
        batch.facts.insert("denied_items", "1").unwrap();
        found.add(&batch, None, &[part(1, 1)]);
        for outcome in [Outcome::Allowed, Outcome::Denied] {
            let row = TermRow {
                term: Term::Outcome(outcome).mac(&audit),
                tile: 4,
                private: false,
            };
            assert!(found.terms(&audit, 4).contains(&row), "{outcome:?}");
        }
    }

    #[test]
    fn a_tile_row_is_the_hashes_and_their_root() {
        let hashes: Vec<_> = (0..256u32).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let mut tree = strongroom_log::Frontier::default();
        for hash in &hashes {
            tree.push(*hash).unwrap();
        }
        let row = tile_row(0, 7, &hashes).unwrap();
        assert_eq!((row.root, row.hashes.len(), row.n), (tree.root(), 8192, 7));
        assert!(tile_row(0, 7, &hashes[1..]).is_err());
    }
}
