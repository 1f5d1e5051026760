//! Why a call has no answer.

use core::fmt;

use reqwest::StatusCode;
use strongroom_types::body::{LogEntryId, Problem, TokenError};
use strongroom_types::{Code, RequestId};

use crate::stack::StackError;
use crate::stream::StreamError;

/// Why a call has no answer. Never holds a credential, a token or a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The request could not be formed; nothing was sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// There was no answer, or it broke off.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server refused, and said why.
    #[error(transparent)]
    Refused(#[from] RefusalError),
    /// The server refused to exchange a token.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
    /// The answer is not what the API promises.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A stream broke off: what was received must not be used.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A data vault of Stack Auth did not do what was asked.
    #[error(transparent)]
    Stack(StackError),
}

impl ClientError {
    /// The stable code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.refusal().map(RefusalError::code)
    }

    /// The refusal, if the server gave one.
    #[must_use]
    pub fn refusal(&self) -> Option<&RefusalError> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the identity does not meet the value's lock.
    #[must_use]
    pub fn is_identity_mismatch(&self) -> bool {
        self.code() == Some(Code::IdentityMismatch)
    }

    /// Whether the ciphertext belongs to another key context than the named one.
    #[must_use]
    pub fn is_context_mismatch(&self) -> bool {
        self.code() == Some(Code::ContextMismatch)
    }

    /// Whether the key context does not exist for this client.
    #[must_use]
    pub fn is_context_not_found(&self) -> bool {
        self.code() == Some(Code::ContextNotFound)
    }

    /// Whether the ciphertext does not open, for whatever reason.
    #[must_use]
    pub fn is_cannot_decrypt(&self) -> bool {
        self.code() == Some(Code::CannotDecrypt)
    }

    /// Whether another was first: the version named is not the object's.
    #[must_use]
    pub fn is_version_conflict(&self) -> bool {
        self.code() == Some(Code::VersionConflict)
    }

    /// Whether the API key or exchanged token is not accepted.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        self.code() == Some(Code::Unauthenticated)
    }

    /// Whether the identity token is not accepted.
    #[must_use]
    pub fn is_invalid_identity(&self) -> bool {
        self.code() == Some(Code::InvalidIdentity)
    }
}

/// A request that could not be formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server's address is not an `http` or `https` URL.
    #[error("the server's address is not an http or https URL")]
    Url,
    /// The server's address is plain HTTP to another machine, and that was not asked for.
    #[error("refusing plain HTTP to another machine: the API key could be read on the way")]
    PlainHttp,
    /// No credential was given.
    #[error("no API key was given")]
    NoCredential,
    /// The API key or token has characters that a header cannot carry.
    #[error("the credential has characters that a header cannot carry")]
    Credential,
    /// The identity token has characters that a header cannot carry.
    #[error("the identity token has characters that a header cannot carry")]
    IdentityToken,
    /// The idempotency key has characters that a header cannot carry.
    #[error("the idempotency key has characters that a header cannot carry")]
    IdempotencyKey,
    /// The body cannot be written in the chosen encoding.
    #[error("the body cannot be encoded")]
    Body,
    /// An object is named neither by its id nor by its name, or by both, or a version by a name.
    #[error("an object is read by its id, or its newest version by its name")]
    Object,
    /// The HTTP client could not be set up, for example for want of trusted certificates.
    #[error("the HTTP client could not be set up")]
    Setup,
}

/// There was no answer, or it broke off.
#[derive(thiserror::Error)]
#[error("{}", match self.sent { Sent::No => "the server cannot be reached", Sent::Perhaps => "the answer is missing or broke off" })]
pub struct TransportError {
    sent: Sent,
    #[source]
    source: reqwest::Error,
}

/// Whether the server may have acted on the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    No,
    Perhaps,
}

impl TransportError {
    pub(crate) fn new(error: reqwest::Error) -> Self {
        let sent = if error.is_connect() || error.is_builder() {
            Sent::No
        } else {
            Sent::Perhaps
        };
        Self {
            sent,
            // The URL may hold filters, which name people.
            source: error.without_url(),
        }
    }

