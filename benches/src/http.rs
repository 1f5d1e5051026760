//! A client that does as little as HTTP/1.1 allows, so that the server is what is measured.
//!
//! Requests are serialised once. An answer ends at its content length or with its last chunk; a
//! chunked body is handed over as it came, since only its end matters to a measurement.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::failure::Failure;

const BUFFER_BYTES: usize = 64 * 1024;

/// Serialises a request.
#[must_use]
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head = head + name + ": " + value + "\r\n";
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// One connection, kept alive, with one request under way at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(BUFFER_BYTES),
        })
    }

    /// Sends a request, reads the whole answer and returns its body.
    ///
    /// # Errors
    /// [`Failure::Status`] with the server's words when it did not answer 2xx.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<&[u8], Failure> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.fill().await?;
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
        };
        while !head.ends(&self.buffer) {
            self.fill().await?;
        }
        let body = self.buffer.get(head.bytes..).unwrap_or_default();
        if (200..300).contains(&head.status) {
            return Ok(body);
        }
        Err(Failure::Status {
            status: head.status,
            body: String::from_utf8_lossy(body).into_owned(),
        })
    }

    async fn fill(&mut self) -> Result<(), Failure> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(Failure::NotHttp),
            _ => Ok(()),
        }
    }
}

/// What the client needs to know of an answer's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// `None` when the body comes in chunks.
    content_length: Option<usize>,
    /// Length of the head itself, with the empty line.
    bytes: usize,
}

impl Head {
    /// Returns `None` while the head is incomplete.
    fn parse(buffer: &[u8]) -> Result<Option<Self>, Failure> {
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = buffer.get(..end).and_then(|head| str::from_utf8(head).ok());
        let head = text.and_then(|text| Self::of_text(text, end + 4));
        head.map(Some).ok_or(Failure::NotHttp)
    }

    fn of_text(text: &str, bytes: usize) -> Option<Self> {
        let mut lines = text.lines();
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?;
        let mut content_length = Some(0);
        for line in lines {
            let (name, value) = line.split_once(": ")?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => content_length = Some(value.parse().ok()?),
                "transfer-encoding" => content_length = None,
                _ => {}
            }
        }
        Some(Self {
            status: status.get(..3)?.parse().ok()?,
            content_length,
            bytes,
        })
    }

    /// Tells whether `answer`, which starts with this head, is complete.
    fn ends(&self, answer: &[u8]) -> bool {
        let body = answer.get(self.bytes..).unwrap_or_default();
        self.content_length.map_or_else(
            || body.ends_with(b"0\r\n\r\n"),
            |length| body.len() >= length,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, request};

    #[test]
    fn head_is_read_once_it_is_complete() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let head = Head {
            status: 200,
            content_length: Some(5),
            bytes: 38,
        };
        assert_eq!(Head::parse(answer).unwrap(), Some(head));
        assert_eq!(Head::parse(&answer[..30]).unwrap(), None);
    }

    #[test]
    fn answer_ends_with_its_last_chunk() {
        let whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
        let head = Head::parse(whole).unwrap().unwrap();
        assert!(head.ends(whole));
        assert!(!head.ends(&whole[..whole.len() - 1]));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        assert!(Head::parse(b"220 mail.example ESMTP\r\n\r\n").is_err());
    }

    #[test]
    fn request_carries_its_length() {
        let bytes = request("POST", "/a", &[("x", "y")], b"body");
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /a HTTP/1.1\r\n"));
        assert!(text.contains("content-length: 4\r\nx: y\r\n\r\nbody"));
    }
}
