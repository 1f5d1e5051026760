//! Checkpoints: the signed state of a log, C2SP `tlog-checkpoint`.

use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;
use crate::note::{NoteError, NoteSigner, NoteVerifier, SignedNote};

/// A checkpoint that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note is malformed or not signed by the key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The origin is empty or has a control character.
    #[error("not an origin of a log")]
    Origin,
    /// The size is not a decimal number without leading zeroes.
    #[error("not the size of a log")]
    Size,
    /// The root is not 32 bytes in base64.
    #[error("not the root of a log")]
    Root,
    /// An extension line is empty or unfinished.
    #[error("a malformed extension line")]
    Extension,
    /// The checkpoint is of another log.
    #[error("the checkpoint is of another log")]
    OtherOrigin,
}

/// The state of a log: all its entries, named by their number and the root over them.
///
/// ```text
/// origin ‖ LF ‖ size in decimal ‖ LF ‖ base64(root) ‖ LF ‖ (extension line ‖ LF) × 0 or more
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// States a log's size and root. Our logs have no extension lines.
    ///
    /// # Errors
    /// The origin is empty or has a control character.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        if origin.is_empty() || origin.contains(char::is_control) {
            return Err(CheckpointError::Origin);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions: Vec::new(),
        })
    }

    /// Signs it. Whoever signs has read the size and root back from where they are durable.
    ///
    /// # Errors
    /// The signature could not be made.
    pub fn sign(&self, signer: &NoteSigner) -> Result<SignedNote, NoteError> {
        SignedNote::sign(self.to_string(), signer)
    }

    /// Reads the text of a signed checkpoint, if it is signed by the key and of the log `origin`.
    ///
    /// # Errors
    /// The rule that does not hold.
    pub fn verify(
        note: &str,
        verifier: &NoteVerifier,
        origin: &str,
    ) -> Result<Self, CheckpointError> {
        Self::of_note(&note.parse()?, verifier, origin)
    }

    /// Takes the checkpoint out of a note, if it is signed by the key and of the log `origin`.
    ///
    /// # Errors
    /// The rule that does not hold.
    pub fn of_note(
        note: &SignedNote,
        verifier: &NoteVerifier,
        origin: &str,
    ) -> Result<Self, CheckpointError> {
        let checkpoint: Self = note.verify(verifier)?.parse()?;
        if checkpoint.origin != origin {
            return Err(CheckpointError::OtherOrigin);
        }
        Ok(checkpoint)
    }

    /// Which log it is.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree over them.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// Extension lines of another implementation.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        writeln!(f, "{}\n{}\n{root}", self.origin, self.size)?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Reads the text that is signed, without the signatures. It is trusted only as far as the note is.
impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.split('\n');
        let origin = lines.next().ok_or(CheckpointError::Origin)?;
        let size = lines
            .next()
            .and_then(read_decimal)
            .ok_or(CheckpointError::Size)?;
        let root = lines
            .next()
            .and_then(read_hash)
            .ok_or(CheckpointError::Root)?;
        let mut checkpoint = Self::new(origin, size, root)?;
        checkpoint.extensions = lines.map(str::to_owned).collect();
        // What follows the last newline is empty; anything else is a line without its end.
        match checkpoint.extensions.pop() {
            Some(end) if end.is_empty() => {}
            _ => return Err(CheckpointError::Extension),
        }
        let malformed = |line: &String| line.is_empty() || line.contains(char::is_control);
        if checkpoint.extensions.iter().any(malformed) {
            return Err(CheckpointError::Extension);
        }
        Ok(checkpoint)
    }
}

/// Reads a decimal number without sign or leading zeroes.
pub(crate) fn read_decimal(text: &str) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|number: &u64| number.to_string() == text)
}

/// Reads 32 bytes in base64.
pub(crate) fn read_hash(text: &str) -> Option<Hash> {
    let bytes = STANDARD.decode(text).ok()?;
    bytes.try_into().ok().map(Hash::from_bytes)
}
