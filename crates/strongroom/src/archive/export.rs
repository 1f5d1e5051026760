//! Fetching a whole log.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::ProgressBar;
use strongroom_client::{Client, origin_of, verifier_of_origin};
use strongroom_log::{
    Checkpoint, NoteVerifier, Tile, TileSet, prove_consistency, tiles_for_consistency,
    verify_consistency,
};
use strongroom_types::body::ItemsView;

use super::{ArchiveError, CHECKPOINT, KEY, batches, bundles, hash_tiles, items_path};
use crate::progress;

/// How many requests are under way at once.
const PARALLEL: usize = 32;

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
    let before = exported_before(directory, &checkpoint, key)?;
    let mut exported = Exported {
        origin: checkpoint.origin().to_owned(),
        entries: checkpoint.size(),
        files: 0,
        bytes: 0,
    };
    let missing = missing(directory, checkpoint.size());
    let bar = progress::counted("tiles", missing.len().try_into().unwrap_or(u64::MAX));
    let mut fetches = stream::iter(missing.iter().copied())
        .map(|tile| fetch(client, directory, tile, &bar))
        .buffer_unordered(PARALLEL);
    while let Some(bytes) = fetches.try_next().await? {
        exported.files += 1;
        exported.bytes += bytes;
    }
    bar.finish_and_clear();
    if let Some(before) = before
        && let Err(error) = refuse_rewritten(directory, &before, &checkpoint)
    {
        remove(directory, &missing)?;
        return Err(error);
    }
    export_items(client, directory, checkpoint.size(), &mut exported).await?;
    write(&directory.join(KEY), format!("{key}\n").as_bytes())?;
    // Last, so that it never vouches for what is not there.
    write(&directory.join(CHECKPOINT), note.as_bytes())?;
    let tiles = hash_tiles(checkpoint.size()).chain(bundles(checkpoint.size()));
    let tiles = tiles.map(|tile| directory.join(tile.to_string()));
    let items = bundles(checkpoint.size()).map(|bundle| items_path(directory, bundle));
    for path in tiles.chain(items) {
        remove_superseded(&path).map_err(ArchiveError::io(&path))?;
    }
    Ok(exported)
}

/// Removes the narrower forms of a tile, which tlog-tiles permits once there is a wider one.
fn remove_superseded(path: &Path) -> io::Result<()> {
    let (folder, keep) = match path.parent() {
        Some(folder) if folder.extension() == Some("p".as_ref()) => (folder.to_owned(), Some(path)),
        _ => (path.with_extension("p"), None),
    };
    let files = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files?,
    };
    for file in files {
        let file = file?.path();
        if keep != Some(&file) {
            fs::remove_file(file)?;
        }
    }
    keep.map_or_else(|| fs::remove_dir(&folder), |_| Ok(()))
}

pub(super) fn read_checkpoint(note: &str, key: &NoteVerifier) -> Result<Checkpoint, ArchiveError> {
    let origin = origin_of(note);
    let verifier = verifier_of_origin(key, origin)?;
    Ok(Checkpoint::verify(note, &verifier, origin)?)
}

/// The checkpoint of the last export, if there was one. Refuses to mix two logs, and to follow a log
/// that became shorter.
fn exported_before(
    directory: &Path,
    now: &Checkpoint,
    key: &NoteVerifier,
) -> Result<Option<Checkpoint>, ArchiveError> {
    let path = directory.join(CHECKPOINT);
    let note = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
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
    Ok(Some(before))
}

/// Refuses a log that is not the old one with more behind it: the tree of the new checkpoint, read
/// from the archive, must begin with all of the old one.
fn refuse_rewritten(
    directory: &Path,
    before: &Checkpoint,
    now: &Checkpoint,
) -> Result<(), ArchiveError> {
    let (from, to) = (before.size(), now.size());
    let rewritten = |source| ArchiveError::Rewritten { from, source };
    let wanted = tiles_for_consistency(from, to).map_err(|_shrinks| ArchiveError::Shrunk {
        before: from,
        now: to,
    })?;
    let mut tiles = TileSet::default();
    for tile in wanted {
        let path = directory.join(tile.to_string());
        let bytes = fs::read(&path).map_err(ArchiveError::io(&path))?;
        tiles.insert(tile, &bytes)?;
    }
    let proof = prove_consistency(&tiles, from, to)?;
    verify_consistency((from, before.root()), (to, now.root()), &proof).map_err(rewritten)
}

