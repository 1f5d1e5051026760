//! `Write` and `Read` over the construction.

use std::io::{self, Read, Write};

use super::buffer::{Buffer, Lent, Room};
use super::{CHUNK_BYTES, MessageTooLong, Opener, PREFIX_BYTES, SEALED_CHUNK_BYTES, Sealer};
use crate::OpenError;

/// Plaintext or ciphertext bytes that are worked on at once: memory stays flat however large the
/// caller's buffers are.
pub(super) const STEP_BYTES: usize = STEP_CHUNKS * CHUNK_BYTES;
pub(super) const STEP_CHUNKS: usize = 4;

/// Seals what is written and passes the ciphertext on. The message is complete only after
/// [`SealWriter::finish`]; dropped before, it is truncated and will not open.
#[derive(Debug)]
pub struct SealWriter<W> {
    inner: W,
    sealer: Sealer,
    sealed: Buffer,
}

impl<W: Write> SealWriter<W> {
    /// Writes the ciphertext of `sealer` to `inner`.
    #[must_use]
    pub fn new(sealer: Sealer, inner: W) -> Self {
        Self {
            inner,
            sealer,
            sealed: Buffer::default(),
        }
    }

    /// Seals the last chunk, flushes, and returns the inner writer.
    ///
    /// # Errors
    /// Errors of the inner writer; [`io::ErrorKind::FileTooLarge`] over 4 PiB.
    pub fn finish(mut self) -> io::Result<W> {
        self.sealed.clear();
        self.sealer
            .finish_buffer(&mut self.sealed)
            .map_err(too_long)?;
        self.inner.write_all(self.sealed.filled())?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, plaintext: &[u8]) -> io::Result<usize> {
        let taken = plaintext.get(..STEP_BYTES).unwrap_or(plaintext);
        self.sealed.clear();
        self.sealer
            .update_buffer(taken, &mut self.sealed)
            .map_err(too_long)?;
        self.inner.write_all(self.sealed.filled())?;
        Ok(taken.len())
    }

    /// Flushes complete chunks; the one that is not full yet stays.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Reads ciphertext from the inner reader and gives out authenticated plaintext only. A clean end
/// means that the message is complete; everything else is an error of kind
/// [`io::ErrorKind::InvalidData`] around [`OpenError`].
#[derive(Debug)]
pub struct OpenReader<R> {
    inner: R,
    /// `None` after the end or a failure.
    opener: Option<Opener>,
    failed: bool,
    sealed: Vec<u8>,
    /// Bytes to read next: the prefix, then whole chunks, so that most are opened where they lie.
    wanted: usize,
    plaintext: Buffer,
    given: usize,
}

impl<R: Read> OpenReader<R> {
    /// Opens the ciphertext that `inner` yields.
    #[must_use]
    pub fn new(opener: Opener, inner: R) -> Self {
        Self {
            inner,
            opener: Some(opener),
            failed: false,
            sealed: vec![0; STEP_CHUNKS * SEALED_CHUNK_BYTES],
            wanted: PREFIX_BYTES,
            plaintext: Buffer::default(),
            given: 0,
        }
    }

    /// Reads and opens until there is plaintext to give or the message has ended. Returns how much
    /// of it stands in `out`, where it goes without a copy if it is sure to fit.
    fn refill(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.plaintext.clear();
        self.given = 0;
        while self.plaintext.filled().is_empty() {
            let Some(opener) = &self.opener else {
                return if self.failed { Err(refused()) } else { Ok(0) };
            };
            let room = self.sealed.get_mut(..self.wanted).unwrap_or_default();
            let read = self.inner.read(room)?;
            self.wanted = self.sealed.len();
            if opener.plaintext_bytes_max(read) <= out.len() {
                let mut lent = Lent::new(out);
                self.open(read, &mut lent);
                if lent.filled_bytes() > 0 {
                    return Ok(lent.filled_bytes());
                }
            } else {
                let mut plaintext = core::mem::take(&mut self.plaintext);
                self.open(read, &mut plaintext);
                self.plaintext = plaintext;
            }
        }
        Ok(0)
    }

    /// Opens the first `read` bytes of the buffer; none means that the message ends.
    fn open(&mut self, read: usize, out: &mut impl Room) {
        let Some(mut opener) = self.opener.take() else {
            return;
        };
        let sealed = self.sealed.get(..read).unwrap_or_default();
        let result = if sealed.is_empty() {
            opener.finish_buffer(out)
        } else {
            let result = opener.update_buffer(sealed, out);
            self.opener = result.is_ok().then_some(opener);
            result
        };
        // The chunks before a bad one are authentic: they are given out before the error.
        self.failed = result.is_err();
    }
}

impl<R: Read> Read for OpenReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.plaintext.filled().len() && !out.is_empty() {
            let opened = self.refill(out)?;
            if opened > 0 {
                return Ok(opened);
            }
        }
        let mut rest = self
            .plaintext
            .filled()
            .get(self.given..)
            .unwrap_or_default();
        let read = rest.read(out)?;
        self.given += read;
        Ok(read)
    }
}

pub(super) fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, OpenError)
}

pub(super) fn too_long(error: MessageTooLong) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, error)
}
