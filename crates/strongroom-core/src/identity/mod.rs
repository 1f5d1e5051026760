//! Who stands behind a request: end users and services, proven by signed tokens.
//!
//! Two kinds of token prove an [`Identity`]:
//! - a JWT of one of the workspace's trusted [`Issuers`], verified by [`KeyCache::verify`] under
//!   the issuer's own keys (RFC 7519, RFC 7515, RFC 7517);
//! - a token that this server exchanged for one, issued and verified by [`TokenSigner`]
//!   (RFC 8693). It repeats the identity; it never carries the user's own token.
//!
//! An identity is an issuer's *id* and a map of claims: two issuers that both say
//! `"sub": "alice"` speak of two people. [`Identity::resolve`] looks a lock's terms up in the
//! claims; what the values turn into is `strongroom_crypto::keys::LockSecret`'s business.
//!
//! What is *not* here: network (the `Fetch` port), clock (`now` is a parameter), and the decision
//! who may do what.

mod access;
mod application;
mod issuer;
mod jwk;
mod jwt;
mod keys;
mod token;

#[cfg(test)]
mod fixture;

use core::fmt;

use serde_json::{Map, Value};
use strongroom_crypto::keys::ResolvedLock;
use strongroom_types::{ClaimValue, Claims, IssuerId, Lock};

pub(crate) use self::access::{Access, Acting};
pub(crate) use self::application::{ApplicationPlace, RowKey, ShownToken};
pub(crate) use self::issuer::{Issuer, IssuerBody, Issuers};
pub(crate) use self::keys::KeyCache;
pub(crate) use self::token::{Exchanged, TokenSigner};
use crate::denial::Denial;
use crate::ports::Micros;

/// Claims that say something about the token, not about who holds it.
const OF_THE_TOKEN: &[&str] = &["iss", "aud", "exp", "nbf", "iat", "jti", "auth_time"];

/// What a token of an issuer is shown for. It does for one of the two: whoever gets a user's token to
/// open locks with it cannot become the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be the identity beside a caller, for locks and exchanged tokens.
    Lock,
    /// To become a user or to begin a user's session.
    SignIn,
}

/// An end user or service, proven by a token that has been verified.
#[derive(Clone, PartialEq)]
pub(crate) struct Identity {
    /// The issuer that vouches for it: the id under which locks are derived.
    pub(crate) issuer: IssuerId,
    /// The issuer's `iss`, for people.
    pub(crate) iss: String,
    /// Its `sub`; unique for one issuer only.
    pub(crate) subject: String,
    /// Every claim that is about the holder, `sub` included.
    pub(crate) claims: Map<String, Value>,
    /// Those of the claims that the issuer's `display_claims` name, for the log.
    pub(crate) display: Map<String, Value>,
    /// When the proof ends.
    pub(crate) expires: Micros,
}

impl Identity {
    /// Gives each term of the lock its value.
    ///
    /// A whole-value term takes the claim's typed value; a membership term takes its member, if the
    /// claim is a set that has it. `scope` and `scopes` are two spellings of one claim, a set of
    /// words: a term finds either, its own spelling first.
    ///
    /// # Errors
    /// [`Denial::ClaimMissing`] when the claim is absent or is not a set with the member, and
    /// [`Denial::ClaimUnbindable`] when its value has no bindable type.
    pub(crate) fn resolve(&self, lock: &Lock) -> Result<ResolvedLock, Denial> {
        resolve(self.issuer, &self.claims, lock)
    }

    /// The e-mail that the issuer says it has verified (`OpenID` Connect Core 1.0, section 5.1).
    pub(crate) fn verified_email(&self) -> Option<&str> {
        let verified = self.claims.get("email_verified")?.as_bool()?;
        let email = self.claims.get("email")?.as_str()?;
        verified.then_some(email)
    }

    /// The typed value of a claim.
    ///
    /// # Errors
    /// As [`Identity::resolve`].
    pub(crate) fn bound_claim(&self, name: &str) -> Result<ClaimValue, Denial> {
        bind(name, &self.claims).map(|(_, value)| value)
    }
}

