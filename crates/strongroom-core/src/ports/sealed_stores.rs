//! What a store keeps of sealed stores, beside their values.

use strongroom_types::{ClientId, ContextId, WorkspaceId};

use super::Micros;

/// The map of a sealed store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedMapRow {
    /// The store's key context.
    pub context: ContextId,
    /// The epoch that clients seal under.
    pub epoch: u32,
    /// How many versions of each record are kept.
    pub keep: u32,
    /// How often the map has changed.
    pub sequence: u64,
    /// The first version of a new record: above that of every record that is gone, so that the
    /// versions of a name never fall.
    pub next_version: u64,
    /// Its root, as `strongroom_log::map` encodes a child.
    pub root: Vec<u8>,
    /// The index of the entry that made the root. Set by the commit.
    pub changed: u64,
}

/// A node of a map: its id and the node, as `strongroom_log::map` encodes them.
pub type SealedNode = (Vec<u8>, Vec<u8>);

/// A slot: its name, hashed, and the slot, sealed at its place.
pub type SealedSlot = (Vec<u8>, Vec<u8>);

/// How many guesses a client had at a slot since a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guesses {
    /// How many.
    pub used: u64,
    /// Since when.
    pub since: Micros,
}

/// A version of a sealed record that has expired. Its record is named as in the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRecord {
    /// The store's workspace.
    pub workspace: WorkspaceId,
    /// The store's key context.
    pub context: ContextId,
    /// The record.
    pub record: Vec<u8>,
    /// The version.
    pub version: u64,
}

/// What the operator sees of a sealed store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedCounts {
    /// Records.
    pub records: u64,
    /// Versions of records.
    pub versions: u64,
    /// Bytes of sealed values.
    pub bytes: u64,
}

/// A change of a sealed store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedChange {
    /// Inserts the map of a store that was just inserted.
    Insert(SealedMapRow),
    /// Puts a map in the place of the one with the sequence before its own.
    PutMap {
        /// The map.
        row: SealedMapRow,
        /// Nodes that are new or altered.
        put: Vec<SealedNode>,
        /// Ids of nodes that are gone.
        removed: Vec<Vec<u8>>,
    },
    /// Notes when a version of a record expires.
    PutExpiry {
        /// The store's key context.
        context: ContextId,
        /// The record, named as in the map.
        record: Vec<u8>,
        /// The version.
        version: u64,
        /// When it expires.
        due: Micros,
    },
    /// Erases a version of a record that expired, if it is kept still.
    PurgeVersion {
        /// The store's key context.
        context: ContextId,
        /// The record, named as in the map.
        record: Vec<u8>,
        /// Its name, hashed as for the values of stores.
        name: Vec<u8>,
        /// The version.
        version: u64,
    },
    /// Erases all versions of a record, of which the newest is the one named.
    ForgetValue {
        /// The store's key context.
        context: ContextId,
        /// The record, named as in the map.
        record: Vec<u8>,
        /// The record's name, hashed as for the values of stores.
        name: Vec<u8>,
        /// Its newest version.
        version: u64,
    },
    /// Keeps a slot.
    PutSlot {
        /// The store's key context.
        context: ContextId,
        /// The slot's name, hashed.
        slot: Vec<u8>,
        /// The slot, sealed at its place.
        body: Vec<u8>,
        /// Whether it takes the place of one; else there must be none.
        replace: bool,
    },
    /// Removes a slot, and what was guessed at it.
    DeleteSlot {
        /// The store's key context.
        context: ContextId,
        /// The slot's name, hashed.
        slot: Vec<u8>,
    },
    /// Counts a guess.
    PutGuesses {
        /// The store's key context.
        context: ContextId,
        /// The slot's name, hashed.
        slot: Vec<u8>,
        /// Who guessed.
        client: ClientId,
        /// What was counted when it was looked up.
        seen: Option<Guesses>,
        /// What is counted now.
        now: Guesses,
    },
}

impl SealedChange {
    /// Whether it removes what must not stay readable anywhere.
    #[must_use]
    pub const fn erases(&self) -> bool {
        match self {
            Self::PurgeVersion { .. } | Self::ForgetValue { .. } | Self::DeleteSlot { .. } => true,
            Self::PutSlot { replace, .. } => *replace,
            Self::Insert(_)
            | Self::PutMap { .. }
            | Self::PutExpiry { .. }
            | Self::PutGuesses { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expired_is_erased_and_what_is_noted_is_not() {
        let context = ContextId::from_bytes([1; 32]);
        let purge = SealedChange::PurgeVersion {
            context,
            record: vec![1],
            name: vec![2],
            version: 1,
        };
        assert!(purge.erases());
        let note = SealedChange::PutExpiry {
            context,
            record: vec![1],
            version: 1,
            due: 5,
        };
        assert!(!note.erases());
        for replace in [false, true] {
            let put = SealedChange::PutSlot {
                context,
                slot: vec![1],
                body: vec![2],
                replace,
            };
            assert_eq!(put.erases(), replace);
        }
    }
}
