//! Checking a whole log offline, with nothing but the public key.

use std::fs;
use std::io;
use std::path::Path;

use strongroom_log::{LogVerifier, NoteVerifier, Tile, TileKind};
use strongroom_types::body::ItemsView;

use super::export::read_checkpoint;
use super::{ArchiveError, CHECKPOINT, batches, bundles, items, items_path};
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
        verified.batches += verify_items(directory, tile, &bundle)?;
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

/// Checks the items of a bundle's batches; tells how many batches there are.
fn verify_items(directory: &Path, bundle: Tile, bytes: &[u8]) -> Result<u64, ArchiveError> {
    let batches = batches(bundle, bytes);
    if batches.is_empty() {
        return Ok(0);
    }
    let path = items_path(directory, bundle);
    let text = fs::read(&path).map_err(ArchiveError::io(&path))?;
    let views: Vec<ItemsView> = serde_json::from_slice(&text)
        .map_err(io::Error::from)
        .map_err(ArchiveError::io(&path))?;
    let mut views = views.iter();
    for (index, root) in &batches {
        let view = views.next().filter(|view| view.index == *index);
        if !view.is_some_and(|view| items::are_of(view, root)) {
            return Err(ArchiveError::Items { index: *index });
        }
    }
    Ok(batches.len().try_into().unwrap_or(u64::MAX))
}
