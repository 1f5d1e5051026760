//! The names of stores.

use core::fmt;
use core::str::FromStr;

use crate::text::kept_as_text;

/// A text that names no store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a valid name of a store: expected 1 to {} letters, digits, `_` or `-`, and no `-` first",
    StoreName::CHARS_MAX
)]
pub struct StoreNameError;

/// The name of a store: 1 to 63 ASCII letters, digits, `_` or `-`, of which the first is no `-`.
///
/// Names are compared byte for byte, and stand for nothing but themselves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreName(String);

impl StoreName {
    /// The longest name.
    pub const CHARS_MAX: usize = 63;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StoreName {
    type Err = StoreNameError;

    fn from_str(text: &str) -> Result<Self, StoreNameError> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let first = text.bytes().next().is_some_and(is_word);
        let rest = text.bytes().all(|byte| is_word(byte) || byte == b'-');
        if first && rest && text.len() <= Self::CHARS_MAX {
            return Ok(Self(text.to_owned()));
        }
        Err(StoreNameError)
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

kept_as_text!(StoreName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_with_hyphens_inside() {
        let longest = "x".repeat(63);
        for name in ["a", "_", "7", "a-b_C-", "__proto__", "toString", &longest] {
            assert_eq!(name.parse::<StoreName>().unwrap().as_str(), name);
        }
        let too_long = "x".repeat(64);
        for wrong in [
            "", "-a", "a b", "a/b", "a.b", "é", "a\0", "a\n", "a?x=1", "a%2fb", &too_long,
        ] {
            assert_eq!(wrong.parse::<StoreName>(), Err(StoreNameError), "{wrong}");
        }
    }
}
