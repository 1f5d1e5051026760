//! The issuers' keys: fixed, or fetched and cached.
//!
//! - Fetched keys are used for 10 minutes; the next token waits for fresh ones, and others that
//!   come meanwhile go on with the cached. So a key that its issuer withdrew verifies nothing after
//!   10 minutes and one fetch, even when the next token comes after a quiet night.
//! - While the endpoint fails, the cached keys go on working, for as long as it takes: an issuer's
//!   outage is not ours. Each failure is a warning.
//! - A `kid` that is not cached makes the keys be fetched again: a rollover needs no wait.
//! - After a failure, or a fetch for an unknown `kid`, the issuer's endpoint is left alone for
//!   30 seconds: tokens, which anybody can make, do not drive traffic.
//! - One fetch at a time and issuer. Only tokens that cannot be verified without it, and the one
//!   that found the keys old, wait for it.
//! - Keys belong to one issuer and one key source: with a new source, no old key is used again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use strongroom_types::body::IssuerKeys;
use strongroom_types::{IssuerId, parse_strict};

use super::issuer::{Issuer, Issuers, is_fetchable};
use super::jwk::KeySet;
use super::jwt::{self, Token};
use super::{Identity, Purpose};
use crate::denial::TokenFault;
use crate::ports::{Fetch, FetchError, Micros};
use crate::time::seconds;

/// How long fetched keys are used without asking again.
const FRESH: Micros = seconds(10 * 60);
/// How long an endpoint is left alone after a failure or a fetch for an unknown `kid`.
const PAUSE: Micros = seconds(30);

/// Keys that could not be had.
#[derive(Debug, thiserror::Error)]
enum KeysError {
    /// A document could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A document is not JSON of the right shape.
    #[error("document is not as its specification says")]
    Document,
    /// The configuration is of another issuer.
    #[error("configuration is of another issuer")]
    Issuer,
}

/// Verifies the tokens of issuers, with their keys at hand.
#[derive(Debug)]
pub(crate) struct KeyCache {
    fetch: Arc<dyn Fetch>,
    sources: Mutex<HashMap<IssuerId, Arc<Source>>>,
}

impl KeyCache {
    pub(crate) fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self {
            fetch,
            sources: Mutex::default(),
        }
    }

    /// Verifies a token of one of the issuers. Its `iss` chooses the issuer, and nothing else of it
    /// is used before its signature verifies under that issuer's keys.
    ///
    /// # Errors
    /// What is wrong with the token.
    pub(crate) async fn verify(
        &self,
        token: &str,
        issuers: &Issuers,
        purpose: Purpose,
        now: Micros,
    ) -> Result<Identity, TokenFault> {
        let token = Token::parse(token, jwt::BYTES_MAX)?;
        let issuer = issuers.trusted(token.iss()?)?;
        self.source(issuer)
            .verify(&token, &*self.fetch, now)
            .await?;
        jwt::identity(token, issuer, purpose, now)
    }

    /// The issuer's keys as they were cached for its present key source.
    fn source(&self, issuer: &Issuer) -> Arc<Source> {
        let mut sources = locked(&self.sources);
        let source = sources
            .entry(issuer.id)
            .or_insert_with(|| Arc::new(Source::new(issuer)));
        if source.of != issuer.body.keys {
            *source = Arc::new(Source::new(issuer));
        }
        Arc::clone(source)
    }
}

/// Nothing panics while it holds one of these locks, and what they guard is replaced in one step.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys and when they were fetched.
#[derive(Debug)]
struct Cached {
    keys: KeySet,
    fetched: Micros,
}

/// Where one issuer's keys come from, and those that came.
#[derive(Debug)]
struct Source {
    issuer: IssuerId,
    iss: String,
    of: IssuerKeys,
    cached: Mutex<Option<Arc<Cached>>>,
    /// Held while fetching; the time until which the endpoint is left alone.
    flight: tokio::sync::Mutex<Micros>,
}

impl Source {
    fn new(issuer: &Issuer) -> Self {
        let fixed = match &issuer.body.keys {
            IssuerKeys::Jwks(document) => KeySet::of_public_keys(document),
            IssuerKeys::Discovery {} | IssuerKeys::JwksUrl(_) => None,
        };
        // Fixed keys are never old and never fetched again.
        let cached = fixed.map(|keys| {
            Arc::new(Cached {
                keys,
                fetched: Micros::MAX,
            })
        });
        Self {
            issuer: issuer.id,
            iss: issuer.body.issuer.clone(),
            of: issuer.body.keys.clone(),
            cached: Mutex::new(cached),
            flight: tokio::sync::Mutex::new(Micros::MIN),
        }
    }

