//! Fields of a body, read one by one, so that what is wrong with one is answered by its name.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use strongroom_core::Invalid;
use strongroom_types::KeyContext;

/// A field as it stands in the body; absent if it is not there or `null`.
pub(super) type Field = Option<Box<RawValue>>;

/// A field that must be a string.
pub(super) fn text(field: &Field, name: &'static str) -> Result<String, Invalid> {
    optional_text(field, name)?.ok_or_else(|| wrong(name, "a string"))
}

/// A field that may be a string.
pub(super) fn optional_text(field: &Field, name: &'static str) -> Result<Option<String>, Invalid> {
    let read = |raw: &RawValue| serde_json::from_str(raw.get());
    let text = field.as_deref().map(read).transpose();
    text.map_err(|_another_type| wrong(name, "a string"))
}

/// A field that must be a key context.
pub(super) fn key_context(field: &Field, name: &'static str) -> Result<KeyContext, Invalid> {
    optional_key_context(field, name)?.ok_or_else(|| wrong(name, PAIRS))
}

/// A field that may be a key context.
pub(super) fn optional_key_context(
    field: &Field,
    name: &'static str,
) -> Result<Option<KeyContext>, Invalid> {
    let Some(raw) = field else { return Ok(None) };
    let pairs: Pairs =
        serde_json::from_str(raw.get()).map_err(|_another_type| wrong(name, PAIRS))?;
    let context = KeyContext::new(pairs.0);
    let context = context.map_err(|fault| Invalid::KeyContext { field: name, fault });
    context.map(Some)
}

const PAIRS: &str = "an object of strings";

const fn wrong(field: &'static str, expected: &'static str) -> Invalid {
    Invalid::FieldType { field, expected }
}

/// The pairs of an object of strings in the order given, repeated keys too.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(PAIRS)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = entries.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::ContextError;

    use super::*;

    #[derive(Deserialize)]
    struct Body {
        field: Field,
    }

    fn read(json: &str) -> Field {
        let body = format!(r#"{{"field":{json}}}"#);
        serde_json::from_str::<Body>(&body).unwrap().field
    }

    #[test]
    fn a_text_may_be_absent_or_null_and_nothing_else() {
        assert_eq!(text(&read(r#""a""#), "f"), Ok("a".to_owned()));
        assert_eq!(optional_text(&read("null"), "f"), Ok(None));
        let fault = wrong("f", "a string");
        assert_eq!(text(&None, "f"), Err(fault.clone()));
        for other in ["1", "true", "[]", "{}"] {
            assert_eq!(optional_text(&read(other), "f"), Err(fault.clone()));
        }
    }

    #[test]
    fn a_key_context_that_breaks_a_limit_names_field_and_limit() {
        let context = |json: &str| key_context(&read(json), "context");
        assert!(context(r#"{"a":"b"}"#).is_ok());
        let fault = |fault| {
            let field = "context";
            Err(Invalid::KeyContext { field, fault })
        };
        assert_eq!(context("{}"), fault(ContextError::Empty));
        let twice = r#"{"a":"b","a":"b"}"#;
        assert_eq!(context(twice), fault(ContextError::DuplicateKey));
        let pairs: Vec<String> = (0..11).map(|n| format!(r#""k{n}":"""#)).collect();
        let eleven = format!("{{{}}}", pairs.join(","));
        assert_eq!(context(&eleven), fault(ContextError::TooManyPairs));
        for other in [r#"{"a":1}"#, "[]", "null", r#""a""#] {
            assert_eq!(context(other), Err(wrong("context", PAIRS)), "{other}");
        }
    }
}
