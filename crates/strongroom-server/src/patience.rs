//! Connections that wait for their peer only so long: until it says which HTTP it speaks, and while
//! it does not read its answers. The HTTP library has no clock for either.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};

use axum_server::accept::Accept;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What HTTP/2 begins with, RFC 9113 section 3.4. HTTP/1.1 begins at the first byte that differs.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a connection waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until the first request has begun.
    pub(crate) begin: Duration,
    /// For the peer to read on.
    pub(crate) write: Duration,
}

/// Makes the connections of another acceptor patient, and no more than that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PatientAcceptor<A> {
    inner: A,
    patience: Patience,
}

impl<A> PatientAcceptor<A> {
    pub(crate) const fn new(inner: A, patience: Patience) -> Self {
        Self { inner, patience }
    }
}

impl<A, I, S> Accept<I, S> for PatientAcceptor<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Patient<A::Stream>;
    type Service = A::Service;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepted, patience) = (self.inner.accept(stream, service), self.patience);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            Ok((Patient::new(stream, patience), service))
        })
    }
}

type Timer = Pin<Box<Sleep>>;

/// A connection.
pub(crate) struct Patient<S> {
    inner: S,
    /// Runs until a request has begun.
    begin: Option<Timer>,
    /// How much of the preface was read.
    matched: usize,
    /// Runs while the peer does not read.
    writing: Option<Timer>,
    write: Duration,
}

impl<S> Patient<S> {
    fn new(inner: S, patience: Patience) -> Self {
        Self {
            inner,
            begin: Some(Box::pin(sleep(patience.begin))),
            matched: 0,
            writing: None,
            write: patience.write,
        }
    }

    /// Notes what was read while nobody knew which HTTP it is.
    fn note_beginning(&mut self, bytes: &[u8]) {
        let rest = PREFACE.get(self.matched..).unwrap_or_default();
        let same = bytes.iter().zip(rest).take_while(|(a, b)| a == b).count();
        self.matched += same;
        if same < bytes.len() || self.matched == PREFACE.len() {
            self.begin = None;
        }
    }

    /// Ends the wait for the peer to read when it has lasted too long.
    fn in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let patience = self.write;
        let timer = self
            .writing
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        timer.as_mut().poll(cx).map(|()| Err(timed_out()))
    }
}

fn timed_out() -> io::Error {
    io::Error::from(io::ErrorKind::TimedOut)
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        let Some(begin) = &mut self.begin else {
            return read;
        };
        if read.is_pending() {
            return begin.as_mut().poll(cx).map(|()| Err(timed_out()));
        }
        self.note_beginning(buf.filled().get(before..).unwrap_or_default());
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.in_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.in_time(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.in_time(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const PATIENCE: Patience = Patience {
        begin: Duration::from_mins(1),
        write: Duration::from_secs(30),
    };

    fn connection() -> (DuplexStream, Patient<DuplexStream>) {
        let (peer, inner) = duplex(16);
        (peer, Patient::new(inner, PATIENCE))
    }

    async fn read(connection: &mut Patient<DuplexStream>) -> io::Result<u8> {
        connection.read_u8().await
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_begins_is_given_up() {
        for beginning in [&b""[..], b"P", b"PRI * HTTP"] {
            let (mut peer, mut connection) = connection();
            peer.write_all(beginning).await.unwrap();
            for byte in beginning {
                assert_eq!(read(&mut connection).await.unwrap(), *byte);
            }
            let ended = read(&mut connection).await.unwrap_err();
            assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_begun_is_left_to_the_http_library() {
        for beginning in [b"POST /".to_vec(), b"GET".to_vec(), PREFACE.to_vec()] {
            let (mut peer, mut connection) = connection();
            let (sent, waited) = (beginning.clone(), 2 * PATIENCE.begin);
            let sending = async {
                peer.write_all(&sent).await.unwrap();
                sleep(waited).await;
                peer.write_all(b"!").await.unwrap();
            };
            let reading = async {
                for byte in beginning {
                    assert_eq!(read(&mut connection).await.unwrap(), byte);
                }
                assert_eq!(read(&mut connection).await.unwrap(), b'!');
            };
            tokio::join!(sending, reading);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_given_up() {
        let (_peer, mut connection) = connection();
        let ended = connection.write_all(&[0; 17]).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_slowly_is_waited_for() {
        let (mut peer, mut connection) = connection();
        let reading = async {
            for _ in 0..100 {
                sleep(PATIENCE.write / 2).await;
                assert_eq!(peer.read_u8().await.unwrap(), 7);
            }
        };
        let (written, ()) = tokio::join!(connection.write_all(&[7; 100]), reading);
        written.unwrap();
    }
}
