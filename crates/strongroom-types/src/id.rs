//! Ids: one type per thing, so that ids of different things do not mix.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An id that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id: expected `{prefix}` and {digits} base32 digits")]
pub struct IdError {
    /// What the id starts with, for example `ws_`.
    pub prefix: &'static str,
    /// How many base32 digits follow.
    pub digits: usize,
}

/// Crockford's alphabet in lower case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Number of base32 digits of `bytes` bytes.
const fn digits(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

/// Writes `bytes` as base32, most significant bit first, padded with zero bits on the right.
fn write_base32(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = String::with_capacity(digits(bytes.len()));
    let (mut acc, mut bits) = (0u32, 0u32);
    for &byte in bytes {
        acc = ((acc & 0x1f) << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push_digit(&mut text, acc >> bits);
        }
    }
    if bits > 0 {
        push_digit(&mut text, acc << (5 - bits));
    }
    f.write_str(&text)
}

fn push_digit(text: &mut String, value: u32) {
    let digit = usize::try_from(value & 0x1f).unwrap_or_default();
    text.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'0')));
}

/// Reads exactly `N` bytes; refuses other lengths, other digits and non-zero padding bits, so that
/// each id has one spelling.
fn read_base32<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != digits(N) {
        return None;
    }
    let (mut acc, mut bits) = (0u32, 0u32);
    let mut out = Vec::with_capacity(N);
    for c in text.bytes() {
        let value = ALPHABET.iter().position(|&a| a == c)?;
        acc = ((acc & 0xff) << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((acc >> bits) & 0xff).ok()?);
        }
    }
    if acc & ((1 << bits) - 1) != 0 {
        return None;
    }
    out.try_into().ok()
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal, $len:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// What the text form starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id of its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The id's bytes, as they stand in binary formats.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                write_base32(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix($prefix)
                    .and_then(read_base32)
                    .map(Self)
                    .ok_or(IdError { prefix: $prefix, digits: digits($len) })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

id!(
    /// A workspace: the outer isolation unit. 16 random bytes, `ws_…`.
    WorkspaceId, "ws_", 16
);
id!(
    /// A client: a program with credentials. 16 random bytes, `cl_…`.
    ClientId, "cl_", 16
);
id!(
    /// One API key of a client: the part that may be shown and looked up. 16 random bytes, `key_…`.
    KeyId, "key_", 16
);
id!(
    /// A trusted issuer, permanent within its workspace. 16 random bytes, `iss_…`.
    IssuerId, "iss_", 16
);
id!(
    /// A context policy. 16 random bytes, `pol_…`.
    PolicyId, "pol_", 16
);
id!(
    /// A stored object. 16 random bytes, `obj_…`.
    ObjectId, "obj_", 16
);
id!(
    /// One HTTP request. 16 random bytes, `req_…`.
    RequestId, "req_", 16
);
id!(
    /// A key context as the database and the log know it: HMAC(context-id key, kind ‖ frame(map)),
    /// 32 bytes, `ctx_…`. Equal maps in two workspaces have unrelated ids.
    ContextId, "ctx_", 32
);

/// The version of a context key, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct KeyVersion(pub u32);

impl KeyVersion {
    /// The version that a key context starts with.
    pub const FIRST: Self = Self(1);

    /// The version after this one; `None` after 2^32 − 1 rotations.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for KeyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for fill in [0u8, 1, 0x5a, 0xff] {
            let id = WorkspaceId::from_bytes([fill; 16]);
            assert_eq!(id.to_string().parse(), Ok(id));
            let context = ContextId::from_bytes([fill; 32]);
            assert_eq!(context.to_string().parse(), Ok(context));
        }
    }

    #[test]
    fn ids_of_other_things_are_refused() {
        let client = ClientId::from_bytes([7; 16]).to_string();
        assert!(client.parse::<WorkspaceId>().is_err());
    }

    #[test]
    fn each_id_has_one_spelling() {
        let text = WorkspaceId::from_bytes([0; 16]).to_string();
        // 26 digits hold 130 bits: a last digit with a padding bit set is another spelling.
        let padded = format!("{}1", text.strip_suffix('0').unwrap());
        assert!(padded.parse::<WorkspaceId>().is_err());
        assert!(text.to_uppercase().parse::<WorkspaceId>().is_err());
        assert!(format!("{text}0").parse::<WorkspaceId>().is_err());
    }
}
