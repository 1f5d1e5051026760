//! Stable error codes of the native API.

use crate::coded::coded_enum;

coded_enum! {
    /// The `code` of a problem document (RFC 9457). Codes are never reused or renamed; a caller may
    /// branch on them.
    Code: u16 {
        /// The body, a header or a parameter is not acceptable; `detail` names it.
        InvalidRequest = 1, "invalid_request";
        /// No credential, or one that is not accepted.
        Unauthenticated = 2, "unauthenticated";
        /// The client lacks the permission.
        PermissionDenied = 3, "permission_denied";
        /// The identity token is not accepted.
        InvalidIdentity = 4, "invalid_identity";
        /// The key context does not exist, or is not this client's to use.
        ContextNotFound = 5, "context_not_found";
        /// The ciphertext belongs to another key context.
        ContextMismatch = 6, "context_mismatch";
        /// The identity does not meet the lock.
        IdentityMismatch = 7, "identity_mismatch";
        /// The context policy demands a lock.
        LockRequired = 8, "lock_required";
        /// A claim of the lock is absent from the token or cannot be bound.
        ClaimNotBindable = 9, "claim_not_bindable";
        /// The ciphertext does not open, for whatever reason.
        CannotDecrypt = 10, "cannot_decrypt";
        /// The key is disabled.
        KeyDisabled = 11, "key_disabled";
        /// The workspace has as many key contexts as it may.
        ContextQuota = 12, "context_quota";
        /// The key context has a pair whose name is closed, and no customer's key.
        ContextClosed = 13, "context_closed";
        /// A guard does not allow it; `detail` names the guard.
        PolicyDenied = 14, "policy_denied";
        /// The thing named in the path does not exist.
        NotFound = 20, "not_found";
        /// The method is not served on this path.
        MethodNotAllowed = 21, "method_not_allowed";
        /// The change collides with the present state.
        Conflict = 22, "conflict";
        /// The version named is not the present one.
        VersionConflict = 23, "version_conflict";
        /// The Idempotency-Key was used with another body.
        IdempotencyMismatch = 24, "idempotency_mismatch";
        /// A secret that is shown once was already shown.
        AlreadyIssued = 25, "already_issued";
        /// The body is larger than the limit named.
        TooLarge = 26, "too_large";
        /// The content type is not served here.
        UnsupportedMediaType = 27, "unsupported_media_type";
        /// Too many requests; `detail` names the limit.
        RateLimited = 28, "rate_limited";
        /// A field breaks a limit; `detail` names it.
        InvalidField = 29, "invalid_field";
        /// The context policy demands that a change names the version it replaces.
        VersionCheckRequired = 30, "version_check_required";
        /// FIPS mode is enabled and does not approve the algorithm; `detail` names it.
        NotApproved = 35, "not_approved";
        /// The log cannot be written, so no key is used.
        LogUnavailable = 40, "log_unavailable";
        /// The root provider or a customer key cannot be reached.
        RootUnavailable = 41, "root_unavailable";
        /// The database cannot be reached.
        StoreUnavailable = 42, "store_unavailable";
        /// The server is shutting down or overloaded.
        Unavailable = 43, "unavailable";
        /// A fault of ours.
        Internal = 50, "internal";
    }
}
