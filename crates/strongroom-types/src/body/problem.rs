//! Errors on the wire.

use serde::{Deserialize, Serialize};

use crate::{Code, RequestId};

/// A problem document, RFC 9457, `application/problem+json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code: branch on this.
    pub code: Code,
    /// What the code means, always the same text.
    pub title: String,
    /// What is known about this occurrence, for a person. Never a secret, never a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The lock's claims that were not met, for `identity_mismatch`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// The present version of the object, for `version_conflict`; 0 if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<u64>,
    /// The request, as the log names it.
    pub request_id: RequestId,
}
