//! Names of contexts that are declared before use.

use core::fmt;
use core::str::FromStr;

use serde::Serialize;

use crate::text::read_from_text;

/// A text that names no context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a valid name of a context: expected 1 to {} letters, digits, `.`, `_` or `-`, of which the \
     first is a letter or digit",
    ContextName::CHARS_MAX
)]
pub struct ContextNameError;

/// The name of a named context: 1 to 64 ASCII letters, digits, `.`, `_` or `-`, of which the first is a
/// letter or digit; unique in its workspace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ContextName(String);

impl ContextName {
    /// The longest name.
    pub const CHARS_MAX: usize = 64;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContextName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContextName {
    type Err = ContextNameError;

    fn from_str(text: &str) -> Result<Self, ContextNameError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let begins = text
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric());
        if begins && text.len() <= Self::CHARS_MAX && text.bytes().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(ContextNameError)
    }
}

read_from_text!(ContextName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_a_letter_or_digit() {
        let longest = "x".repeat(64);
        for name in ["a", "0", "user-pii", "A.b_c-1", &longest] {
            assert_eq!(name.parse::<ContextName>().unwrap().as_str(), name);
        }
        let too_long = "x".repeat(65);
        for wrong in ["", "-a", ".a", "_a", "a b", "a/b", "é", "a\n", &too_long] {
            let refused = wrong.parse::<ContextName>();
            assert_eq!(refused, Err(ContextNameError), "{wrong}");
        }
    }
}
