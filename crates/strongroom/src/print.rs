//! The one place that writes to the terminal.
//!
//! Standard output carries what was asked for, standard error everything said about it, so that a
//! pipe gets only the former.

use std::fmt::Display;
use std::io::{self, Write as _};

use serde::Serialize;

/// Writes a line of what was asked for.
///
/// # Errors
/// The reader of the pipe went away.
pub(crate) fn line(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Writes a line about what happens. A reader who went away does not stop the work.
pub(crate) fn note(text: impl Display) {
    let _closed = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a value as indented JSON.
///
/// # Errors
/// The reader of the pipe went away.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    line(serde_json::to_string_pretty(value)?)
}
