//! Moving ciphertexts to another version of their context key.

use strongroom_types::{Mode, Purpose};

use super::key_part::{KeyPart, encode_prefix, open_outer, seal_outer};
use super::open::check_key;
use super::{Envelope, RewrapError, SealError, SealRequest, open, seal_value};
use crate::OpenError;
use crate::chunked::SALT_BYTES;
use crate::entropy::Entropy;
use crate::keys::ContextKey;
use crate::suite::sealed_bytes_min;

/// Moves a ciphertext from one version of its context key to another.
///
/// In wrapped mode only the outer layer is replaced: no lock key is needed, and neither the data
/// key nor the body changes (`associated_data` is not looked at, and of the body no more than whether it
/// is shorter than any). In derived mode the value is
/// opened and sealed again under the same header.
///
/// # Errors
/// When it does not open under `old`, `new` belongs to another key context, or there is no
/// randomness.
pub fn rewrap(
    envelope: &Envelope<'_>,
    old: &ContextKey,
    new: &ContextKey,
    associated_data: Option<&[u8]>,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, RewrapError> {
    match envelope.header.mode {
        Mode::Wrapped => {
            check_length(envelope)?;
            let mut blob = rewrap_prefix(envelope, old, new, entropy)?;
            blob.extend_from_slice(envelope.body);
            Ok(blob)
        }
        Mode::Derived => {
            let plaintext = open(envelope, old, None, associated_data)?;
            let request = SealRequest {
                key: new,
                header: &envelope.header,
                associated_data,
                lock_key: None,
                entropy,
            };
            Ok(seal_value(&request, plaintext.expose())?)
        }
    }
}

/// Refuses a body that is shorter than that of an empty value. A data key has none.
fn check_length(envelope: &Envelope<'_>) -> Result<(), OpenError> {
    let has_body = envelope.header.purpose != Purpose::DataKey;
    if has_body && envelope.body.len() < sealed_bytes_min(envelope.header.suite) {
        return Err(OpenError);
    }
    Ok(())
}

/// Header and new key part of a ciphertext in wrapped mode, for a body that is kept elsewhere.
///
/// # Errors
/// As [`rewrap`]; in derived mode there is nothing to replace.
pub fn rewrap_prefix(
    envelope: &Envelope<'_>,
    old: &ContextKey,
    new: &ContextKey,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, RewrapError> {
    check_key(envelope, old)?;
    if envelope.header.mode == Mode::Derived {
        return Err(OpenError.into());
    }
    if new.workspace() != old.workspace() || new.context() != old.context() {
        return Err(SealError::ForeignKey.into());
    }
    let header = (&envelope.header, envelope.header_bytes);
    let inner = open_outer(old, header, envelope.key_part.wrapped)?;
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt)?;
    let part = KeyPart {
        version: new.version(),
        wrapped: &seal_outer(new, header, &salt, inner.expose()).map_err(SealError::from)?,
    };
    Ok(encode_prefix(
        envelope.header_bytes,
        &part,
        envelope.body.len(),
    ))
}
