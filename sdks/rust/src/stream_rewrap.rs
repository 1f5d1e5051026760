//! Moving stored streams to the active version of their key.

use std::io;

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use strongroom_types::Lock;
use strongroom_types::body::LogEntryId;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::client::Client;
use crate::error::{ClientError, DecodeError, TransportError};
use crate::retry::Repeat;
use crate::stream::{StreamError, StreamRequest, StreamSummary, headers};
use crate::transport::{Call, log_entry};

/// How much of a stream's beginning holds all that is replaced.
const START_BYTES: usize = 64 * 1024;
/// Says how much of the stored stream the answer replaces.
const REPLACED_BYTES: &str = "strongroom-replaced-bytes";

/// A new beginning for a stored stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedPrefix {
    /// The bytes to put in front of what follows.
    pub prefix: Bytes,
    /// How many bytes of the stored stream they replace.
    pub replaces: usize,
    /// The entry of this use.
    pub log_entry: Option<LogEntryId>,
}

impl Client {
    /// Moves a stored stream to the active version of its key, by its first 64 KiB, or all of it if
    /// it is shorter. Needs nobody's claims and opens nothing; neither lock nor associated data of
    /// the request take part.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn rewrap_prefix(
        &self,
        request: StreamRequest,
        start: Bytes,
    ) -> Result<MovedPrefix, ClientError> {
        let request = StreamRequest {
            lock: Lock::default(),
            associated_data: Vec::new(),
            ..request
        };
        let available = start.len();
        let response = Call::post("/v1/stream/rewrap")
            .repeat(Repeat::Harmless)
            .octets(headers(&request), start)
            .send(self)
            .await?;
        let status = response.status();
        let log_entry = log_entry(response.headers());
        let replaces = replaced(response.headers()).filter(|replaced| *replaced <= available);
        let prefix = response.bytes().await.map_err(TransportError::new)?;
        Ok(MovedPrefix {
            prefix,
            replaces: replaces.ok_or_else(|| DecodeError::body(status))?,
            log_entry,
        })
    }

    /// Writes a stored stream from `reader` to `writer`, moved to the active version of its key.
    /// Only its beginning goes to the server.
    ///
    /// # Errors
    /// The server refused, or reading or writing failed: throw away what was written.
    pub async fn rewrap_copy(
        &self,
        request: StreamRequest,
        mut reader: impl AsyncRead + Unpin + Send,
        writer: &mut (impl AsyncWrite + Unpin + Send + ?Sized),
    ) -> Result<StreamSummary, ClientError> {
        let start = read_start(&mut reader).await.map_err(StreamError::Read)?;
        let moved = self.rewrap_prefix(request, start.clone()).await?;
        let rest = start.slice(moved.replaces..);
        for part in [&moved.prefix, &rest] {
            writer.write_all(part).await.map_err(StreamError::Write)?;
        }
        let begun = (moved.prefix.len() + rest.len()) as u64;
        let copied = copy(&mut reader, writer).await?;
        Ok(StreamSummary {
            bytes: begun + copied,
            log_entry: moved.log_entry,
        })
    }
}

fn replaced(headers: &HeaderMap) -> Option<usize> {
    headers.get(REPLACED_BYTES)?.to_str().ok()?.parse().ok()
}

/// The first bytes of a reader, as many as a beginning has or the reader gives.
async fn read_start(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    let mut start = BytesMut::with_capacity(START_BYTES);
    let mut limited = reader.take(START_BYTES as u64);
    while limited.read_buf(&mut start).await? > 0 {}
    Ok(start.freeze())
}

/// Copies the rest, and tells a failed read from a failed write.
async fn copy(
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin + ?Sized),
) -> Result<u64, StreamError> {
    let mut copied = 0;
    let mut buffer = BytesMut::with_capacity(START_BYTES);
    loop {
        let read = reader.read_buf(&mut buffer).await;
        if read.map_err(StreamError::Read)? == 0 {
            break;
        }
        copied += buffer.len() as u64;
        writer
            .write_all(&buffer)
            .await
            .map_err(StreamError::Write)?;
        buffer.clear();
    }
    writer.flush().await.map_err(StreamError::Write)?;
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_start_is_all_of_a_short_reader_and_64_kib_of_a_long_one() {
        for (length, expected) in [(0, 0), (10, 10), (START_BYTES + 1, START_BYTES)] {
            let data = vec![7; length];
            let start = read_start(&mut data.as_slice()).await.unwrap();
            assert_eq!(start.len(), expected);
        }
    }
}
