//! Chunked authenticated encryption: C2SP `chunked-encryption` over the AEAD of each suite that has one.
//!
//! With AES-256-GCM this is Cobblestone-256, with AES-128-GCM Cobblestone-128; the frozen text is
//! `docs/formats/cobblestone.md`.
//!
//! ```text
//! ciphertext = salt (24) ‖ commitment (32) ‖ chunk(0) ‖ … ‖ chunk(n)
//! chunk(i)   = AEAD(key, base nonce ⊕ i, plaintext[16384·i ..][..16384]) ‖ tag (16)
//! ```
//!
//! Every chunk but the last holds exactly 16 KiB, the last less (perhaps nothing), so that the end
//! of the message is authenticated. The commitment pins the input key, the salt and the context.

mod buffer;
mod key;
mod one_shot;
mod opener;
mod random_access;
mod sealer;
mod sync_io;
#[cfg(feature = "tokio")]
mod tokio_io;

pub use key::{InputKey, InputKeyError};
pub use one_shot::{open, seal, seal_into};
pub use opener::Opener;
pub use random_access::RandomAccess;
pub use sealer::{MessageTooLong, Sealer};
pub use sync_io::{OpenReader, SealWriter};
#[cfg(feature = "tokio")]
pub use tokio_io::{AsyncOpenReader, AsyncSealWriter};

/// Plaintext bytes of every chunk but the last.
pub const CHUNK_BYTES: usize = 16 * 1024;
/// Bytes that a chunk grows by.
pub const TAG_BYTES: usize = 16;
/// Bytes of a salt, which must not repeat under an input key.
pub const SALT_BYTES: usize = 24;
/// Bytes of a commitment.
pub const COMMITMENT_BYTES: usize = 32;
/// Bytes before the first chunk: salt and commitment.
pub const PREFIX_BYTES: usize = SALT_BYTES + COMMITMENT_BYTES;
/// Bytes that a message shorter than a chunk grows by.
pub const OVERHEAD_BYTES: usize = PREFIX_BYTES + TAG_BYTES;
/// The most chunks of a message (4 PiB).
pub const CHUNKS_MAX: u64 = 1 << 38;

/// Bytes of a full chunk with its tag.
const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;

/// Bytes of the ciphertext of `plaintext_bytes` bytes.
#[must_use]
pub const fn sealed_bytes(plaintext_bytes: usize) -> usize {
    let chunks = plaintext_bytes / CHUNK_BYTES + 1;
    PREFIX_BYTES + plaintext_bytes + chunks * TAG_BYTES
}

#[cfg(test)]
mod tests;
