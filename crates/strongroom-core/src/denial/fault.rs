//! What is wrong with a token or a ciphertext, for the log.

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Not a JWT, or larger than 16 KiB.
    #[error("token is malformed")]
    Malformed,
    /// `none`, an HMAC, or anything else but RS256, ES256 and `EdDSA`.
    #[error("token's algorithm is not accepted")]
    Algorithm,
    /// The signature does not verify.
    #[error("token's signature does not verify")]
    Signature,
    /// The issuer is not trusted here, or is disabled.
    #[error("token's issuer is not trusted")]
    Issuer,
    /// The audience is another.
    #[error("token is for another audience")]
    Audience,
    /// It has expired.
    #[error("token has expired")]
    Expired,
    /// It is not valid yet.
    #[error("token is not valid yet")]
    NotYetValid,
    /// Its key is not among the issuer's.
    #[error("token's key is not among the issuer's keys")]
    KeyUnknown,
    /// The issuer's keys cannot be fetched and none are cached.
    #[error("issuer's keys cannot be fetched")]
    Unreachable,
}

/// What is wrong with a ciphertext. Callers never learn which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CiphertextFault {
    /// Another format.
    #[error("not of a known format")]
    NotOurs,
    /// Truncated, or with unknown fields or trailing bytes.
    #[error("malformed or truncated")]
    Malformed,
    /// Of another workspace.
    #[error("of another workspace")]
    OtherWorkspace,
    /// Made for another endpoint.
    #[error("made for another purpose")]
    OtherPurpose,
    /// Of another key context, for a caller who may not use it.
    #[error("of a key context that is not the caller's")]
    OtherContext,
    /// Its key version never was, or is destroyed.
    #[error("key version unknown or destroyed")]
    KeyVersion,
    /// Its key context was destroyed.
    #[error("of a destroyed key context")]
    Destroyed,
    /// Altered, or its associated data differs.
    #[error("altered")]
    Altered,
}
