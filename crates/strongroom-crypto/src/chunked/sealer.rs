//! Sealing of messages that come in pieces.

use zeroize::Zeroizing;

use super::buffer::{Buffer, Room as _};
use super::key::MessageKey;
use super::{CHUNK_BYTES, CHUNKS_MAX, InputKey, PREFIX_BYTES, SALT_BYTES, TAG_BYTES};

/// A message longer than 4 PiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("message has more than {CHUNKS_MAX} chunks")]
pub struct MessageTooLong;

/// Seals one message piece by piece, holding back less than a chunk.
#[derive(Debug)]
pub struct Sealer {
    key: MessageKey,
    /// `salt ‖ commitment`, until it has been written.
    prefix: Option<[u8; PREFIX_BYTES]>,
    chunk: u64,
    /// Plaintext of the chunk that is not full yet.
    held: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// Starts a message. The salt must not repeat under the key: draw it.
    #[must_use]
    pub fn new(key: &InputKey, salt: &[u8; SALT_BYTES], context: &[u8]) -> Self {
        let key = key.message_key(salt, context);
        Self {
            prefix: Some(key.prefix(salt)),
            key,
            chunk: 0,
            held: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES)),
        }
    }

    /// Takes plaintext and appends what can be sealed of it to `out`.
    ///
    /// # Errors
    /// When the message becomes too long; nothing more can be sealed then.
    pub fn update(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), MessageTooLong> {
        Buffer::appending(out, |out| self.update_buffer(plaintext, out))
    }

    /// Ends the message: appends the short last chunk to `out`.
    ///
    /// # Errors
    /// When the message is too long.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), MessageTooLong> {
        Buffer::appending(out, |out| self.finish_buffer(out))
    }

    pub(super) fn update_buffer(
        &mut self,
        mut plaintext: &[u8],
        out: &mut Buffer,
    ) -> Result<(), MessageTooLong> {
        self.write_prefix(out);
        if !self.held.is_empty() {
            plaintext = self.fill(plaintext);
            if self.held.len() < CHUNK_BYTES {
                return Ok(());
            }
            self.seal_held(out)?;
        }
        let chunks = plaintext.chunks_exact(CHUNK_BYTES);
        let rest = chunks.remainder();
        for chunk in chunks {
            self.seal_chunk(chunk, out)?;
        }
        self.held.extend_from_slice(rest);
        Ok(())
    }

    pub(super) fn finish_buffer(mut self, out: &mut Buffer) -> Result<(), MessageTooLong> {
        self.write_prefix(out);
        self.seal_held(out)
    }

    fn write_prefix(&mut self, out: &mut Buffer) {
        if let Some(prefix) = self.prefix.take() {
            out.push(&prefix);
        }
    }

    /// Moves plaintext into the chunk that is not full yet, and returns the rest.
    fn fill<'a>(&mut self, plaintext: &'a [u8]) -> &'a [u8] {
        let room = CHUNK_BYTES.saturating_sub(self.held.len());
        let (taken, rest) = plaintext.split_at(room.min(plaintext.len()));
        self.held.extend_from_slice(taken);
        rest
    }

    fn seal_held(&mut self, out: &mut Buffer) -> Result<(), MessageTooLong> {
        let held = core::mem::take(&mut self.held);
        self.seal_chunk(&held, out)?;
        self.held = held;
        self.held.clear();
        Ok(())
    }

    fn seal_chunk(&mut self, plaintext: &[u8], out: &mut Buffer) -> Result<(), MessageTooLong> {
        if self.chunk >= CHUNKS_MAX {
            return Err(MessageTooLong);
        }
        let room = out.room(plaintext.len() + TAG_BYTES);
        self.key.seal_chunk(self.chunk, plaintext, room);
        self.chunk += 1;
        Ok(())
    }
}