/// Shows the issuer only: subject and claims are personal data.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity(of {})", self.issuer)
    }
}

/// Resolves a lock for somebody whom the caller names (`lock_for`), by the rules of
/// [`Identity::resolve`].
///
/// # Errors
/// As [`Identity::resolve`].
pub(crate) fn resolve_for(
    issuer: IssuerId,
    claims: &Claims,
    lock: &Lock,
) -> Result<ResolvedLock, Denial> {
    let claims = claims
        .iter()
        .map(|(name, value)| (name.clone(), json(value)))
        .collect();
    resolve(issuer, &claims, lock)
}

/// A typed value as a token would carry it.
fn json(value: &ClaimValue) -> Value {
    match value {
        ClaimValue::Bool(flag) => Value::from(*flag),
        ClaimValue::Integer(number) => Value::from(*number),
        ClaimValue::Text(text) => Value::from(text.as_str()),
        ClaimValue::Set(items) => items.iter().map(String::as_str).collect(),
    }
}

fn resolve(
    issuer: IssuerId,
    claims: &Map<String, Value>,
    lock: &Lock,
) -> Result<ResolvedLock, Denial> {
    let named = lock.terms().iter().map(|term| bind(term.claim(), claims));
    let named = named.collect::<Result<Claims, Denial>>()?;
    ResolvedLock::resolve(lock.clone(), issuer, &named)
        .map_err(|unmet| Denial::ClaimMissing { claim: unmet.claim })
}

/// Looks the claim up and types it.
fn bind(name: &str, claims: &Map<String, Value>) -> Result<(String, ClaimValue), Denial> {
    let found = claims
        .get(name)
        .or_else(|| claims.get(other_spelling(name)?));
    let value = found.ok_or_else(|| Denial::ClaimMissing {
        claim: name.to_owned(),
    })?;
    let value = ClaimValue::from_claim(name, value).map_err(|fault| Denial::ClaimUnbindable {
        claim: name.to_owned(),
        fault,
    })?;
    Ok((name.to_owned(), value))
}

fn other_spelling(name: &str) -> Option<&'static str> {
    match name {
        "scope" => Some("scopes"),
        "scopes" => Some("scope"),
        _ => None,
    }
}

/// Those claims that are about the holder of the token.
fn lockable(mut claims: Map<String, Value>) -> Map<String, Value> {
    claims.retain(|name, _| !OF_THE_TOKEN.contains(&name.as_str()));
    claims
}