    /// Verifies the signature, with keys fetched again if they do not know the token's.
    async fn verify(
        &self,
        token: &Token<'_>,
        fetch: &dyn Fetch,
        now: Micros,
    ) -> Result<(), TokenFault> {
        let seen = self.keys(fetch, now).await?;
        match seen.keys.verify(token) {
            Err(TokenFault::KeyUnknown) if seen.fetched < now => {
                self.newer_than(&seen, fetch, now).await?.keys.verify(token)
            }
            result => result,
        }
    }

    /// The keys at hand, fetched if there are none or if they are old.
    async fn keys(&self, fetch: &dyn Fetch, now: Micros) -> Result<Arc<Cached>, TokenFault> {
        match self.cached() {
            Some(cached) if now.saturating_sub(cached.fetched) < FRESH => Ok(cached),
            Some(old) => Ok(self.refreshed(fetch, now).await.unwrap_or(old)),
            None => self.first(fetch, now).await,
        }
    }

    /// Fetches, unless somebody else does or the endpoint is to be left alone.
    async fn refreshed(&self, fetch: &dyn Fetch, now: Micros) -> Option<Arc<Cached>> {
        let mut pause_until = self.flight.try_lock().ok()?;
        self.load(fetch, now, &mut pause_until).await
    }

    /// Waits for whoever fetches, or fetches.
    async fn first(&self, fetch: &dyn Fetch, now: Micros) -> Result<Arc<Cached>, TokenFault> {
        let mut pause_until = self.flight.lock().await;
        match self.cached() {
            Some(cached) => Ok(cached),
            None => self
                .load(fetch, now, &mut pause_until)
                .await
                .ok_or(TokenFault::Unreachable),
        }
    }

    /// Fetches because `seen` lacks a key, unless somebody else just did. Whatever comes of it, the
    /// endpoint is then left alone for a while.
    async fn newer_than(
        &self,
        seen: &Arc<Cached>,
        fetch: &dyn Fetch,
        now: Micros,
    ) -> Result<Arc<Cached>, TokenFault> {
        let mut pause_until = self.flight.lock().await;
        if let Some(cached) = self.cached().filter(|cached| !Arc::ptr_eq(cached, seen)) {
            return Ok(cached);
        }
        let loaded = self.load(fetch, now, &mut pause_until).await;
        let cached = loaded.ok_or(TokenFault::KeyUnknown)?;
        *pause_until = now.saturating_add(PAUSE);
        Ok(cached)
    }

    /// Fetches and keeps the keys, unless the endpoint is to be left alone.
    async fn load(
        &self,
        fetch: &dyn Fetch,
        now: Micros,
        pause_until: &mut Micros,
    ) -> Option<Arc<Cached>> {
        if now < *pause_until {
            return None;
        }
        // Counts as a failure until it is none: a caller that goes away leaves the pause behind.
        let before = core::mem::replace(pause_until, now.saturating_add(PAUSE));
        match self.fetch_keys(fetch).await {
            Ok(keys) => {
                *pause_until = before;
                let cached = Arc::new(Cached { keys, fetched: now });
                *locked(&self.cached) = Some(Arc::clone(&cached));
                Some(cached)
            }
            Err(error) => {
                tracing::warn!(issuer = %self.issuer, %error, "issuer's keys cannot be fetched");
                None
            }
        }
    }

    fn cached(&self) -> Option<Arc<Cached>> {
        locked(&self.cached).as_ref().map(Arc::clone)
    }

    async fn fetch_keys(&self, fetch: &dyn Fetch) -> Result<KeySet, KeysError> {
        let document = match &self.of {
            IssuerKeys::Discovery {} => get(fetch, &self.discover(fetch).await?).await?,
            IssuerKeys::JwksUrl(url) => get(fetch, url).await?,
            IssuerKeys::Jwks(document) => document.clone(),
        };
        KeySet::read(&document).ok_or(KeysError::Document)
    }

    /// The `jwks_uri` of `<iss>/.well-known/openid-configuration`, OpenID Connect Discovery 1.0
    /// section 4. An issuer elsewhere cannot send us to a service of this machine.
    async fn discover(&self, fetch: &dyn Fetch) -> Result<String, KeysError> {
        let base = self.iss.strip_suffix('/').unwrap_or(&self.iss);
        let configuration = get(fetch, &format!("{base}/.well-known/openid-configuration")).await?;
        let text = |name: &str| configuration.get(name).and_then(Value::as_str);
        if text("issuer") != Some(self.iss.as_str()) {
            return Err(KeysError::Issuer);
        }
        let url = text("jwks_uri").ok_or(KeysError::Document)?;
        if base.starts_with("https://") && !url.starts_with("https://") {
            return Err(FetchError::Url.into());
        }
        Ok(url.to_owned())
    }
}

async fn get(fetch: &dyn Fetch, url: &str) -> Result<Value, KeysError> {
    if !is_fetchable(url) {
        return Err(FetchError::Url.into());
    }
    parse_strict(&fetch.get(url).await?)
        .ok()
        .ok_or(KeysError::Document)
}

#[cfg(test)]
mod tests;
