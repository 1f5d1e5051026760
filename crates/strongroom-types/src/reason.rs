//! The true reasons of denials and failures, for the log's reader only.

use crate::coded::coded_enum;

coded_enum! {
    /// Why an entry was denied or failed. Callers see a [`Code`](crate::Code), which tells less.
    Reason: u16 {
        /// The client lacks the permission.
        PermissionMissing = 1, "permission_missing";
        /// The key context is outside the client's allowed contexts.
        ContextNotAllowed = 2, "context_not_allowed";
        /// No such key context, and the operation does not make one.
        ContextUnknown = 3, "context_unknown";
        /// The key context was destroyed.
        ContextDestroyed = 4, "context_destroyed";
        /// The key context is disabled.
        KeyDisabled = 5, "key_disabled";
        /// The ciphertext belongs to another key context than the named one.
        ContextMismatch = 6, "context_mismatch";
        /// The workspace has as many key contexts as it may.
        ContextQuota = 7, "context_quota";
        /// The context policy demands a lock that the request lacks.
        LockRequired = 8, "lock_required";
        /// The value is locked and the caller showed no identity.
        IdentityMissing = 9, "identity_missing";
        /// The identity lacks a claim of the lock.
        ClaimMissing = 10, "claim_missing";
        /// A claim has a type or size that cannot be bound.
        ClaimUnbindable = 11, "claim_unbindable";
        /// The identity is not the one that the value is locked to.
        LockNotMet = 12, "lock_not_met";
        /// The format is not accepted by the context policy.
        FormatNotAccepted = 13, "format_not_accepted";
        /// The ciphertext is not of a known format.
        NotOurs = 20, "not_ours";
        /// The ciphertext is malformed or truncated.
        Malformed = 21, "malformed";
        /// The ciphertext belongs to another workspace.
        OtherWorkspace = 22, "other_workspace";
        /// The ciphertext was made for another purpose.
        OtherPurpose = 23, "other_purpose";
        /// The ciphertext names a key version that never was or no longer is.
        KeyVersionUnknown = 24, "key_version_unknown";
        /// The ciphertext, its header or its associated data were altered.
        Altered = 25, "altered";
        /// The token is malformed or too large.
        TokenMalformed = 30, "token_malformed";
        /// The token's algorithm is not one of the issuer's.
        TokenAlgorithm = 31, "token_algorithm";
        /// The token's signature does not verify.
        TokenSignature = 32, "token_signature";
        /// The token's issuer is not trusted here, or is disabled.
        TokenIssuer = 33, "token_issuer";
        /// The token is for another audience.
        TokenAudience = 34, "token_audience";
        /// The token has expired.
        TokenExpired = 35, "token_expired";
        /// The token is not valid yet.
        TokenNotYetValid = 36, "token_not_yet_valid";
        /// The token's key is not among the issuer's keys.
        TokenKeyUnknown = 37, "token_key_unknown";
        /// The issuer's keys could not be fetched and none are cached.
        IssuerUnreachable = 38, "issuer_unreachable";
        /// The API key is revoked or expired, or its client is disabled.
        CredentialRevoked = 39, "credential_revoked";
        /// The request could not be read or breaks a limit.
        InvalidRequest = 50, "invalid_request";
        /// The thing to change does not exist.
        NotFound = 51, "not_found";
        /// The change collides with another.
        Conflict = 52, "conflict";
        /// A rate or concurrency limit was reached.
        RateLimited = 53, "rate_limited";
        /// The caller went away or the stream broke off.
        Aborted = 54, "aborted";
        /// The version named is not the present one.
        VersionConflict = 55, "version_conflict";
        /// The context policy demands that a change names the version it replaces.
        VersionCheckMissing = 56, "version_check_missing";
        /// The name belongs to another object.
        NameTaken = 57, "name_taken";
        /// The root provider did not answer.
        RootUnavailable = 60, "root_unavailable";
        /// The database did not answer.
        StoreUnavailable = 61, "store_unavailable";
        /// A fault of the server.
        Internal = 62, "internal";
        /// The server was stopping, overloaded or without randomness.
        Unavailable = 63, "unavailable";
        /// The customer's key did not answer.
        CustomerKeyUnreachable = 64, "customer_key_unreachable";
        /// The provider of the customer's key said no: disabled, missing, access denied.
        CustomerKeyRefused = 65, "customer_key_refused";
        /// The customer's key is suspended here, or may only be moved away from.
        CustomerKeyDisabled = 66, "customer_key_disabled";
        /// The customer's key has not shown yet that it wraps and unwraps.
        CustomerKeyUnverified = 67, "customer_key_unverified";
        /// What was to be unwrapped was not wrapped by this customer's key.
        CustomerKeyOther = 68, "customer_key_other";
        /// The key context has a pair whose name is closed, and no customer's key.
        ContextClosed = 69, "context_closed";
        /// A guard does not allow it.
        PolicyDenied = 75, "policy_denied";
        /// FIPS mode does not approve the algorithm.
        NotApproved = 85, "not_approved";
    }
}
