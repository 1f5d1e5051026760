//! Tiles, bundles and proofs, as C2SP `tlog-tiles` and `tlog-proof` have them.
//!
//! Only what a signed checkpoint covers is given out: if none covers it yet, one is signed first.
//! Full tiles are stored by the follower; a partial one is the beginning of a stored one, or is
//! made of the entries or tile roots below it.

use core::borrow::Borrow;

use strongroom_log::{
    Hash, Receipt, Tile, TileError, TileKind, TileSet, prove_inclusion, tiles_for_inclusion,
    tiles_for_root, tree_root,
};
use strongroom_types::WorkspaceId;

use super::follow::WIDTH;
use super::read::{LogRead, Prepare};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::ports::StoreError;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Reads a checkpoint of the caller's log, signed now: it covers every entry before the one of
    /// this request.
    ///
    /// # Errors
    /// The caller may not, or the log cannot be read.
    pub async fn log_checkpoint(&self, ask: &Ask) -> Result<Answered<String>, Refused> {
        self.enter(ask, &LogRead::of(ReadCheckpoint)).await
    }

    /// Reads a tile of hashes; a width is that of a partial tile, 1 to 255.
    ///
    /// # Errors
    /// The log has no such tile.
    pub async fn log_tile(
        &self,
        ask: &Ask,
        level: u8,
        n: u64,
        width: Option<u16>,
    ) -> Result<Answered<Vec<u8>>, Refused> {
        let kind = TileKind::Hashes(level);
        self.enter(ask, &LogRead::of(ReadTile { kind, n, width }))
            .await
    }

    /// Reads a bundle of entries; a width is that of a partial bundle, 1 to 255.
    ///
    /// # Errors
    /// The log has no such bundle.
    pub async fn log_bundle(
        &self,
        ask: &Ask,
        n: u64,
        width: Option<u16>,
    ) -> Result<Answered<Vec<u8>>, Refused> {
        let kind = TileKind::Entries;
        self.enter(ask, &LogRead::of(ReadTile { kind, n, width }))
            .await
    }

    /// Reads the receipt of an entry, as `tlog-proof` text.
    ///
    /// # Errors
    /// The log has no such entry.
    pub async fn log_proof(&self, ask: &Ask, index: u64) -> Result<Answered<String>, Refused> {
        self.enter(ask, &LogRead::of(ReadProof(index))).await
    }

    /// The receipt of an entry: O(log n) tiles are read.
    pub(super) async fn receipt(
        &self,
        workspace: WorkspaceId,
        index: u64,
    ) -> Result<Receipt, Denial> {
        let beyond = Denial::NotFound(Thing::Entry);
        let size = index.checked_add(1).ok_or_else(|| beyond.clone())?;
        let row = self.covering(workspace, size, Thing::Entry).await?;
        let wanted = tiles_for_inclusion(index, row.size).map_err(|_beyond| beyond)?;
        let tiles = self.tile_set(workspace, row.size, wanted).await?;
        let path = prove_inclusion(&tiles, index, row.size).map_err(|_missing| damaged())?;
        let damaged_note = StoreError::Damaged {
            table: "checkpoint",
        };
        let checkpoint = row.note.parse().map_err(|_not_a_note| damaged_note)?;
        Ok(Receipt {
            extra: None,
            index,
            path,
            checkpoint,
        })
    }

    /// The root of the log when it had `size` entries, recomputed from what is stored.
    pub(super) async fn root_at(&self, workspace: WorkspaceId, size: u64) -> Result<Hash, Denial> {
        let tiles = self.tile_set(workspace, size, tiles_for_root(size)).await?;
        tree_root(&tiles, size).map_err(|_missing: TileError| damaged().into())
    }

    async fn tile_set(
        &self,
        workspace: WorkspaceId,
        size: u64,
        wanted: impl IntoIterator<Item: Borrow<Tile>>,
    ) -> Result<TileSet, Denial> {
        self.follow(workspace, size, u64::MAX).await?;
        let mut tiles = TileSet::default();
        for tile in wanted {
            let tile = *tile.borrow();
            let bytes = self.hashes(workspace, tile).await?;
            tiles.insert(tile, &bytes).map_err(|_length| damaged())?;
        }
        Ok(tiles)
    }

    /// The bytes of a tile of a log that was followed up to it.
    async fn tile(&self, workspace: WorkspaceId, tile: Tile) -> Result<Vec<u8>, StoreError> {
        match tile.kind() {
            TileKind::Hashes(_) => self.hashes(workspace, tile).await,
            TileKind::Entries => {
                let end = tile.start() + u64::from(tile.width());
                self.bundle(workspace, tile.start()..end).await
            }
        }
    }

    async fn hashes(&self, workspace: WorkspaceId, tile: Tile) -> Result<Vec<u8>, StoreError> {
        let TileKind::Hashes(level) = tile.kind() else {
            return Err(damaged());
        };
        if let Some(mut full) = self.store.tile(workspace, level, tile.index()).await? {
            full.truncate(Hash::LEN * usize::from(tile.width()));
            return Ok(full);
        }
        let (start, end) = (tile.start(), tile.start() + u64::from(tile.width()));
        let hashes = match level.checked_sub(1) {
            None => self.leaves(workspace, start..end).await?,
            Some(below) => self.store.tile_roots(workspace, below, start, end).await?,
        };
        if hashes.len() != usize::from(tile.width()) {
            return Err(damaged());
        }
        Ok(hashes.iter().flat_map(Hash::as_bytes).copied().collect())
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged { table: "tile" }
}

