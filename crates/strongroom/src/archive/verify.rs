//! Checking a whole log offline, with nothing but the public key.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use strongroom_client::verifier_of_origin;
use strongroom_log::{LogVerifier, NoteVerifier, Tile, TileKind};
use strongroom_types::body::ItemsView;

use super::export::read_checkpoint;
use super::{
    ArchiveError, CHECKPOINT, KEY, batches, bundles, hash_tiles, items, items_path, tiles,
};
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
/// signed over, that every tile holds the hashes of what is below it, that the items of batches are
/// those that their entries name, and that there is no other file.
pub(crate) fn verify(directory: &Path, key: &NoteVerifier) -> Result<Verified, ArchiveError> {
    let note = text(&directory.join(CHECKPOINT))?;
    let checkpoint = read_checkpoint(&note, key)?;
    let mut verified = Verified {
        origin: checkpoint.origin().to_owned(),
        entries: checkpoint.size(),
        bytes: 0,
        batches: 0,
    };
    let mut files = BTreeSet::from([directory.join(CHECKPOINT), directory.join(KEY)]);
    verify_key(&directory.join(KEY), key, checkpoint.origin())?;
    let mut verifier = LogVerifier::default();
    let mut full = Vec::new();
    let bar = progress::counted("entries", checkpoint.size());
    for tile in bundles(checkpoint.size()) {
        let bundle = read(directory, tile)?;
        let hashes = read(directory, leaves_of(tile)?)?;
        verifier.bundle_with_tile(&bundle, &hashes)?;
        full.extend(tiles::root_of_full(tile, &hashes)?);
        let batches = verify_items(directory, tile, &bundle)?;
        files.extend((batches > 0).then(|| items_path(directory, tile)));
        verified.batches += batches;
        verified.bytes += u64::try_from(bundle.len()).unwrap_or(u64::MAX);
        bar.inc(tile.width().into());
    }
    bar.finish_and_clear();
    verifier.check(&checkpoint)?;
    tiles::verify_above(directory, checkpoint.size(), full)?;
    let tiles = hash_tiles(checkpoint.size()).chain(bundles(checkpoint.size()));
    files.extend(tiles.map(|tile| directory.join(tile.to_string())));
    refuse_surplus(directory, &files)?;
    Ok(verified)
}

/// The bytes of a file that the log has.
fn bytes(path: &Path) -> Result<Vec<u8>, ArchiveError> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ArchiveError::Missing {
            path: path.to_owned(),
        },
        _ => ArchiveError::io(path)(error),
    })
}

fn text(path: &Path) -> Result<String, ArchiveError> {
    String::from_utf8(bytes(path)?)
        .map_err(io::Error::other)
        .map_err(ArchiveError::io(path))
}

pub(super) fn read(directory: &Path, tile: Tile) -> Result<Vec<u8>, ArchiveError> {
    bytes(&directory.join(tile.to_string()))
}

/// The key beside the log is not believed, but another one than the reader's is a sign that
/// something was changed. It may name the deployment or this log.
fn verify_key(path: &Path, key: &NoteVerifier, origin: &str) -> Result<(), ArchiveError> {
    let line = text(path)?;
    let other = || ArchiveError::OtherKey {
        path: path.to_owned(),
    };
    let beside: NoteVerifier = line
        .strip_suffix('\n')
        .and_then(|line| line.parse().ok())
        .ok_or_else(other)?;
    let expected = verifier_of_origin(key, origin)?;
    let same = verifier_of_origin(&beside, origin).is_ok_and(|one| one == expected);
    if !same || line != format!("{beside}\n") {
        return Err(other());
    }
    Ok(())
}

/// Refuses files that a log of this size does not have.
fn refuse_surplus(folder: &Path, files: &BTreeSet<PathBuf>) -> Result<(), ArchiveError> {
    for entry in fs::read_dir(folder).map_err(ArchiveError::io(folder))? {
        let entry = entry.map_err(ArchiveError::io(folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(ArchiveError::io(&path))?;
        if kind.is_dir() {
            refuse_surplus(&path, files)?;
        } else if !files.contains(&path) {
            return Err(ArchiveError::Surplus { path });
        }
    }
    Ok(())
}

/// The tile of leaf hashes beside a bundle.
fn leaves_of(bundle: Tile) -> Result<Tile, ArchiveError> {
    Ok(Tile::new(
        TileKind::Hashes(0),
        bundle.index(),
        bundle.width(),
    )?)
}

/// Checks the items of a bundle's batches; tells how many batches there are.
fn verify_items(directory: &Path, bundle: Tile, entries: &[u8]) -> Result<u64, ArchiveError> {
    let batches = batches(bundle, entries);
    if batches.is_empty() {
        return Ok(0);
    }
    let path = items_path(directory, bundle);
    let text = bytes(&path)?;
    let views: Vec<ItemsView> = serde_json::from_slice(&text)
        .map_err(io::Error::from)
        .map_err(ArchiveError::io(&path))?;
    // What is written again as it was read has no field that nobody checks.
    let again = serde_json::to_vec(&views)
        .map_err(io::Error::from)
        .map_err(ArchiveError::io(&path))?;
    if again != text || views.len() != batches.len() {
        return Err(ArchiveError::ItemsFile { path });
    }
    for ((index, root), view) in batches.iter().zip(&views) {
        if view.index != *index || !items::are_of(view, root) {
            return Err(ArchiveError::Items { index: *index });
        }
    }
    Ok(batches.len().try_into().unwrap_or(u64::MAX))
}
