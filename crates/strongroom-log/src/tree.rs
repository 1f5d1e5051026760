//! The tree as something that proofs are read from.

use crate::hash::{Hash, empty_root, node_hash};

/// A proof that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree is too small to hold that index.
    #[error("no entry {index} in a tree of {size}")]
    IndexBeyondTree {
        /// The index of the entry.
        index: u64,
        /// The number of entries.
        size: u64,
    },
    /// The later tree is smaller than the earlier one.
    #[error("a log of {from} entries cannot become one of {to}")]
    Shrinks {
        /// The size of the earlier tree.
        from: u64,
        /// The size of the later tree.
        to: u64,
    },
    /// The number of hashes is not the one that the indices ask for.
    #[error("a proof of {hashes} hashes has the wrong length")]
    WrongLength {
        /// How many hashes there are.
        hashes: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    OtherRoot,
}

/// A proof that could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The tree is too small to hold that index.
    #[error("no entry {index} in a tree of {size}")]
    IndexBeyondTree {
        /// The index of the entry.
        index: u64,
        /// The number of entries.
        size: u64,
    },
    /// The later tree is smaller than the earlier one.
    #[error("a log of {from} entries cannot become one of {to}")]
    Shrinks {
        /// The size of the earlier tree.
        from: u64,
        /// The size of the later tree.
        to: u64,
    },
    /// A node could not be read.
    #[error("a node could not be read")]
    Read(#[source] E),
}

/// A node beyond the leaves at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no leaves below node {index} of level {level}")]
pub struct MissingNode {
    /// The level of the node.
    pub level: u8,
    /// Its index in the level.
    pub index: u64,
}

/// Where the nodes of a tree are read from.
pub trait HashReader {
    /// Why a node could not be read.
    type Error;

    /// The root of the complete subtree over the leaves [index · 2^level, (index + 1) · 2^level).
    /// Only complete subtrees of the tree at hand are asked for, O(log size) of them a proof.
    ///
    /// # Errors
    /// The node could not be read.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of a tree of `size` entries.
///
/// # Errors
/// A node could not be read.
pub fn tree_root<R: HashReader>(reader: &R, size: u64) -> Result<Hash, R::Error> {
    range_root(reader, 0, size)
}

/// `MTH(D[start:end])` for a range that the recursion of RFC 6962 section 2.1 meets: `start` is a
/// multiple of the smallest power of two that is not smaller than the range.
pub(crate) fn range_root<R: HashReader>(
    reader: &R,
    start: u64,
    end: u64,
) -> Result<Hash, R::Error> {
    let (mut end, mut root) = (end, None);
    // From the right, so that each complete subtree is hashed once with all that is right of it.
    while end > start {
        let level = (end - start).trailing_zeros();
        let left = reader.node(small(level), (end - 1) >> level)?;
        root = Some(root.map_or(left, |right| node_hash(left, right)));
        end -= 1 << level;
    }
    Ok(root.unwrap_or_else(empty_root))
}

/// A level as a byte; levels are smaller than 64.
fn small(level: u32) -> u8 {
    u8::try_from(level).unwrap_or(u8::MAX)
}

/// The size of the left part of a tree of `size` ≥ 2 entries: the largest power of two smaller
/// than `size`.
pub(crate) const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// A tree in memory: the hashes of all its leaves. Nodes above them are computed when asked for,
/// so that it suits small trees (a batch's item records, a test).
#[derive(Debug, Clone, Copy)]
pub struct LeafHashes<'a>(pub &'a [Hash]);

impl HashReader for LeafHashes<'_> {
    type Error = MissingNode;

    fn node(&self, level: u8, index: u64) -> Result<Hash, MissingNode> {
        let leaves = || {
            let width = 1usize.checked_shl(level.into())?;
            let start = usize::try_from(index).ok()?.checked_mul(width)?;
            self.0.get(start..start.checked_add(width)?)
        };
        leaves()
            .map(complete_root)
            .ok_or(MissingNode { level, index })
    }
}

/// The root of a complete subtree: its number of hashes is a power of two.
pub(crate) fn complete_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [hash] => *hash,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(complete_root(left), complete_root(right))
        }
    }
}
