//! A part of the map at hand: enough of its nodes to prove and to change some keys.

use std::collections::{BTreeMap, BTreeSet};

use super::MAP_DEPTH;
use super::hash;
use super::key::MapKey;
use super::node::{MapChild, MapNode, MapNodeId};
use super::proof::MapProof;
use crate::hash::Hash;

/// A map that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// A node is not at hand: it was not asked for with [`MapView::wanted`], or is not kept.
    #[error("a node of the map is missing")]
    Missing,
    /// A kept node is not the one whose hash its parent has.
    #[error("a node of the map is not what its parent says")]
    Damaged,
}

/// The root of a map and those of its nodes that were supplied.
///
/// To work on some keys, supply what [`MapView::wanted`] names, until it names nothing.
#[derive(Debug, Default, Clone)]
pub struct MapView {
    root: MapChild,
    // With the hash of each, so that it is computed once.
    nodes: BTreeMap<MapNodeId, (MapNode, Hash)>,
    changed: BTreeSet<MapNodeId>,
    asked: BTreeSet<MapNodeId>,
}

/// What is to be kept after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapChanges {
    /// The root as a child, for [`MapView::new`].
    pub root: MapChild,
    /// Nodes that are new or altered.
    pub put: Vec<(MapNodeId, MapNode)>,
    /// Nodes that are gone.
    pub removed: Vec<MapNodeId>,
}

impl MapView {
    /// A map of which only the root is at hand.
    #[must_use]
    pub fn new(root: MapChild) -> Self {
        Self {
            root,
            ..Self::default()
        }
    }