/// The named claims, where present.
fn pick(claims: &Map<String, Value>, names: &[String]) -> Map<String, Value> {
    names
        .iter()
        .filter_map(|name| claims.get_key_value(name))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use strongroom_types::ClaimError;

    use super::fixture::{ISSUER, identity};
    use super::*;

    fn lock(terms: &Value) -> Lock {
        serde_json::from_value(terms.clone()).unwrap()
    }

    fn values(claims: &Value, terms: &Value) -> Result<Vec<ClaimValue>, Denial> {
        let resolved = identity(claims.clone()).resolve(&lock(terms))?;
        Ok(resolved.values().to_vec())
    }

    fn set(items: &[&str]) -> ClaimValue {
        ClaimValue::Set(items.iter().map(|&item| item.to_owned()).collect())
    }

    #[test]
    fn whole_terms_take_typed_values_in_the_order_of_the_lock() {
        let claims = json!({"sub": "alice", "n": 1, "t": "1", "yes": true, "groups": ["b", "a"]});
        let found = values(&claims, &json!(["yes", "t", "n", "groups", "sub"])).unwrap();
        let expected = [
            set(&["a", "b"]),
            ClaimValue::Integer(1),
            ClaimValue::Text("alice".into()),
            ClaimValue::Text("1".into()),
            ClaimValue::Bool(true),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn claims_of_other_types_are_different_values() {
        let of = |value: Value| values(&json!({"sub": "s", "c": value}), &json!(["c"])).unwrap();
        let all = [
            of(json!(1)),
            of(json!("1")),
            of(json!(true)),
            of(json!(["1"])),
        ];
        for (i, one) in all.iter().enumerate() {
            assert_eq!(all.iter().filter(|other| *other == one).count(), 1, "{i}");
        }
    }

    #[test]
    fn membership_terms_take_the_member() {
        let terms = json!([{"claim": "groups", "has": "compliance"}]);
        let found = values(&json!({"sub": "s", "groups": ["x", "compliance"]}), &terms).unwrap();
        assert_eq!(found, [ClaimValue::Text("compliance".into())]);
    }

    #[test]
    fn membership_needs_a_set_with_the_member() {
        let terms = json!([{"claim": "groups", "has": "compliance"}]);
        let missing = Denial::ClaimMissing {
            claim: "groups".into(),
        };
        for groups in [json!(["x"]), json!("compliance"), json!([]), json!(1)] {
            let claims = json!({"sub": "s", "groups": groups});
            assert_eq!(values(&claims, &terms), Err(missing.clone()), "{claims}");
        }
    }

    #[test]
    fn membership_finds_a_word_of_a_scope() {
        let terms = json!([{"claim": "scope", "has": "read"}]);
        let found = values(&json!({"sub": "s", "scope": "write read"}), &terms).unwrap();
        assert_eq!(found, [ClaimValue::Text("read".into())]);
    }

    #[test]
    fn scope_and_scopes_are_one_claim() {
        let of = |claims: Value, term: &str| values(&claims, &json!([term])).unwrap();
        let words = vec![set(&["a", "b"])];
        assert_eq!(of(json!({"sub": "s", "scope": "b a b"}), "scope"), words);
        assert_eq!(of(json!({"sub": "s", "scope": "b a"}), "scopes"), words);
        assert_eq!(
            of(json!({"sub": "s", "scopes": ["a", "b"]}), "scope"),
            words
        );
        assert_eq!(
            of(
                json!({"sub": "s", "scope": "x", "scopes": ["a", "b"]}),
                "scopes"
            ),
            words
        );
    }

    #[test]
    fn absent_and_unbindable_claims_are_told_apart() {
        let claims = json!({"sub": "s", "f": 1.5});
        let missing = Denial::ClaimMissing {
            claim: "org".into(),
        };
        assert_eq!(values(&claims, &json!(["org"])), Err(missing));
        let unbindable = Denial::ClaimUnbindable {
            claim: "f".into(),
            fault: ClaimError::Type,
        };
        assert_eq!(values(&claims, &json!(["f"])), Err(unbindable));
    }

    #[test]
    fn a_named_identity_resolves_like_a_proven_one() {
        let terms = lock(&json!(["sub", "scopes", {"claim": "groups", "has": "g"}]));
        let token = json!({"sub": "bob", "scope": "b a", "groups": ["g", "h"]});
        let named: Claims = serde_json::from_value(token.clone()).unwrap();
        let proven = identity(token).resolve(&terms).unwrap();
        assert_eq!(resolve_for(ISSUER, &named, &terms), Ok(proven));
    }

    #[test]
    fn debug_shows_nobody() {
        let shown = format!(
            "{:?}",
            identity(json!({"sub": "alice", "email": "alice@acme"}))
        );
        assert!(!shown.contains("alice"), "{shown}");
    }

    #[test]
    fn only_an_email_that_the_issuer_verified_counts() {
        let email = |claims| {
            let identity = identity(claims);
            identity.verified_email().map(str::to_owned)
        };
        let good = json!({"sub": "a", "email": "a@acme.example", "email_verified": true});
        assert_eq!(email(good).as_deref(), Some("a@acme.example"));
        for claims in [
            json!({"sub": "a", "email": "a@acme.example"}),
            json!({"sub": "a", "email": "a@acme.example", "email_verified": false}),
            json!({"sub": "a", "email": "a@acme.example", "email_verified": "true"}),
            json!({"sub": "a", "email": ["a@acme.example"], "email_verified": true}),
            json!({"sub": "a@acme.example", "email_verified": true}),
        ] {
            assert_eq!(email(claims.clone()), None, "{claims}");
        }
    }
}
