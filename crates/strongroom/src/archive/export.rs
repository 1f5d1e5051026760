//! Fetching a whole log.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::ProgressBar;
use strongroom_client::{Client, origin_of, verifier_of_origin};
use strongroom_log::{Checkpoint, Entry, EntryBundle, NoteVerifier, Tile};

use super::{ArchiveError, CHECKPOINT, bundles, hash_tiles, items_path};
use crate::progress;

/// How many requests are under way at once.
const PARALLEL: usize = 8;

/// What an export came to.
#[derive(Clone, Debug)]
pub(crate) struct Exported {
    pub(crate) origin: String,
    pub(crate) entries: u64,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// Brings `directory` up to the server's newest checkpoint. What is there already is kept, so that
/// an export that was stopped, or an older one, is continued.
pub(crate) async fn export(
    client: &Client,
    key: &NoteVerifier,
    directory: &Path,
) -> Result<Exported, ArchiveError> {
    let note = client.log().checkpoint().await?;
    let checkpoint = read_checkpoint(&note, key)?;
    refuse_other(directory, &checkpoint, key)?;
    let mut exported = Exported {
        origin: checkpoint.origin().to_owned(),
        entries: checkpoint.size(),
        files: 0,
        bytes: 0,
    };
    let missing = missing(directory, checkpoint.size());
    let bar = progress::counted("tiles", missing.len().try_into().unwrap_or(u64::MAX));
    let mut fetches = stream::iter(missing)
        .map(|tile| fetch(client, directory, tile, &bar))
        .buffer_unordered(PARALLEL);
    while let Some(bytes) = fetches.try_next().await? {
        exported.files += 1;
        exported.bytes += bytes;
    }
    bar.finish_and_clear();
    export_items(client, directory, checkpoint.size(), &mut exported).await?;
    // Last, so that it never vouches for what is not there.
    write(&directory.join(CHECKPOINT), note.as_bytes())?;
    Ok(exported)
}

pub(super) fn read_checkpoint(note: &str, key: &NoteVerifier) -> Result<Checkpoint, ArchiveError> {
    let origin = origin_of(note);
    let verifier = verifier_of_origin(key, origin)?;
    Ok(Checkpoint::verify(note, &verifier, origin)?)
}

/// Refuses to mix two logs, and to follow a log that became shorter.
fn refuse_other(
    directory: &Path,
    now: &Checkpoint,
    key: &NoteVerifier,
) -> Result<(), ArchiveError> {
    let path = directory.join(CHECKPOINT);
    let note = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(ArchiveError::io(&path))?,
    };
    let before = read_checkpoint(&note, key)?;
    if before.origin() != now.origin() {
        return Err(ArchiveError::OtherLog {
            found: before.origin().to_owned(),
        });
    }
    if before.size() > now.size() {
        return Err(ArchiveError::Shrunk {
            before: before.size(),
            now: now.size(),
        });
    }
    Ok(())
}

fn missing(directory: &Path, size: u64) -> Vec<Tile> {
    hash_tiles(size)
        .chain(bundles(size))
        .filter(|tile| !directory.join(tile.to_string()).exists())
        .collect()
}

async fn fetch(
    client: &Client,
    directory: &Path,
    tile: Tile,
    bar: &ProgressBar,
) -> Result<u64, ArchiveError> {
    let bytes = client.log().tile(tile).await?;
    write(&directory.join(tile.to_string()), &bytes)?;
    bar.inc(1);
    Ok(bytes.len().try_into().unwrap_or(u64::MAX))
}

async fn export_items(
    client: &Client,
    directory: &Path,
    size: u64,
    exported: &mut Exported,
) -> Result<(), ArchiveError> {
    let indices = batches(directory, size)?;
    let bar = progress::counted("batches", indices.len().try_into().unwrap_or(u64::MAX));
    let mut fetches = stream::iter(indices)
        .map(|index| fetch_items(client, directory, index, &bar))
        .buffer_unordered(PARALLEL);
    while let Some(bytes) = fetches.try_next().await? {
        exported.files += 1;
        exported.bytes += bytes;
    }
    bar.finish_and_clear();
    Ok(())
}

/// The entries that have items which are not there yet.
fn batches(directory: &Path, size: u64) -> Result<Vec<u64>, ArchiveError> {
    let mut found = Vec::new();
    for tile in bundles(size) {
        let path = directory.join(tile.to_string());
        let bundle = fs::read(&path).map_err(ArchiveError::io(&path))?;
        let entries = EntryBundle::entries(&bundle).map_while(Result::ok);
        for (index, bytes) in (tile.start()..).zip(entries) {
            // A malformed entry is the verifier's to name.
            let has_items = Entry::decode(bytes).is_ok_and(|entry| entry.items.is_some());
            if has_items && !items_path(directory, index).exists() {
                found.push(index);
            }
        }
    }
    Ok(found)
}

async fn fetch_items(
    client: &Client,
    directory: &Path,
    index: u64,
    bar: &ProgressBar,
) -> Result<u64, ArchiveError> {
    let path = items_path(directory, index);
    let items = client.log().items(index).await?;
    let text = serde_json::to_vec(&items).map_err(|error| ArchiveError::Io {
        path: path.clone(),
        source: error.into(),
    })?;
    write(&path, &text)?;
    bar.inc(1);
    Ok(text.len().try_into().unwrap_or(u64::MAX))
}

/// Writes a file as a whole or not at all.
fn write(path: &Path, content: &[u8]) -> Result<(), ArchiveError> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    fs::create_dir_all(&folder)
        .and_then(|()| tempfile::NamedTempFile::new_in(&folder))
        .and_then(|mut file| {
            file.write_all(content)?;
            file.as_file().sync_all()?;
            Ok(file.persist(path)?)
        })
        .map(drop)
        .map_err(ArchiveError::io(path))
}
