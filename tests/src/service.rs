//! An HTTP server that a test writes: what is asked is handed to it, and what it answers is sent.

#![expect(
    clippy::unwrap_used,
    reason = "a server that cannot be set up fails its test"
)]

use core::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its method.
    pub method: String,
    /// Its path with the query.
    pub target: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Asked {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A status and a JSON body.
pub type Response = (u16, Vec<u8>);

/// No answer at all breaks the connection.
pub type Answer = Option<Response>;

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;
type Handler = Arc<dyn Fn(Asked) -> Answering + Send + Sync>;

/// Starts a server, and answers its address. It ends with the test's runtime.
pub async fn start<F>(answer: impl Fn(Asked) -> F + Send + Sync + 'static) -> String
where
    F: Future<Output = Answer> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let handler: Handler = Arc::new(move |asked| Box::pin(answer(asked)));
    tokio::spawn(serve(listener, handler));
    url
}

/// Starts a server that sends whoever asks elsewhere, with the body and the method of the request.
pub async fn redirecting(elsewhere: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let head = format!(
        "HTTP/1.1 307 \r\nlocation: {elsewhere}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if read(&mut stream).await.is_ok() {
                stream.write_all(head.as_bytes()).await.ok();
            }
        }
    });
    url
}

async fn serve(listener: TcpListener, handler: Handler) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&handler)));
    }
}

/// One request a connection.
async fn connection(mut stream: TcpStream, handler: Handler) -> std::io::Result<()> {
    let Some(asked) = read(&mut stream).await? else {
        return Ok(());
    };
    let Some((status, body)) = handler(asked).await else {
        return Ok(());
    };
    let head = format!(
        "HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    stream.shutdown().await
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Asked>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let body = bytes.split_off(head + 4);
    let mut asked = parse(&String::from_utf8_lossy(&bytes), body);
    let length = asked.header("content-length").unwrap_or("0");
    let length: usize = length.parse().unwrap();
    while asked.body.len() < length {
        if stream.read_buf(&mut asked.body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(asked))
}

fn parse(head: &str, body: Vec<u8>) -> Asked {
    let mut lines = head.lines();
    let mut first = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(str::to_owned);
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Asked {
        method: first.next().unwrap_or_default(),
        target: first.next().unwrap_or_default(),
        headers: headers.collect(),
        body,
    }
}
