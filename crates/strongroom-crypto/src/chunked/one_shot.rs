//! Sealing and opening of messages that are in memory.

use super::{
    CHUNK_BYTES, InputKey, PREFIX_BYTES, SALT_BYTES, SEALED_CHUNK_BYTES, TAG_BYTES, sealed_bytes,
};
use crate::OpenError;
use crate::secret::SecretBytes;

/// `salt ‖ commitment ‖ chunks`. The salt must not repeat under the key: draw it.
#[must_use]
pub fn seal(key: &InputKey, salt: &[u8; SALT_BYTES], context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(sealed_bytes(plaintext.len()));
    seal_into(key, salt, context, plaintext, &mut out);
    out
}

/// Appends what [`seal`] returns.
pub fn seal_into(
    key: &InputKey,
    salt: &[u8; SALT_BYTES],
    context: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) {
    let key = key.message_key(salt, context);
    out.extend_from_slice(&key.prefix(salt));
    let start = out.len();
    out.resize(start + sealed_bytes(plaintext.len()) - PREFIX_BYTES, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    // A slice in memory has far fewer than `CHUNKS_MAX` chunks.
    for (chunk, (plaintext, room)) in
        (0..).zip(chunks_of(plaintext).zip(room.chunks_mut(SEALED_CHUNK_BYTES)))
    {
        key.seal_chunk(chunk, plaintext, room);
    }
}

/// The full chunks and the short one that ends every message.
fn chunks_of(plaintext: &[u8]) -> impl Iterator<Item = &[u8]> {
    let full = plaintext.chunks_exact(CHUNK_BYTES);
    let last = full.remainder();
    full.chain(core::iter::once(last))
}

/// The plaintext of what [`seal`] returned, all of it authenticated.
///
/// # Errors
/// When key or context differ, or a byte is altered, missing or surplus.
pub fn open(key: &InputKey, context: &[u8], sealed: &[u8]) -> Result<SecretBytes, OpenError> {
    let (prefix, sealed) = sealed
        .split_first_chunk::<PREFIX_BYTES>()
        .ok_or(OpenError)?;
    let key = key.open_prefix(prefix, context)?;
    let full = sealed.chunks_exact(SEALED_CHUNK_BYTES);
    let last = full.remainder();
    let chunks = full.len() + 1;
    let plaintext_bytes = sealed
        .len()
        .checked_sub(chunks * TAG_BYTES)
        .ok_or(OpenError)?;
    let mut out = zeroize::Zeroizing::new(vec![0u8; plaintext_bytes]);
    let full = full.zip(out.chunks_exact_mut(CHUNK_BYTES));
    for (chunk, (sealed, room)) in (0..).zip(full) {
        key.open_chunk(chunk, sealed, room)?;
    }
    let room = out.chunks_exact_mut(CHUNK_BYTES).into_remainder();
    let last_chunk = u64::try_from(chunks - 1).map_err(|_overflow| OpenError)?;
    key.open_chunk(last_chunk, last, room)?;
    Ok(SecretBytes::from(core::mem::take(&mut *out)))
}
