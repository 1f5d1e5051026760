//! What can go wrong with split keys.

use strongroom_crypto::entropy::EntropyUnavailable;
use strongroom_crypto::envelope::{FormatError, SealError};
use strongroom_crypto::split::GrantFault;
use strongroom_crypto::xwing::EncapsulateError;
use strongroom_types::Code;

use crate::error::ClientError;

/// What a server said that cannot be true. Nothing of such an answer was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitLie {
    /// An answer that lacks a part, or has one of another form.
    #[error("the answer is malformed")]
    Malformed,
    /// The public key is not the one whose fingerprint the client told.
    #[error("the client's public key is not the one with this fingerprint")]
    OtherPublicKey,
    /// It is about another client, keyset or workspace than the credential's.
    #[error("the answer is about another client or keyset")]
    OtherKeyset,
    /// A grant that the pinned granting key did not sign.
    #[error("a grant is not signed by the keyset's granting key")]
    Signer,
    /// A grant that is sealed to another key than this client's.
    #[error("a grant is not sealed to this client's key")]
    Recipient,
    /// A share with another check value than the pinned or signed one.
    #[error("the share in a grant is not the keyset's")]
    FalseShare,
    /// Only grants of epochs that are over for this client.
    #[error("the newest grant shown is of epoch {shown}, and epoch {pinned} is pinned")]
    OldEpoch {
        /// The epoch that is pinned.
        pinned: u32,
        /// The newest that was shown.
        shown: u32,
    },
    /// The value does not open although it says that it belongs here: it was altered, or the server's
    /// share of its key is another.
    #[error("the value does not open: it was altered, or the server's share is false")]
    Altered,
}

impl From<GrantFault> for SplitLie {
    fn from(fault: GrantFault) -> Self {
        match fault {
            GrantFault::Signer => Self::Signer,
            GrantFault::Recipient => Self::Recipient,
            GrantFault::Share => Self::FalseShare,
        }
    }
}

/// Split keys that cannot be used, or a value that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// The server refused or did not answer.
    #[error(transparent)]
    Call(ClientError),
    /// One item of many was refused.
    #[error("the item was refused: {}", .0.name())]
    Refused(Code),
    /// The server lied, or somebody altered what it keeps.
    #[error(transparent)]
    Lie(#[from] SplitLie),
    /// The client has no grant of the keyset: it never had one, or it was revoked.
    #[error("the client has no grant of the keyset")]
    NotGranted,
    /// The value is locked to somebody else, or to somebody and nobody was shown.
    #[error("the value is locked to another identity")]
    OtherIdentity,
    /// The value belongs to another table, column or row.
    #[error("the value belongs to another table, column or row")]
    OtherPlace,
    /// The value belongs to another workspace or keyset.
    #[error("the value belongs to another workspace or keyset")]
    OtherKeyset,
    /// The value is of an epoch that the client has no share of.
    #[error("the client has no share of epoch {0}")]
    UnknownEpoch(u32),
    /// The bytes are no value sealed under a split key.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The granting key is not the one that the keyset's clients pin.
    #[error("the granting key is not the keyset's")]
    GrantingKey,
    /// A field of a model is missing, or is not what sealing left there.
    #[error("field `{0}` of the model cannot be sealed or opened")]
    Field(String),
    /// The value cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The public key is not one.
    #[error(transparent)]
    PublicKey(#[from] EncapsulateError),
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl SplitError {
    /// What the server said that cannot be true, if it did.
    #[must_use]
    pub const fn lie(&self) -> Option<SplitLie> {
        match self {
            Self::Lie(lie) => Some(*lie),
            _ => None,
        }
    }

    /// The stable code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Call(error) => error.code(),
            Self::Refused(code) => Some(*code),
            Self::NotGranted => Some(Code::PermissionDenied),
            Self::OtherIdentity => Some(Code::IdentityMismatch),
            _ => None,
        }
    }

    pub(super) fn of_code(code: Code) -> Self {
        match code {
            Code::IdentityMismatch => Self::OtherIdentity,
            Code::PermissionDenied => Self::NotGranted,
            other => Self::Refused(other),
        }
    }
}

impl From<ClientError> for SplitError {
    fn from(error: ClientError) -> Self {
        match error.code() {
            Some(Code::IdentityMismatch) => Self::OtherIdentity,
            Some(Code::PermissionDenied) => Self::NotGranted,
            _ => Self::Call(error),
        }
    }
}
