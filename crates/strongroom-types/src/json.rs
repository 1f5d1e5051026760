//! Strict JSON: what `serde_json::Value` forgives, this refuses.

use core::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A JSON text that strict reading refuses.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StrictError(#[from] serde_json::Error);

/// Reads a JSON value, refusing duplicate keys at every depth.
///
/// Two readers that resolve a duplicate differently can be told different things by one text
/// (RFC 8259 section 4); a security boundary must not be such a reader.
///
/// # Errors
/// Not JSON, a duplicate key, or trailing text.
pub fn parse_strict(text: &[u8]) -> Result<Value, StrictError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// For `#[serde(deserialize_with)]`: a free-form value, read strictly.
pub(crate) fn strict_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Strict.deserialize(deserializer)
}

/// For `#[serde(deserialize_with)]`: a free-form object, read strictly.
pub(crate) fn strict_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    match Strict.deserialize(deserializer)? {
        Value::Object(map) => Ok(map),
        _ => Err(de::Error::custom("not an object")),
    }
}

/// Builds a [`Value`] and refuses duplicate keys on the way.
#[derive(Clone, Copy)]
pub(crate) struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if map.contains_key(&key) {
                return Err(de::Error::custom("duplicate key"));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_keys_are_refused_at_every_depth() {
        assert!(parse_strict(br#"{"a":1,"b":[{"c":1}]}"#).is_ok());
        assert!(parse_strict(br#"{"a":1,"a":1}"#).is_err());
        assert!(parse_strict(br#"{"b":[{"c":1,"c":2}]}"#).is_err());
        // The same key, spelt with an escape.
        assert!(parse_strict(br#"{"a":1,"\u0061":2}"#).is_err());
    }

    #[test]
    fn trailing_text_is_refused() {
        assert!(parse_strict(b"{} {}").is_err());
    }

    /// The members of a text: colons outside its strings.
    fn members(text: &str) -> usize {
        let (mut members, mut quoted, mut escaped) = (0, false, false);
        for c in text.chars() {
            members += usize::from(c == ':' && !quoted);
            quoted ^= c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
        }
        members
    }

    /// Against 100,000 seeded mutations: what is read is what another reader finds, and what that
    /// one reads alone has lost a member, because it was there twice.
    #[test]
    fn mutations_are_read_as_another_reader_does_or_have_a_key_twice() {
        const SAMPLE: &str =
            r#"{"a":1,"b":[{"c":null,"d":"e\u0061\n"},-2.5e3],"ab":{"a":true,"b":""},"":[]}"#;
        const LETTERS: &[u8] = b"\"\\{}[]:,abcdeu016.-+ \x00\xff";
        let mut state = 0x5eed_u64;
        let mut below = |end: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(end.max(1)).unwrap()).unwrap()
        };
        let (mut read, mut twice) = (0, 0);
        for _ in 0..100_000 {
            let mut text = SAMPLE.as_bytes().to_vec();
            for _ in 0..=below(3) {
                let (at, letter) = (below(text.len()), LETTERS[below(LETTERS.len())]);
                match below(8) {
                    0 => text.insert(at, letter),
                    1 => drop(text.remove(at)),
                    2 => text.truncate(text.len() - below(2)),
                    _ => text[at] = letter,
                }
            }
            let plain = serde_json::from_slice::<Value>(&text).ok();
            let Ok(strict) = parse_strict(&text) else {
                if let Some(plain) = plain {
                    let text = core::str::from_utf8(&text).unwrap();
                    assert!(members(&plain.to_string()) < members(text), "{text}");
                    twice += 1;
                }
                continue;
            };
            assert_eq!(plain.as_ref(), Some(&strict));
            let text = core::str::from_utf8(&text).unwrap();
            assert_eq!(members(&strict.to_string()), members(text), "{text}");
            read += 1;
        }
        assert!(read > 1_000 && twice > 100, "{read} {twice}");
    }
}
