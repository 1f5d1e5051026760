//! Arguments that are more than text.

use core::fmt;
use core::str::FromStr;

use serde::Deserialize;
use strongroom_core::AccessTokenSeconds;
use strongroom_log::NoteVerifier;
use strongroom_server::Surface;
use strongroom_types::{
    ContextError, ContextPattern, FipsMode, KeyContext, Kind, Lock, LockError, LockTerm, Operation,
    Outcome, Permission,
};
use zeroize::Zeroizing;

/// An argument that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("expected `key=value,…` or a JSON object of strings")]
    Pairs,
    #[error(transparent)]
    Context(#[from] ContextError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("not JSON of the expected form")]
    Json(#[from] serde_json::Error),
    #[error("expected one of {names}")]
    Name { names: String },
    #[error("expected 1 to 3600")]
    AccessTokenSeconds,
}

/// Reads `tenant=acme,type=pii`, or a JSON object where a value has a comma in it.
pub(crate) fn key_context(text: &str) -> Result<KeyContext, ArgumentError> {
    if text.starts_with('{') {
        return Ok(serde_json::from_str(text)?);
    }
    Ok(KeyContext::new(pairs(text)?)?)
}

/// Reads a pattern of key contexts, see [`key_context`]; the empty text matches every one.
pub(crate) fn pattern(text: &str) -> Result<ContextPattern, ArgumentError> {
    if text.starts_with('{') {
        return Ok(serde_json::from_str(text)?);
    }
    Ok(ContextPattern::new(pairs(text)?)?)
}

fn pairs(text: &str) -> Result<Vec<(&str, &str)>, ArgumentError> {
    text.split(',')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').ok_or(ArgumentError::Pairs))
        .collect()
}

/// Reads `sub,scopes`, or a JSON list where a term is a membership.
pub(crate) fn lock(text: &str) -> Result<Lock, ArgumentError> {
    if text.starts_with('[') {
        return Ok(serde_json::from_str(text)?);
    }
    let terms = text
        .split(',')
        .map(|claim| LockTerm::Whole(claim.to_owned()));
    Ok(Lock::new(terms.collect())?)
}

pub(crate) fn permission(text: &str) -> Result<Permission, ArgumentError> {
    named(Permission::from_name(text), Permission::ALL)
}

pub(crate) fn operation(text: &str) -> Result<Operation, ArgumentError> {
    named(Operation::from_name(text), Operation::ALL)
}

pub(crate) fn outcome(text: &str) -> Result<Outcome, ArgumentError> {
    named(Outcome::from_name(text), Outcome::ALL)
}

/// The name of a kind of key contexts.
pub(crate) fn kind(text: &str) -> Result<Kind, ArgumentError> {
    named(Kind::from_name(text), Kind::ALL)
}

/// The name of a surface of another product.
pub(crate) fn surface(text: &str) -> Result<Surface, ArgumentError> {
    Surface::from_name(text).ok_or_else(|| ArgumentError::Name {
        names: Surface::ALL.map(Surface::name).join(", "),
    })
}

/// The name of a FIPS mode.
pub(crate) fn fips_mode(text: &str) -> Result<FipsMode, ArgumentError> {
    named(FipsMode::from_name(text), FipsMode::ALL)
}

/// How long access tokens of applications live.
pub(crate) fn access_token_seconds(text: &str) -> Result<AccessTokenSeconds, ArgumentError> {
    let seconds = text.parse().ok().and_then(AccessTokenSeconds::new);
    seconds.ok_or(ArgumentError::AccessTokenSeconds)
}

fn named<T: ToString>(found: Option<T>, all: &[T]) -> Result<T, ArgumentError> {
    found.ok_or_else(|| ArgumentError::Name {
        names: all.iter().map(T::to_string).collect::<Vec<_>>().join(", "),
    })
}

/// Where a PostgreSQL database is. `Debug` shows nothing of it: it may hold a password.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct DatabaseUrl(pub(crate) Zeroizing<String>);

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(Zeroizing::new(url))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").finish_non_exhaustive()
    }
}

/// A log's public key: its text, or a file that holds it.
#[derive(Clone, Debug)]
pub(crate) struct LogKey(pub(crate) NoteVerifier);

impl FromStr for LogKey {
    type Err = Box<dyn core::error::Error + Send + Sync>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A file's name seldom has the form of a key.
        let key = match text.parse() {
            Ok(key) => key,
            Err(_not_a_key) => crate::config::read_text(text.as_ref())?.parse()?,
        };
        Ok(Self(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_contexts_have_a_short_and_a_complete_form() {
        let short = key_context("tenant=acme,type=a=b").unwrap();
        let complete = key_context(r#"{"tenant":"acme","type":"a=b"}"#).unwrap();
        assert!(short == complete);
        for wrong in ["", "tenant", "{}", "{\"a\":1}"] {
            assert!(key_context(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn locks_have_a_short_and_a_complete_form() {
        assert_eq!(lock("sub,org").unwrap(), lock(r#"["org","sub"]"#).unwrap());
        assert!(lock(r#"[{"claim":"groups","has":"x"}]"#).is_ok());
        assert!(lock("exp").is_err());
    }

    #[test]
    fn unknown_names_are_answered_with_the_known() {
        let error = permission("fly").unwrap_err().to_string();
        assert!(error.contains("log:read"), "{error}");
    }
}
