//! For whom something is sealed or opened.

use core::fmt;
use std::sync::Arc;

use reqwest::header::HeaderValue;
use strongroom_crypto::keys::{ResolvedLock, UnmetTerm};
use strongroom_types::{Claims, IssuerId, Lock, LockError, LockTerm};

use crate::builder::bearer;
use crate::client::Client;
use crate::error::{ClientError, RequestError};

/// Which claims of a person's token lock what is sealed; `["sub"]` unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockContext {
    lock: Lock,
}

impl Default for LockContext {
    fn default() -> Self {
        Self::new()
    }
}

impl LockContext {
    /// Locks to `["sub"]`: one person of one issuer.
    #[must_use]
    pub fn new() -> Self {
        let terms = vec![LockTerm::Whole("sub".to_owned())];
        Self {
            // One term with a good name breaks no rule.
            lock: Lock::new(terms).unwrap_or_default(),
        }
    }

    /// Locks to the whole values of these claims, for example `["sub", "scopes"]`.
    ///
    /// # Errors
    /// The rule that the claims break.
    pub fn with_claims<C: Into<String>>(
        claims: impl IntoIterator<Item = C>,
    ) -> Result<Self, LockError> {
        let terms = claims
            .into_iter()
            .map(|claim| LockTerm::Whole(claim.into()));
        Ok(Self {
            lock: Lock::new(terms.collect())?,
        })
    }

    /// Locks to these terms, which may be about memberships.
    #[must_use]
    pub fn with_lock(lock: Lock) -> Self {
        Self { lock }
    }

    /// The scope of index terms that are one person's: [`Column::scope`](crate::index::Column::scope). Terms of
    /// two scopes have nothing in common, so that a search is for one person at a time. The claims are not
    /// proven by this, and need not be: a scope separates terms, and gives nobody anything.
    ///
    /// # Errors
    /// The first claim of the lock that is not among these.
    pub fn scope(self, issuer: IssuerId, claims: &Claims) -> Result<ResolvedLock, UnmetTerm> {
        ResolvedLock::resolve(self.lock, issuer, claims)
    }

    /// Exchanges the person's JWT (RFC 8693) for a token that carries client, person and claims.
    /// It lives at most 15 minutes and never longer than the JWT.
    ///
    /// # Errors
    /// The JWT is not accepted ([`ClientError::Token`]), or the server did not answer.
    pub async fn identify(
        self,
        client: &Client,
        jwt: &str,
    ) -> Result<IdentifiedContext, ClientError> {
        let answer = client.exchange_token(jwt).await?;
        let bearer = bearer(&answer.access_token).ok_or(RequestError::Credential)?;
        Ok(IdentifiedContext {
            lock: self.lock,
            presented: Presented::Exchanged(bearer),
        })
    }

    /// Presents the person's own JWT with every call, without an exchange.
    #[must_use]
    pub fn present(self, jwt: &str) -> IdentifiedContext {
        IdentifiedContext {
            lock: self.lock,
            presented: Presented::Jwt(Arc::from(jwt)),
        }
    }
}

/// A lock context and the proof of who it is about.
#[derive(Clone)]
pub struct IdentifiedContext {
    pub(crate) lock: Lock,
    pub(crate) presented: Presented,
}

/// How the server learns who the person is.
#[derive(Clone)]
pub(crate) enum Presented {
    /// The person's JWT beside the client's API key.
    Jwt(Arc<str>),
    /// The exchanged token in place of the API key.
    Exchanged(HeaderValue),
}

/// The one-step form: a person's JWT, locked to `["sub"]`.
impl From<&str> for IdentifiedContext {
    fn from(jwt: &str) -> Self {
        LockContext::new().present(jwt)
    }
}

impl From<&String> for IdentifiedContext {
    fn from(jwt: &String) -> Self {
        Self::from(jwt.as_str())
    }
}

impl fmt::Debug for IdentifiedContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentifiedContext")
            .field("lock", &self.lock)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(lock: &Lock) -> Vec<&str> {
        lock.terms().iter().map(LockTerm::claim).collect()
    }

    #[test]
    fn lock_is_the_subject_unless_told_otherwise() {
        assert_eq!(terms(&LockContext::new().lock), ["sub"]);
        let chosen = LockContext::with_claims(["sub", "scopes"]).unwrap();
        assert_eq!(terms(&chosen.lock), ["scopes", "sub"]);
        assert!(LockContext::with_claims(["exp"]).is_err());
    }

    #[test]
    fn debug_shows_no_token() {
        let context = IdentifiedContext::from("eyJhbGciOi");
        assert!(!format!("{context:?}").contains("eyJ"));
    }
}
