//! The names of objects.

use crate::denial::Invalid;
use crate::workspace::WorkspaceState;

/// A name of 1 to 200 Unicode scalar values, any of them: no normalisation, no case folding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ObjectName(String);

impl ObjectName {
    const CHARS_MAX: usize = 200;

    /// # Errors
    /// It is empty or too long.
    pub(super) fn new(name: &str) -> Result<Self, Invalid> {
        let chars = name.chars().count();
        if (1..=Self::CHARS_MAX).contains(&chars) {
            return Ok(Self(name.to_owned()));
        }
        Err(Invalid::ObjectName {
            chars,
            max: Self::CHARS_MAX,
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as the database looks it up.
    pub(super) fn hash(&self, state: &WorkspaceState) -> [u8; 32] {
        state.keys.context_id.object_name(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_scalars_and_may_hold_any_of_them() {
        assert!(ObjectName::new(&"𝕏".repeat(200)).is_ok());
        assert!(ObjectName::new("\0/../%2F\u{202e}").is_ok());
        for (name, chars) in [(String::new(), 0), ("é".repeat(201), 201)] {
            let fault = Invalid::ObjectName { chars, max: 200 };
            assert_eq!(ObjectName::new(&name), Err(fault));
        }
    }
}
