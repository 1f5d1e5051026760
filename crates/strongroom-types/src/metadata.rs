//! What a caller wants to find again in the log.

use serde::de::{self, DeserializeSeed};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::json::Strict;

/// Metadata that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is not a JSON object.
    #[error("metadata is not an object")]
    NotAnObject,
    /// It is longer than [`Metadata::BYTES_MAX`] as JSON text.
    #[error(
        "metadata has {bytes} bytes as JSON, more than {}",
        Metadata::BYTES_MAX
    )]
    TooLong {
        /// Its length as JSON text.
        bytes: usize,
    },
}

/// The caller's own notes on a request: a JSON object of at most 4 KiB, kept as a private field of
/// the entry. It never takes part in a derivation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Metadata(Value);

impl Metadata {
    /// The most bytes metadata may have as compact JSON text.
    pub const BYTES_MAX: usize = 4096;

    /// Takes a JSON object.
    ///
    /// # Errors
    /// Not an object, or too long.
    pub fn new(value: Value) -> Result<Self, MetadataError> {
        if !value.is_object() {
            return Err(MetadataError::NotAnObject);
        }
        let bytes = value.to_string().len();
        if bytes > Self::BYTES_MAX {
            return Err(MetadataError::TooLong { bytes });
        }
        Ok(Self(value))
    }

    /// The object.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Strict.deserialize(deserializer)?;
        Self::new(value).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_objects_are_taken() {
        assert!(serde_json::from_str::<Metadata>(r#"{"a":[1,"b",null]}"#).is_ok());
        assert!(serde_json::from_str::<Metadata>("[]").is_err());
        assert!(serde_json::from_str::<Metadata>(r#"{"a":1,"a":2}"#).is_err());
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(Metadata::BYTES_MAX));
        assert!(serde_json::from_str::<Metadata>(&long).is_err());
    }
}
