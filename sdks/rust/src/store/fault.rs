//! What can go wrong with a sealed store.

use strongroom_crypto::entropy::EntropyUnavailable;

use super::name::RecordNameError;
use super::passphrase::PassphraseError;
use super::record::ValueError;
use crate::error::ClientError;

/// What a server said that cannot be true. Nothing of such an answer was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lie {
    /// An answer that lacks a part, or has one of another form.
    #[error("the answer is malformed")]
    Malformed,
    /// It is about another workspace than the store's.
    #[error("the answer is of another workspace")]
    OtherWorkspace,
    /// It says that there is no such record, and cannot prove it.
    #[error("a record is said to be missing, and the proof does not say so")]
    FalseAbsence,
    /// The record is not the one that the store's map has: an older value, or one of another record
    /// or store.
    #[error("the record is not the one that the store's map has")]
    NotInMap,
    /// The record is in the map and its value does not open.
    #[error("the sealed value is not the one that was sealed for this record")]
    Altered,
    /// A state of the store that is older than one that was seen.
    #[error("the store is shown as of change {shown}, and change {seen} was seen")]
    OlderState {
        /// The sequence that was seen.
        seen: u64,
        /// The sequence that was shown.
        shown: u64,
    },
    /// Another state of the store than the one that was seen at this sequence.
    #[error("two states of the store have the sequence {sequence}")]
    OtherState {
        /// The sequence of both.
        sequence: u64,
    },
    /// A version of a record that is older than one that was seen, although the state is not.
    #[error("the record has version {shown}, and version {seen} was seen")]
    OlderVersion {
        /// The version that was seen.
        seen: u64,
        /// The version that was shown.
        shown: u64,
    },
    /// What was set is not what the map has now.
    #[error("the map has something else than what was set")]
    NotSet,
    /// The log has no entry that states this root.
    #[error("the log does not state this root of the store")]
    NotLogged,
}

/// A sealed store that cannot be used, or cannot be believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The server refused or did not answer.
    #[error(transparent)]
    Call(#[from] ClientError),
    /// The server lied.
    #[error(transparent)]
    Lie(#[from] Lie),
    /// The secret or passphrase does not open the slot.
    #[error("the secret does not open the slot")]
    Secret,
    /// A slot that a passphrase opens was to be opened with a secret, or the other way round.
    #[error("the slot is opened in another way")]
    SlotKind,
    /// The name cannot be one of a record.
    #[error(transparent)]
    Name(#[from] RecordNameError),
    /// The value cannot be sealed.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The passphrase cannot be hardened.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The log's key or the entry could not be checked.
    #[error(transparent)]
    Log(#[from] crate::log::EntryProofError),
    /// The name is one of those that the index keeps names under.
    #[error("names that begin so are those of the store's index")]
    Reserved,
    /// A record was named twice.
    #[error("a record is named twice")]
    Twice,
}

impl StoreError {
    /// What the server said that cannot be true, if it did.
    #[must_use]
    pub const fn lie(&self) -> Option<Lie> {
        match self {
            Self::Lie(lie) => Some(*lie),
            _ => None,
        }
    }

    /// Whether another client was first.
    #[must_use]
    pub fn is_version_conflict(&self) -> bool {
        matches!(self, Self::Call(error) if error.is_version_conflict())
    }
}
