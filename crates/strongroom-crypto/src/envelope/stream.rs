//! Streams: a prefix of header and key part, then a body of any length.

use std::io::{self, Read, Seek};

use strongroom_types::Purpose;

use super::key_part::{KeyPart, encode_prefix};
use super::open::wrapped_body_key;
use super::seal::{Drawn, body_context, data_body_key};
use super::{Envelope, FormatError, SealError, SealRequest};
use crate::OpenError;
use crate::chunked::{InputKey, Opener, RandomAccess, Sealer};
use crate::keys::{ContextKey, LockKey};

/// Starts a stream: the bytes to send first, and the sealer of what follows.
///
/// # Errors
/// When the request is contradictory or not for a file, or there is no randomness.
pub fn begin_stream(request: &SealRequest<'_>) -> Result<(Vec<u8>, Sealer), SealError> {
    let purpose = request.header.purpose;
    if purpose != Purpose::File {
        return Err(SealError::Purpose { purpose });
    }
    let header_bytes = request.header_bytes()?;
    let drawn = Drawn::draw(request.entropy)?;
    let part = KeyPart {
        version: request.key.version(),
        wrapped: &request.wrap(&header_bytes, &drawn, drawn.data_key.expose())?,
    };
    let prefix = encode_prefix(&header_bytes, &part, 0);
    let key = data_body_key(&drawn.data_key, request.header).into_chunked();
    let key = key.ok_or(FormatError::NotChunked {
        suite: request.header.suite,
    })?;
    let context = body_context(&header_bytes, None, request.associated_data);
    Ok((prefix, Sealer::new(&key, &drawn.body_salt, &context)))
}

/// Opens a stream whose prefix was parsed ([`Envelope::parse_prefix`]): the opener of the bytes
/// that follow it.
///
/// # Errors
/// When the key part does not open, or it is no stream. A wrong associated data shows when the
/// opener is fed.
pub fn open_stream(
    prefix: &Envelope<'_>,
    key: &ContextKey,
    lock_key: Option<&LockKey>,
    associated_data: Option<&[u8]>,
) -> Result<Opener, OpenError> {
    check_purpose(prefix)?;
    let key = chunked_body_key(prefix, key, lock_key)?;
    let context = body_context(prefix.header_bytes, None, associated_data);
    Ok(Opener::new(key, context))
}

/// Opens a stored stream for reading at any place. `source` holds the whole blob.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] around [`OpenError`] when it does not open; errors of `source`.
pub fn random_access<R: Read + Seek>(
    source: R,
    prefix: &Envelope<'_>,
    key: &ContextKey,
    lock_key: Option<&LockKey>,
    associated_data: Option<&[u8]>,
) -> io::Result<RandomAccess<R>> {
    let refuse = |error: OpenError| io::Error::new(io::ErrorKind::InvalidData, error);
    check_purpose(prefix).map_err(refuse)?;
    let key = chunked_body_key(prefix, key, lock_key).map_err(refuse)?;
    let context = body_context(prefix.header_bytes, None, associated_data);
    let start = u64::try_from(prefix.prefix_bytes()).map_err(io::Error::other)?;
    RandomAccess::open(source, start, &key, &context)
}

/// The input key of a stream. A header of a stream under a suite in one piece is refused when it is
/// read; so it is here.
fn chunked_body_key(
    prefix: &Envelope<'_>,
    key: &ContextKey,
    lock_key: Option<&LockKey>,
) -> Result<InputKey, OpenError> {
    let key = wrapped_body_key(prefix, key, lock_key)?;
    key.into_chunked().ok_or(OpenError)
}

fn check_purpose(prefix: &Envelope<'_>) -> Result<(), OpenError> {
    if prefix.header.purpose == Purpose::File {
        Ok(())
    } else {
        Err(OpenError)
    }
}
