//! Why the door stays shut: the true reason for the log, a stable code for the caller.

mod fault;
mod thing;

use std::borrow::Cow;
use std::time::Duration;

use strongroom_types::body::LogEntryId;
use strongroom_types::{ClaimError, Code, ContextError, LockError, Permission, Reason, Suite};

pub use fault::{CiphertextFault, TokenFault};
pub use thing::Thing;

use crate::admin::API_KEY_LIFETIME_S_MAX;
use crate::customer_key::CustomerKeyFault;
use crate::ports::{ConnectError, RootError};

/// A refusal with the entry that records it.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub denial: Denial,
    /// The entry, where the caller is known and the log can be written.
    pub entry: Option<LogEntryId>,
    /// When a repetition may help.
    pub retry_after: Option<Duration>,
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not JSON, or not of the documented shape.
    #[error("body is not as documented: {what} at line {line}, column {column}")]
    Json {
        /// What the parser expected; never a value of the request.
        what: Cow<'static, str>,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Not CBOR, or not of the documented shape.
    #[error("body is not CBOR of the documented shape")]
    Cbor,
    /// A body where one is needed.
    #[error("body is missing")]
    Empty,
    /// A body where none is taken.
    #[error("body is not expected: this takes none")]
    Surplus,
    /// A query parameter that the endpoint does not read; its name is the caller's.
    #[error("query has a parameter that is not known here")]
    UnknownParameter,
    /// A field.
    #[error("field `{0}` is not acceptable")]
    Field(Cow<'static, str>),
    /// A header.
    #[error("header `{0}` is missing or not acceptable")]
    Header(&'static str),
    /// A query or path parameter.
    #[error("parameter `{0}` is not acceptable")]
    Parameter(&'static str),
    /// A lock that breaks a rule.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// An object's name without a character, or with too many.
    #[error("field `name` has {chars} characters, expected 1 to {max}")]
    ObjectName {
        /// How many.
        chars: usize,
        /// The most.
        max: usize,
    },
    /// A key context that breaks a limit, in the field named.
    #[error("field `{field}`: {fault}")]
    KeyContext {
        /// The field.
        field: &'static str,
        /// The limit.
        fault: ContextError,
    },
    /// A move from a former root that the configuration does not name.
    #[error("no former root is configured: name it as `former_root`")]
    NoFormerRoot,
    /// A field that is missing, or of another type than expected.
    #[error("field `{field}` is not {expected}")]
    FieldType {
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A value that is no text, asked for where only text can be answered.
    #[error("value is not text: read it by `/v1/objects`")]
    NotText,
    /// A stream under a suite that seals in one piece.
    #[error("suite {0} seals no streams: let the context policy name another")]
    NotChunked(Suite),
    /// A guard's rule that is not taken.
    #[error("field `rule`: {0}")]
    Rule(#[from] crate::guard::GuardFault),
    /// Too many items in a batch.
    #[error("batch has {items} items, more than {max}")]
    BatchItems {
        /// How many.
        items: usize,
        /// The most.
        max: usize,
    },
    /// A page token that is not ours.
    #[error("page token is not of this list")]
    PageToken,
    /// A policy that ties with another.
    #[error("policy ties with {0}: both could match one key context with as many pairs")]
    PolicyTie(strongroom_types::PolicyId),
    /// A client already has two live API keys.
    #[error("client has two live api keys: revoke one first")]
    ApiKeys,
    /// A token asked for in another way than by exchange.
    #[error("grant type is not supported: exchange a token")]
    GrantType,
    /// A token asked for that is for somebody else.
    #[error("tokens are for this server only: leave out `audience` and `resource`")]
    Target,
    /// A token asked for that may do less than its client.
    #[error("scopes are not supported: a token may do what its client may")]
    Scope,
    /// An API key that would be dead at once, or end too late.
    #[error("field `expires_in` is not from 1 to {max} seconds", max = API_KEY_LIFETIME_S_MAX)]
    ApiKeyLifetime,
    /// A context policy that asks for any value.
    #[error(
        "field `match`: `*` is no wildcard here, a policy matches by exact values: name only the pairs that must be \
         equal, and leave out those that may have any value"
    )]
    PolicyAny,
    /// A customer's key that cannot be reached in the way described.
    #[error(transparent)]
    Provider(#[from] ConnectError),
}

/// Why a request is refused. The entry tells [`Denial::reason`], the caller [`Denial::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// No credential, or none that is accepted.
    #[error("credential is missing or not accepted")]
    Unauthenticated,
    /// A known client whose credential no longer counts.
    #[error("credential is revoked or expired")]
    CredentialRevoked,
    /// A token that was issued here and is good but for its age.
    #[error("token has expired: ask for another")]
    CredentialExpired,
    /// The client lacks a permission.
    #[error("permission `{0}` is missing")]
    PermissionMissing(Permission),
    /// The identity token is not accepted.
    #[error(transparent)]
    Identity(#[from] TokenFault),
    /// The client of keysets that is named may not use the keyset.
    #[error("keyset is not granted to the client")]
    KeysetNotGranted,
    /// The key context is outside the client's allowed contexts.
    #[error("key context does not exist, or is not this client's to use")]
    ContextNotAllowed,
    /// What is given, or who is administered, has allowed contexts beyond the caller's own.
    #[error("allowed contexts reach beyond this client's own")]
    GrantTooWide,
    /// No such key context, and the operation does not make one.
    #[error("key context does not exist, or is not this client's to use")]
    ContextUnknown,
    /// The key context was destroyed.
    #[error("key context was destroyed: create it again by name to use it")]
    ContextDestroyed,
    /// The ciphertext is of another key context, and the caller may use both.
    #[error("ciphertext belongs to another key context than the one named")]
    ContextMismatch,
    /// The key context is disabled.
    #[error("key context is disabled")]
    KeyDisabled,
    /// A customer's key does not do its duty. Callers learn no more than whether to try again.
    #[error("customer key is not used: {}", .0.outline())]
    CustomerKey(CustomerKeyFault),
    /// A customer's key did not do its duty when its administrator tried it.
    #[error("customer key is not used: {0}")]
    CustomerKeyTried(CustomerKeyFault),
    /// A customer's key is attached to the policy.
    #[error("customer key is attached to the policy: detach it first")]
    KeyAttached,
    /// A policy wants a customer's key, by closing a name or for all that it matches, and none is attached.
    #[error("key context must have a customer key, and none is attached to it")]
    ContextClosed,
    /// The workspace is full.
    #[error("workspace has {quota} key contexts, as many as it may")]
    ContextQuota {
        /// The quota.
        quota: u64,
    },
    /// The context policy demands lock terms.
    #[error("context policy requires a lock on these claims")]
    LockRequired {
        /// The claims of the missing terms.
        claims: Vec<String>,
    },
    /// The value is locked and there is no identity.
    #[error("value is locked to an identity, and none was shown")]
    IdentityMissing {
        /// The claims of the lock.
        claims: Vec<String>,
    },
    /// The identity is not the one that the value is locked to.
    #[error("identity does not meet the lock")]
    LockNotMet {
        /// The claims of the lock.
        claims: Vec<String>,
    },
    /// A claim of the lock is absent from the identity that seals.
    #[error("identity has no claim `{claim}` to lock to")]
    ClaimMissing {
        /// The claim.
        claim: String,
    },
    /// A claim of the lock cannot be bound.
    #[error("claim `{claim}` cannot be locked to: {fault}")]
    ClaimUnbindable {
        /// The claim.
        claim: String,
        /// Why.
        fault: ClaimError,
    },
    /// A guard does not allow the use.
    #[error("policy `{name}` does not allow it: {message}")]
    Guarded {
        /// The guard.
        name: String,
        /// What is said of it.
        message: String,
    },
    /// FIPS mode is enabled and does not approve the algorithm.
    #[error("fips mode does not approve {algorithm}")]
    NotApproved {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// The format is not accepted by the context policy.
    #[error("format is not accepted")]
    FormatNotAccepted,
    /// The ciphertext does not open.
    #[error("ciphertext cannot be decrypted")]
    Ciphertext(CiphertextFault),
    /// The request is not acceptable.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The body is too large.
    #[error("body is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The value is longer than its suite seals in one piece.
    #[error("suite {suite} seals at most {limit_bytes} bytes")]
    TooLargeForSuite {
        /// The suite.
        suite: Suite,
        /// The limit.
        limit_bytes: u64,
    },
    /// The content type is not served here.
    #[error("content type is not served here")]
    MediaType,
    /// The method is not served on this path.
    #[error("method is not served on this path")]
    MethodNotAllowed,
    /// A thing does not exist.
    #[error("no such {}", .0.name())]
    NotFound(Thing),
    /// An entry that has no items.
    #[error("entry is not a batch's")]
    NotBatch,
    /// An object of a key context that is not the caller's: as unknown as none.
    #[error("no such object")]
    ObjectHidden,
    /// A store that is not among the caller's: as unknown as none.
    #[error("no such store")]
    StoreHidden,
    /// The version that a change names is not the object's.
    #[error("object has version {current} now")]
    VersionConflict {
        /// Its version; 0 if there is no such object.
        current: u64,
    },
    /// The context policy demands a version check.
    #[error("context policy requires `version_check` or `If-Match`")]
    VersionCheckMissing,
    /// The name belongs to another object.
    #[error("name belongs to another object")]
    NameTaken,
    /// A thing exists already, or is in another state.
    #[error("{} is already there or in another state", .0.name())]
    Conflict(Thing),
    /// An Idempotency-Key with another request.
    #[error("idempotency key was used with another request")]
    IdempotencyMismatch,
    /// A secret that is shown once was shown.
    #[error("already issued as {made}; its secret is shown once")]
    AlreadyIssued {
        /// The id of what was made.
        made: String,
    },
    /// A limit of the edge.
    #[error("limit `{limit}` is reached")]
    RateLimited {
        /// The limit's name.
        limit: &'static str,
    },
    /// A limit of a longer time, and how much of that is left.
    #[error("limit `{limit}` is reached")]
    RateLimitedFor {
        /// The limit's name.
        limit: &'static str,
        /// When a repetition may help.
        wait: Duration,
    },
    /// The caller went away, or its body broke off or is not framed as HTTP says.
    #[error("body ended early")]
    Aborted,
    /// The root provider does not answer.
    #[error("root provider does not answer")]
    RootUnavailable,
    /// The database does not answer.
    #[error("database does not answer")]
    StoreUnavailable,
    /// The log cannot be written.
    #[error("log cannot be written, so no key is used")]
    LogUnavailable,
    /// Keys are destroyed, and what remembers it outside the database could not be written.
    #[error(
        "keys are destroyed, but the tombstone is not kept outside the database yet; the server \
         tries again until it is"
    )]
    TombstoneUnkept,
    /// A checkpoint could not be written outside the database, so that nobody is shown it.
    #[error(
        "checkpoint is not kept outside the database yet, so it is not shown; the server tries \
         again until it is"
    )]
    CheckpointUnkept,
    /// The server is stopping or overloaded.
    #[error("server is stopping or overloaded")]
    Unavailable,
    /// A fault of ours.
    #[error("fault of the server")]
    Internal,
}

impl Denial {
    /// What the caller may branch on. Everything about a ciphertext that does not open is one code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Unauthenticated | Self::CredentialRevoked | Self::CredentialExpired => {
                Code::Unauthenticated
            }
            Self::PermissionMissing(_) | Self::KeysetNotGranted | Self::GrantTooWide => {
                Code::PermissionDenied
            }
            Self::Identity(_) => Code::InvalidIdentity,
            Self::ContextNotAllowed | Self::ContextUnknown | Self::ContextDestroyed => {
                Code::ContextNotFound
            }
            Self::ContextMismatch => Code::ContextMismatch,
            Self::KeyDisabled => Code::KeyDisabled,
            Self::CustomerKey(fault) | Self::CustomerKeyTried(fault) => fault.code(),
            Self::ContextClosed => Code::ContextClosed,
            Self::ContextQuota { .. } => Code::ContextQuota,
            Self::Guarded { .. } => Code::PolicyDenied,
            Self::NotApproved { .. } => Code::NotApproved,
            Self::LockRequired { .. } => Code::LockRequired,
            Self::IdentityMissing { .. } | Self::LockNotMet { .. } => Code::IdentityMismatch,
            Self::ClaimMissing { .. } | Self::ClaimUnbindable { .. } => Code::ClaimNotBindable,
            Self::FormatNotAccepted | Self::Ciphertext(_) => Code::CannotDecrypt,
            Self::Invalid(
                Invalid::ObjectName { .. }
                | Invalid::KeyContext { .. }
                | Invalid::FieldType { .. }
                | Invalid::NotText,
            ) => Code::InvalidField,
            Self::Invalid(_) | Self::Aborted => Code::InvalidRequest,
            Self::TooLarge { .. } | Self::TooLargeForSuite { .. } => Code::TooLarge,
            Self::MediaType => Code::UnsupportedMediaType,
            Self::MethodNotAllowed => Code::MethodNotAllowed,
            Self::NotFound(_) | Self::NotBatch | Self::ObjectHidden | Self::StoreHidden => {
                Code::NotFound
            }
            Self::VersionConflict { .. } => Code::VersionConflict,
            Self::VersionCheckMissing => Code::VersionCheckRequired,
            Self::Conflict(_) | Self::NameTaken | Self::KeyAttached => Code::Conflict,
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
            Self::AlreadyIssued { .. } => Code::AlreadyIssued,
            Self::RateLimited { .. } | Self::RateLimitedFor { .. } => Code::RateLimited,
            Self::RootUnavailable => Code::RootUnavailable,
            Self::StoreUnavailable => Code::StoreUnavailable,
            Self::LogUnavailable => Code::LogUnavailable,
            Self::TombstoneUnkept | Self::CheckpointUnkept | Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }

    /// What the entry says: always the true reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Unauthenticated | Self::CredentialRevoked | Self::CredentialExpired => {
                Reason::CredentialRevoked
            }
            Self::PermissionMissing(_) => Reason::PermissionMissing,
            Self::Identity(fault) => token_reason(*fault),
            Self::ContextNotAllowed
            | Self::ObjectHidden
            | Self::StoreHidden
            | Self::KeysetNotGranted
            | Self::GrantTooWide => Reason::ContextNotAllowed,
            Self::ContextUnknown => Reason::ContextUnknown,
            Self::ContextDestroyed => Reason::ContextDestroyed,
            Self::ContextMismatch => Reason::ContextMismatch,
            Self::KeyDisabled => Reason::KeyDisabled,
            Self::CustomerKey(fault) | Self::CustomerKeyTried(fault) => fault.reason(),
            Self::ContextClosed => Reason::ContextClosed,
            Self::ContextQuota { .. } => Reason::ContextQuota,
            Self::Guarded { .. } => Reason::PolicyDenied,
            Self::NotApproved { .. } => Reason::NotApproved,
            Self::LockRequired { .. } => Reason::LockRequired,
            Self::IdentityMissing { .. } => Reason::IdentityMissing,
            Self::LockNotMet { .. } => Reason::LockNotMet,
            Self::ClaimMissing { .. } => Reason::ClaimMissing,
            Self::ClaimUnbindable { .. } => Reason::ClaimUnbindable,
            Self::FormatNotAccepted => Reason::FormatNotAccepted,
            Self::Ciphertext(fault) => ciphertext_reason(*fault),
            Self::Invalid(_)
            | Self::TooLarge { .. }
            | Self::TooLargeForSuite { .. }
            | Self::MediaType
            | Self::MethodNotAllowed => Reason::InvalidRequest,
            Self::NotFound(_) | Self::NotBatch => Reason::NotFound,
            Self::VersionConflict { .. } => Reason::VersionConflict,
            Self::VersionCheckMissing => Reason::VersionCheckMissing,
            Self::NameTaken => Reason::NameTaken,
            Self::Conflict(_)
            | Self::KeyAttached
            | Self::IdempotencyMismatch
            | Self::AlreadyIssued { .. } => Reason::Conflict,
            Self::RateLimited { .. } | Self::RateLimitedFor { .. } => Reason::RateLimited,
            Self::Aborted => Reason::Aborted,
            Self::RootUnavailable => Reason::RootUnavailable,
            Self::StoreUnavailable | Self::LogUnavailable => Reason::StoreUnavailable,
            Self::Internal => Reason::Internal,
            Self::TombstoneUnkept | Self::CheckpointUnkept | Self::Unavailable => {
                Reason::Unavailable
            }
        }
    }

    /// When a repetition may help.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimitedFor { wait, .. } => Some(*wait),
            Self::RateLimited { .. }
            | Self::RootUnavailable
            | Self::CustomerKey(CustomerKeyFault::Provider(RootError::Unavailable { .. }))
            | Self::CustomerKeyTried(CustomerKeyFault::Provider(RootError::Unavailable {
                ..
            }))
            | Self::StoreUnavailable
            | Self::LogUnavailable
            | Self::TombstoneUnkept
            | Self::CheckpointUnkept
            | Self::Unavailable => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// What a person may read about this occurrence. Ciphertext faults say nothing more.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Ciphertext(_)
            | Self::FormatNotAccepted
            | Self::Unauthenticated
            | Self::CredentialRevoked => None,
            other => Some(other.to_string()),
        }
    }

    /// The present version of the object that a change named another version of.
    #[must_use]
    pub const fn current_version(&self) -> Option<u64> {
        match self {
            Self::VersionConflict { current } => Some(*current),
            _ => None,
        }
    }

    /// The guard that decided, or `algorithm_policy` of a context.
    #[must_use]
    pub fn guard(&self) -> Option<&str> {
        match self {
            Self::Guarded { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The lock's claims that were not met; names, never values.
    #[must_use]
    pub fn claims(&self) -> Vec<String> {
        match self {
            Self::LockRequired { claims }
            | Self::IdentityMissing { claims }
            | Self::LockNotMet { claims } => claims.clone(),
            Self::ClaimMissing { claim } | Self::ClaimUnbindable { claim, .. } => {
                vec![claim.clone()]
            }
            _ => Vec::new(),
        }
    }
}

const fn token_reason(fault: TokenFault) -> Reason {
    match fault {
        TokenFault::Malformed => Reason::TokenMalformed,
        TokenFault::Algorithm => Reason::TokenAlgorithm,
        TokenFault::Signature => Reason::TokenSignature,
        TokenFault::Issuer => Reason::TokenIssuer,
        TokenFault::Audience => Reason::TokenAudience,
        TokenFault::Expired => Reason::TokenExpired,
        TokenFault::NotYetValid => Reason::TokenNotYetValid,
        TokenFault::KeyUnknown => Reason::TokenKeyUnknown,
        TokenFault::Unreachable => Reason::IssuerUnreachable,
    }
}

const fn ciphertext_reason(fault: CiphertextFault) -> Reason {
    match fault {
        CiphertextFault::NotOurs => Reason::NotOurs,
        CiphertextFault::Malformed => Reason::Malformed,
        CiphertextFault::OtherWorkspace => Reason::OtherWorkspace,
        CiphertextFault::OtherPurpose => Reason::OtherPurpose,
        CiphertextFault::OtherContext => Reason::ContextNotAllowed,
        CiphertextFault::KeyVersion => Reason::KeyVersionUnknown,
        CiphertextFault::Destroyed => Reason::ContextDestroyed,
        CiphertextFault::Altered => Reason::Altered,
    }
}
