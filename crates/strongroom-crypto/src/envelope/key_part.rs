//! The replaceable key part, and the layers in it.

use strongroom_types::{KeyVersion, Mode, Purpose};

use super::{FormatError, Header, Reader};
use crate::OpenError;
use crate::chunked::SALT_BYTES;
use crate::keys::{ContextKey, LockKey};
use crate::label::Label;
use crate::secret::SecretBytes;
use crate::split::SPLIT_PART_BYTES;
use crate::suite::{MessageTooLong, SuiteKey};

/// `key version u32 ‖ wrapped data key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPart<'a> {
    /// The version of the context key.
    pub version: KeyVersion,
    /// The wrapped data key; empty in derived mode, but for what a split key is derived from.
    pub wrapped: &'a [u8],
}

impl<'a> KeyPart<'a> {
    pub(super) fn decode(bytes: &'a [u8], header: &Header) -> Result<Self, FormatError> {
        let mut reader = Reader::new(bytes);
        let version = KeyVersion(u32::from_be_bytes(reader.array()?));
        let wrapped = reader.rest();
        let fits = match (header.mode, header.purpose) {
            (_, Purpose::Split) => wrapped.len() == SPLIT_PART_BYTES,
            (Mode::Derived, _) => wrapped.is_empty(),
            (Mode::Wrapped, _) => !wrapped.is_empty(),
        };
        if !fits {
            return Err(FormatError::KeyPart);
        }
        Ok(Self { version, wrapped })
    }

    pub(super) const fn encoded_bytes(&self) -> usize {
        4 + self.wrapped.len()
    }
}

/// `u32 length ‖ header ‖ u32 length ‖ key part`, with room for a body of `body_bytes`.
///
/// A header has at most 11 KiB (8 terms of 1,284 bytes) and a wrapped key at most 256 bytes, so that
/// neither length reaches [`super::PREFIX_BYTES_MAX`].
pub(crate) fn encode_prefix(header: &[u8], part: &KeyPart<'_>, body_bytes: usize) -> Vec<u8> {
    let bytes = 4 + header.len() + 4 + part.encoded_bytes() + body_bytes;
    let mut out = Vec::with_capacity(bytes);
    crate::frame::push_item(&mut out, header);
    let part_bytes = u32::try_from(part.encoded_bytes()).unwrap_or(u32::MAX);
    out.extend_from_slice(&part_bytes.to_be_bytes());
    out.extend_from_slice(&part.version.0.to_be_bytes());
    out.extend_from_slice(part.wrapped);
    out
}

/// `Seal(lock key, data key)` with the context `label ‖ header`.
pub(super) fn seal_inner(
    key: &LockKey,
    header: (&Header, &[u8]),
    salt: &[u8; SALT_BYTES],
    data_key: &[u8],
) -> Result<Vec<u8>, MessageTooLong> {
    let (header, bytes) = header;
    let context = inner_context(bytes);
    seal_layer(&key.wrapping_key(header.suite), salt, &context, data_key)
}

/// `Seal(context key, data key or inner layer)` with the context `label ‖ header ‖ key version`.
pub(super) fn seal_outer(
    key: &ContextKey,
    header: (&Header, &[u8]),
    salt: &[u8; SALT_BYTES],
    inner: &[u8],
) -> Result<Vec<u8>, MessageTooLong> {
    let (header, bytes) = header;
    let context = outer_context(bytes, key.version());
    let key = key.wrapping_key(header.purpose, header.suite);
    seal_layer(key, salt, &context, inner)
}

fn seal_layer(
    key: &SuiteKey,
    salt: &[u8; SALT_BYTES],
    context: &[u8],
    layer: &[u8],
) -> Result<Vec<u8>, MessageTooLong> {
    let mut out = Vec::with_capacity(key.sealed_bytes(layer.len()));
    key.seal_into(salt, context, layer, &mut out)?;
    Ok(out)
}

/// Opens the outer layer only: the data key, or the inner layer of a locked one.
pub(super) fn open_outer(
    key: &ContextKey,
    header: (&Header, &[u8]),
    wrapped: &[u8],
) -> Result<SecretBytes, OpenError> {
    let (header, bytes) = header;
    let context = outer_context(bytes, key.version());
    let key = key.wrapping_key(header.purpose, header.suite);
    key.open(&context, wrapped)
}

/// Opens the inner layer of a locked key part; passes an unlocked one through.
pub(super) fn open_inner(
    lock_key: Option<&LockKey>,
    header: (&Header, &[u8]),
    inner: SecretBytes,
) -> Result<SecretBytes, OpenError> {
    let (header, bytes) = header;
    match (&header.lock, lock_key) {
        (None, None) => Ok(inner),
        (Some(_), Some(key)) => {
            let key = key.wrapping_key(header.suite);
            key.open(&inner_context(bytes), inner.expose())
        }
        (None, Some(_)) | (Some(_), None) => Err(OpenError),
    }
}

fn inner_context(header: &[u8]) -> Vec<u8> {
    [Label::LockedPart.as_bytes(), header].concat()
}

fn outer_context(header: &[u8], version: KeyVersion) -> Vec<u8> {
    [Label::KeyPart.as_bytes(), header, &version.0.to_be_bytes()].concat()
}
