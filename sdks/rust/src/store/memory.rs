//! What a client remembers of a store, so that it is never shown an older one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strongroom_log::Hash;
use strongroom_log::map::MapKey;
use strongroom_types::{Bytes, StoreName, WorkspaceId};

use super::fault::Lie;

/// The last root that a client saw of a store, and the versions of the records that it saw.
///
/// Keep it between runs (it holds no secret: hashed names and numbers) and hand it to
/// [`SealedStore::remembering`](super::SealedStore::remembering). Without it the first answer of a run
/// is [`Freshness::Unverified`](super::Freshness).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreMemory {
    workspace: WorkspaceId,
    store: StoreName,
    sequence: u64,
    root: Bytes,
    /// By the hex of hashed names.
    versions: BTreeMap<String, u64>,
}

impl StoreMemory {
    pub(super) fn new(workspace: WorkspaceId, store: StoreName, state: (u64, Hash)) -> Self {
        Self {
            workspace,
            store,
            sequence: state.0,
            root: (*state.1.as_bytes()).into(),
            versions: BTreeMap::new(),
        }
    }

    /// How often the store's map had changed when it was seen last.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) fn is_of(&self, workspace: WorkspaceId, store: &StoreName) -> bool {
        self.workspace == workspace && self.store == *store
    }

    /// Takes a state that is not older than the one that was seen when it was asked for, and tells
    /// whether it is the newest one seen: answers to questions asked together come in any order.
    pub(super) fn see(&mut self, floor: u64, sequence: u64, root: Hash) -> Result<bool, Lie> {
        if sequence < floor {
            return Err(Lie::OlderState {
                seen: floor,
                shown: sequence,
            });
        }
        if sequence == self.sequence && self.root.0 != root.as_bytes() {
            return Err(Lie::OtherState { sequence });
        }
        if sequence > self.sequence {
            self.sequence = sequence;
            self.root = (*root.as_bytes()).into();
        }
        Ok(sequence == self.sequence)
    }

    /// Takes a version of a record that is not older than what was seen; 0 for none. A record that is set
    /// again after it was deleted goes on above its last version.
    pub(super) fn see_version(&mut self, name: MapKey, version: u64) -> Result<(), Lie> {
        let name = hex(&name);
        let seen = self.versions.get(&name).copied().unwrap_or(0);
        if version == 0 {
            return Ok(());
        }
        if version < seen {
            return Err(Lie::OlderVersion {
                seen,
                shown: version,
            });
        }
        self.versions.insert(name, version);
        Ok(())
    }
}

fn hex(name: &MapKey) -> String {
    Hash::from_bytes(*name.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use strongroom_log::sha256;

    use super::*;

    fn memory() -> StoreMemory {
        let store = "store".parse().unwrap();
        StoreMemory::new(WorkspaceId::from_bytes([1; 16]), store, (5, sha256(b"5")))
    }

    #[test]
    fn older_and_other_states_are_named() {
        let mut memory = memory();
        let older = memory.see(5, 4, sha256(b"4"));
        assert_eq!(older, Err(Lie::OlderState { seen: 5, shown: 4 }));
        let other = memory.see(5, 5, sha256(b"fork"));
        assert_eq!(other, Err(Lie::OtherState { sequence: 5 }));
        assert_eq!(memory.see(5, 5, sha256(b"5")), Ok(true));
        assert_eq!(memory.see(5, 9, sha256(b"9")), Ok(true));
        // Asked for before the ninth state was seen.
        assert_eq!(memory.see(5, 8, sha256(b"8")), Ok(false));
        assert_eq!(memory.sequence(), 9);
        assert!(memory.see(9, 8, sha256(b"8")).is_err());
    }

    #[test]
    fn version_that_falls_under_a_new_state_is_named() {
        let mut memory = memory();
        let name = MapKey::from_bytes([1; 32]);
        memory.see_version(name, 3).unwrap();
        let fell = memory.see_version(name, 2);
        assert_eq!(fell, Err(Lie::OlderVersion { seen: 3, shown: 2 }));
        memory.see_version(name, 0).unwrap();
        let again = memory.see_version(name, 1);
        assert_eq!(again, Err(Lie::OlderVersion { seen: 3, shown: 1 }));
        assert_eq!(memory.see_version(name, 4), Ok(()));
    }

    #[test]
    fn memory_reads_back() {
        let mut memory = memory();
        memory.see_version(MapKey::from_bytes([1; 32]), 3).unwrap();
        let text = serde_json::to_string(&memory).unwrap();
        assert_eq!(serde_json::from_str::<StoreMemory>(&text).unwrap(), memory);
    }
}
