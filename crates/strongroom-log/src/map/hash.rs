//! Hashes of the map. Their first bytes are labels, so that none is a hash of the log's tree.

use std::sync::LazyLock;

use super::MAP_DEPTH;
use super::key::{MapKey, Side};
use crate::hash::{Hash, sha256};

const EMPTY: &[u8] = b"strongroom/v1/map-empty";
const LEAF: &[u8; 22] = b"strongroom/v1/map-leaf";
const NODE: &[u8; 22] = b"strongroom/v1/map-node";

/// `SHA-256("strongroom/v1/map-leaf" ‖ key ‖ value)`.
pub(super) fn leaf(key: MapKey, value: Hash) -> Hash {
    labelled(LEAF, key.as_bytes(), value.as_bytes())
}

/// `SHA-256("strongroom/v1/map-node" ‖ left ‖ right)`.
pub(super) fn node(left: Hash, right: Hash) -> Hash {
    labelled(NODE, left.as_bytes(), right.as_bytes())
}

fn labelled(label: &[u8; 22], first: &[u8; 32], second: &[u8; 32]) -> Hash {
    let mut message = [0; 22 + 64];
    let pieces = label.iter().chain(first).chain(second);
    message
        .iter_mut()
        .zip(pieces)
        .for_each(|(to, from)| *to = *from);
    sha256(&message)
}

/// The hash of a node from that of the child on `side` and that of its sibling.
pub(super) fn node_from(side: Side, child: Hash, sibling: Hash) -> Hash {
    match side {
        Side::Left => node(child, sibling),
        Side::Right => node(sibling, child),
    }
}

/// The hash of a subtree without leaves whose root is `depth` levels below that of the map:
/// `SHA-256("strongroom/v1/map-empty")` at depth 256, and a node of two such hashes above.
pub(super) fn empty(depth: u16) -> Hash {
    static HASHES: LazyLock<Vec<Hash>> = LazyLock::new(|| {
        let lowest = sha256(EMPTY);
        let above = core::iter::successors(Some(lowest), |below| Some(node(*below, *below)));
        above.take(usize::from(MAP_DEPTH) + 1).collect()
    });
    let height = usize::from(MAP_DEPTH.saturating_sub(depth));
    HASHES.get(height).copied().unwrap_or_else(|| sha256(EMPTY))
}

/// The hash of a subtree with one leaf whose root is `depth` levels below that of the map.
pub(super) fn lone_leaf(key: MapKey, value: Hash, depth: u16) -> Hash {
    (depth..MAP_DEPTH)
        .rev()
        .fold(leaf(key, value), |below, at| {
            node_from(key.side(at), below, empty(at + 1))
        })
}
