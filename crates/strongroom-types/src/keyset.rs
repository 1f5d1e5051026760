//! The ids and names of keysets.

use core::fmt;
use core::str::FromStr;

use serde::Serialize;

use crate::text::{kept_as_text, read_from_text};

/// A text that is no UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct UuidError;

/// Where the hyphens of a UUID stand: before these bytes.
const HYPHENS: [usize; 4] = [4, 6, 8, 10];

/// Reads a UUID as RFC 9562 writes it, in digits of either case.
fn read_uuid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').collect();
    if !groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) {
        return None;
    }
    let mut bytes = [0; 16];
    let digits = groups.concat();
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        // `from_str_radix` would take a sign.
        if !pair.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let pair = core::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

macro_rules! uuid {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Makes an id of random bytes: a UUID of version 4, RFC 9562.
            #[must_use]
            pub const fn from_random(mut bytes: [u8; 16]) -> Self {
                bytes[6] = bytes[6] & 0x0f | 0x40;
                bytes[8] = bytes[8] & 0x3f | 0x80;
                Self(bytes)
            }

            /// Takes an id's bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The id's bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (place, byte) in self.0.iter().enumerate() {
                    if HYPHENS.contains(&place) {
                        f.write_str("-")?;
                    }
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = UuidError;

            fn from_str(text: &str) -> Result<Self, UuidError> {
                read_uuid(text).map(Self).ok_or(UuidError)
            }
        }

        kept_as_text!($name);
    };
}

uuid!(
    /// A keyset: keys that several clients of it derive alike. A UUID.
    KeysetId
);
uuid!(
    /// A client of keysets: a name for an application that grants are made to. A UUID, and no
    /// credential.
    KeysetClientId
);

/// A text that names no keyset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a valid name of a keyset: expected 1 to {} letters, digits, `_`, `-` or `/`",
    KeysetName::CHARS_MAX
)]
pub struct KeysetNameError;

/// The name of a keyset: 1 to 64 ASCII letters, digits, `_`, `-` or `/`, unique in its workspace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct KeysetName(String);

impl KeysetName {
    /// The longest name.
    pub const CHARS_MAX: usize = 64;
    /// The name of each workspace's first keyset, which nobody else may take.
    const DEFAULT: &'static str = "default";

    /// The name of each workspace's first keyset.
    #[must_use]
    pub fn of_default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }

    /// Whether it is the name of the first keyset, in any case of letters.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.eq_ignore_ascii_case(Self::DEFAULT)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeysetName {
    type Err = KeysetNameError;

    fn from_str(text: &str) -> Result<Self, KeysetNameError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/".contains(&byte);
        if (1..=Self::CHARS_MAX).contains(&text.len()) && text.bytes().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(KeysetNameError)
    }
}

read_from_text!(KeysetName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_with_one_spelling() {
        let text = "0a1b2c3d-4e5f-4a6b-8c7d-8e9fa0b1c2d3";
        let id: KeysetId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(text.to_uppercase().parse(), Ok(id));
        let random = KeysetClientId::from_random([0xff; 16]).to_string();
        assert_eq!(random, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        for wrong in [
            "",
            "0a1b2c3d4e5f4a6b8c7d8e9fa0b1c2d3",
            "0a1b2c3d-4e5f-4a6b-8c7d-8e9fa0b1c2dg",
            "+a1b2c3d-4e5f-4a6b-8c7d-8e9fa0b1c2d3",
            "0a1b2c3d-4e5f-4a6b-8c7d-8e9fa0b1c2",
            "éa1b2c3-4e5f-4a6b-8c7d-8e9fa0b1c2d3",
        ] {
            assert_eq!(wrong.parse::<KeysetId>(), Err(UuidError), "{wrong}");
        }
    }

    #[test]
    fn names_are_words_with_slashes() {
        let longest = "x".repeat(64);
        for name in ["a", "-", "tenants/acme-1_x", &longest] {
            assert_eq!(name.parse::<KeysetName>().unwrap().as_str(), name);
        }
        let too_long = "x".repeat(65);
        for wrong in ["", "a b", "a.b", "é", "a\n", &too_long] {
            let refused = wrong.parse::<KeysetName>();
            assert_eq!(refused, Err(KeysetNameError), "{wrong}");
        }
        let named = |text: &str| text.parse::<KeysetName>().unwrap().is_reserved();
        assert!(named("default") && named("Default") && !named("defaults"));
    }
}