/// Removes what was fetched and does not belong to the log, so that the next export fetches it
/// again.
fn remove(directory: &Path, tiles: &[Tile]) -> Result<(), ArchiveError> {
    for tile in tiles {
        let path = directory.join(tile.to_string());
        fs::remove_file(&path).map_err(ArchiveError::io(&path))?;
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

/// Fetches the items of all batches, one file for each bundle.
async fn export_items(
    client: &Client,
    directory: &Path,
    size: u64,
    exported: &mut Exported,
) -> Result<(), ArchiveError> {
    let bar = progress::counted("entries", size);
    for bundle in bundles(size) {
        let path = items_path(directory, bundle);
        if !path.exists() {
            let bytes = fetch_items(client, directory, bundle, &path).await?;
            exported.files += u64::from(bytes > 0);
            exported.bytes += bytes;
        }
        bar.inc(bundle.width().into());
    }
    bar.finish_and_clear();
    Ok(())
}

/// Fetches the items of a bundle's batches; a bundle without batches has no file.
async fn fetch_items(
    client: &Client,
    directory: &Path,
    bundle: Tile,
    path: &Path,
) -> Result<u64, ArchiveError> {
    let source = directory.join(bundle.to_string());
    let entries = fs::read(&source).map_err(ArchiveError::io(&source))?;
    let items: Vec<ItemsView> = stream::iter(batches(bundle, &entries))
        .map(async |(index, _)| client.log().items(index).await)
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    if items.is_empty() {
        return Ok(0);
    }
    let text = serde_json::to_vec(&items)
        .map_err(io::Error::from)
        .map_err(ArchiveError::io(path))?;
    write(path, &text)?;
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

#[cfg(test)]
mod tests {
    use strongroom_log::{Frontier, leaf_hash};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// Writes the tile of a log whose entries these are.
    fn log_of(folder: &Path, entries: &[&[u8]]) -> Checkpoint {
        let mut log = Frontier::default();
        let mut tile = Vec::new();
        for entry in entries {
            let leaf = leaf_hash(entry);
            log.push(leaf).unwrap();
            tile.extend_from_slice(leaf.as_bytes());
        }
        let name = format!("tile/0/000.p/{}", entries.len());
        write(&folder.join(name), &tile).unwrap();
        Checkpoint::new("example.com/log", log.size(), log.root()).unwrap()
    }

    #[test]
    fn a_log_that_was_rewritten_does_not_continue_an_archive() {
        let folder = tempfile::tempdir().unwrap();
        let before = log_of(folder.path(), &[b"a", b"b", b"c"]);
        let grown = log_of(folder.path(), &[b"a", b"b", b"c", b"d", b"e"]);
        assert!(refuse_rewritten(folder.path(), &before, &grown).is_ok());
        for other in [
            [b"a", b"B", b"c", b"d", b"e"]
                .map(<[u8; 1]>::as_slice)
                .as_slice(),
            &[b"a", b"b", b"C"],
        ] {
            let other = log_of(folder.path(), other);
            let refused = refuse_rewritten(folder.path(), &before, &other);
            assert!(matches!(
                refused,
                Err(ArchiveError::Rewritten { from: 3, .. })
            ));
        }
    }

    #[test]
    fn wider_tiles_supersede_narrower_ones() {
        let folder = tempfile::tempdir().unwrap();
        let tile = folder.path().join("000");
        for width in ["14", "17"] {
            write(&folder.path().join("000.p").join(width), b"x").unwrap();
        }
        remove_superseded(&folder.path().join("000.p/17")).unwrap();
        assert_eq!(names(&folder.path().join("000.p")), ["17"]);
        write(&tile, b"x").unwrap();
        remove_superseded(&tile).unwrap();
        assert_eq!(names(folder.path()), ["000"]);
    }
}
