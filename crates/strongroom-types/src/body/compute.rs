//! `/v1/hash`, `/v1/mac`, `/v1/derive`: over what the caller brings. No key of Strongroom's takes part.

use serde::{Deserialize, Serialize};

use super::LogEntryId;
use crate::{Bytes, DerivationHash, HashAlgorithm, MacAlgorithm};

/// `POST /v1/hash`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HashRequest {
    /// The function.
    pub algorithm: HashAlgorithm,
    /// What is hashed.
    pub data: Bytes,
}

/// `POST /v1/mac`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MacRequest {
    /// The function.
    pub algorithm: MacAlgorithm,
    /// The key, 16 bytes or more.
    pub key: Bytes,
    /// What is authenticated.
    pub data: Bytes,
}

/// `POST /v1/derive`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DeriveRequest {
    /// The function and its parameters.
    pub function: DerivationFunction,
    /// The key or password.
    pub secret: Bytes,
    /// How many bytes to derive, 1 to 1,024.
    pub bytes: u16,
}

/// A key derivation function and its parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "name", deny_unknown_fields)]
pub enum DerivationFunction {
    /// RFC 5869, for secrets that are keys already.
    #[serde(rename = "HKDF")]
    Hkdf {
        /// The hash of its HMAC.
        hash: DerivationHash,
        /// Absent is empty.
        #[serde(default)]
        salt: Option<Bytes>,
        /// What the key is for; absent is empty.
        #[serde(default)]
        info: Option<Bytes>,
    },
    /// RFC 8018, for passwords.
    #[serde(rename = "PBKDF2")]
    Pbkdf2 {
        /// The hash of its HMAC.
        hash: DerivationHash,
        /// 16 bytes or more.
        salt: Bytes,
        /// 1,000 to 2,000,000.
        iterations: u32,
    },
    /// NIST SP 800-108r1 in counter mode, for secrets that are keys already.
    #[serde(rename = "KBKDF")]
    Kbkdf {
        /// The hash of its HMAC.
        hash: DerivationHash,
        /// Label, zero byte and context of the standard, joined.
        info: Bytes,
    },
    /// RFC 9106, for passwords.
    #[serde(rename = "Argon2id")]
    Argon2id {
        /// 16 bytes or more.
        salt: Bytes,
        /// 8 for each lane, to 131,072.
        memory_kib: u32,
        /// 1 to 16.
        passes: u32,
        /// 1 to 16.
        lanes: u32,
    },
    /// RFC 7914, for passwords.
    #[serde(rename = "scrypt")]
    Scrypt {
        /// 16 bytes or more.
        salt: Bytes,
        /// `log2(N)`, 10 or more; with `r`, at most 128 MiB.
        log_n: u8,
        /// Block size.
        r: u32,
        /// 1 to 16.
        p: u32,
    },
}

/// A digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HashAnswer {
    /// The digest.
    pub digest: Bytes,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// A MAC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MacAnswer {
    /// The MAC, whole.
    pub mac: Bytes,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// What was derived.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeriveAnswer {
    /// The derived bytes.
    pub derived: Bytes,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// Without what was derived.
impl core::fmt::Debug for DeriveAnswer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DeriveAnswer").finish_non_exhaustive()
    }
}
