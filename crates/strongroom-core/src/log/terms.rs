//! Search terms: a field's value as the index knows it, a MAC under the workspace's audit key.

use strongroom_crypto::keys::AuditKey;
use strongroom_types::{ContextId, LeaseId, Operation, Outcome};

/// A value that entries are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Term<'a> {
    Operation(Operation),
    Outcome(Outcome),
    Issuer(&'a str),
    Subject(&'a str),
    Context(ContextId),
    Lease(LeaseId),
}

impl Term<'_> {
    /// Whether it is made of a private field of an entry, and erased with it.
    pub(super) const fn is_private(&self) -> bool {
        match self {
            Self::Issuer(_) | Self::Subject(_) => true,
            Self::Operation(_) | Self::Outcome(_) | Self::Context(_) | Self::Lease(_) => false,
        }
    }

    /// `HMAC-SHA-256(search term key, label ‖ frame(field, value))`, first 16 bytes.
    pub(super) fn mac(&self, audit: &AuditKey) -> [u8; 16] {
        match self {
            Self::Operation(operation) => {
                audit.search_term(&[b"operation", operation.name().as_bytes()])
            }
            Self::Outcome(outcome) => audit.search_term(&[b"outcome", outcome.name().as_bytes()]),
            Self::Issuer(issuer) => audit.search_term(&[b"issuer", issuer.as_bytes()]),
            Self::Subject(subject) => audit.search_term(&[b"subject", subject.as_bytes()]),
            Self::Context(context) => audit.search_term(&[b"context", context.as_bytes()]),
            Self::Lease(lease) => audit.search_term(&[b"lease", lease.as_bytes()]),
        }
    }
}
