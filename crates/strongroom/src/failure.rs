//! Why a command failed.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};

use strongroom_client::split::{SplitError, SplitTextError};
use strongroom_client::stack::StackError;
use strongroom_client::store::{ClientSecretError, StoreError};
use strongroom_client::{ClientError, EntryProofError, TransportError};
use strongroom_crypto::entropy::EntropyUnavailable;
use strongroom_log::{NoteError, ReceiptError};
use strongroom_server::StartError;
use strongroom_server::telemetry::TelemetryError;
use strongroom_types::body::LogEntryId;

use crate::archive::ArchiveError;
use crate::command::convert::ConvertError;
use crate::command::demo::DemoError;
use crate::command::import::{CryptoServeImportError, StackImportError};
use crate::config::ConfigError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Server(#[from] StartError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Proof(#[from] EntryProofError),
    #[error("the receipt does not hold")]
    Receipt(#[from] ReceiptError),
    #[error("the log's public key is malformed")]
    Key(#[from] NoteError),
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error(transparent)]
    Convert(#[from] ConvertError),
    #[error(transparent)]
    Import(#[from] StackImportError),
    #[error(transparent)]
    CryptoServeImport(#[from] CryptoServeImportError),
    #[error(transparent)]
    Stack(#[from] StackError),
    /// A ciphertext opened in part or not at all.
    #[error(
        "the ciphertext did not open to its end: it was altered or cut, or the server stopped{}",
        entry_of(*log_entry)
    )]
    NotOpened {
        log_entry: Option<LogEntryId>,
        #[source]
        source: TransportError,
    },
    /// A file cannot be used.
    #[error("cannot use `{}`", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Standard input or output is gone.
    #[error("standard input or output")]
    Terminal(#[from] io::Error),
    /// `doctor` found something.
    #[error("{faults} of what is stored is not as the log says")]
    Unwell { faults: usize },
    /// An object is asked for by a name that none has.
    #[error("no object has this name")]
    NoSuchObject,
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file holds no secret of a store.
    #[error(transparent)]
    StoreSecret(#[from] ClientSecretError),
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A file or argument holds no key, pin or fingerprint of split keys.
    #[error(transparent)]
    SplitText(#[from] SplitTextError),
    /// There is no randomness for a secret.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// A store is to be opened, and nothing opens it.
    #[error("name the file with the store's secret or passphrase")]
    NoStoreKey,
    /// A file does not hold what is remembered of a store.
    #[error("`{}` does not hold what is remembered of a store", path.display())]
    StoreMemory { path: PathBuf },
    /// What is to be kept is no JSON object of texts.
    #[error("expected a JSON object of names and texts, `null` for what is deleted")]
    RecordsInput,
    /// There is no such record, or no such version of it.
    #[error("no record has this name, or not this version")]
    NoSuchRecord,
    /// `init` on a directory that is in use.
    #[error("`{}` is a deployment already", path.display())]
    Initialised { path: PathBuf },
}

/// An entry, to be put after what it is about.
fn entry_of(log_entry: Option<LogEntryId>) -> String {
    log_entry.map_or_else(String::new, |entry| format!(", log entry {entry}"))
}

impl Failure {
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    /// The error and what caused it, on one line.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}
