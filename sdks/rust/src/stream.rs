//! Sealing and opening streams.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _, stream};
use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use reqwest::{Body, Method, Response, Version};
use serde::Serialize;
use strongroom_types::body::LogEntryId;
use strongroom_types::{KeyContext, Lock, Metadata};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::client::Client;
use crate::error::{ClientError, RequestError, TransportError};
use crate::transport::{accept, log_entry};

/// How much is read before it is sent on.
const READ_BYTES: usize = 64 * 1024;

/// Whose stream it is, and what binds it.
#[derive(Clone, Debug)]
pub struct StreamRequest {
    /// Whose data this is; when opening, the key context that the caller expects.
    pub key_context: KeyContext,
    /// The claims to lock to; empty for that of the client's lock context. Not used when opening.
    pub lock: Lock,
    /// Bytes that must be given again to open.
    pub associated_data: Vec<u8>,
    /// Notes for the log.
    pub metadata: Option<Metadata>,
}

impl StreamRequest {
    /// Names the key context; neither lock nor associated data nor notes.
    #[must_use]
    pub fn new(key_context: KeyContext) -> Self {
        Self {
            key_context,
            lock: Lock::default(),
            associated_data: Vec::new(),
            metadata: None,
        }
    }
}

/// A stream that did not reach its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The connection broke before the final chunk: the data was cut or altered, or the server
    /// stopped. What came before must not be used.
    #[error("the stream broke off before its end")]
    BrokeOff {
        /// The entry of this use.
        log_entry: Option<LogEntryId>,
        /// What the connection says.
        #[source]
        source: TransportError,
    },
    /// The answer does not say where it ends, so that a cut would look like an end.
    #[error("the answer does not say where it ends")]
    Undelimited,
    /// The writer failed.
    #[error("the output cannot be written")]
    Write(#[source] io::Error),
    /// The reader failed.
    #[error("the input cannot be read")]
    Read(#[source] io::Error),
}

/// What a stream came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSummary {
    /// How many bytes were written.
    pub bytes: u64,
    /// The entry of this use.
    pub log_entry: Option<LogEntryId>,
}

/// The bytes of an answer. It is complete only when the stream ends without an error: **publish
/// nothing of it before**. The server checks each chunk, but only the final one proves that nothing
/// was cut off.
pub struct ByteStream {
    chunks: BoxStream<'static, Result<Bytes, ClientError>>,
    log_entry: Option<LogEntryId>,
}

impl ByteStream {
    fn new(response: Response) -> Result<Self, StreamError> {
        if !is_delimited(&response) {
            return Err(StreamError::Undelimited);
        }
        let log_entry = log_entry(response.headers());
        let chunks = response
            .bytes_stream()
            .map(move |chunk| {
                chunk.map_err(|error| {
                    let source = TransportError::new(error);
                    StreamError::BrokeOff { log_entry, source }.into()
                })
            })
            .boxed();
        Ok(Self { chunks, log_entry })
    }

    /// The entry of this use, known before the first byte.
    #[must_use]
    pub fn log_entry(&self) -> Option<LogEntryId> {
        self.log_entry
    }

    /// Writes all of it. When this fails, throw away what was written.
    ///
    /// # Errors
    /// The stream broke off, or the writer failed.
    pub async fn copy_to(
        mut self,
        writer: &mut (impl AsyncWrite + Unpin + Send + ?Sized),
    ) -> Result<StreamSummary, ClientError> {
        let mut bytes = 0;
        while let Some(chunk) = self.chunks.next().await {
            let chunk = chunk?;
            writer.write_all(&chunk).await.map_err(StreamError::Write)?;
            bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        }
        writer.flush().await.map_err(StreamError::Write)?;
        Ok(StreamSummary {
            bytes,
            log_entry: self.log_entry,
        })
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream")
            .field("log_entry", &self.log_entry)
            .finish_non_exhaustive()
    }
}

/// Whether the transport tells a cut from an end. HTTP/1.1 without a length or chunks does not
/// (RFC 9112 section 8).
fn is_delimited(response: &Response) -> bool {
    let headers = response.headers();
    response.version() >= Version::HTTP_2
        || headers.contains_key(CONTENT_LENGTH)
        || headers.contains_key(TRANSFER_ENCODING)
}

