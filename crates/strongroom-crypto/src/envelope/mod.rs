//! The envelope `sr1`: a ciphertext with its header and key part.
//!
//! ```text
//! blob     = u32 length ‖ header ‖ u32 length ‖ key part ‖ body
//! key part = u32 key version ‖ wrapped data key (empty in derived mode; what a split key is of)
//! body     = chunked ciphertext (empty for a wrapped data key)
//! ```
//!
//! The header never changes after sealing; with the caller's associated data it is the context of
//! the body. The key part is replaced when a key is rotated; its context is the header and the key
//! version. All numbers are big-endian. The whole format is in `docs/formats/sr1.md`.

mod data_key;
mod error;
mod header;
mod key_part;
mod open;
mod reader;
mod rewrap;
mod seal;
mod stream;

pub use data_key::{DATA_KEY_BYTES_MAX, DATA_KEY_BYTES_MIN, unwrap_data_key, wrap_data_key};
pub use error::{FormatError, RewrapError, SealError};
pub use header::{Header, HeaderLock};
pub use key_part::KeyPart;
pub(crate) use key_part::encode_prefix;
pub use open::open;
pub use rewrap::{rewrap, rewrap_prefix};
pub(crate) use seal::data_body_key;
pub use seal::{SealRequest, seal_value};
pub use stream::{begin_stream, open_stream, random_access};

use reader::Reader;
use strongroom_types::Purpose;

/// The most bytes of header and key part together, with their lengths.
pub const PREFIX_BYTES_MAX: usize = 64 * 1024;

/// A parsed ciphertext. Parsing proves nothing: only opening authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The immutable header.
    pub header: Header,
    /// The header's bytes, as they are authenticated.
    pub header_bytes: &'a [u8],
    /// The replaceable key part.
    pub key_part: KeyPart<'a>,
    /// The chunked ciphertext.
    pub body: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Reads a whole blob.
    ///
    /// # Errors
    /// The first rule of the format that the bytes break.
    pub fn parse(blob: &'a [u8]) -> Result<Self, FormatError> {
        let (mut envelope, rest) = Self::parse_prefix(blob)?.ok_or(FormatError::Truncated)?;
        if envelope.header.purpose == Purpose::DataKey && !rest.is_empty() {
            return Err(FormatError::TrailingBytes { bytes: rest.len() });
        }
        envelope.body = rest;
        Ok(envelope)
    }

    /// Reads header and key part from the beginning of a stream, and returns what follows them.
    /// `None`: more bytes are needed, at most [`PREFIX_BYTES_MAX`] in all.
    ///
    /// # Errors
    /// The first rule of the format that the bytes break.
    pub fn parse_prefix(bytes: &'a [u8]) -> Result<Option<(Self, &'a [u8])>, FormatError> {
        let Some((header_bytes, rest)) = split_part(bytes, 0)? else {
            return Ok(None);
        };
        let header = Header::decode(header_bytes)?;
        let Some((part, rest)) = split_part(rest, header_bytes.len())? else {
            return Ok(None);
        };
        let key_part = KeyPart::decode(part, &header)?;
        let envelope = Self {
            header,
            header_bytes,
            key_part,
            body: &[],
        };
        Ok(Some((envelope, rest)))
    }

    /// Bytes before the body.
    #[must_use]
    pub const fn prefix_bytes(&self) -> usize {
        4 + self.header_bytes.len() + 4 + self.key_part.encoded_bytes()
    }
}

/// A part, and what follows it.
type Split<'a> = (&'a [u8], &'a [u8]);

/// Splits `u32 length ‖ part` off; `None` when it is not all there yet.
fn split_part(bytes: &[u8], before: usize) -> Result<Option<Split<'_>>, FormatError> {
    let mut reader = Reader::new(bytes);
    let Ok(length) = reader.length() else {
        return Ok(None);
    };
    if length.saturating_add(before) > PREFIX_BYTES_MAX - 8 {
        return Err(FormatError::PrefixTooLong { bytes: length });
    }
    Ok(reader.rest().split_at_checked(length))
}
