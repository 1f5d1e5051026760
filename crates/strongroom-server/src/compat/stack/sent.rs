//! Bodies and queries, and what their clients are told of a wrong one.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::request::Parts;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use strongroom_core::{Ask, Invalid};

use super::caller::refused;
use super::known::{Known, Refusal};
use crate::edge::{App, Held, read_any};

/// A field that a body may have.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Whether it may be `""`.
    pub(super) may_be_empty: bool,
    /// The most bytes of it.
    pub(super) bytes_max: Option<usize>,
}

/// The fields of a body, and the room that the body takes until it is answered.
pub(super) struct Read<const N: usize> {
    pub(super) fields: [String; N],
    pub(super) _held: Held,
}

/// Reads a body that has these fields, all of them strings, and no others.
pub(super) async fn read<const N: usize>(
    app: &App,
    ask: &Ask,
    parts: &Parts,
    body: Body,
    fields: [Field; N],
) -> Result<Read<N>, Refusal> {
    let (bytes, held) = read_any(ask, parts, body, app).await?;
    let Some(sent) = Sent::read(&bytes, &fields) else {
        let invalid = Invalid::Field("body".into());
        return Err(refused(app, ask, invalid.into(), Known::BodyParsing).await);
    };
    // What was sent is parsed by now.
    drop(bytes);
    let mut faults = query_faults(parts);
    let values = sent.texts(&fields, &mut faults);
    match <[String; N]>::try_from(values) {
        Ok(fields) if faults.is_empty() => Ok(Read {
            fields,
            _held: held,
        }),
        _ => Err(wrong(app, ask, parts, &faults).await),
    }
}

/// Refuses a request whose shape is wrong, line by line.
pub(super) async fn wrong(app: &App, ask: &Ask, parts: &Parts, faults: &[String]) -> Refusal {
    let mut message = format!(
        "Request validation failed on {} {}:",
        parts.method,
        parts.uri.path()
    );
    for fault in faults {
        message.push_str("\n  - ");
        message.push_str(fault);
    }
    let invalid = Invalid::Field("body".into());
    refused(app, ask, invalid.into(), Known::Schema(message)).await
}

/// How many unknown properties are named.
const UNKNOWN_MAX: usize = 10;

/// What a body has of the fields that it may have. The rest of it is passed over, and takes no room.
#[derive(Default)]
struct Sent {
    /// In the order of the fields; `None` is absent.
    values: Vec<Option<Property>>,
    /// The names of some other properties.
    unknown: Vec<String>,
    is_object: bool,
}

/// A property of a body.
enum Property {
    Text(String),
    Other,
}

impl Sent {
    /// `None` if the body is no JSON.
    fn read(bytes: &[u8], fields: &[Field]) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        let sent = if first == Some(&b'{') {
            deserializer.deserialize_map(Properties(fields)).ok()?
        } else {
            IgnoredAny::deserialize(&mut deserializer).ok()?;
            Self::default()
        };
        deserializer.end().ok()?;
        Some(sent)
    }

    /// The fields, in order, and what is wrong.
    fn texts(self, fields: &[Field], faults: &mut Vec<String>) -> Vec<String> {
        if !self.is_object {
            faults.push("body must be an object".to_owned());
            return Vec::new();
        }
        let mut values = Vec::new();
        for (field, value) in fields.iter().zip(self.values) {
            match text(value, field) {
                Ok(text) => values.push(text),
                Err(fault) => faults.push(format!("body.{} {fault}", field.name)),
            }
        }
        let unknown: Vec<&str> = self.unknown.iter().map(String::as_str).collect();
        faults.extend(unknown_properties("body", &unknown));
        values
    }
}

/// Takes the fields out of an object.
struct Properties<'f>(&'f [Field]);

impl<'de> Visitor<'de> for Properties<'_> {
    type Value = Sent;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sent, A::Error> {
        let mut sent = Sent {
            is_object: true,
            ..Sent::default()
        };
        sent.values.resize_with(self.0.len(), || None);
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let known = self.0.iter().position(|field| field.name == name);
            if let Some(value) = known.and_then(|position| sent.values.get_mut(position)) {
                *value = Some(map.next_value()?);
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            if sent.unknown.len() < UNKNOWN_MAX {
                sent.unknown.push(name.into_owned());
            }
        }
        Ok(sent)
    }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        if !raw.get().starts_with('"') {
            return Ok(Self::Other);
        }
        let text = serde_json::from_str(raw.get());
        text.map(Self::Text).map_err(de::Error::custom)
    }
}

fn text(value: Option<Property>, field: &Field) -> Result<String, String> {
    match value {
        None => Err("must be defined".to_owned()),
        Some(Property::Text(text)) if text.is_empty() && !field.may_be_empty => {
            Err("must not be empty".to_owned())
        }
        Some(Property::Text(text)) => match field.bytes_max {
            Some(max) if text.len() > max => Err(format!("must be at most {max} bytes")),
            _ => Ok(text),
        },
        Some(Property::Other) => Err("must be a string".to_owned()),
    }
}

fn query_faults(parts: &Parts) -> Vec<String> {
    let query = parts.uri.query().unwrap_or_default();
    let names: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
        .take(UNKNOWN_MAX)
        .collect();
    unknown_properties("query", &names).into_iter().collect()
}

fn unknown_properties(whose: &str, names: &[&str]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let names = names.join(", ");
    Some(format!("{whose} contains unknown properties: {names}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const KEY: Field = Field {
        name: "hashed_key",
        may_be_empty: false,
        bytes_max: Some(4),
    };

    fn faults(sent: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let sent = Sent::read(sent.to_string().as_bytes(), &[KEY]).unwrap();
        let _values = sent.texts(&[KEY], &mut faults);
        faults
    }

    #[test]
    fn only_json_and_nothing_behind_it_is_a_body() {
        for wrong in [
            "",
            "{",
            r#"{"hashed_key":"k"}x"#,
            r#"{"hashed_key":"\ud800"}"#,
        ] {
            assert!(Sent::read(wrong.as_bytes(), &[KEY]).is_none(), "{wrong}");
        }
        for other in ["[]", "1", "null"] {
            let sent = Sent::read(other.as_bytes(), &[KEY]).unwrap();
            let mut faults = Vec::new();
            assert!(sent.texts(&[KEY], &mut faults).is_empty());
            assert_eq!(faults, ["body must be an object"]);
        }
    }

    #[test]
    fn not_every_unknown_property_is_named() {
        let many = (0..1000).map(|n| (format!("p{n}"), json!([0])));
        let many: serde_json::Map<_, _> = many.collect();
        let told = faults(&many.into()).join("");
        assert!(told.contains("p0, ") && told.len() < 200, "{told}");
    }

    #[test]
    fn faults_are_told_in_their_words_and_quote_no_value() {
        assert!(faults(&json!({"hashed_key": "k"})).is_empty());
        let told = |sent: Value| faults(&sent).join("; ");
        assert_eq!(
            told(json!({"hashed_key": ""})),
            "body.hashed_key must not be empty"
        );
        assert_eq!(told(json!({})), "body.hashed_key must be defined");
        assert_eq!(
            told(json!({"hashed_key": ["x"]})),
            "body.hashed_key must be a string"
        );
        assert_eq!(
            told(json!({"hashed_key": "12345"})),
            "body.hashed_key must be at most 4 bytes"
        );
        assert_eq!(
            told(json!({"hashed_key": "k", "b": 1, "a": 2})),
            "body contains unknown properties: a, b"
        );
    }
}
