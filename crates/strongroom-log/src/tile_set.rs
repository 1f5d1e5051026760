//! Proofs from tiles: which tiles a proof needs, and the nodes that they hold.

use core::cell::RefCell;
use core::convert::Infallible;
use std::collections::{BTreeMap, BTreeSet};

use crate::consistency::prove_consistency;
use crate::hash::{Hash, empty_root};
use crate::inclusion::prove_inclusion;
use crate::tile::{Tile, TileError, TileKind};
use crate::tree::{HashReader, ProveError, complete_root, tree_root};

/// The tile level that holds a node, the tile's index there, and the node's first hash and number
/// of hashes in it.
struct Place {
    level: u8,
    index: u64,
    first: usize,
    hashes: usize,
}

impl Place {
    /// A node of level `8 l + h` is the root of 2^h hashes of tile level l.
    fn of(level: u8, index: u64) -> Option<Self> {
        let height = level % 8;
        let first = index.checked_mul(1 << height)?;
        Some(Self {
            level: level / 8,
            index: first >> 8,
            first: usize::try_from(first & 0xff).ok()?,
            hashes: 1 << height,
        })
    }
}

/// Tiles in memory, as a [`HashReader`].
///
/// A proof from an asynchronous store takes two steps: read the tiles that [`tiles_for_inclusion`]
/// or [`tiles_for_consistency`] names, then prove from the set.
#[derive(Debug, Clone, Default)]
pub struct TileSet(BTreeMap<(u8, u64), Vec<Hash>>);

impl TileSet {
    /// Adds a tile with its bytes, `width` hashes of 32 bytes. A wider tile replaces a narrower
    /// one.
    ///
    /// # Errors
    /// The tile holds entries, or the number of bytes is not that of its width.
    pub fn insert(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), TileError> {
        let TileKind::Hashes(level) = tile.kind() else {
            return Err(TileError::NoHashes);
        };
        let hashes = read_hashes(tile.width(), bytes)?;
        let held = self.0.entry((level, tile.index())).or_default();
        if held.len() < hashes.len() {
            *held = hashes;
        }
        Ok(())
    }
}

fn read_hashes(width: u16, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
    let (chunks, rest) = bytes.as_chunks();
    if chunks.len() != usize::from(width) || !rest.is_empty() {
        return Err(TileError::Length {
            width,
            bytes: bytes.len(),
        });
    }
    Ok(chunks.iter().copied().map(Hash::from_bytes).collect())
}

impl HashReader for TileSet {
    type Error = TileError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, TileError> {
        Place::of(level, index)
            .and_then(|place| {
                let tile = self.0.get(&(place.level, place.index))?;
                tile.get(place.first..place.first + place.hashes)
            })
            .map(complete_root)
            .ok_or(TileError::Missing { level, index })
    }
}

/// Notes which tiles are asked for and answers with nothing of value.
struct Wanted {
    size: u64,
    tiles: RefCell<BTreeSet<Tile>>,
}

impl HashReader for Wanted {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let tile = Place::of(level, index)
            .and_then(|place| Tile::in_tree(TileKind::Hashes(place.level), place.index, self.size));
        self.tiles.borrow_mut().extend(tile);
        Ok(empty_root())
    }
}

/// The tiles that a proof over a tree of `size` entries reads, each as wide as that tree has it.
fn wanted<T, E>(
    size: u64,
    prove: impl FnOnce(&Wanted) -> Result<T, E>,
) -> Result<BTreeSet<Tile>, E> {
    let wanted = Wanted {
        size,
        tiles: RefCell::default(),
    };
    prove(&wanted)?;
    Ok(wanted.tiles.into_inner())
}

/// The tiles that [`prove_inclusion`] reads, O(log size).
///
/// # Errors
/// The index is beyond the tree.
pub fn tiles_for_inclusion(
    index: u64,
    size: u64,
) -> Result<BTreeSet<Tile>, ProveError<Infallible>> {
    wanted(size, |reader| prove_inclusion(reader, index, size))
}

/// The tiles that [`prove_consistency`] reads, O(log to).
///
/// # Errors
/// `to` is smaller than `from`.
pub fn tiles_for_consistency(from: u64, to: u64) -> Result<BTreeSet<Tile>, ProveError<Infallible>> {
    wanted(to, |reader| prove_consistency(reader, from, to))
}

/// The tiles that [`tree_root`] reads, O(log size).
#[must_use]
pub fn tiles_for_root(size: u64) -> BTreeSet<Tile> {
    let Ok(tiles) = wanted(size, |reader| tree_root(reader, size));
    tiles
}
