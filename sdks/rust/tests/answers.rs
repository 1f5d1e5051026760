//! What the client makes of answers that a well-behaved server never gives, or gives once.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream;
use strongroom_client::{
    Client, ClientError, DecodeError, RetryPolicy, StreamError, StreamRequest,
};
use strongroom_types::body::DecryptRequest;
use strongroom_types::{ContextError, KeyContext};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Answers each connection with the next of these texts, the last one again and again, and closes
/// it. Counts the requests.
async fn server(answers: Vec<String>) -> io::Result<(String, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let request = counter.fetch_add(1, Ordering::SeqCst);
            if let Some(answer) = answers.get(request).or_else(|| answers.last()) {
                let _client_left = answer_one(connection, answer).await;
            }
        }
    });
    Ok((url, requests))
}

/// Reads a request to its end, so that closing does not reset the answer.
async fn answer_one(mut connection: TcpStream, answer: &str) -> io::Result<()> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if connection.read_buf(&mut request).await? == 0 {
            break;
        }
    }
    connection.write_all(answer.as_bytes()).await?;
    connection.shutdown().await
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    match head.split_once("content-length: ") {
        Some((_, rest)) => {
            let length = rest.lines().next().and_then(|length| length.parse().ok());
            length.is_some_and(|length: usize| body.len() >= length)
        }
        None => !head.contains("chunked") || body.ends_with("0\r\n\r\n"),
    }
}

fn client(url: &str) -> Result<Client, ClientError> {
    Client::builder(url).api_key("sr_test").build()
}

fn context() -> Result<KeyContext, ContextError> {
    KeyContext::new([("tenant", "acme")])
}

/// Opens a stream that is answered so.
async fn open_stream(answer: &str) -> Result<Result<Vec<u8>, ClientError>, Box<dyn Error>> {
    let (url, _) = server(vec![answer.to_owned()]).await?;
    let input = stream::iter([Ok(Bytes::from_static(b"sealed"))]);
    let request = StreamRequest::new(context()?);
    let mut out = Vec::new();
    let opened = match client(&url)?.decrypt_stream(request, input).await {
        Ok(opened) => opened.copy_to(&mut out).await,
        Err(error) => Err(error),
    };
    Ok(opened.map(|_| out))
}

#[tokio::test]
async fn stream_with_its_final_chunk_is_complete() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(open_stream(answer).await.unwrap().unwrap(), b"hello");
}

#[tokio::test]
async fn stream_cut_before_its_final_chunk_is_an_error() {
    for cut in ["5\r\nhello\r\n", "5\r\nhel", ""] {
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{cut}");
        let error = open_stream(&answer).await.unwrap().unwrap_err();
        assert!(
            matches!(error, ClientError::Stream(StreamError::BrokeOff { .. })),
            "{cut:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn stream_that_does_not_say_where_it_ends_is_refused() {
    let answer = "HTTP/1.1 200 OK\r\n\r\nhello";
    let error = open_stream(answer).await.unwrap().unwrap_err();
    assert!(matches!(
        error,
        ClientError::Stream(StreamError::Undelimited)
    ));
}

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn busy_server_is_asked_again() {
    let checkpoint = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnote";
    let (url, requests) = server(vec![BUSY.to_owned(), checkpoint.to_owned()])
        .await
        .unwrap();
    let note = client(&url).unwrap().log().checkpoint().await.unwrap();
    assert_eq!(note, "note");
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn busy_server_is_asked_as_often_as_the_policy_says() {
    let (url, requests) = server(vec![BUSY.to_owned()]).await.unwrap();
    let builder = Client::builder(&url).api_key("sr_test");
    let client = builder.retry(RetryPolicy::never()).build().unwrap();
    let error = client.log().checkpoint().await.unwrap_err();
    assert!(matches!(
        error,
        ClientError::Decode(DecodeError::Problem { status: 503 })
    ));
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn creation_is_sent_again_only_under_an_idempotency_key() {
    for (key, sent) in [(None, 1), (Some("one"), 4)] {
        let (url, requests) = server(vec![BUSY.to_owned()]).await.unwrap();
        let client = client(&url).unwrap();
        let client = key.map_or_else(|| client.clone(), |key| client.with_idempotency_key(key));
        let created = client.contexts().create(context().unwrap()).await;
        assert!(created.is_err());
        assert_eq!(requests.load(Ordering::SeqCst), sent);
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let (elsewhere, requests) = server(vec![BUSY.to_owned()]).await.unwrap();
    let moved = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (url, _) = server(vec![moved]).await.unwrap();
    let alice = client(&url).unwrap().with_lock_context("jwt");
    let request = DecryptRequest::new(context().unwrap(), "sealed");
    assert!(alice.decrypt(request).await.is_err());
    assert_eq!(requests.load(Ordering::SeqCst), 0);
}
