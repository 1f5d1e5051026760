//! `AsyncWrite` and `AsyncRead` over the construction.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::buffer::Buffer;
use super::sync_io::{STEP_BYTES, STEP_CHUNKS, refused, too_long};
use super::{Opener, PREFIX_BYTES, SEALED_CHUNK_BYTES, Sealer};

/// Seals what is written and passes the ciphertext on. `shutdown` ends the message: dropped
/// before, it is truncated and will not open.
#[derive(Debug)]
pub struct AsyncSealWriter<W> {
    inner: W,
    /// `None` once the last chunk is sealed.
    sealer: Option<Sealer>,
    sealed: Buffer,
    written: usize,
}

impl<W: AsyncWrite + Unpin> AsyncSealWriter<W> {
    /// Writes the ciphertext of `sealer` to `inner`.
    #[must_use]
    pub fn new(sealer: Sealer, inner: W) -> Self {
        Self {
            inner,
            sealer: Some(sealer),
            sealed: Buffer::default(),
            written: 0,
        }
    }

    /// Hands the ciphertext at hand to the inner writer.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest @ [_, ..]) = self.sealed.filled().get(self.written..) {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        self.sealed.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for AsyncSealWriter<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        plaintext: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_drain(cx))?;
        let taken = plaintext.get(..STEP_BYTES).unwrap_or(plaintext);
        let this = &mut *self;
        let sealer = this.sealer.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        sealer
            .update_buffer(taken, &mut this.sealed)
            .map_err(too_long)?;
        Poll::Ready(Ok(taken.len()))
    }

    /// Flushes complete chunks; the one that is not full yet stays.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    /// Seals the last chunk, and shuts the inner writer down.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        let this = &mut *self;
        if let Some(sealer) = this.sealer.take() {
            sealer.finish_buffer(&mut this.sealed).map_err(too_long)?;
        }
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}

/// Reads ciphertext from the inner reader and gives out authenticated plaintext only. A clean end
/// means that the message is complete; everything else is an error of kind
/// [`io::ErrorKind::InvalidData`] around [`crate::OpenError`].
#[derive(Debug)]
pub struct AsyncOpenReader<R> {
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

impl<R: AsyncRead + Unpin> AsyncOpenReader<R> {
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

    /// Reads and opens until there is plaintext to give or the message has ended.
    fn poll_refill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.plaintext.clear();
        self.given = 0;
        while self.plaintext.filled().is_empty() {
            if self.failed {
                return Poll::Ready(Err(refused()));
            }
            if self.opener.is_none() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(self.sealed.get_mut(..self.wanted).unwrap_or_default());
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut buffer))?;
            let read = buffer.filled().len();
            self.wanted = self.sealed.len();
            self.open(read);
        }
        Poll::Ready(Ok(()))
    }

    /// Opens the first `read` bytes of the buffer; none means that the message ends.
    fn open(&mut self, read: usize) {
        let Some(mut opener) = self.opener.take() else {
            return;
        };
        let sealed = self.sealed.get(..read).unwrap_or_default();
        let result = if sealed.is_empty() {
            opener.finish_buffer(&mut self.plaintext)
        } else {
            let result = opener.update_buffer(sealed, &mut self.plaintext);
            self.opener = result.is_ok().then_some(opener);
            result
        };
        // The chunks before a bad one are authentic: they are given out before the error.
        self.failed = result.is_err();
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for AsyncOpenReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given == self.plaintext.filled().len() && out.remaining() > 0 {
            ready!(self.poll_refill(cx))?;
        }
        let rest = self
            .plaintext
            .filled()
            .get(self.given..)
            .unwrap_or_default();
        let given = rest.get(..out.remaining()).unwrap_or(rest);
        out.put_slice(given);
        let given = given.len();
        self.given += given;
        Poll::Ready(Ok(()))
    }
}
