//! Identity locks: which claims take part in a derivation, and their typed values.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A claim that cannot be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// A float, an object, null, or a list of other things than strings.
    #[error("claim has a type that cannot be bound")]
    Type,
    /// Larger than [`ClaimValue::BYTES_MAX`].
    #[error("claim is larger than {} bytes", ClaimValue::BYTES_MAX)]
    TooLarge,
    /// One of [`ClaimValue::UNBINDABLE`], which change with every token.
    #[error("claim changes with every token and cannot be bound")]
    Unbindable,
}

/// The typed value of a claim. `1`, `"1"` and `true` are three different values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum ClaimValue {
    /// A boolean.
    Bool(bool),
    /// A 64-bit signed integer.
    Integer(i64),
    /// A string, byte for byte.
    Text(String),
    /// A list of strings, as a sorted set.
    Set(BTreeSet<String>),
}

impl ClaimValue {
    /// The most bytes of UTF-8 that a claim may have in all.
    pub const BYTES_MAX: usize = 4096;
    /// Claims that change with every token, and would lock the value away from its owner.
    pub const UNBINDABLE: &'static [&'static str] = &["exp", "iat", "nbf", "jti", "auth_time"];

    /// Reads the claim `name` of a verified token.
    ///
    /// `scope` and `scopes` are one thing with two spellings: a space-separated string or a list
    /// (RFC 8693 section 4.2); both become the set of their words.
    ///
    /// # Errors
    /// Why the value cannot be bound.
    pub fn from_claim(name: &str, value: &Value) -> Result<Self, ClaimError> {
        if Self::UNBINDABLE.contains(&name) {
            return Err(ClaimError::Unbindable);
        }
        let value = match value {
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Integer(number.as_i64().ok_or(ClaimError::Type)?),
            Value::String(text) if name == "scope" || name == "scopes" => {
                Self::Set(text.split_ascii_whitespace().map(str::to_owned).collect())
            }
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::Set(strings(items)?),
            Value::Null | Value::Object(_) => return Err(ClaimError::Type),
        };
        value.check_size()
    }

    fn check_size(self) -> Result<Self, ClaimError> {
        let bytes = match &self {
            Self::Bool(_) | Self::Integer(_) => 0,
            Self::Text(text) => text.len(),
            Self::Set(items) => items.iter().map(String::len).sum(),
        };
        if bytes > Self::BYTES_MAX {
            return Err(ClaimError::TooLarge);
        }
        Ok(self)
    }
}

fn strings(items: &[Value]) -> Result<BTreeSet<String>, ClaimError> {
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or(ClaimError::Type))
        .collect()
}

/// Claims by name, as a caller names them in `lock_for` or as a token carries them.
pub type Claims = BTreeMap<String, ClaimValue>;

/// A lock that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// More terms than [`Lock::TERMS_MAX`].
    #[error("lock has more than {} terms", Lock::TERMS_MAX)]
    TooManyTerms,
    /// An empty or over-long claim name.
    #[error("lock names a claim of 0 or more than {} bytes", Lock::NAME_BYTES_MAX)]
    Name,
    /// An over-long member.
    #[error("lock names a member of more than {} bytes", Lock::MEMBER_BYTES_MAX)]
    Member,
    /// A claim that changes with every token.
    #[error("lock names a claim that changes with every token")]
    Unbindable,
    /// One term twice.
    #[error("lock has a term twice")]
    Duplicate,
}

/// One term of a lock: a claim's whole value, or one member of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum LockTerm {
    /// `"sub"`: the whole value of the claim.
    Whole(String),
    /// `{"claim":"groups","has":"compliance"}`: the claim is a set with this member.
    #[serde(rename_all = "snake_case")]
    Has(Membership),
}

/// A membership term.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The claim that lists members.
    pub claim: String,
    /// The member it must list. It stands readable in the ciphertext's header.
    pub has: String,
}

impl LockTerm {
    /// The claim that the term is about.
    #[must_use]
    pub fn claim(&self) -> &str {
        match self {
            Self::Whole(claim) => claim,
            Self::Has(member) => &member.claim,
        }
    }

