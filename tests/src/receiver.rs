//! A receiver of webhooks: a tiny HTTP/1.1 server that keeps what it is sent.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Far longer than anything takes on a busy machine; a test that passes does not wait for it.
const DEADLINE: Duration = Duration::from_mins(3);

/// One request that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The header `WorkOS-Signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

#[derive(Debug, Default)]
struct Kept {
    letters: Mutex<Vec<Letter>>,
    refusals: Mutex<u32>,
    came: Notify,
}

/// A receiver on a free port of this machine; it ends when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    /// Where events are to be sent.
    pub url: String,
    kept: Arc<Kept>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Starts to listen; the first so many requests are answered with 503.
    ///
    /// # Errors
    /// The system has no port to give.
    pub async fn start(refusals: u32) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let kept = Arc::new(Kept {
            refusals: Mutex::new(refusals),
            ..Kept::default()
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&kept)));
        Ok(Self { url, kept, serving })
    }

    /// Waits until so many letters are there, and takes them.
    ///
    /// # Panics
    /// When they do not come in time.
    #[expect(clippy::unwrap_used, reason = "what does not come fails its test")]
    pub async fn letters(&self, count: usize) -> Vec<Letter> {
        timeout(DEADLINE, self.wait(count)).await.unwrap()
    }

    async fn wait(&self, count: usize) -> Vec<Letter> {
        loop {
            let came = self.kept.came.notified();
            {
                let mut letters = lock(&self.kept.letters);
                if letters.len() >= count {
                    return core::mem::take(&mut *letters);
                }
            }
            came.await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, kept: Arc<Kept>) {
    while let Ok((stream, _)) = listener.accept().await {
        let kept = Arc::clone(&kept);
        tokio::spawn(async move { talk(stream, &kept).await });
    }
}

async fn talk(stream: TcpStream, kept: &Kept) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let letter = read(&mut stream).await?;
        let refuse = {
            let mut refusals = lock(&kept.refusals);
            let refuse = *refusals > 0;
            *refusals = refusals.saturating_sub(1);
            refuse
        };
        let status = if refuse { "503 Busy" } else { "204 Taken" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        if !refuse {
            lock(&kept.letters).push(letter);
        }
        stream.get_mut().write_all(answer.as_bytes()).await.ok()?;
        kept.came.notify_waiters();
    }
}

/// Reads a request; `None` at the end of the connection, or where it is not one.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Letter> {
    let (mut length, mut signature) = (0, String::new());
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "workos-signature" => signature = value.to_owned(),
            _ => {}
        }
    }
    if length == 0 {
        return None;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Letter { signature, body })
}
