//! Opening of messages that come in pieces.

use super::buffer::{Buffer, Room};
use super::key::MessageKey;
use super::{CHUNK_BYTES, CHUNKS_MAX, InputKey, PREFIX_BYTES, SEALED_CHUNK_BYTES, TAG_BYTES};
use crate::OpenError;

/// Opens one message piece by piece. Every byte that it releases is authenticated; that the
/// message is complete is known only when [`Opener::finish`] succeeds.
#[derive(Debug)]
pub struct Opener {
    state: State,
    chunk: u64,
    /// Ciphertext of the prefix or the chunk that is not complete yet.
    held: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Prefix {
        key: Box<InputKey>,
        context: Vec<u8>,
    },
    Chunks(MessageKey),
    Failed,
}

impl Opener {
    /// Starts a message that was sealed under the key with the context.
    #[must_use]
    pub fn new(key: InputKey, context: Vec<u8>) -> Self {
        let key = Box::new(key);
        Self {
            state: State::Prefix { key, context },
            chunk: 0,
            held: Vec::with_capacity(SEALED_CHUNK_BYTES),
        }
    }

    /// Takes ciphertext and appends the plaintext of every chunk that it completes to `out`.
    ///
    /// # Errors
    /// When a chunk does not open. `out` then holds the chunks before it; every later call fails.
    pub fn update(&mut self, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), OpenError> {
        Buffer::appending(out, |out| self.update_buffer(sealed, out))
    }

    pub(super) fn update_buffer(
        &mut self,
        sealed: &[u8],
        out: &mut impl Room,
    ) -> Result<(), OpenError> {
        let result = self.advance(sealed, out);
        if result.is_err() {
            self.state = State::Failed;
        }
        result
    }

    /// The most plaintext that `sealed_bytes` more bytes, or the end, give.
    pub(super) fn plaintext_bytes_max(&self, sealed_bytes: usize) -> usize {
        let sealed = self.held.len() + sealed_bytes;
        let unfinished = if sealed_bytes == 0 { CHUNK_BYTES } else { 0 };
        sealed / SEALED_CHUNK_BYTES * CHUNK_BYTES + unfinished
    }

    /// Ends the message: opens the short last chunk into `out`.
    ///
    /// # Errors
    /// When the message is truncated or does not open.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), OpenError> {
        Buffer::appending(out, |out| self.finish_buffer(out))
    }

    pub(super) fn finish_buffer(self, out: &mut impl Room) -> Result<(), OpenError> {
        let State::Chunks(key) = &self.state else {
            return Err(OpenError);
        };
        open_chunk(key, self.chunk, &self.held, out)
    }

    fn advance(&mut self, mut sealed: &[u8], out: &mut impl Room) -> Result<(), OpenError> {
        if let State::Prefix { key, context } = &self.state {
            sealed = hold(&mut self.held, PREFIX_BYTES, sealed);
            let Some(prefix) = self.held.first_chunk::<PREFIX_BYTES>() else {
                return Ok(());
            };
            self.state = State::Chunks(key.open_prefix(prefix, context)?);
            self.held.clear();
        }
        let State::Chunks(key) = &self.state else {
            return Err(OpenError);
        };
        if !self.held.is_empty() {
            sealed = hold(&mut self.held, SEALED_CHUNK_BYTES, sealed);
            if self.held.len() < SEALED_CHUNK_BYTES {
                return Ok(());
            }
            open_chunk(key, self.chunk, &self.held, out)?;
            self.chunk += 1;
            self.held.clear();
        }
        let chunks = sealed.chunks_exact(SEALED_CHUNK_BYTES);
        self.held.extend_from_slice(chunks.remainder());
        for chunk in chunks {
            open_chunk(key, self.chunk, chunk, out)?;
            self.chunk += 1;
        }
        Ok(())
    }
}

/// Moves bytes into `held` until it has `wanted`, and returns the rest.
fn hold<'a>(held: &mut Vec<u8>, wanted: usize, bytes: &'a [u8]) -> &'a [u8] {
    let room = wanted.saturating_sub(held.len());
    let (taken, rest) = bytes.split_at(room.min(bytes.len()));
    held.extend_from_slice(taken);
    rest
}

/// Appends the plaintext of a chunk, or nothing.
fn open_chunk(
    key: &MessageKey,
    chunk: u64,
    sealed: &[u8],
    out: &mut impl Room,
) -> Result<(), OpenError> {
    if chunk >= CHUNKS_MAX {
        return Err(OpenError);
    }
    let plaintext_bytes = sealed.len().checked_sub(TAG_BYTES).ok_or(OpenError)?;
    let room = out.room(plaintext_bytes);
    let result = key.open_chunk(chunk, sealed, room);
    if result.is_err() {
        room.fill(0);
        out.take_back(plaintext_bytes);
    }
    result
}
