//! Opening of values.

use strongroom_types::{Mode, Purpose};

use super::Envelope;
use super::key_part::{open_inner, open_outer};
use super::seal::{body_context, data_body_key};
use crate::OpenError;
use crate::keys::{ContextKey, LockKey};
use crate::secret::{Secret, SecretBytes};
use crate::suite::SuiteKey;

/// Opens a value.
///
/// # Errors
/// When anything differs from what was sealed: key, version, workspace, key context, lock key,
/// associated data, or a byte. A data key does not open here, nor what no one key opens: a split value.
pub fn open(
    envelope: &Envelope<'_>,
    key: &ContextKey,
    lock_key: Option<&LockKey>,
    associated_data: Option<&[u8]>,
) -> Result<SecretBytes, OpenError> {
    let header = &envelope.header;
    check_key(envelope, key)?;
    if header.purpose == Purpose::Split {
        return Err(OpenError);
    }
    match header.mode {
        Mode::Derived => {
            let version = Some(key.version());
            let context = body_context(envelope.header_bytes, version, associated_data);
            let key = key.body_key(header.purpose, header.suite);
            key.open(&context, envelope.body)
        }
        Mode::Wrapped => {
            let key = wrapped_body_key(envelope, key, lock_key)?;
            let context = body_context(envelope.header_bytes, None, associated_data);
            key.open(&context, envelope.body)
        }
    }
}

/// Refuses another's key before anything is derived from it.
pub(super) fn check_key(envelope: &Envelope<'_>, key: &ContextKey) -> Result<(), OpenError> {
    let header = &envelope.header;
    let same = header.workspace == key.workspace()
        && header.context == key.context()
        && envelope.key_part.version == key.version();
    if same { Ok(()) } else { Err(OpenError) }
}

/// The data key, behind the outer layer and, where there is a lock, the inner one.
pub(super) fn open_data_key(
    envelope: &Envelope<'_>,
    key: &ContextKey,
    lock_key: Option<&LockKey>,
) -> Result<SecretBytes, OpenError> {
    check_key(envelope, key)?;
    let header = (&envelope.header, envelope.header_bytes);
    let inner = open_outer(key, header, envelope.key_part.wrapped)?;
    open_inner(lock_key, header, inner)
}

/// The input key of a body in wrapped mode.
pub(super) fn wrapped_body_key(
    envelope: &Envelope<'_>,
    key: &ContextKey,
    lock_key: Option<&LockKey>,
) -> Result<SuiteKey, OpenError> {
    if envelope.header.purpose == Purpose::DataKey {
        return Err(OpenError);
    }
    let data_key = open_data_key(envelope, key, lock_key)?;
    let bytes: [u8; 32] = data_key.expose().try_into().map_err(|_length| OpenError)?;
    Ok(data_body_key(&Secret::from_bytes(bytes), &envelope.header))
}
