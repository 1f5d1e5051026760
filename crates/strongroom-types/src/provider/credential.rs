//! Secrets of a description, and the two ways in which it is written without or with them.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use super::NameError;

/// A secret that proves Strongroom to a provider: a token, a PIN, a key file's text. Wiped when it
/// is dropped.
///
/// It cannot be written:
/// ```compile_fail
/// let secret: strongroom_types::Credential = serde_json::from_str(r#""s3cret""#).unwrap();
/// serde_json::to_string(&secret).unwrap();
/// ```
/// nor cloned:
/// ```compile_fail
/// let secret: strongroom_types::Credential = serde_json::from_str(r#""s3cret""#).unwrap();
/// let copy = secret.clone();
/// ```
pub struct Credential(Zeroizing<String>);

impl Credential {
    /// The longest secret: a Google service account is a JSON document.
    pub const BYTES_MAX: usize = 16 * 1024;

    /// Takes a secret.
    ///
    /// # Errors
    /// It is empty or too long.
    pub fn new(text: Zeroizing<String>) -> Result<Self, NameError> {
        match text.len() {
            1..=Self::BYTES_MAX => Ok(Self(text)),
            _ => Err(NameError::Credential),
        }
    }

    /// The secret itself: for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::new(text).map_err(de::Error::custom)
    }
}

/// Stands for a credential that is there and not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden;

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("hidden")
    }
}

/// A client reads descriptions whose credentials are hidden.
impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "hidden" => Ok(Self),
            _ => Err(de::Error::custom("a credential that is not hidden")),
        }
    }
}

/// A credential about to be written in the clear.
pub struct Exposed<'a>(pub(super) &'a Credential);

impl fmt::Debug for Exposed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exposed")
    }
}

impl Serialize for Exposed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}
