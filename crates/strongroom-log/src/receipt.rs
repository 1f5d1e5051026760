//! Receipts: the proof that an entry is in a log, C2SP `tlog-proof`.

use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError, read_decimal, read_hash};
use crate::hash::{Hash, leaf_hash};
use crate::inclusion::verify_inclusion;
use crate::note::{NoteError, NoteVerifier, SignedNote};
use crate::tree::ProofError;

/// A receipt that could not be read or does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The first line is not that of the format.
    #[error("not a receipt: the first line is not `{HEADER}`")]
    Header,
    /// The `extra` line is not base64.
    #[error("the extra line is not base64")]
    Extra,
    /// The `index` line is missing or malformed.
    #[error("no index line")]
    Index,
    /// A line of the path is not 32 bytes in base64, or there are more than 63.
    #[error("a malformed path")]
    Path,
    /// The checkpoint is not a signed note.
    #[error("the receipt's checkpoint is malformed")]
    Note(#[source] NoteError),
    /// The checkpoint is not that of the log.
    #[error("the receipt's checkpoint does not hold")]
    Checkpoint(#[source] CheckpointError),
    /// The path does not lead from the entry to the checkpoint's root.
    #[error("the receipt does not hold for this entry")]
    Proof(#[source] ProofError),
}

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// No tree has a longer path.
const PATH_MAX: usize = 63;

/// Where an entry is in a log, and the proof. The entry itself goes beside it.
///
/// ```text
/// c2sp.org/tlog-proof@v1 ‖ LF
/// [extra base64 ‖ LF]
/// index decimal ‖ LF
/// (base64(hash) ‖ LF) × 0 to 63, the leaf's sibling first
/// LF
/// signed checkpoint
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Bytes of the application; nothing vouches for them.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry.
    pub index: u64,
    /// The audit path, see [`prove_inclusion`](crate::prove_inclusion).
    pub path: Vec<Hash>,
    /// The checkpoint that the path leads to.
    pub checkpoint: SignedNote,
}

impl Receipt {
    /// Checks that the bytes are the entry at [`Receipt::index`] of the log `origin`, and hands over
    /// the checkpoint that says so.
    ///
    /// # Errors
    /// The rule that does not hold.
    pub fn verify(
        &self,
        entry: &[u8],
        verifier: &NoteVerifier,
        origin: &str,
    ) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = Checkpoint::of_note(&self.checkpoint, verifier, origin)
            .map_err(ReceiptError::Checkpoint)?;
        let (size, root) = (checkpoint.size(), checkpoint.root());
        verify_inclusion(leaf_hash(entry), self.index, size, &self.path, root)
            .map_err(ReceiptError::Proof)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Receipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        let (proof, note) = text.split_once("\n\n").ok_or(ReceiptError::Path)?;
        let mut lines = proof.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ReceiptError::Header);
        }
        let extra = lines
            .next_if(|line| line.starts_with("extra "))
            .and_then(|line| line.strip_prefix("extra "))
            .map(|line| STANDARD.decode(line).ok().ok_or(ReceiptError::Extra))
            .transpose()?;
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(read_decimal)
            .ok_or(ReceiptError::Index)?;
        let path: Vec<_> = lines
            .take(PATH_MAX + 1)
            .map(read_hash)
            .collect::<Option<_>>()
            .filter(|path: &Vec<_>| path.len() <= PATH_MAX)
            .ok_or(ReceiptError::Path)?;
        Ok(Self {
            extra,
            index,
            path,
            checkpoint: note.parse().map_err(ReceiptError::Note)?,
        })
    }
}
