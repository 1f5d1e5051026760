//! What is remembered outside the database, as a port: the last checkpoints and the tombstones.

use core::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use strongroom_types::{ContextId, KeyVersion, WorkspaceId};

use super::Micros;

/// A place outside the database that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// An I/O error.
    #[error("checkpoints outside the database cannot be read or written")]
    Io(#[from] std::io::Error),
    /// A file that is not as it was written.
    #[error("checkpoint or tombstone outside the database is damaged")]
    Damaged,
}

/// Says that keys of a key context were destroyed, so that a restored database destroys them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The key context.
    pub context: ContextId,
    /// The newest version of its key then, or the one version that was destroyed.
    pub version: KeyVersion,
    /// Only that version was destroyed; the key context lives on.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub only: bool,
    /// When it was destroyed: keys made later are not meant.
    pub destroyed: Micros,
    /// Until when copies may exist in backups.
    pub final_after: Micros,
}

impl Tombstone {
    /// Whether this version of the key was destroyed.
    #[must_use]
    pub fn covers(&self, version: KeyVersion) -> bool {
        if self.only {
            version == self.version
        } else {
            version <= self.version
        }
    }
}

/// Remembers, outside the database, how long each log was and what was destroyed.
#[async_trait]
pub trait Anchor: Send + Sync + Debug {
    /// The last checkpoint of each log.
    ///
    /// # Errors
    /// It cannot be read.
    async fn checkpoints(&self) -> Result<Vec<(WorkspaceId, String)>, AnchorError>;

    /// Remembers a log's checkpoint, durably, in place of the one before.
    ///
    /// # Errors
    /// It cannot be written.
    async fn put_checkpoint(&self, workspace: WorkspaceId, note: &str) -> Result<(), AnchorError>;

    /// All tombstones.
    ///
    /// # Errors
    /// They cannot be read.
    async fn tombstones(&self) -> Result<Vec<Tombstone>, AnchorError>;

    /// Remembers a tombstone, durably.
    ///
    /// # Errors
    /// It cannot be written.
    async fn put_tombstone(&self, tombstone: &Tombstone) -> Result<(), AnchorError>;
}
