//! Why an archive could not be made or does not hold.

use std::io;
use std::path::{Path, PathBuf};

use strongroom_client::{ClientError, EntryProofError};
use strongroom_log::{CheckpointError, ProofError, ProveError, Tile, TileError, VerifyError};

/// Why an archive could not be made or does not hold.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// A file could not be read or written.
    #[error("cannot use `{}`", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The server did not give what was asked for.
    #[error(transparent)]
    Server(#[from] ClientError),
    /// The log's own key is not the one given.
    #[error(transparent)]
    Key(#[from] EntryProofError),
    /// The checkpoint is not signed by the key.
    #[error("the checkpoint does not hold")]
    Checkpoint(#[from] CheckpointError),
    /// The entries are not those that were signed.
    #[error(transparent)]
    Entries(#[from] VerifyError),
    /// The items of a batch are not those that its entry names.
    #[error("the items of entry {index} are not those that it names")]
    Items { index: u64 },
    /// The items of a bundle's batches are not written as an export writes them, each once.
    #[error("`{}` does not hold the items of its batches and nothing else", path.display())]
    ItemsFile { path: PathBuf },
    /// A file of the log is not there.
    #[error("`{}` is missing", path.display())]
    Missing { path: PathBuf },
    /// A file that the log does not have.
    #[error("`{}` does not belong to the log", path.display())]
    Surplus { path: PathBuf },
    /// The key in the directory is not the one given.
    #[error("`{}` is not the key given", path.display())]
    OtherKey { path: PathBuf },
    /// A tile above the leaves is not that of the tree.
    #[error("`{tile}` does not hold the hashes of the tiles below it")]
    Hashes { tile: Tile },
    /// The directory holds the archive of another log.
    #[error("the directory holds another log, `{found}`")]
    OtherLog { found: String },
    /// The directory holds more than the server now has: the server's log was cut.
    #[error("the server's log has {now} entries, but {before} were exported earlier")]
    Shrunk { before: u64, now: u64 },
    /// The server's log does not begin with what was exported.
    #[error(
        "the server's log is not the one that was exported: it does not begin with the same {from} \
         entries. The archive still holds the old ones"
    )]
    Rewritten {
        from: u64,
        #[source]
        source: ProofError,
    },
    /// The server gave a tile that is none.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The tiles do not make up a tree.
    #[error("the tiles do not make up a tree")]
    Tree(#[from] ProveError<TileError>),
}

impl ArchiveError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
