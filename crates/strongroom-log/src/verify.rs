//! Checking a whole exported log.

use crate::bundle::{BundleError, EntryBundle};
use crate::bytes::DecodeError;
use crate::checkpoint::Checkpoint;
use crate::entry::Entry;
use crate::frontier::{Frontier, FrontierError};
use crate::hash::{Hash, leaf_hash};

/// The first thing about an exported log that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The entry's bytes are not an entry.
    #[error("entry {index} is malformed")]
    Malformed {
        /// The index of the entry.
        index: u64,
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
    /// The entry is said to be the outcome of itself or of a later one.
    #[error("entry {index} is the outcome of entry {of}, which does not come before it")]
    OutcomeBefore {
        /// The index of the entry.
        index: u64,
        /// The index that it names.
        of: u64,
    },
    /// The bundle breaks off.
    #[error("the bundle breaks off at entry {index}")]
    Bundle {
        /// The index of the first entry that could not be taken out.
        index: u64,
        /// What is wrong with the bundle.
        #[source]
        source: BundleError,
    },
    /// The entry's hash is not the one that the tile of leaf hashes has.
    #[error("entry {index} is not the one in the tree")]
    Altered {
        /// The index of the entry.
        index: u64,
    },
    /// The log has more entries than can be.
    #[error("the log is too long")]
    Frontier(#[source] FrontierError),
    /// The number of entries is not the checkpoint's.
    #[error("the checkpoint is over {signed} entries, and there are {present}")]
    OtherSize {
        /// The checkpoint's number of entries.
        signed: u64,
        /// The number of entries that were checked.
        present: u64,
    },
    /// The root over the entries is not the checkpoint's.
    #[error("the {size} entries are not those that the checkpoint is over")]
    OtherRoot {
        /// The number of entries.
        size: u64,
    },
}

/// Takes a log's entries in order and compares them with checkpoints. Memory stays flat.
///
/// It says that each entry is well formed, that an outcome names an earlier entry, and, at a
/// checkpoint, that these and no other entries are what was signed. It does not say that the
/// entries' times are true.
#[derive(Debug, Default)]
pub struct LogVerifier {
    tree: Frontier,
}

impl LogVerifier {
    /// How many entries were taken.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Takes the next entry and hands it over, decoded.
    ///
    /// # Errors
    /// The entry is malformed.
    pub fn entry(&mut self, bytes: &[u8]) -> Result<Entry, VerifyError> {
        self.take(bytes, leaf_hash(bytes))
    }

    /// Takes the entries of the next bundle.
    ///
    /// # Errors
    /// The bundle breaks off or an entry is malformed.
    pub fn bundle(&mut self, bundle: &[u8]) -> Result<(), VerifyError> {
        for entry in EntryBundle::entries(bundle) {
            let entry = self.whole(entry)?;
            self.take(entry, leaf_hash(entry))?;
        }
        Ok(())
    }

    /// Takes the entries of the next bundle and compares each with its hash in the bundle's tile of
    /// leaf hashes, so that an altered entry is named. Without the tile an altered entry shows only
    /// in the root.
    ///
    /// # Errors
    /// The bundle breaks off, an entry is malformed or is not the tile's.
    pub fn bundle_with_tile(&mut self, bundle: &[u8], tile: &[u8]) -> Result<(), VerifyError> {
        let mut hashes = tile.chunks(Hash::LEN);
        for entry in EntryBundle::entries(bundle) {
            let index = self.size();
            let entry = self.whole(entry)?;
            let leaf = leaf_hash(entry);
            if hashes.next() != Some(leaf.as_bytes()) {
                return Err(VerifyError::Altered { index });
            }
            self.take(entry, leaf)?;
        }
        match hashes.next() {
            None => Ok(()),
            Some(_) => Err(VerifyError::Bundle {
                index: self.size(),
                source: BundleError::Truncated,
            }),
        }
    }

    /// Compares what was taken so far with a verified checkpoint of the same size. It may be asked
    /// at several sizes; the log holds when it holds at the last.
    ///
    /// # Errors
    /// Another size or another root.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), VerifyError> {
        let size = self.size();
        if checkpoint.size() != size {
            return Err(VerifyError::OtherSize {
                signed: checkpoint.size(),
                present: size,
            });
        }
        if checkpoint.root() != self.tree.root() {
            return Err(VerifyError::OtherRoot { size });
        }
        Ok(())
    }

    fn whole<'a>(&self, entry: Result<&'a [u8], BundleError>) -> Result<&'a [u8], VerifyError> {
        entry.map_err(|source| VerifyError::Bundle {
            index: self.size(),
            source,
        })
    }

    fn take(&mut self, bytes: &[u8], leaf: Hash) -> Result<Entry, VerifyError> {
        let index = self.size();
        let entry =
            Entry::decode(bytes).map_err(|source| VerifyError::Malformed { index, source })?;
        if let Some(of) = entry.of
            && of >= index
        {
            return Err(VerifyError::OutcomeBefore { index, of });
        }
        self.tree.push(leaf).map_err(VerifyError::Frontier)?;
        Ok(entry)
    }
}
