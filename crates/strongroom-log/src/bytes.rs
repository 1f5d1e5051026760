//! Reading binary layouts: big-endian numbers, length prefixes, nothing left over.

use strongroom_types::{ClientId, ContextId, KeyVersion, Kind, Outcome, Reason, Suite};

use crate::commitment::PrivateField;
use crate::hash::Hash;

/// Bytes that are not an entry, a list of item records or a list of openings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("the bytes end within a field")]
    Truncated,
    /// Bytes follow the last field.
    #[error("{bytes} bytes follow the last field")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// More bytes than the limit.
    #[error("{bytes} bytes are too many")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// A version of the layout that this program does not know.
    #[error("unknown version {version}")]
    Version {
        /// The version.
        version: u8,
    },
    /// An unknown operation.
    #[error("unknown operation {code}")]
    Operation {
        /// Its number.
        code: u16,
    },
    /// An unknown outcome.
    #[error("unknown outcome {code}")]
    Outcome {
        /// Its number.
        code: u8,
    },
    /// An unknown reason.
    #[error("unknown reason {code}")]
    Reason {
        /// Its number.
        code: u16,
    },
    /// An unknown kind of key context.
    #[error("unknown kind {code}")]
    Kind {
        /// Its number.
        code: u8,
    },
    /// An unknown suite.
    #[error("unknown suite {code}")]
    Suite {
        /// Its number.
        code: u8,
    },
    /// A bit of the field set, or a private field, that has no meaning.
    #[error("unknown field {code}")]
    Field {
        /// The bits or the number.
        code: u16,
    },
    /// Too many key contexts in a list, or too few for a digest.
    #[error("{count} key contexts stand in the wrong form")]
    ContextCount {
        /// How many.
        count: u32,
    },
    /// A fact breaks a rule: too many, a bad name, out of order, a value too long or not UTF-8.
    #[error("a malformed fact")]
    Fact,
    /// An id of an item is empty, too long or not UTF-8.
    #[error("a malformed item id")]
    ItemId,
    /// The openings are not in the order of their fields.
    #[error("openings out of order")]
    Order,
}

/// Takes fields from the front of some bytes.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn hash(&mut self) -> Result<Hash, DecodeError> {
        self.array().map(Hash::from_bytes)
    }

    pub(crate) fn client(&mut self) -> Result<ClientId, DecodeError> {
        self.array().map(ClientId::from_bytes)
    }

    pub(crate) fn context(&mut self) -> Result<ContextId, DecodeError> {
        self.array().map(ContextId::from_bytes)
    }

    pub(crate) fn key_version(&mut self) -> Result<KeyVersion, DecodeError> {
        self.u32().map(KeyVersion)
    }

    pub(crate) fn version(&mut self, expected: u8) -> Result<(), DecodeError> {
        match self.u8()? {
            version if version == expected => Ok(()),
            version => Err(DecodeError::Version { version }),
        }
    }

    pub(crate) fn outcome(&mut self) -> Result<Outcome, DecodeError> {
        let code = self.u8()?;
        Outcome::from_code(code).ok_or(DecodeError::Outcome { code })
    }

    pub(crate) fn reason(&mut self) -> Result<Reason, DecodeError> {
        let code = self.u16()?;
        Reason::from_code(code).ok_or(DecodeError::Reason { code })
    }

    pub(crate) fn kind(&mut self) -> Result<Kind, DecodeError> {
        let code = self.u8()?;
        Kind::from_code(code).ok_or(DecodeError::Kind { code })
    }

    /// A suite, or none for 0.
    pub(crate) fn suite(&mut self) -> Result<Option<Suite>, DecodeError> {
        match self.u8()? {
            0 => Ok(None),
            code => Suite::from_code(code)
                .map(Some)
                .ok_or(DecodeError::Suite { code }),
        }
    }

    pub(crate) fn private_field(&mut self) -> Result<PrivateField, DecodeError> {
        let code = self.u8()?;
        PrivateField::from_code(code).ok_or_else(|| DecodeError::Field { code: code.into() })
    }

    /// Refuses anything after the last field.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        match self.0.len() {
            0 => Ok(()),
            bytes => Err(DecodeError::Trailing { bytes }),
        }
    }
}
