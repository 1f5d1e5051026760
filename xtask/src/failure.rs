//! Why a task of the workshop failed.

use std::error::Error;
use std::io;
use std::path::PathBuf;

/// Why a task failed; the details were printed where they happened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A program ended with another status than 0, or could not be started.
    #[error("{program} failed: {reason}")]
    Command { program: String, reason: String },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// A program printed something else than the JSON it promises.
    #[error("unreadable JSON from {program}: {source}")]
    Json {
        program: &'static str,
        source: serde_json::Error,
    },
    /// Something cannot be installed here; its suite can be left out by name.
    #[error("{tool} is missing and cannot be installed here: {reason}")]
    Missing {
        tool: &'static str,
        reason: &'static str,
    },
    /// A page that the rules are about does not exist.
    #[error("there is no {0}")]
    NoPage(&'static str),
    /// A suite ended well without running a single test.
    #[error("no test ran")]
    NoTest,
    /// The demo did not end with its closing line.
    #[error("the demo did not end with `demo: ok`")]
    Demo,
    /// A checked-in file differs from what the code generates.
    #[error("{} is out of date: run `cargo xtask {task}`", path.display())]
    OutOfDate { path: PathBuf, task: &'static str },
    /// Suites failed; their output was printed.
    #[error("{0} suite(s) failed")]
    Suites(usize),
    /// Rules of the house are broken; each was printed.
    #[error("{0} finding(s)")]
    Untidy(usize),
    /// The vectors could not be made, or differ.
    #[error("vectors: {0}")]
    Vectors(Box<dyn Error>),
}

impl Failure {
    /// Names the file that an I/O error is about.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        |source| Self::File {
            path: path.into(),
            source,
        }
    }
}