    /// The member that the claim must list, for membership terms.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        match self {
            Self::Whole(_) => None,
            Self::Has(member) => Some(&member.has),
        }
    }

    fn check(&self) -> Result<(), LockError> {
        let claim = self.claim();
        if claim.is_empty() || claim.len() > Lock::NAME_BYTES_MAX {
            return Err(LockError::Name);
        }
        if self
            .member()
            .is_some_and(|member| member.len() > Lock::MEMBER_BYTES_MAX)
        {
            return Err(LockError::Member);
        }
        if ClaimValue::UNBINDABLE.contains(&claim) {
            return Err(LockError::Unbindable);
        }
        Ok(())
    }
}

/// The claims that take part in a derivation, for example `["sub"]`: 0 to 8 terms, sorted and
/// unique. The empty lock is no lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Vec<LockTerm>", into = "Vec<LockTerm>")]
pub struct Lock(Vec<LockTerm>);

impl Lock {
    /// The most terms of a lock.
    pub const TERMS_MAX: usize = 8;
    /// The longest claim name, in bytes of UTF-8.
    pub const NAME_BYTES_MAX: usize = 255;
    /// The longest member, in bytes of UTF-8.
    pub const MEMBER_BYTES_MAX: usize = 1024;

    /// Takes terms in any order.
    ///
    /// # Errors
    /// The rule that the terms break.
    pub fn new(mut terms: Vec<LockTerm>) -> Result<Self, LockError> {
        if terms.len() > Self::TERMS_MAX {
            return Err(LockError::TooManyTerms);
        }
        terms.iter().try_for_each(LockTerm::check)?;
        terms.sort();
        if terms.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(LockError::Duplicate);
        }
        Ok(Self(terms))
    }

    /// The terms, sorted.
    #[must_use]
    pub fn terms(&self) -> &[LockTerm] {
        &self.0
    }

    /// Whether this is no lock.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<LockTerm>> for Lock {
    type Error = LockError;

    fn try_from(terms: Vec<LockTerm>) -> Result<Self, LockError> {
        Self::new(terms)
    }
}

impl From<Lock> for Vec<LockTerm> {
    fn from(lock: Lock) -> Self {
        lock.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scope_and_scopes_have_one_normalisation() {
        let words = ClaimValue::from_claim("scope", &json!("b a b")).unwrap();
        assert_eq!(
            words,
            ClaimValue::from_claim("scopes", &json!(["a", "b"])).unwrap()
        );
        assert_ne!(
            words,
            ClaimValue::from_claim("other", &json!("b a b")).unwrap()
        );
    }

    #[test]
    fn types_are_told_apart() {
        let values = [json!(1), json!("1"), json!(true), json!(["1"])];
        let bound: BTreeSet<_> = values
            .iter()
            .map(|v| ClaimValue::from_claim("c", v).unwrap())
            .collect();
        assert_eq!(bound.len(), 4);
    }

    #[test]
    fn what_cannot_be_bound_is_refused() {
        for value in [
            json!(1.5),
            json!(null),
            json!({}),
            json!([1]),
            json!(u64::MAX),
        ] {
            assert_eq!(
                ClaimValue::from_claim("c", &value),
                Err(ClaimError::Type),
                "{value}"
            );
        }
        assert_eq!(
            ClaimValue::from_claim("exp", &json!(1)),
            Err(ClaimError::Unbindable)
        );
        let long = json!("x".repeat(ClaimValue::BYTES_MAX + 1));
        assert_eq!(
            ClaimValue::from_claim("c", &long),
            Err(ClaimError::TooLarge)
        );
    }

    #[test]
    fn locks_are_sorted_and_unique() {
        let parse = |text: &str| serde_json::from_str::<Lock>(text);
        assert_eq!(
            parse(r#"["sub","org"]"#).unwrap(),
            parse(r#"["org","sub"]"#).unwrap()
        );
        assert!(parse("[]").unwrap().is_empty());
        for wrong in [
            r#"["sub","sub"]"#,
            r#"["exp"]"#,
            r#"[""]"#,
            r#"[{"claim":"g"}]"#,
            "[1]",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
