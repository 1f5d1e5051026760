//! The client and what it holds.

use core::fmt;
use std::sync::Arc;

use reqwest::header::HeaderValue;
use strongroom_types::Lock;

use crate::admin::{
    Clients, Contexts, CustomerKeys, Issuers, Jobs, Policies, Webhooks, Workspaces,
};
use crate::builder::{ClientBuilder, Settings};
use crate::lock_context::{IdentifiedContext, Presented};
use crate::log::Log;
use crate::object::Objects;

/// Speaks to one server with one credential. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: Arc<str>,
    pub(crate) settings: Settings,
    credential: HeaderValue,
    identity: Option<IdentifiedContext>,
    pub(crate) idempotency_key: Option<Arc<str>>,
}

impl Client {
    /// Starts to set up a client for the server at `url`.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder::new(url)
    }

    pub(crate) fn new(
        http: reqwest::Client,
        url: String,
        credential: HeaderValue,
        settings: Settings,
    ) -> Self {
        Self {
            http,
            url: url.into(),
            settings,
            credential,
            identity: None,
            idempotency_key: None,
        }
    }

    /// The same client on behalf of a person: what it seals is locked to them, and what is locked
    /// to them it opens.
    ///
    /// Takes the result of [`LockContext::identify`](crate::LockContext::identify), or in one step
    /// the person's own JWT, which then goes along with every call and locks to `["sub"]`.
    #[must_use]
    pub fn with_lock_context(&self, context: impl Into<IdentifiedContext>) -> Self {
        Self {
            identity: Some(context.into()),
            ..self.clone()
        }
    }

    /// The same client with a name for the creation that it is used for next, so that a repetition
    /// of the same call creates nothing more. With it a creation is sent again like any other call.
    ///
    /// The server remembers the name for 24 hours. It refuses another body under it with
    /// [`Code::IdempotencyMismatch`](strongroom_types::Code::IdempotencyMismatch), and shows no
    /// secret twice: [`Code::AlreadyIssued`](strongroom_types::Code::AlreadyIssued).
    #[must_use]
    pub fn with_idempotency_key(&self, key: &str) -> Self {
        Self {
            idempotency_key: Some(Arc::from(key)),
            ..self.clone()
        }
    }

    /// Administers workspaces; for clients of the system workspace.
    pub fn workspaces(&self) -> Workspaces<'_> {
        Workspaces(self)
    }

    /// Administers clients and their API keys.
    pub fn clients(&self) -> Clients<'_> {
        Clients(self)
    }

    /// Administers trusted issuers.
    pub fn issuers(&self) -> Issuers<'_> {
        Issuers(self)
    }

    /// Administers key contexts.
    pub fn contexts(&self) -> Contexts<'_> {
        Contexts(self)
    }

    /// Administers context policies.
    pub fn policies(&self) -> Policies<'_> {
        Policies(self)
    }

    /// Administers webhooks, and reads events.
    #[must_use]
    pub const fn webhooks(&self) -> Webhooks<'_> {
        Webhooks(self)
    }

    /// Keeps objects.
    pub fn objects(&self) -> Objects<'_> {
        Objects(self)
    }

    /// Administers tenants' own keys.
    pub fn customer_keys(&self) -> CustomerKeys<'_> {
        CustomerKeys(self)
    }

    /// Sees and steers jobs.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs(self)
    }

    /// Reads the log and proves what it holds.
    pub fn log(&self) -> Log<'_> {
        Log(self)
    }

    /// The lock for what is sealed, when the request names none.
    pub(crate) fn lock(&self) -> Lock {
        self.identity
            .as_ref()
            .map(|identity| identity.lock.clone())
            .unwrap_or_default()
    }

    pub(crate) fn credential(&self) -> &HeaderValue {
        match self.identity.as_ref().map(|identity| &identity.presented) {
            Some(Presented::Exchanged(bearer)) => bearer,
            Some(Presented::Jwt(_)) | None => &self.credential,
        }
    }

    /// The person's JWT, where it goes along with the client's own key.
    pub(crate) fn identity_token(&self) -> Option<&str> {
        match &self.identity.as_ref()?.presented {
            Presented::Jwt(token) => Some(token),
            Presented::Exchanged(_) => None,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
