//! An HTTP server for one JSON document, which can fail and hang: an issuer's key endpoint.

#![expect(
    clippy::unwrap_used,
    reason = "an endpoint that cannot be set up fails its test"
)]

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the endpoint does.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers with this document.
    Serve(Value),
    /// Answers 503.
    Fail,
    /// Accepts the request and says nothing.
    Hang,
}

#[derive(Debug)]
struct State {
    behaviour: Behaviour,
    requests: usize,
}

/// A running endpoint; it ends with the test's runtime.
#[derive(Debug)]
pub struct KeyEndpoint {
    /// Where it listens.
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl KeyEndpoint {
    /// Starts one.
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            behaviour,
            requests: 0,
        }));
        tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { url, state }
    }

    /// Changes what it does.
    pub fn set(&self, behaviour: Behaviour) {
        self.state.lock().unwrap().behaviour = behaviour;
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, Arc::clone(&state)));
    }
}

/// One request a connection: its header ends with an empty line, and it has no body.
async fn answer(mut stream: TcpStream, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let behaviour = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        state.behaviour.clone()
    };
    let (status, body) = match behaviour {
        Behaviour::Serve(document) => ("200 OK", document.to_string()),
        Behaviour::Fail => ("503 Service Unavailable", String::new()),
        Behaviour::Hang => return core::future::pending().await,
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
