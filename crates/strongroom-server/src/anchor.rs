//! Checkpoints and tombstones in a directory, behind the Anchor port.
//!
//! ```text
//! ANCHOR/<workspace>.checkpoint             the signed note
//! ANCHOR/<workspace>.<context>.tombstone    JSON
//! ANCHOR/<workspace>.<context>.v<version>.tombstone    JSON, of one version
//! ```
//! Each file is written under another name, synced, renamed, and its directory synced: after a
//! crash it is the old one or the new one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use strongroom_core::ports::{Anchor, AnchorError, Tombstone};
use strongroom_types::WorkspaceId;
use tokio::task::spawn_blocking;

use crate::file;

const CHECKPOINT: &str = "checkpoint";
const TOMBSTONE: &str = "tombstone";

/// A directory, best on another disk than the database.
#[derive(Clone, Debug)]
pub struct FolderAnchor {
    folder: Arc<Path>,
}

impl FolderAnchor {
    /// Makes the directory if it is not there.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: Arc::from(folder),
        })
    }

    /// Runs `work`, which touches the disk, where it stalls no request.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, AnchorError> + Send + 'static,
    ) -> Result<T, AnchorError> {
        let folder = Arc::clone(&self.folder);
        spawn_blocking(move || work(&folder))
            .await
            .map_err(|stopped| AnchorError::Io(io::Error::other(stopped)))?
    }
}

#[async_trait]
impl Anchor for FolderAnchor {
    async fn checkpoints(&self) -> Result<Vec<(WorkspaceId, String)>, AnchorError> {
        self.on_disk(|folder| {
            files(folder, CHECKPOINT)?
                .iter()
                .map(|path| Ok((workspace(path)?, fs::read_to_string(path)?)))
                .collect()
        })
        .await
    }

    async fn put_checkpoint(&self, workspace: WorkspaceId, note: &str) -> Result<(), AnchorError> {
        let note = note.to_owned();
        self.on_disk(move |folder| {
            let path = folder.join(format!("{workspace}.{CHECKPOINT}"));
            Ok(file::replace(&path, note.as_bytes())?)
        })
        .await
    }

    async fn tombstones(&self) -> Result<Vec<Tombstone>, AnchorError> {
        self.on_disk(|folder| {
            files(folder, TOMBSTONE)?
                .iter()
                .map(|path| tombstone(path))
                .collect()
        })
        .await
    }

    async fn put_tombstone(&self, tombstone: &Tombstone) -> Result<(), AnchorError> {
        let tombstone = *tombstone;
        self.on_disk(move |folder| {
            let path = folder.join(tombstone_name(&tombstone));
            let text = serde_json::to_vec(&tombstone).map_err(|_error| AnchorError::Damaged)?;
            Ok(file::replace(&path, &text)?)
        })
        .await
    }
}

/// One file for a whole key context and one for each version that was destroyed alone: none takes
/// the place of another.
fn tombstone_name(tombstone: &Tombstone) -> String {
    let Tombstone {
        workspace,
        context,
        version,
        ..
    } = tombstone;
    if tombstone.only {
        format!("{workspace}.{context}.v{version}.{TOMBSTONE}")
    } else {
        format!("{workspace}.{context}.{TOMBSTONE}")
    }
}

/// The files with this ending, sorted; one that a crash left under its temporary name has another.
fn files(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn workspace(path: &Path) -> Result<WorkspaceId, AnchorError> {
    path.file_stem()
        .and_then(|stem| stem.to_str()?.parse().ok())
        .ok_or(AnchorError::Damaged)
}

fn tombstone(path: &Path) -> Result<Tombstone, AnchorError> {
    serde_json::from_slice(&fs::read(path)?).map_err(|_error| AnchorError::Damaged)
}

#[cfg(test)]
mod tests {
    use strongroom_types::{ContextId, KeyVersion};

    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([1; 16]);

    #[tokio::test]
    async fn the_last_checkpoint_of_each_log_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = FolderAnchor::open(&folder.path().join("anchor")).unwrap();
        let other = WorkspaceId::from_bytes([2; 16]);
        for (workspace, note) in [(WORKSPACE, "one"), (other, "other"), (WORKSPACE, "two")] {
            anchor.put_checkpoint(workspace, note).await.unwrap();
        }
        let again = FolderAnchor::open(&folder.path().join("anchor")).unwrap();
        let expected = [(WORKSPACE, "two".to_owned()), (other, "other".to_owned())];
        assert_eq!(again.checkpoints().await.unwrap(), expected);
    }

    #[tokio::test]
    async fn tombstones_round_trip_and_damage_is_not_overlooked() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = FolderAnchor::open(folder.path()).unwrap();
        let tombstone = Tombstone {
            workspace: WORKSPACE,
            context: ContextId::from_bytes([3; 32]),
            version: KeyVersion(2),
            only: false,
            destroyed: 4,
            final_after: 5,
        };
        let single = |version| Tombstone {
            version: KeyVersion(version),
            only: true,
            ..tombstone
        };
        for put in [tombstone, single(1), single(2)] {
            anchor.put_tombstone(&put).await.unwrap();
        }
        let expected = [tombstone, single(1), single(2)];
        assert_eq!(anchor.tombstones().await.unwrap(), expected);
        fs::write(folder.path().join("x.tombstone"), "{").unwrap();
        assert!(matches!(
            anchor.tombstones().await,
            Err(AnchorError::Damaged)
        ));
    }

    #[tokio::test]
    async fn a_write_that_a_crash_cut_short_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = FolderAnchor::open(folder.path()).unwrap();
        anchor.put_checkpoint(WORKSPACE, "whole").await.unwrap();
        // What is on disk between the write and the rename.
        let half = format!("{WORKSPACE}.{CHECKPOINT}.{}", file::TEMPORARY);
        fs::write(folder.path().join(half), "ha").unwrap();
        let expected = [(WORKSPACE, "whole".to_owned())];
        assert_eq!(anchor.checkpoints().await.unwrap(), expected);
    }
}
