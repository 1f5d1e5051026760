//! The nodes that are kept, and what stands below them.

use super::hash;
use super::key::{MapKey, Side};
use crate::hash::Hash;

/// The place of a node: its depth and the bits that all keys below it begin with.
///
/// ```text
/// depth u8 ‖ prefix, ⌈depth ∕ 8⌉ bytes
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MapNodeId {
    depth: u8,
    // INVARIANT: bits from `depth` on are 0.
    prefix: [u8; MapKey::LEN],
}

impl MapNodeId {
    /// The ancestor of a key at a depth, if nodes have that depth.
    pub(super) fn above(key: MapKey, depth: u16) -> Option<Self> {
        let depth = u8::try_from(depth).ok()?;
        Some(Self {
            depth,
            prefix: key.prefix(depth),
        })
    }

    /// The bytes to find it by.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bytes = usize::from(self.depth).div_ceil(8);
        let prefix = self.prefix.get(..bytes).unwrap_or_default();
        [&[self.depth][..], prefix].concat()
    }

    /// Reads what [`MapNodeId::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are no id.
    pub fn decode(bytes: &[u8]) -> Result<Self, NodeDecodeError> {
        let (&depth, given) = bytes.split_first().ok_or(NodeDecodeError)?;
        let mut prefix = [0; MapKey::LEN];
        let room = prefix.get_mut(..usize::from(depth).div_ceil(8));
        let room = room.filter(|room| room.len() == given.len());
        room.ok_or(NodeDecodeError)?.copy_from_slice(given);
        if MapKey::from_bytes(prefix).prefix(depth) == prefix {
            Ok(Self { depth, prefix })
        } else {
            Err(NodeDecodeError)
        }
    }

    pub(super) fn depth(&self) -> u16 {
        self.depth.into()
    }
}

/// Bytes that are no node, child or id of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a node of the map")]
pub struct NodeDecodeError;

/// A subtree as its parent keeps it.
///
/// ```text
/// 0  |  1 ‖ key ‖ value  |  2 ‖ hash
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapChild {
    /// No leaf.
    #[default]
    Empty,
    /// One leaf, at whatever depth it would stand.
    Leaf {
        /// Its key.
        key: MapKey,
        /// What it says, blinded.
        value: Hash,
    },
    /// Two leaves or more: the hash of a node that is kept.
    Branch(Hash),
}

impl MapChild {
    /// The hash of the subtree, whose root is `depth` levels below that of the map.
    pub(super) fn hash(&self, depth: u16) -> Hash {
        match *self {
            Self::Empty => hash::empty(depth),
            Self::Leaf { key, value } => hash::lone_leaf(key, value, depth),
            Self::Branch(hash) => hash,
        }
    }

    /// The bytes to keep, 1 to 65.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Empty => vec![0],
            Self::Leaf { key, value } => {
                [&[1][..], &key.as_bytes()[..], &value.as_bytes()[..]].concat()
            }
            Self::Branch(hash) => [&[2][..], hash.as_bytes()].concat(),
        }
    }

    /// Reads what [`MapChild::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are no child.
    pub fn decode(bytes: &[u8]) -> Result<Self, NodeDecodeError> {
        match Self::split_from(bytes)? {
            (child, []) => Ok(child),
            (_, _) => Err(NodeDecodeError),
        }
    }

    fn split_from(bytes: &[u8]) -> Result<(Self, &[u8]), NodeDecodeError> {
        let (kind, rest) = bytes.split_first().ok_or(NodeDecodeError)?;
        match kind {
            0 => Ok((Self::Empty, rest)),
            1 => {
                let (key, rest) = rest.split_first_chunk().ok_or(NodeDecodeError)?;
                let (value, rest) = rest.split_first_chunk().ok_or(NodeDecodeError)?;
                let (key, value) = (MapKey::from_bytes(*key), Hash::from_bytes(*value));
                Ok((Self::Leaf { key, value }, rest))
            }
            2 => {
                let (hash, rest) = rest.split_first_chunk().ok_or(NodeDecodeError)?;
                Ok((Self::Branch(Hash::from_bytes(*hash)), rest))
            }
            _ => Err(NodeDecodeError),
        }
    }
}

/// A node above two leaves or more: `left ‖ right`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapNode {
    pub(super) left: MapChild,
    pub(super) right: MapChild,
}

impl MapNode {
    pub(super) const fn child(&self, side: Side) -> MapChild {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }

    pub(super) const fn sibling(&self, side: Side) -> MapChild {
        match side {
            Side::Left => self.right,
            Side::Right => self.left,
        }
    }

    pub(super) const fn with(self, side: Side, child: MapChild) -> Self {
        match side {
            Side::Left => Self {
                left: child,
                ..self
            },
            Side::Right => Self {
                right: child,
                ..self
            },
        }
    }

    pub(super) fn hash(&self, depth: u16) -> Hash {
        hash::node(self.left.hash(depth + 1), self.right.hash(depth + 1))
    }

    /// What stands below it, the left one first.
    #[must_use]
    pub const fn children(&self) -> [MapChild; 2] {
        [self.left, self.right]
    }

    /// The bytes to keep.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [self.left.encode(), self.right.encode()].concat()
    }

    /// Reads what [`MapNode::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are no node.
    pub fn decode(bytes: &[u8]) -> Result<Self, NodeDecodeError> {
        let (left, rest) = MapChild::split_from(bytes)?;
        let right = MapChild::decode(rest)?;
        Ok(Self { left, right })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sha256;

    #[test]
    fn decode_reads_what_encode_wrote_and_nothing_else() {
        let leaf = MapChild::Leaf {
            key: MapKey::from_bytes([7; 32]),
            value: sha256(b"value"),
        };
        for left in [MapChild::Empty, leaf, MapChild::Branch(sha256(b"node"))] {
            let node = MapNode { left, right: leaf };
            let bytes = node.encode();
            assert_eq!(MapNode::decode(&bytes), Ok(node));
            for len in 0..bytes.len() {
                assert_eq!(MapNode::decode(&bytes[..len]), Err(NodeDecodeError));
            }
            let longer = [&bytes[..], &[0]].concat();
            assert_eq!(MapNode::decode(&longer), Err(NodeDecodeError));
        }
        assert_eq!(MapChild::decode(&[3]), Err(NodeDecodeError));
    }

    #[test]
    fn id_has_one_spelling() {
        let key = MapKey::from_bytes([0xff; 32]);
        for depth in 0..256 {
            let id = MapNodeId::above(key, depth).unwrap();
            assert_eq!(MapNodeId::decode(&id.encode()), Ok(id));
        }
        assert_eq!(MapNodeId::above(key, 256), None);
        assert_eq!(MapNodeId::decode(&[4, 0xf8]), Err(NodeDecodeError));
        assert_eq!(MapNodeId::decode(&[4, 0xf0, 0]), Err(NodeDecodeError));
        assert_eq!(MapNodeId::decode(&[]), Err(NodeDecodeError));
    }
}
