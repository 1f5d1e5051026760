//! Key contexts: whose data this is.

use core::fmt;
use std::collections::BTreeMap;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::coded::coded_enum;

coded_enum! {
    /// Keeps the surfaces' key contexts apart: no caller of one reaches another's by choosing a map.
    Kind: u8 {
        /// Native and vault contexts, made by the first write.
        Context = 1, "context";
        /// Named contexts, declared before use.
        Named = 2, "named";
        /// The context of one sealed store.
        Store = 3, "store";
        /// Keysets, declared before use.
        Keyset = 4, "keyset";
        /// The context of one signing key.
        SigningKey = 5, "signing-key";
        /// The context of one hybrid key.
        HybridKey = 6, "hybrid-key";
    }
}

/// A key context that breaks a limit. Lengths count Unicode scalar values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// No pair at all.
    #[error("key context has no pair")]
    Empty,
    /// More pairs than [`KeyContext::PAIRS_MAX`].
    #[error("key context has more than {} pairs", KeyContext::PAIRS_MAX)]
    TooManyPairs,
    /// A key without a character.
    #[error("key context has an empty key")]
    EmptyKey,
    /// A key longer than [`KeyContext::KEY_CHARS_MAX`].
    #[error(
        "key context has a key of {chars} characters, more than {}",
        KeyContext::KEY_CHARS_MAX
    )]
    KeyTooLong {
        /// Its length.
        chars: usize,
    },
    /// A value longer than [`KeyContext::VALUE_CHARS_MAX`].
    #[error(
        "key context has a value of {chars} characters, more than {}",
        KeyContext::VALUE_CHARS_MAX
    )]
    ValueTooLong {
        /// Its length.
        chars: usize,
    },
    /// One key twice.
    #[error("key context has a key twice")]
    DuplicateKey,
}

/// A map of strings that names whose data this is, for example
/// `{"organizationId":"org_acme","dataType":"pii"}`; it picks the context key.
///
/// 1 to 10 pairs, keys of 1 to 120 and values of 0 to 500 Unicode scalar values, any of them. Maps
/// are equal when they have the same pairs, byte for byte: no normalisation, no case folding.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyContext(Pairs);

/// Pairs sorted by the bytes of their keys, each key once. A list, because there are few of them and
/// a batch has thousands of lists.
type Pairs = Vec<(String, String)>;

impl KeyContext {
    /// The most pairs of a key context.
    pub const PAIRS_MAX: usize = 10;
    /// The longest key, in Unicode scalar values.
    pub const KEY_CHARS_MAX: usize = 120;
    /// The longest value, in Unicode scalar values.
    pub const VALUE_CHARS_MAX: usize = 500;

    /// Takes pairs in any order.
    ///
    /// # Errors
    /// The limit that the pairs break.
    pub fn new<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, ContextError>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let pairs = collect(pairs)?;
        if pairs.is_empty() {
            return Err(ContextError::Empty);
        }
        Ok(Self(pairs))
    }

    /// The pairs, sorted by the bytes of their keys.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// The value of a key.
    #[must_use]
    pub fn value(&self, wanted: &str) -> Option<&str> {
        self.pairs()
            .find_map(|(key, value)| (key == wanted).then_some(value))
    }
}

fn collect<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Pairs, ContextError>
where
    K: Into<String>,
    V: Into<String>,
{
    let mut sorted = Pairs::new();
    for (key, value) in pairs {
        insert(&mut sorted, key.into(), value.into())?;
    }
    Ok(sorted)
}

fn insert(sorted: &mut Pairs, key: String, value: String) -> Result<(), ContextError> {
    check_key(&key)?;
    check_value(&value)?;
    if sorted.len() == KeyContext::PAIRS_MAX {
        return Err(ContextError::TooManyPairs);
    }
    match sorted.binary_search_by(|(before, _)| before.cmp(&key)) {
        Err(place) => {
            sorted.insert(place, (key, value));
            Ok(())
        }
        Ok(_) => Err(ContextError::DuplicateKey),
    }
}

fn check_key(key: &str) -> Result<(), ContextError> {
    match key.chars().count() {
        0 => Err(ContextError::EmptyKey),
        chars if chars > KeyContext::KEY_CHARS_MAX => Err(ContextError::KeyTooLong { chars }),
        _ => Ok(()),
    }
}

fn check_value(value: &str) -> Result<(), ContextError> {
    let chars = value.chars().count();
    if chars > KeyContext::VALUE_CHARS_MAX {
        return Err(ContextError::ValueTooLong { chars });
    }
    Ok(())
}

/// Shown only where a developer asks for it; the values are the tenants' names.
impl fmt::Debug for KeyContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyContext({} pairs)", self.0.len())
    }
}

impl Serialize for KeyContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.pairs())
    }
}

impl<'de> Deserialize<'de> for KeyContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ContextVisitor)
    }
}

struct ContextVisitor;

impl<'de> Visitor<'de> for ContextVisitor {
    type Value = KeyContext;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key context: an object of 1 to 10 strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<KeyContext, A::Error> {
        let mut sorted = Pairs::with_capacity(2);
        while let Some((key, value)) = entries.next_entry::<String, String>()? {
            insert(&mut sorted, key, value).map_err(de::Error::custom)?;
        }
        if sorted.is_empty() {
            return Err(de::Error::custom(ContextError::Empty));
        }
        Ok(KeyContext(sorted))
    }
}

