//! Names that become part of a path, a URL or a request at a provider: checked once, here.

use core::fmt;
use core::str::FromStr;

use serde::Serialize;

use crate::text::{kept_as_text, read_from_text};

/// A name that would not stay within its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A [`KeyName`].
    #[error("key is not 1 to {} visible ASCII characters", KeyName::BYTES_MAX)]
    Key,
    /// A [`Segment`].
    #[error(
        "name is not 1 to {} letters, digits, `-`, `_` or `.`",
        Segment::BYTES_MAX
    )]
    Segment,
    /// A [`PathName`].
    #[error("path is not of names separated by `/`")]
    Path,
    /// A [`TokenText`].
    #[error(
        "label is not 1 to {} bytes without control characters",
        TokenText::BYTES_MAX
    )]
    Token,
    /// A [`HexId`].
    #[error("id is not 1 to {} bytes in hexadecimal", HexId::BYTES_MAX)]
    Hex,
    /// An [`Endpoint`].
    #[error("endpoint is not an http or https URL without credentials, query and fragment")]
    Endpoint,
    /// A [`Credential`](super::Credential).
    #[error("credential is empty or too long")]
    Credential,
}

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $max:literal, $error:ident, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The longest, in bytes.
            pub const BYTES_MAX: usize = $max;

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let fits = (1..=Self::BYTES_MAX).contains(&text.len());
                let check: fn(&str) -> bool = $check;
                if fits && check(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(NameError::$error)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        read_from_text!($name);
    };
}

name! {
    /// A key's name that travels in a request's body, for example an ARN or an alias.
    KeyName, 2048, Key, |text| text.bytes().all(|byte| byte.is_ascii_graphic())
}

name! {
    /// One segment of a path: no `/`, and neither `.` nor `..`.
    Segment, 255, Segment, is_segment
}

name! {
    /// Segments separated by `/`, for example the mount of an engine.
    PathName, 1024, Path, |text| text.split('/').all(is_segment)
}

name! {
    /// A label of a token or of an object in it.
    TokenText, 255, Token, |text| !text.chars().any(char::is_control)
}

name! {
    /// A service's address, for example `https://vault.example:8200`. Whether Strongroom may
    /// connect to it is decided where it connects.
    Endpoint, 2048, Endpoint, is_endpoint
}

impl PathName {
    /// Where Vault and OpenBao mount the engine if nobody says otherwise.
    pub(super) fn transit() -> Self {
        Self("transit".to_owned())
    }
}

fn is_segment(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.bytes().all(plain) && text.bytes().any(|byte| byte != b'.')
}

fn is_endpoint(text: &str) -> bool {
    let rest = text.strip_prefix("https://");
    let Some(rest) = rest.or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"@?#\\\"<>".contains(&byte);
    !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(plain)
}

/// An object's id in a token, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HexId(Vec<u8>);

impl HexId {
    /// The longest, in bytes.
    pub const BYTES_MAX: usize = 128;

    /// The id's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for HexId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
        let digits = digits.ok_or(NameError::Hex)?;
        let fits = (2..=2 * Self::BYTES_MAX).contains(&digits.len()) && digits.len() % 2 == 0;
        if !fits {
            return Err(NameError::Hex);
        }
        let bytes = digits.chunks_exact(2).map(|pair| {
            let byte = pair.iter().fold(0, |byte, digit| byte * 16 + digit);
            u8::try_from(byte).unwrap_or_default()
        });
        Ok(Self(bytes.collect()))
    }
}

impl fmt::Display for HexId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

kept_as_text!(HexId);
