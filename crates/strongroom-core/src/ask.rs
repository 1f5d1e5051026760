//! Who asks, from where, and what they get back.

use core::fmt;
use std::borrow::Cow;

use strongroom_types::body::LogEntryId;
use strongroom_types::{Metadata, RequestId};

/// What a caller shows to prove who they are. `Debug` shows only what is there.
#[derive(Clone, Default)]
pub struct Credentials {
    /// An API key or an exchanged token.
    pub bearer: Option<String>,
    /// A user's JWT, beside an API key.
    pub identity: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("bearer", &self.bearer.is_some())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}

/// Where a request came from, for the log.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Names the request in answers, errors and entries.
    pub request_id: RequestId,
    /// The peer's address.
    pub address: Option<String>,
    /// The peer's user agent.
    pub user_agent: Option<String>,
}

/// An `Idempotency-Key` header and the request it came with.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The header's value.
    pub key: String,
    /// SHA-256 over method, path and body.
    pub request_digest: [u8; 32],
}

/// A request as far as all requests are alike.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who asks.
    pub credentials: Credentials,
    /// From where.
    pub origin: Origin,
    /// The caller's notes for the log.
    pub metadata: Option<Metadata>,
    /// Whether a repetition must not create twice.
    pub idempotency: Option<Idempotency>,
}

impl Ask {
    /// The same request with the notes of its body.
    pub(crate) fn noting(&self, metadata: Option<Metadata>) -> Cow<'_, Self> {
        match metadata {
            None => Cow::Borrowed(self),
            Some(_) => Cow::Owned(Self {
                metadata,
                ..self.clone()
            }),
        }
    }

    /// What the deployment asks of itself: nobody's credential, no address.
    pub(crate) fn of_the_deployment(request_id: RequestId) -> Self {
        Self {
            credentials: Credentials::default(),
            origin: Origin {
                request_id,
                address: None,
                user_agent: None,
            },
            metadata: None,
            idempotency: None,
        }
    }
}

/// An answer and the entry that allowed it.
#[derive(Clone, Debug)]
pub struct Answered<T> {
    /// The answer.
    pub value: T,
    /// The entry.
    pub entry: Option<LogEntryId>,
}