struct ReadCheckpoint;

impl Prepare for ReadCheckpoint {
    type Answer = String;

    fn what(&self) -> String {
        "checkpoint".to_owned()
    }

    async fn prepare(&self, room: &Strongroom, caller: &Caller) -> Result<String, Denial> {
        let state = &caller.state;
        Ok(room.sign_head(state.id).await?.note)
    }
}

struct ReadTile {
    kind: TileKind,
    n: u64,
    width: Option<u16>,
}

impl ReadTile {
    fn tile(&self) -> Result<Tile, TileError> {
        Tile::new(self.kind, self.n, self.width.unwrap_or(Tile::FULL))
    }
}

impl Prepare for ReadTile {
    type Answer = Vec<u8>;

    fn what(&self) -> String {
        self.tile()
            .map_or_else(|_| "tile".to_owned(), |tile| tile.to_string())
    }

    async fn prepare(&self, room: &Strongroom, caller: &Caller) -> Result<Vec<u8>, Denial> {
        let state = &caller.state;
        let beyond = Denial::NotFound(Thing::Tile);
        let tile = self.tile().map_err(|_no_tile| beyond.clone())?;
        let size = entries_below(tile).ok_or(beyond)?;
        let row = room.covering(state.id, size, Thing::Tile).await?;
        room.follow(state.id, row.size, u64::MAX).await?;
        Ok(room.tile(state.id, tile).await?)
    }
}

/// How many entries a log must have to have this tile: (256 n + width) · 256^level.
fn entries_below(tile: Tile) -> Option<u64> {
    let level = match tile.kind() {
        TileKind::Hashes(level) => u32::from(level),
        TileKind::Entries => 0,
    };
    let end = tile.start().checked_add(u64::from(tile.width()))?;
    end.checked_mul(WIDTH.checked_pow(level)?)
}

struct ReadProof(u64);

impl Prepare for ReadProof {
    type Answer = String;

    fn what(&self) -> String {
        format!("proof/{}", self.0)
    }

    async fn prepare(&self, room: &Strongroom, caller: &Caller) -> Result<String, Denial> {
        let state = &caller.state;
        Ok(room.receipt(state.id, self.0).await?.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_in_the_tree_from_the_size_that_it_needs() {
        for kind in [
            TileKind::Hashes(0),
            TileKind::Hashes(1),
            TileKind::Hashes(2),
            TileKind::Entries,
        ] {
            for (n, width) in [(0, 1), (0, 256), (3, 17)] {
                let tile = Tile::new(kind, n, width).unwrap();
                let size = entries_below(tile).unwrap();
                assert!(tile.is_in_tree(size), "{tile}");
                assert!(!tile.is_in_tree(size - 1), "{tile}");
            }
        }
    }

    #[test]
    fn a_tile_of_no_possible_log_has_no_size() {
        let high = Tile::new(TileKind::Hashes(63), 0, 1).unwrap();
        assert_eq!(entries_below(high), None);
    }
}
