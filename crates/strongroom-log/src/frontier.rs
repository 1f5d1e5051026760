//! The right edge of the tree: all that is needed to append and to know the root.

use crate::hash::{Hash, empty_root, node_hash};

/// A frontier that could not be extended or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The log has 2^64 − 1 entries.
    #[error("the log is full")]
    Full,
    /// The bytes hold no size.
    #[error("a frontier has at least 8 bytes, not {bytes}")]
    Truncated {
        /// How many bytes there are.
        bytes: usize,
    },
    /// The number of hashes is not that of the size's complete subtrees.
    #[error("a frontier of size {size} has {expected} hashes in {} bytes, not {bytes}", 32 * expected)]
    WrongCount {
        /// The number of entries.
        size: u64,
        /// How many complete subtrees a tree of that size has at its right edge.
        expected: usize,
        /// How many bytes follow the size.
        bytes: usize,
    },
}

/// The compact range [0, size): the roots of the complete subtrees of a tree, largest first. There
/// are as many as the size has one bits, at most 64.
///
/// An append hashes 1 node on average and never reads the log.
///
/// ```text
/// size u64 BE ‖ hash 32 bytes × count of one bits in size, largest subtree first
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    // INVARIANT: as many hashes as `size` has one bits.
    edge: Vec<Hash>,
}

impl Frontier {
    /// The number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of a leaf.
    ///
    /// # Errors
    /// [`FrontierError::Full`] at 2^64 − 1 entries.
    pub fn push(&mut self, leaf: Hash) -> Result<(), FrontierError> {
        self.push_with(leaf, |_, _, _| ())
    }

    /// Appends the hash of a leaf and hands over each node that it completes as (level, index,
    /// hash), the leaf itself first.
    ///
    /// # Errors
    /// [`FrontierError::Full`] at 2^64 − 1 entries.
    pub fn push_with(
        &mut self,
        leaf: Hash,
        mut completed: impl FnMut(u8, u64, Hash),
    ) -> Result<(), FrontierError> {
        let size = self.size.checked_add(1).ok_or(FrontierError::Full)?;
        let (mut hash, mut level, mut index) = (leaf, 0, self.size);
        completed(level, index, hash);
        // Each trailing one bit of the old size is a complete subtree as large as the new one.
        while index & 1 == 1
            && let Some(left) = self.edge.pop()
        {
            hash = node_hash(left, hash);
            level += 1;
            index >>= 1;
            completed(level, index, hash);
        }
        self.edge.push(hash);
        self.size = size;
        Ok(())
    }

    /// The root of the tree, `MTH(D[0:size])` of RFC 6962.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.edge
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node_hash(left, right))
            .unwrap_or_else(empty_root)
    }

    /// The bytes to keep, 8 to 2,056.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + self.edge.len() * Hash::LEN);
        out.extend(self.size.to_be_bytes());
        for hash in &self.edge {
            out.extend(hash.as_bytes());
        }
        out
    }

    /// Reads what [`Frontier::encode`] wrote.
    ///
    /// # Errors
    /// The number of hashes is not that of the size.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, hashes) = bytes
            .split_first_chunk()
            .ok_or(FrontierError::Truncated { bytes: bytes.len() })?;
        let size = u64::from_be_bytes(*size);
        let (chunks, rest) = hashes.as_chunks();
        let expected = (0..64).filter(|bit| size >> bit & 1 == 1).count();
        if chunks.len() != expected || !rest.is_empty() {
            return Err(FrontierError::WrongCount {
                size,
                expected,
                bytes: hashes.len(),
            });
        }
        let edge = chunks.iter().copied().map(Hash::from_bytes).collect();
        Ok(Self { size, edge })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    fn frontier(size: u64) -> Frontier {
        let mut frontier = Frontier::default();
        for i in 0..size {
            frontier.push(leaf_hash(&i.to_be_bytes())).unwrap();
        }
        frontier
    }

    #[test]
    fn decode_reads_what_encode_wrote() {
        for size in 0..70 {
            let frontier = frontier(size);
            assert_eq!(Frontier::decode(&frontier.encode()), Ok(frontier));
        }
    }

    #[test]
    fn decode_refuses_another_number_of_hashes() {
        let bytes = frontier(7).encode();
        for len in 0..bytes.len() {
            assert!(Frontier::decode(&bytes[..len]).is_err(), "{len}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(Frontier::decode(&longer).is_err());
    }

    #[test]
    fn a_full_log_takes_no_entry() {
        let mut bytes = u64::MAX.to_be_bytes().to_vec();
        bytes.resize(8 + 64 * Hash::LEN, 0);
        let mut full = Frontier::decode(&bytes).unwrap();
        assert_eq!(full.push(leaf_hash(b"")), Err(FrontierError::Full));
        assert_eq!(full.size(), u64::MAX);
    }

    #[test]
    fn push_with_hands_over_each_node_once() {
        let mut seen = std::collections::BTreeMap::new();
        let mut log = Frontier::default();
        for i in 0..8u64 {
            log.push_with(leaf_hash(&i.to_be_bytes()), |level, index, hash| {
                assert!(seen.insert((level, index), hash).is_none());
            })
            .unwrap();
        }
        assert_eq!(seen.len(), 15);
        assert_eq!(seen.get(&(3, 0)), Some(&log.root()));
    }
}
