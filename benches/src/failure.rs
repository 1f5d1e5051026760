//! Why a measurement could not be made.

use std::error::Error;
use std::io;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file, a socket or a process.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A server answered something that is not JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A server answered with another status than the 2xx that was expected.
    #[error("answered {status}: {body}")]
    Status {
        /// The status code.
        status: u16,
        /// What the server said.
        body: String,
    },
    /// A server answered something that is not HTTP/1.1, or broke off.
    #[error("answer is not HTTP/1.1, or broke off")]
    NotHttp,
    /// A server did not start within its time.
    #[error("{0} did not become ready")]
    NotReady(&'static str),
    /// A field is missing in a server's answer.
    #[error("answer has no field {0}")]
    NoField(&'static str),
    /// A primitive refused.
    #[error("a cryptographic operation failed")]
    Crypto(#[from] aws_lc_rs::error::Unspecified),
    /// A library of ours refused what it was given.
    #[error(transparent)]
    Library(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// Takes an error of a library of ours, whichever it is: it is only shown.
    pub fn other(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Library(Box::new(error))
    }
}
