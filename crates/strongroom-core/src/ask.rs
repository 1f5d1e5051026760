//! Who asks, from where, and what they get back.

use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

use strongroom_types::body::LogEntryId;
use strongroom_types::{Metadata, RequestId, WorkspaceId};
use zeroize::Zeroizing;

use crate::door::Recalled;

/// A bearer credential: an API key or an exchanged token, and what it stood for if it was verified
/// before. It is looked up once for a request; the door checks that what was found still counts.
pub struct Bearer {
    pub(crate) text: Zeroizing<String>,
    pub(crate) recalled: Option<Recalled>,
}

impl Bearer {
    /// A credential that is yet to be looked up.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: Zeroizing::new(text.into()),
            recalled: None,
        }
    }

    /// Whether it was verified lately. It may have been revoked since.
    #[must_use]
    pub const fn is_recalled(&self) -> bool {
        self.recalled.is_some()
    }

    /// The credential itself, to be hashed or compared, never shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")
    }
}

/// What a caller shows to prove who they are. `Debug` shows only what is there.
#[derive(Clone, Default)]
pub struct Credentials {
    /// An API key or an exchanged token.
    pub bearer: Option<Arc<Bearer>>,
    /// A user's JWT, beside an API key.
    pub identity: Option<String>,
    /// Where there is no bearer: the workspace in which the user's JWT counts by itself, if its issuer
    /// says as which client.
    pub workspace: Option<WorkspaceId>,
    /// An application's refresh token. Whoever shows one may do nothing but refresh.
    pub refresh: Option<Arc<Bearer>>,
    /// An invitation's token. Whoever shows one may do nothing but accept it.
    pub invitation: Option<Arc<Bearer>>,
    /// The workspace in which the user's JWT shows which user it is.
    pub user_in: Option<WorkspaceId>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("bearer", &self.bearer.is_some())
            .field("identity", &self.identity.is_some())
            .field("workspace", &self.workspace)
            .field("refresh", &self.refresh.is_some())
            .field("invitation", &self.invitation.is_some())
            .field("user_in", &self.user_in)
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

impl<T> Answered<T> {
    /// The same entry with what `of` makes of the answer.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Answered<U> {
        Answered {
            value: of(self.value),
            entry: self.entry,
        }
    }
}