/// A set of pairs that a key context must contain: `"*"` as a value stands for any value, an empty
/// pattern matches every key context.
///
/// Used for a client's allowed key contexts and, with exact values only, for context policies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "PatternPairs", into = "BTreeMap<String, String>")]
pub struct ContextPattern(Pairs);

impl ContextPattern {
    /// The value that stands for any value.
    pub const ANY: &'static str = "*";

    /// Takes the pairs that a key context must contain; none means every key context.
    ///
    /// # Errors
    /// The limit that the pairs break.
    pub fn new<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, ContextError>
    where
        K: Into<String>,
        V: Into<String>,
    {
        collect(pairs).map(Self)
    }

    /// Whether the key context contains every pair of this pattern.
    #[must_use]
    pub fn matches(&self, context: &KeyContext) -> bool {
        self.0.iter().all(|(key, wanted)| {
            context
                .value(key)
                .is_some_and(|value| wanted == Self::ANY || wanted == value)
        })
    }

    /// Whether every key context that the other pattern matches is one that this one matches.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.0.iter().all(|(key, wanted)| {
            let takes = |value: &String| wanted == Self::ANY || wanted == value;
            other.0.iter().any(|(k, value)| k == key && takes(value))
        })
    }

    /// The pairs, sorted by the bytes of their keys.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

/// Refuses a key given twice before it becomes a pattern.
struct PatternPairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for PatternPairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = PatternPairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of 0 to 10 strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<PatternPairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = entries.next_entry()? {
            pairs.push(pair);
        }
        Ok(PatternPairs(pairs))
    }
}

impl TryFrom<PatternPairs> for ContextPattern {
    type Error = ContextError;

    fn try_from(pairs: PatternPairs) -> Result<Self, ContextError> {
        Self::new(pairs.0)
    }
}

impl From<ContextPattern> for BTreeMap<String, String> {
    fn from(pattern: ContextPattern) -> Self {
        pattern.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<KeyContext, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn limits_count_scalars_and_are_inclusive() {
        let key = "é".repeat(KeyContext::KEY_CHARS_MAX);
        let value = "𝕏".repeat(KeyContext::VALUE_CHARS_MAX);
        assert!(KeyContext::new([(key.clone(), value.clone())]).is_ok());
        assert_eq!(
            KeyContext::new([(format!("{key}x"), "")]),
            Err(ContextError::KeyTooLong { chars: 121 })
        );
        assert_eq!(
            KeyContext::new([("k", format!("{value}x"))]),
            Err(ContextError::ValueTooLong { chars: 501 })
        );
        assert_eq!(KeyContext::new([("", "v")]), Err(ContextError::EmptyKey));
    }

    #[test]
    fn one_to_ten_pairs() {
        let pairs = |n: usize| (0..n).map(|i| (format!("k{i}"), "v"));
        assert!(KeyContext::new(pairs(10)).is_ok());
        assert_eq!(KeyContext::new(pairs(11)), Err(ContextError::TooManyPairs));
        assert_eq!(KeyContext::new(pairs(0)), Err(ContextError::Empty));
    }

    #[test]
    fn json_refuses_duplicates_and_non_strings() {
        assert!(parse(r#"{"a":"1","b":"\u0000:/"}"#).is_ok());
        for wrong in [
            r#"{"a":"1","a":"1"}"#,
            r#"{"a":1}"#,
            r#"{"a":null}"#,
            "{}",
            "[]",
            r#""a""#,
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn patterns_match_subsets() {
        let context = parse(r#"{"org":"acme","type":"pii"}"#).unwrap();
        let pattern = |json| serde_json::from_str::<ContextPattern>(json).unwrap();
        assert!(pattern("{}").matches(&context));
        assert!(pattern(r#"{"org":"acme"}"#).matches(&context));
        assert!(pattern(r#"{"org":"*","type":"pii"}"#).matches(&context));
        assert!(!pattern(r#"{"org":"beta"}"#).matches(&context));
        assert!(!pattern(r#"{"user":"*"}"#).matches(&context));
    }

    #[test]
    fn a_pattern_covers_what_matches_no_more_than_it() {
        let pattern = |json| serde_json::from_str::<ContextPattern>(json).unwrap();
        for (more, less) in [
            ("{}", "{}"),
            ("{}", r#"{"a":"1"}"#),
            (r#"{"a":"1"}"#, r#"{"a":"1","b":"2"}"#),
            (r#"{"a":"*"}"#, r#"{"a":"1"}"#),
            (r#"{"a":"*"}"#, r#"{"a":"*"}"#),
        ] {
            assert!(pattern(more).covers(&pattern(less)), "{more} {less}");
        }
        for (one, other) in [
            (r#"{"a":"1"}"#, "{}"),
            (r#"{"a":"1"}"#, r#"{"a":"*"}"#),
            (r#"{"a":"1"}"#, r#"{"a":"2"}"#),
            (r#"{"a":"*"}"#, r#"{"b":"1"}"#),
            (r#"{"a":"1","b":"2"}"#, r#"{"a":"1"}"#),
        ] {
            assert!(!pattern(one).covers(&pattern(other)), "{one} {other}");
        }
    }
}
