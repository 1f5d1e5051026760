//! Why a whole transaction was given up, and what its callers are told.

use std::sync::Arc;

use strongroom_core::ports::{CommitError, StoreError};
use strongroom_crypto::entropy::EntropyUnavailable;
use strongroom_log::{BundleError, FrontierError};

use crate::database::OpenError;

/// Why a transaction was given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Abort {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Embedded(#[from] rusqlite::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Connect(#[from] OpenError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error(transparent)]
    Frontier(#[from] FrontierError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error("database took too long")]
    TimedOut,
    #[error("it is not known whether an earlier transaction was committed")]
    Doubt,
    #[error("database is closed")]
    Closed,
}

/// SQLSTATE of errors after which the same transaction may well succeed: serialization failure,
/// deadlock, and the three ways in which a server says that it is going away.
const TRANSIENT: [&str; 5] = ["40001", "40P01", "57P01", "57P02", "57P03"];

impl Abort {
    /// Whether the same transaction may succeed when it is tried again at once.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => is_transient(error),
            Self::Store(StoreError::Unavailable(cause)) => {
                cause.downcast_ref().is_some_and(is_transient)
            }
            _ => false,
        }
    }

    /// What the caller of a write is told.
    pub(crate) fn into_store_error(self) -> StoreError {
        match self {
            Self::Store(error) => error,
            other => StoreError::Unavailable(Box::new(other)),
        }
    }
}

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(cause) => cause
            .code()
            .is_some_and(|code| TRANSIENT.contains(&code.as_ref())),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

/// The cause that all callers of a transaction share.
#[derive(Clone, Debug, thiserror::Error)]
#[error("transaction was given up")]
pub(crate) struct Aborted(#[source] Arc<Abort>);

impl Aborted {
    pub(crate) fn new(abort: Abort) -> Self {
        Self(Arc::new(abort))
    }

    /// What each caller is told.
    pub(crate) fn answer(&self) -> CommitError {
        StoreError::Unavailable(Box::new(self.clone())).into()
    }
}
