//! Reading a stored message at any place.

use std::io::{self, Read, Seek, SeekFrom};

use zeroize::Zeroizing;

use super::key::MessageKey;
use super::sync_io::refused;
use super::{CHUNK_BYTES, CHUNKS_MAX, InputKey, PREFIX_BYTES, SEALED_CHUNK_BYTES, TAG_BYTES};

/// Chunk sizes as file offsets.
const PREFIX: u64 = PREFIX_BYTES as u64;
const SEALED_CHUNK: u64 = SEALED_CHUNK_BYTES as u64;
const CHUNK: u64 = CHUNK_BYTES as u64;
const TAG: u64 = TAG_BYTES as u64;

/// Reads a stored message at any place, a chunk at a time. The length is authenticated when it is
/// opened, every chunk before a byte of it is given out.
#[derive(Debug)]
pub struct RandomAccess<R> {
    source: R,
    key: MessageKey,
    /// Where in `source` the first chunk begins.
    chunks_start: u64,
    /// Plaintext bytes of the message.
    length: u64,
    position: u64,
    /// The chunk that was opened last.
    current: Option<u64>,
    sealed: Vec<u8>,
    plaintext: Zeroizing<Vec<u8>>,
}

impl<R: Read + Seek> RandomAccess<R> {
    /// Opens the message that begins `start` bytes into `source` and goes on to its end: checks
    /// the commitment, then the last chunk and with it the length.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when it does not open; errors of `source`.
    pub fn open(mut source: R, start: u64, key: &InputKey, context: &[u8]) -> io::Result<Self> {
        let end = source.seek(SeekFrom::End(0))?;
        let chunks_start = start.checked_add(PREFIX).ok_or_else(refused)?;
        let sealed = end.checked_sub(chunks_start).ok_or_else(refused)?;
        let last_chunk = sealed / SEALED_CHUNK;
        let tags = (last_chunk + 1) * TAG;
        let length = sealed.checked_sub(tags).ok_or_else(refused)?;
        if last_chunk >= CHUNKS_MAX {
            return Err(refused());
        }
        let mut prefix = [0; PREFIX_BYTES];
        source.seek(SeekFrom::Start(start))?;
        source.read_exact(&mut prefix)?;
        let key = key.open_prefix(&prefix, context);
        let mut opened = Self {
            source,
            key: key.map_err(|_error| refused())?,
            chunks_start,
            length,
            position: 0,
            current: None,
            sealed: Vec::with_capacity(SEALED_CHUNK_BYTES),
            plaintext: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES)),
        };
        opened.load(last_chunk)?;
        Ok(opened)
    }

    /// Plaintext bytes of the message.
    #[must_use]
    pub const fn plaintext_bytes(&self) -> u64 {
        self.length
    }

    /// Opens a chunk, unless it is the one at hand.
    fn load(&mut self, chunk: u64) -> io::Result<()> {
        if self.current == Some(chunk) {
            return Ok(());
        }
        self.current = None;
        let offset = self.chunks_start + chunk * SEALED_CHUNK;
        self.source.seek(SeekFrom::Start(offset))?;
        self.sealed.clear();
        let mut chunk_source = (&mut self.source).take(SEALED_CHUNK);
        chunk_source.read_to_end(&mut self.sealed)?;
        let plaintext_bytes = self.sealed.len().checked_sub(TAG_BYTES);
        let plaintext_bytes = plaintext_bytes.ok_or_else(refused)?;
        self.plaintext.resize(plaintext_bytes, 0);
        let result = self
            .key
            .open_chunk(chunk, &self.sealed, &mut self.plaintext);
        result.map_err(|_error| refused())?;
        self.current = Some(chunk);
        Ok(())
    }
}

impl<R: Read + Seek> Read for RandomAccess<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.length || out.is_empty() {
            return Ok(0);
        }
        self.load(self.position / CHUNK)?;
        let within = usize::try_from(self.position % CHUNK).map_err(io::Error::other)?;
        let mut rest = self.plaintext.get(within..).unwrap_or_default();
        let read = rest.read(out)?;
        self.position += u64::try_from(read).map_err(io::Error::other)?;
        Ok(read)
    }
}

impl<R: Read + Seek> Seek for RandomAccess<R> {
    /// Moves within the plaintext; a place after its end is allowed and reads nothing.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