    /// The hash of the whole map.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root.hash(0)
    }

    /// Adds a node that was kept.
    pub fn supply(&mut self, id: MapNodeId, node: MapNode) {
        self.nodes.insert(id, (node, node.hash(id.depth())));
    }

    /// The nodes that are needed next to work on the keys, each with the `ahead` places below it on
    /// the way to its key, of which some may hold no node. Nothing if all are at hand.
    ///
    /// # Errors
    /// [`MapError::Damaged`], or [`MapError::Missing`] if a node was asked for before and not
    /// supplied.
    pub fn wanted(&mut self, keys: &[MapKey], ahead: u16) -> Result<BTreeSet<MapNodeId>, MapError> {
        let mut wanted = BTreeSet::new();
        for key in keys {
            if let Some(depth) = self.missing_at(*key)? {
                let id = MapNodeId::above(*key, depth).ok_or(MapError::Damaged)?;
                if self.asked.contains(&id) {
                    return Err(MapError::Missing);
                }
                let places = depth..MAP_DEPTH.min(depth.saturating_add(ahead).saturating_add(1));
                wanted.extend(places.filter_map(|depth| MapNodeId::above(*key, depth)));
            }
        }
        self.asked.extend(&wanted);
        Ok(wanted)
    }

    /// The depth of the first node that is missing on the way to a key.
    fn missing_at(&self, key: MapKey) -> Result<Option<u16>, MapError> {
        let (mut child, mut depth) = (self.root, 0);
        while let MapChild::Branch(hash) = child {
            child = match self.branch(key, depth, hash) {
                Err(MapError::Missing) => return Ok(Some(depth)),
                found => found?.1.child(key.side(depth)),
            };
            depth += 1;
        }
        Ok(None)
    }

    /// The node above a key that a parent has the hash of.
    fn branch(
        &self,
        key: MapKey,
        depth: u16,
        expected: Hash,
    ) -> Result<(MapNodeId, MapNode), MapError> {
        let id = MapNodeId::above(key, depth).ok_or(MapError::Damaged)?;
        match self.nodes.get(&id) {
            None => Err(MapError::Missing),
            Some((node, hash)) if *hash == expected => Ok((id, *node)),
            Some(_) => Err(MapError::Damaged),
        }
    }

    /// Puts a leaf in the place of a key, or takes it away.
    ///
    /// # Errors
    /// A node is missing or damaged; the view must then be dropped.
    pub fn set(&mut self, key: MapKey, value: Option<Hash>) -> Result<(), MapError> {
        self.root = self.put(self.root, 0, key, value)?;
        Ok(())
    }

    fn put(
        &mut self,
        child: MapChild,
        depth: u16,
        key: MapKey,
        value: Option<Hash>,
    ) -> Result<MapChild, MapError> {
        let (id, node) = match child {
            MapChild::Empty => return Ok(child_of(key, value)),
            MapChild::Leaf { key: there, .. } if there == key => return Ok(child_of(key, value)),
            MapChild::Leaf { .. } if value.is_none() => return Ok(child),
            MapChild::Leaf { key: there, .. } => {
                let id = MapNodeId::above(key, depth).ok_or(MapError::Damaged)?;
                (id, MapNode::default().with(there.side(depth), child))
            }
            MapChild::Branch(hash) => self.branch(key, depth, hash)?,
        };
        let side = key.side(depth);
        let below = self.put(node.child(side), depth + 1, key, value)?;
        Ok(self.keep(id, node.with(side, below)))
    }

    /// Keeps a node if there are two leaves or more below it.
    fn keep(&mut self, id: MapNodeId, node: MapNode) -> MapChild {
        self.changed.insert(id);
        match (node.left, node.right) {
            (MapChild::Empty, alone @ (MapChild::Empty | MapChild::Leaf { .. }))
            | (alone @ MapChild::Leaf { .. }, MapChild::Empty) => {
                self.nodes.remove(&id);
                alone
            }
            (_, _) => {
                let hash = node.hash(id.depth());
                self.nodes.insert(id, (node, hash));
                MapChild::Branch(hash)
            }
        }
    }

    /// What the map has in the place of a key.
    ///
    /// # Errors
    /// A node is missing or damaged.
    pub fn leaf(&self, key: MapKey) -> Result<Option<Hash>, MapError> {
        let (mut child, mut depth) = (self.root, 0);
        loop {
            child = match child {
                MapChild::Leaf { key: there, value } if there == key => return Ok(Some(value)),
                MapChild::Leaf { .. } | MapChild::Empty => return Ok(None),
                MapChild::Branch(hash) => {
                    let (_, node) = self.branch(key, depth, hash)?;
                    node.child(key.side(depth))
                }
            };
            depth += 1;
        }
    }

    /// Proves what the map has in the place of a key, or that it has nothing there.
    ///
    /// # Errors
    /// A node is missing or damaged.
    pub fn prove(&self, key: MapKey) -> Result<MapProof, MapError> {
        let mut proof = MapProof::default();
        let (mut child, mut depth) = (self.root, 0);
        while let MapChild::Branch(hash) = child {
            let (_, node) = self.branch(key, depth, hash)?;
            let side = key.side(depth);
            let sibling = node.sibling(side);
            if sibling != MapChild::Empty {
                proof.push(depth, sibling.hash(depth + 1));
            }
            child = node.child(side);
            depth += 1;
        }
        // Another leaf that would be alone here stands beside the way to this key.
        if let MapChild::Leaf { key: there, value } = child
            && let Some(parting) = (depth..MAP_DEPTH).find(|at| there.side(*at) != key.side(*at))
        {
            proof.push(parting, hash::lone_leaf(there, value, parting + 1));
        }
        Ok(proof)
    }

    /// What is to be kept of the changes.
    #[must_use]
    pub fn into_changes(self) -> MapChanges {
        let (mut put, mut removed) = (Vec::new(), Vec::new());
        for id in self.changed {
            match self.nodes.get(&id) {
                Some((node, _)) => put.push((id, *node)),
                None => removed.push(id),
            }
        }
        MapChanges {
            root: self.root,
            put,
            removed,
        }
    }
}

const fn child_of(key: MapKey, value: Option<Hash>) -> MapChild {
    match value {
        Some(value) => MapChild::Leaf { key, value },
        None => MapChild::Empty,
    }
}
