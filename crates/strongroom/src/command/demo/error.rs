//! What ends the demo.

use std::io;
use std::path::PathBuf;

use strongroom_client::{ClientError, EntryProofError};
use strongroom_log::NoteError;
use strongroom_server::StartError;
use strongroom_types::{Code, ContextError};

use crate::archive::ArchiveError;

/// What ends the demo: something that was promised is not so, or something does not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("table `{}`", path.display())]
    Csv {
        path: PathBuf,
        #[source]
        source: csv::Error,
    },
    #[error("the table has no column `{column}`")]
    Column { column: String },
    #[error("line {line} of the table has nothing in column `{column}`")]
    EmptyCell { line: u64, column: String },
    #[error(
        "the table has {tenants} tenants and {identities} identities; the demo needs two of each"
    )]
    TooSmall { tenants: usize, identities: usize },
    #[error("a tenant's name cannot be a key context")]
    Context(#[from] ContextError),
    #[error("temporary directory")]
    Directory(#[source] io::Error),
    #[error(transparent)]
    Server(#[from] StartError),
    #[error("development issuer")]
    Issuer(#[source] reqwest::Error),
    #[error("the log's public key is malformed")]
    Key(#[from] NoteError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Proof(#[from] EntryProofError),
    #[error("standard output")]
    Output(#[from] io::Error),
    #[error("row {row} was not sealed: {code}")]
    NotSealed { row: usize, code: Code },
    #[error("row {row} does not open: {code}")]
    NotOpened { row: usize, code: Code },
    #[error("row {row} opens to something else")]
    OpenedDifferently { row: usize },
    #[error("row {row} of the destroyed tenant still opens")]
    StillOpens { row: usize },
    #[error("row {row} was not rewrapped: {code}")]
    NotRewrapped { row: usize, code: Code },
    #[error("row {row} was rewrapped, but not to the new version")]
    OldVersion { row: usize },
    #[error("not refused: {what}")]
    NotRefused { what: &'static str },
    #[error("refused with {code}, which is not the reason: {what}")]
    RefusedOtherwise { what: &'static str, code: Code },
    #[error("the entry of a refusal is missing: {what}")]
    NotLogged { what: &'static str },
    #[error("no checkpoint covers entry {index}")]
    NotCovered { index: u64 },
    #[error("entry {index} of the log does not say that somebody was refused")]
    RefusalMissing { index: u64 },
    #[error("an altered log passes the verifier")]
    AlterationMissed,
}