    pub(crate) const fn sent(&self) -> Sent {
        self.sent
    }

    /// Whether the server may have acted on the request although no answer came.
    #[must_use]
    pub fn may_have_acted(&self) -> bool {
        self.sent == Sent::Perhaps
    }

    /// Whether time ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.source.is_timeout()
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("sent", &self.sent)
            .field("source", &self.source)
            .finish()
    }
}

/// The server refused: a problem document, RFC 9457, and the entry that records the refusal.
#[derive(Debug, Clone, thiserror::Error)]
pub struct RefusalError {
    problem: Box<Problem>,
    log_entry: Option<LogEntryId>,
}

/// Code and detail, the claims that were not met, and the entry, where there are any.
impl fmt::Display for RefusalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = &self.problem;
        let detail = problem.detail.as_deref().unwrap_or(&problem.title);
        write!(f, "{}: {detail}", problem.code)?;
        if !problem.claims.is_empty() {
            write!(f, ": {}", problem.claims.join(", "))?;
        }
        self.log_entry
            .map_or(Ok(()), |entry| write!(f, ", log entry {entry}"))
    }
}

impl RefusalError {
    pub(crate) fn new(problem: Problem, log_entry: Option<LogEntryId>) -> Self {
        Self {
            problem: Box::new(problem),
            log_entry,
        }
    }

    /// The stable code: branch on this.
    #[must_use]
    pub fn code(&self) -> Code {
        self.problem.code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.problem.status
    }

    /// What is known about this occurrence, for a person.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.problem.detail.as_deref()
    }

    /// The lock's claims that were not met, for [`Code::IdentityMismatch`].
    #[must_use]
    pub fn claims(&self) -> &[String] {
        &self.problem.claims
    }

    /// The present version of the object, for [`Code::VersionConflict`]; 0 if there is none.
    #[must_use]
    pub fn current_version(&self) -> Option<u64> {
        self.problem.current_version
    }

    /// The request, as the log names it.
    #[must_use]
    pub fn request_id(&self) -> RequestId {
        self.problem.request_id
    }

    /// The entry that records the refusal; none where the caller was not known.
    #[must_use]
    pub fn log_entry(&self) -> Option<LogEntryId> {
        self.log_entry
    }
}

/// The server refused to exchange a token, RFC 6749 section 5.2.
#[derive(Debug, Clone, thiserror::Error)]
#[error("token exchange refused: {}", body.error_description.as_deref().unwrap_or(&body.error))]
pub struct TokenRefusal {
    body: Box<TokenError>,
    log_entry: Option<LogEntryId>,
}

impl TokenRefusal {
    pub(crate) fn new(body: TokenError, log_entry: Option<LogEntryId>) -> Self {
        Self {
            body: Box::new(body),
            log_entry,
        }
    }

    /// `invalid_request`, `invalid_client`, `unsupported_grant_type`, `invalid_target` or `invalid_scope`; what RFC 6749
    /// has no word for is `unauthorized_client`, `temporarily_unavailable` or `server_error`.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.body.error
    }

    /// A sentence for a person.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.body.error_description.as_deref()
    }

    /// The entry that records the refusal.
    #[must_use]
    pub fn log_entry(&self) -> Option<LogEntryId> {
        self.log_entry
    }
}

/// An answer that is not what the API promises: another program answered, or a newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body cannot be read.
    #[error("the body of the answer with status {status} cannot be read")]
    Body {
        /// The HTTP status.
        status: u16,
    },
    /// A refusal without a problem document.
    #[error("the server refused with status {status} and no reason")]
    Problem {
        /// The HTTP status.
        status: u16,
    },
    /// A batch answer with another number of results than the request had items.
    #[error("{results} results for {items} items")]
    Results {
        /// The number of items sent.
        items: usize,
        /// The number of results received.
        results: usize,
    },
    /// The data key is not one for index terms.
    #[error("an index key has 32 bytes, this data key has {bytes}")]
    IndexKey {
        /// The data key's length.
        bytes: usize,
    },
}

impl DecodeError {
    pub(crate) fn body(status: StatusCode) -> Self {
        Self::Body {
            status: status.as_u16(),
        }
    }
}
