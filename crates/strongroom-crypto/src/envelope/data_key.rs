//! Data keys that leave Strongroom, with their wrapped form.

use strongroom_types::Purpose;

use super::key_part::{KeyPart, encode_prefix};
use super::open::open_data_key;
use super::seal::Drawn;
use super::{Envelope, SealError, SealRequest};
use crate::OpenError;
use crate::keys::{ContextKey, LockKey};
use crate::secret::SecretBytes;

/// The shortest data key, in bytes.
pub const DATA_KEY_BYTES_MIN: usize = 16;
/// The longest data key, in bytes.
pub const DATA_KEY_BYTES_MAX: usize = 64;

/// Wraps a data key: header and key part, without a body. Associated data is not bound, because
/// there is nothing but the key.
///
/// # Errors
/// When the request is contradictory or not for a data key, the key is too short or too long, or
/// there is no randomness.
pub fn wrap_data_key(request: &SealRequest<'_>, data_key: &[u8]) -> Result<Vec<u8>, SealError> {
    let purpose = request.header.purpose;
    if purpose != Purpose::DataKey {
        return Err(SealError::Purpose { purpose });
    }
    let bytes = data_key.len();
    if !(DATA_KEY_BYTES_MIN..=DATA_KEY_BYTES_MAX).contains(&bytes) {
        return Err(SealError::DataKeyLength { bytes });
    }
    let header_bytes = request.header_bytes()?;
    let drawn = Drawn::draw(request.entropy)?;
    let part = KeyPart {
        version: request.key.version(),
        wrapped: &request.wrap(&header_bytes, &drawn, data_key)?,
    };
    Ok(encode_prefix(&header_bytes, &part, 0))
}

/// Unwraps what [`wrap_data_key`] returned.
///
/// # Errors
/// When anything differs from what was wrapped, or it is no data key.
pub fn unwrap_data_key(
    envelope: &Envelope<'_>,
    key: &ContextKey,
    lock_key: Option<&LockKey>,
) -> Result<SecretBytes, OpenError> {
    if envelope.header.purpose != Purpose::DataKey || !envelope.body.is_empty() {
        return Err(OpenError);
    }
    open_data_key(envelope, key, lock_key)
}
