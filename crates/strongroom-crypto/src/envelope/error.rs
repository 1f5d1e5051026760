//! What can be wrong with an envelope or with a request to make one.

use strongroom_types::{LockError, Purpose, Suite};

use super::{DATA_KEY_BYTES_MAX, DATA_KEY_BYTES_MIN, PREFIX_BYTES_MAX};
use crate::OpenError;
use crate::entropy::EntropyUnavailable;
use crate::suite::MessageTooLong;

/// A rule of the format that is broken. Everything here can be seen without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The bytes end too early.
    #[error("ciphertext is truncated")]
    Truncated,
    /// The header does not begin with the format's name.
    #[error("not an sr1 ciphertext")]
    UnknownFormat,
    /// Header and key part are longer than allowed.
    #[error("a part of {bytes} bytes, header and key part have at most {PREFIX_BYTES_MAX}")]
    PrefixTooLong {
        /// The length stated.
        bytes: usize,
    },
    /// A code for a purpose, suite, mode, presence or term that was never given out.
    #[error("unknown code {code} for {field}")]
    UnknownCode {
        /// The field.
        field: &'static str,
        /// The code.
        code: u8,
    },
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// The lock breaks a rule of its own.
    #[error("lock is not valid")]
    Lock(#[from] LockError),
    /// The lock has no term.
    #[error("lock is empty")]
    EmptyLock,
    /// The lock's terms are not sorted.
    #[error("lock terms are not sorted")]
    LockOrder,
    /// The purpose or the lock demands wrapped mode.
    #[error("{purpose} or a lock in derived mode")]
    DerivedMode {
        /// The purpose.
        purpose: Purpose,
    },
    /// The purpose demands derived mode.
    #[error("{purpose} in wrapped mode")]
    WrappedMode {
        /// The purpose.
        purpose: Purpose,
    },
    /// An object id is missing from an object, or stands in something else.
    #[error("object id missing or surplus for {purpose}")]
    Object {
        /// The purpose.
        purpose: Purpose,
    },
    /// A stream, or a value of a split key, under a suite that seals in one piece.
    #[error("{suite} does not seal in chunks")]
    NotChunked {
        /// The suite.
        suite: Suite,
    },
    /// A wrapped key in derived mode, none in wrapped mode, or of a split key other than the 36 bytes
    /// that it is derived from.
    #[error("key part does not fit the mode")]
    KeyPart,
    /// Bytes after the end.
    #[error("{bytes} trailing bytes")]
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
}

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The header breaks a rule of the format.
    #[error("header is not valid")]
    Header(#[from] FormatError),
    /// The header names another workspace or key context than the key's.
    #[error("header and key belong to different key contexts")]
    ForeignKey,
    /// A lock without its key, or a key without a lock.
    #[error("lock and lock key do not go together")]
    LockKey,
    /// The purpose is sealed by another function.
    #[error("{purpose} is not sealed this way")]
    Purpose {
        /// The purpose.
        purpose: Purpose,
    },
    /// The suite seals in one piece, and not so much.
    #[error(transparent)]
    TooLong(#[from] MessageTooLong),
    /// A data key that is too short or too long.
    #[error("data key of {bytes} bytes, expected {DATA_KEY_BYTES_MIN} to {DATA_KEY_BYTES_MAX}")]
    DataKeyLength {
        /// Its length.
        bytes: usize,
    },
}

/// Why a ciphertext was not moved to another key version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RewrapError {
    /// It does not open under the old version.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be sealed under the new one.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<EntropyUnavailable> for RewrapError {
    fn from(error: EntropyUnavailable) -> Self {
        Self::Seal(error.into())
    }
}
