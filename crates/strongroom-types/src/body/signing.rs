//! `/v1/signing-keys`, `/v1/sign`, `/v1/verify`.

use serde::{Deserialize, Serialize};

use super::LogEntryId;
use crate::{Bytes, ContextId, KeyContext, Metadata, SigningAlgorithm};

/// `POST /v1/signing-keys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SigningKeyCreate {
    /// What it is called: 1 to 200 characters, once for each key context.
    pub name: String,
    /// Whose key it is. Who may use, and which policies hold for, key contexts with these pairs may use
    /// it, and hold for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_context: Option<KeyContext>,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
}

/// One version of a signing key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningKeyVersion {
    /// The version, counted from 1.
    pub version: u64,
    /// `SubjectPublicKeyInfo` in DER, RFC 5280.
    pub public_key: Bytes,
    /// When it was made, RFC 3339.
    pub created: String,
}

/// A signing key. Its private key never leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningKeyInfo {
    /// Its id, which is that of its own key context: `/v1/contexts/{id}` suspends and destroys it.
    pub id: ContextId,
    /// Its name.
    pub name: String,
    /// Whose key it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_context: Option<KeyContext>,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
    /// Its versions, oldest first. The last one signs; all verify.
    pub versions: Vec<SigningKeyVersion>,
}

/// `POST /v1/sign`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignRequest {
    /// Which key.
    pub key: ContextId,
    /// What is signed, whole.
    pub message: Bytes,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignAnswer {
    /// The signature, in the form of its algorithm.
    pub signature: Bytes,
    /// How it was signed.
    pub algorithm: SigningAlgorithm,
    /// The version that signed.
    pub version: u64,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// `POST /v1/verify`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// Which key.
    pub key: ContextId,
    /// What was signed, whole.
    pub message: Bytes,
    /// The signature.
    pub signature: Bytes,
    /// The version that signed; any, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// Whether a signature holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyAnswer {
    /// Whether it holds.
    pub valid: bool,
    /// The version that it holds under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}
