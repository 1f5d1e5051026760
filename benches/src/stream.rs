//! A body of any length through a server and back, both ways at once.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::failure::Failure;
use crate::now;

const BLOCK_BYTES: u32 = 64 * 1024;
static BLOCK: [u8; BLOCK_BYTES as usize] = [0x5a; BLOCK_BYTES as usize];

/// Sends `blocks` times 64 KiB to `path` and returns the bytes sent in a second, counted until the
/// last byte has come back. Each of `headers` ends with a line break.
///
/// # Errors
/// When the server does not answer 200 or answers less than it was sent.
pub async fn measure(
    address: SocketAddr,
    path: &str,
    headers: &str,
    blocks: u32,
) -> Result<f64, Failure> {
    let bytes = u64::from(blocks) * u64::from(BLOCK_BYTES);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\
         content-type: application/octet-stream\r\ncontent-length: {bytes}\r\n\r\n"
    );
    let (mut reader, writer) = TcpStream::connect(address).await?.into_split();
    let started = now();
    let sending = tokio::spawn(send(writer, head, blocks));
    receive(&mut reader, bytes).await?;
    // Only now may the other half be closed: some servers take that for a caller gone.
    drop(sending.await.map_err(io::Error::other)??);
    let seconds = started.elapsed().as_secs_f64();
    Ok(f64::from(blocks) * f64::from(BLOCK_BYTES) / seconds)
}

async fn send(mut writer: OwnedWriteHalf, head: String, blocks: u32) -> io::Result<OwnedWriteHalf> {
    writer.write_all(head.as_bytes()).await?;
    for _ in 0..blocks {
        writer.write_all(&BLOCK).await?;
    }
    Ok(writer)
}

async fn receive(reader: &mut OwnedReadHalf, bytes_min: u64) -> Result<(), Failure> {
    let mut buffer = vec![0; 4 * BLOCK_BYTES as usize];
    let first = reader.read(&mut buffer).await?;
    let answer = buffer.get(..first).unwrap_or_default();
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        return Err(refusal(answer));
    }
    let mut received = first as u64;
    loop {
        match reader.read(&mut buffer).await? {
            0 if received < bytes_min => return Err(Failure::NotHttp),
            0 => return Ok(()),
            count => received += count as u64,
        }
    }
}

fn refusal(answer: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(answer).into_owned();
    Failure::Status {
        status: text
            .get(9..12)
            .and_then(|code| code.parse().ok())
            .unwrap_or_default(),
        body: text,
    }
}
