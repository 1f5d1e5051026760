//! A whole log in a directory, as C2SP `tlog-tiles` lays it out, so that other people's tools read
//! it too.
//!
//! ```text
//! DIR/checkpoint               the signed state that the rest is checked against
//! DIR/tile/<L>/<N>[.p/<W>]     tiles of hashes
//! DIR/tile/entries/<N>[.p/<W>] entry bundles
//! DIR/items/<N>[.p/<W>].json   the items of the batches in the entry bundle of that name
//! DIR/key                      the public key that the export was checked with
//! ```
//!
//! The key in the directory is a convenience: who alters a log can alter it too. Verifying asks for
//! one that was kept elsewhere, and refuses a directory whose key is another. There is no other file
//! in a directory that verifies, and each file is as it was written.

mod error;
mod export;
mod items;
mod tiles;
mod verify;

pub(crate) use error::ArchiveError;
pub(crate) use export::export;
pub(crate) use verify::verify;

use std::path::{Path, PathBuf};

use strongroom_log::{Entry, EntryBundle, Hash, Tile, TileKind};

/// The file of the signed state.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// The file of the public key.
const KEY: &str = "key";

/// The file of the items that belong to an entry bundle.
fn items_path(directory: &Path, bundle: Tile) -> PathBuf {
    let name = bundle.to_string();
    let name = name.strip_prefix("tile/entries/").unwrap_or(&name);
    directory.join("items").join(format!("{name}.json"))
}

/// The entries of a bundle that are batches: their indices and the roots over their items. A
/// malformed entry is the verifier's to name.
fn batches(bundle: Tile, bytes: &[u8]) -> Vec<(u64, Hash)> {
    let entries = EntryBundle::entries(bytes).map_while(Result::ok);
    (bundle.start()..)
        .zip(entries)
        .filter_map(|(index, entry)| Some((index, Entry::decode(entry).ok()?.items?)))
        .collect()
}

/// The entry bundles of a log of `size` entries, in order.
fn bundles(size: u64) -> impl Iterator<Item = Tile> {
    (0..).map_while(move |index| Tile::in_tree(TileKind::Entries, index, size))
}

/// The hash tiles of a log of `size` entries, from the leaves up.
fn hash_tiles(size: u64) -> impl Iterator<Item = Tile> {
    // Eight levels of 256 hashes each cover 2^64 entries.
    (0..8u8).flat_map(move |level| {
        let kind = TileKind::Hashes(level);
        (0..).map_while(move |index| Tile::in_tree(kind, index, size))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_the_tree() {
        let paths: Vec<_> = hash_tiles(257)
            .chain(bundles(257))
            .map(|t| t.to_string())
            .collect();
        let expected = [
            "tile/0/000",
            "tile/0/001.p/1",
            "tile/1/000.p/1",
            "tile/entries/000",
            "tile/entries/001.p/1",
        ];
        assert_eq!(paths, expected);
    }
}
