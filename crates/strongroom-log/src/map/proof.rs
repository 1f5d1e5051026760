//! Proofs: the map with this root has, or has not, a leaf in the place of a key.

use super::MAP_DEPTH;
use super::hash;
use super::key::{MapKey, Side};
use crate::hash::Hash;

/// The siblings on the way from a key's place to the root, without those that are empty.
///
/// ```text
/// version 1 (1) ‖ present (32) ‖ hash (32) × one bits in present, the root's child first
/// ```
///
/// Bit `d` of `present`, the highest of the first byte being bit 0, says that the sibling at depth
/// `d + 1` is not empty. A proof has 33 to 8,225 bytes, and among a million records some 700.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapProof {
    present: [u8; PRESENT_BYTES],
    // INVARIANT: as many as `present` has one bits, and none that is an empty subtree's.
    siblings: Vec<Hash>,
}

/// A proof that does not hold, or bytes that are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MapProofError {
    /// A version of the layout that this program does not know.
    #[error("unknown version of a proof")]
    Version,
    /// The number of hashes is not that of the bits.
    #[error("a proof has the wrong length")]
    WrongLength,
    /// A hash stands where an empty subtree has to be left out.
    #[error("a proof spells out an empty subtree")]
    EmptySibling,
    /// The hashes lead to another root: another leaf, another key, another store or another state.
    #[error("the proof leads to another root")]
    OtherRoot,
}

const VERSION: u8 = 1;
const PRESENT_BYTES: usize = 32;

impl MapProof {
    /// Adds the sibling below the ancestor at `depth`; depths ascend.
    pub(super) fn push(&mut self, depth: u16, sibling: Hash) {
        if let Some(byte) = self.present.get_mut(usize::from(depth / 8)) {
            *byte |= 0x80 >> (depth % 8);
        }
        self.siblings.push(sibling);
    }

    /// The depths of the ancestors that have a sibling below them, the root first.
    fn depths(present: &[u8; PRESENT_BYTES]) -> impl DoubleEndedIterator<Item = u16> {
        let bits = MapKey::from_bytes(*present);
        (0..MAP_DEPTH).filter(move |depth| bits.side(*depth) == Side::Right)
    }

    /// Checks that the map with the root `root` has `value` in the place of `key`, or nothing if
    /// that is `None`.
    ///
    /// # Errors
    /// [`MapProofError::OtherRoot`].
    pub fn verify(
        &self,
        key: MapKey,
        value: Option<Hash>,
        root: Hash,
    ) -> Result<(), MapProofError> {
        let place = value.map_or_else(|| hash::empty(MAP_DEPTH), |value| hash::leaf(key, value));
        if self.root_above(key, place) == root {
            Ok(())
        } else {
            Err(MapProofError::OtherRoot)
        }
    }

    fn root_above(&self, key: MapKey, place: Hash) -> Hash {
        let present = MapKey::from_bytes(self.present);
        let mut siblings = self.siblings.iter().rev();
        (0..MAP_DEPTH).rev().fold(place, |below, depth| {
            let sibling = match present.side(depth) {
                Side::Left => None,
                Side::Right => siblings.next().copied(),
            };
            let sibling = sibling.unwrap_or_else(|| hash::empty(depth + 1));
            hash::node_from(key.side(depth), below, sibling)
        })
    }

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + PRESENT_BYTES + self.siblings.len() * Hash::LEN);
        out.push(VERSION);
        out.extend(self.present);
        for sibling in &self.siblings {
            out.extend(sibling.as_bytes());
        }
        out
    }

    /// Reads what [`MapProof::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are no proof, or not its one spelling.
    pub fn decode(bytes: &[u8]) -> Result<Self, MapProofError> {
        let (version, rest) = bytes.split_first().ok_or(MapProofError::WrongLength)?;
        if *version != VERSION {
            return Err(MapProofError::Version);
        }
        let (present, hashes) = rest.split_first_chunk().ok_or(MapProofError::WrongLength)?;
        let (hashes, surplus) = hashes.as_chunks();
        if !surplus.is_empty() || Self::depths(present).count() != hashes.len() {
            return Err(MapProofError::WrongLength);
        }
        let siblings: Vec<_> = hashes.iter().copied().map(Hash::from_bytes).collect();
        let mut placed = Self::depths(present).zip(&siblings);
        if placed.any(|(depth, sibling)| *sibling == hash::empty(depth + 1)) {
            return Err(MapProofError::EmptySibling);
        }
        Ok(Self {
            present: *present,
            siblings,
        })
    }
}
