//! Checking a whole log offline, with nothing but the public key.

use std::fs;
use std::io;
use std::path::Path;

use strongroom_log::{Entry, EntryBundle, LogVerifier, NoteVerifier, Tile, TileKind};
use strongroom_types::body::ItemsView;

use super::export::read_checkpoint;
use super::{ArchiveError, CHECKPOINT, bundles, items, items_path};
use crate::progress;

/// What was checked.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) origin: String,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    /// Batches whose items are in the archive and match their entry.
    pub(crate) batches: u64,
}

/// Checks that the checkpoint is signed by the key, that the entries are exactly those it was
/// signed over, and that the items of batches are those that their entries name.
pub(crate) fn verify(directory: &Path, key: &NoteVerifier) -> Result<Verified, ArchiveError> {
    let path = directory.join(CHECKPOINT);
    let note = fs::read_to_string(&path).map_err(ArchiveError::io(&path))?;
    let checkpoint = read_checkpoint(&note, key)?;
    let mut verified = Verified {
        origin: checkpoint.origin().to_owned(),
        entries: checkpoint.size(),
        bytes: 0,
        batches: 0,
    };
    let mut verifier = LogVerifier::default();
    let bar = progress::counted("entries", checkpoint.size());
    for tile in bundles(checkpoint.size()) {
        let bundle = read(directory, tile)?;
        let hashes = read(directory, leaves_of(tile)?)?;
        verifier.bundle_with_tile(&bundle, &hashes)?;
        verified.batches += verify_items(directory, tile.start(), &bundle)?;
        verified.bytes += u64::try_from(bundle.len()).unwrap_or(u64::MAX);
        bar.inc(tile.width().into());
    }
    bar.finish_and_clear();
    verifier.check(&checkpoint)?;
    Ok(verified)
}

fn read(directory: &Path, tile: Tile) -> Result<Vec<u8>, ArchiveError> {
    let path = directory.join(tile.to_string());
    fs::read(&path).map_err(ArchiveError::io(&path))
}

/// The tile of leaf hashes beside a bundle.
fn leaves_of(bundle: Tile) -> Result<Tile, ArchiveError> {
    Tile::new(TileKind::Hashes(0), bundle.index(), bundle.width()).map_err(|error| {
        ArchiveError::Io {
            path: bundle.to_string().into(),
            source: io::Error::other(error),
        }
    })
}

fn verify_items(directory: &Path, start: u64, bundle: &[u8]) -> Result<u64, ArchiveError> {
    let mut batches = 0;
    let entries = EntryBundle::entries(bundle).map_while(Result::ok);
    for (index, bytes) in (start..).zip(entries) {
        let Some(root) = Entry::decode(bytes).ok().and_then(|entry| entry.items) else {
            continue;
        };
        let path = items_path(directory, index);
        let text = fs::read(&path).map_err(ArchiveError::io(&path))?;
        let view: Option<ItemsView> = serde_json::from_slice(&text).ok();
        if !view.is_some_and(|view| view.index == index && items::are_of(&view, &root)) {
            return Err(ArchiveError::Items { index });
        }
        batches += 1;
    }
    Ok(batches)
}