impl Client {
    /// Seals a stream. The answer begins before the input has ended; memory use does not grow with
    /// the length.
    ///
    /// # Errors
    /// The server refused or did not answer. Streams are never sent twice.
    pub async fn encrypt_stream<S>(
        &self,
        mut request: StreamRequest,
        input: S,
    ) -> Result<ByteStream, ClientError>
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        self.add_lock(&mut request.lock, None);
        self.stream("/v1/stream/encrypt", &request, input).await
    }

    /// Opens a stream, see [`ByteStream`] for what must not be done with its first part.
    ///
    /// # Errors
    /// The server refused or did not answer. Streams are never sent twice.
    pub async fn decrypt_stream<S>(
        &self,
        mut request: StreamRequest,
        input: S,
    ) -> Result<ByteStream, ClientError>
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        // The ciphertext says what it is locked to.
        request.lock = Lock::default();
        self.stream("/v1/stream/decrypt", &request, input).await
    }

    /// Seals everything from `reader` to `writer`.
    ///
    /// # Errors
    /// The server refused, or reading, sending or writing failed: throw away what was written.
    pub async fn encrypt_copy(
        &self,
        request: StreamRequest,
        reader: impl AsyncRead + Unpin + Send + 'static,
        writer: &mut (impl AsyncWrite + Unpin + Send + ?Sized),
    ) -> Result<StreamSummary, ClientError> {
        let answer = self.encrypt_stream(request, read_chunks(reader)).await?;
        answer.copy_to(writer).await
    }

    /// Opens everything from `reader` to `writer`.
    ///
    /// # Errors
    /// The server refused, or reading, sending or writing failed: throw away what was written.
    pub async fn decrypt_copy(
        &self,
        request: StreamRequest,
        reader: impl AsyncRead + Unpin + Send + 'static,
        writer: &mut (impl AsyncWrite + Unpin + Send + ?Sized),
    ) -> Result<StreamSummary, ClientError> {
        let answer = self.decrypt_stream(request, read_chunks(reader)).await?;
        answer.copy_to(writer).await
    }

    async fn stream<S>(
        &self,
        path: &str,
        request: &StreamRequest,
        input: S,
    ) -> Result<ByteStream, ClientError>
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        let mut call = self
            .request(Method::POST, path)?
            .header("content-type", "application/octet-stream");
        for (name, value) in headers(request)? {
            call = call.header(name, value);
        }
        let sent = call.body(Body::wrap_stream(input)).send().await;
        let response = accept(sent.map_err(TransportError::new)?).await?;
        Ok(ByteStream::new(response)?)
    }
}

/// The parameters of a stream: base64 of JSON, or of bytes.
pub(crate) fn headers(
    request: &StreamRequest,
) -> Result<Vec<(&'static str, String)>, RequestError> {
    let context = base64_json(&request.key_context)?;
    let mut headers = vec![("strongroom-key-context", context)];
    if !request.lock.is_empty() {
        headers.push(("strongroom-lock", base64_json(&request.lock)?));
    }
    if !request.associated_data.is_empty() {
        let data = STANDARD.encode(&request.associated_data);
        headers.push(("strongroom-associated-data", data));
    }
    if let Some(metadata) = &request.metadata {
        headers.push(("strongroom-metadata", base64_json(metadata)?));
    }
    Ok(headers)
}

fn base64_json(value: &impl Serialize) -> Result<String, RequestError> {
    let json = serde_json::to_vec(value).map_err(|_error| RequestError::Body)?;
    Ok(STANDARD.encode(json))
}

/// The chunks of a reader. A failed read ends the request without its final chunk, so that the
/// server sees a cut and not an end.
fn read_chunks<R>(reader: R) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static
where
    R: AsyncRead + Unpin + Send + 'static,
{
    stream::try_unfold(reader, async |mut reader| {
        let mut buffer = BytesMut::with_capacity(READ_BYTES);
        let read = reader.read_buf(&mut buffer).await?;
        Ok((read > 0).then(|| (buffer.freeze(), reader)))
    })
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;
    use strongroom_types::LockTerm;

    use super::*;

    #[test]
    fn headers_are_base64_of_json_and_of_bytes() {
        let context = KeyContext::new([("tenant", "acme")]).unwrap();
        let plain = StreamRequest::new(context);
        let expected = STANDARD.encode(r#"{"tenant":"acme"}"#);
        assert_eq!(
            headers(&plain).unwrap(),
            [("strongroom-key-context", expected)]
        );
        let bound = StreamRequest {
            lock: Lock::new(vec![LockTerm::Whole("sub".to_owned())]).unwrap(),
            associated_data: vec![0xff],
            ..plain
        };
        let sent = headers(&bound).unwrap();
        assert_eq!(sent[1], ("strongroom-lock", STANDARD.encode(r#"["sub"]"#)));
        assert_eq!(sent[2], ("strongroom-associated-data", "/w==".to_owned()));
    }

    #[tokio::test]
    async fn read_chunks_gives_all_of_the_reader() {
        let data = vec![7; 3 * READ_BYTES + 1];
        let reader = io::Cursor::new(data.clone());
        let chunks: Vec<_> = read_chunks(reader).try_collect().await.unwrap();
        assert_eq!(chunks.concat(), data);
    }
}
