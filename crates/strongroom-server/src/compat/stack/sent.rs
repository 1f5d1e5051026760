//! Bodies and queries, and what their clients are told of a wrong one.

use axum::body::Body;
use axum::http::request::Parts;
use serde_json::{Map, Value};
use strongroom_core::{Ask, Invalid};

use super::caller::refused;
use super::known::{Known, Refusal};
use crate::edge::{App, read_any};

/// A field that a body may have.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Whether it may be `""`.
    pub(super) may_be_empty: bool,
    /// The most bytes of it.
    pub(super) bytes_max: Option<usize>,
}

/// Reads a body that has these fields, all of them strings, and no others.
pub(super) async fn read<const N: usize>(
    app: &App,
    ask: &Ask,
    parts: &Parts,
    body: Body,
    fields: [Field; N],
) -> Result<[String; N], Refusal> {
    let (bytes, _held) = read_any(ask, parts, body, app).await?;
    let Ok(sent) = serde_json::from_slice::<Value>(&bytes) else {
        let invalid = Invalid::Field("body".into());
        return Err(refused(app, ask, invalid.into(), Known::BodyParsing).await);
    };
    // What was sent is parsed by now.
    drop(bytes);
    let mut faults = query_faults(parts);
    let values = match sent {
        Value::Object(sent) => texts(sent, &fields, &mut faults),
        _ => {
            faults.push("body must be an object".to_owned());
            Vec::new()
        }
    };
    match <[String; N]>::try_from(values) {
        Ok(values) if faults.is_empty() => Ok(values),
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

/// Takes the fields out of a body, in order.
fn texts(mut sent: Map<String, Value>, fields: &[Field], faults: &mut Vec<String>) -> Vec<String> {
    let mut values = Vec::new();
    for field in fields {
        match text(sent.remove(field.name), field) {
            Ok(text) => values.push(text),
            Err(fault) => faults.push(format!("body.{} {fault}", field.name)),
        }
    }
    let unknown: Vec<&str> = sent.keys().map(String::as_str).collect();
    faults.extend(unknown_properties("body", &unknown));
    values
}

fn text(value: Option<Value>, field: &Field) -> Result<String, String> {
    match value {
        None => Err("must be defined".to_owned()),
        Some(Value::String(text)) if text.is_empty() && !field.may_be_empty => {
            Err("must not be empty".to_owned())
        }
        Some(Value::String(text)) => match field.bytes_max {
            Some(max) if text.len() > max => Err(format!("must be at most {max} bytes")),
            _ => Ok(text),
        },
        Some(_) => Err("must be a string".to_owned()),
    }
}

fn query_faults(parts: &Parts) -> Vec<String> {
    let query = parts.uri.query().unwrap_or_default();
    let names: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
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
    use serde_json::json;

    use super::*;

    const KEY: Field = Field {
        name: "hashed_key",
        may_be_empty: false,
        bytes_max: Some(4),
    };

    fn faults(sent: Value) -> Vec<String> {
        let Value::Object(sent) = sent else {
            panic!("no object");
        };
        let mut faults = Vec::new();
        let _values = texts(sent, &[KEY], &mut faults);
        faults
    }

    #[test]
    fn faults_are_told_in_their_words_and_quote_no_value() {
        assert!(faults(json!({"hashed_key": "k"})).is_empty());
        let told = |sent| faults(sent).join("; ");
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
