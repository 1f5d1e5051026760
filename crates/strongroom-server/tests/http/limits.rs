//! Limits, and who they are for.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_server::Limits;

use super::playground::{Playground, base64_json, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_named_when_they_are_reached() {
    let playground = Playground::with(|limits| {
        limits.body_bytes = 1000;
        limits.body_timeout = Duration::from_millis(100);
        limits.header_bytes = 2000;
    })
    .await;
    let large = format!(r#"{{"plaintext":"{}"}}"#, "A".repeat(2000));
    let (status, code, logged, problem) = refusal(playground.json("/v1/encrypt", &large)).await;
    assert_eq!((status, code.as_str(), logged), (413, "too_large", true));
    assert!(problem["detail"].as_str().unwrap().contains("`body_bytes`"));

    let header = playground
        .json("/v1/encrypt", "{}")
        .header("x-long", "x".repeat(3000));
    let (status, code, logged, problem) = refusal(header).await;
    assert_eq!((status, code.as_str(), logged), (429, "rate_limited", true));
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("`header_bytes`")
    );

    let slow = slow_body(&playground);
    assert!(slow.starts_with("HTTP/1.1 429"), "{slow}");
    assert!(slow.contains("`body_timeout`"), "{slow}");
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_refuses_who_is_unknown_without_an_entry() {
    let playground = Playground::with(|limits| limits.header_bytes = 2000).await;
    let url = format!("{}/v1/encrypt", playground.server.url());
    let request = playground.http.post(&url).bearer_auth("sr_nothing");
    let request = request.header("x-long", "x".repeat(3000));
    let (status, code, logged, _) = refusal(request).await;
    assert_eq!(
        (status, code.as_str(), logged),
        (429, "rate_limited", false)
    );
    playground.server.shutdown().await;
}

/// Promises a body and sends only its beginning.
fn slow_body(playground: &Playground) -> String {
    let mut connection = TcpStream::connect(playground.server.local_addr()).unwrap();
    let request = format!(
        "POST /v1/encrypt HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        playground.info.api_key
    );
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    tokio::task::block_in_place(|| connection.read_to_string(&mut answer)).unwrap();
    answer
}

#[tokio::test]
async fn no_body_of_nobody_is_waited_for() {
    let playground = Playground::start().await;
    let context = base64_json(&json!({"org": "acme"}));
    let json = "Authorization: Bearer x\r\nContent-Type: application/json";
    for (path, headers, length) in [
        ("/v1/encrypt/batch", json.to_owned(), 1_000_000),
        ("/v1/encrypt", json.to_owned(), 100),
        (
            "/v1/stream/decrypt",
            format!("Strongroom-Key-Context: {context}"),
            100,
        ),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\nContent-Length: {length}\r\n\r\n"
        );
        let address = playground.server.local_addr();
        let answer = tokio::task::spawn_blocking(move || start_of_answer(address, &head));
        assert_eq!(&answer.await.unwrap(), b"HTTP/1.1 401", "{path}");
    }
    playground.server.shutdown().await;
}

/// Sends the header of a request and no body; gives up long before the server would.
fn start_of_answer(address: SocketAddr, head: &str) -> [u8; 12] {
    let mut connection = TcpStream::connect(address).unwrap();
    let patience = Duration::from_secs(10);
    connection.set_read_timeout(Some(patience)).unwrap();
    connection.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).unwrap();
    answer
}

/// Sends the beginning of a request and gives all that is answered until the connection ends.
async fn begun(playground: &Playground, sent: String) -> String {
    let address = playground.server.local_addr();
    let answered = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        // A server that never ends it fails the test here.
        let patience = Duration::from_secs(30);
        connection.set_read_timeout(Some(patience)).unwrap();
        connection.write_all(sent.as_bytes()).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        answer
    });
    String::from_utf8_lossy(&answered.await.unwrap()).into_owned()
}

/// The header of a request for a stream whose body is sent in chunks.
fn stream_head(playground: &Playground, verb: &str) -> String {
    format!(
        "POST /v1/stream/{verb} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nStrongroom-Key-Context: {}\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        playground.info.api_key,
        base64_json(&json!({"org": "acme"}))
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_does_not_arrive_ends_the_connection() {
    let short = |limits: &mut Limits| limits.header_timeout = Duration::from_millis(50);
    let playground = Playground::with(short).await;
    for sent in ["", "POST /v1/encrypt HTTP/1.1\r\nHost: x\r\n"] {
        let answer = begun(&playground, sent.to_owned()).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_arrive_is_refused_by_name() {
    let short = |limits: &mut Limits| limits.body_timeout = Duration::from_millis(50);
    let playground = Playground::with(short).await;
    let head = format!(
        "POST /v1/encrypt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n",
        playground.info.api_key
    );
    for sent in [head.clone(), format!("{head}{{")] {
        let answer = begun(&playground, sent).await;
        assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
        assert!(answer.contains("`body_timeout`"), "{answer}");
    }
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_of_a_stream_that_does_not_arrive_is_refused_by_name() {
    let short = |limits: &mut Limits| limits.stream_idle_timeout = Duration::from_millis(50);
    let playground = Playground::with(short).await;
    for verb in ["decrypt", "rewrap"] {
        let head = stream_head(&playground, verb);
        for sent in [head.clone(), format!("{head}2\r\n\0\0\r\n")] {
            let answer = begun(&playground, sent).await;
            assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
            assert!(answer.contains("`stream_idle_timeout`"), "{answer}");
        }
    }
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_pauses_is_broken_off() {
    let short = |limits: &mut Limits| limits.stream_idle_timeout = Duration::from_millis(50);
    let playground = Playground::with(short).await;
    let head = stream_head(&playground, "encrypt");
    let answer = begun(&playground, format!("{head}5\r\nhello\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!answer.ends_with("\r\n0\r\n\r\n"), "a clean end");
    let path = "/v1/log/entries?operation=stream.encrypt&outcome=failed";
    let page = playground.ask(Method::GET, path).send().await.unwrap();
    let page: Value = page.json().await.unwrap();
    assert_eq!(page["entries"][0]["reason"], "aborted");
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_nobody_reads_is_broken_off() {
    let short = |limits: &mut Limits| limits.stream_idle_timeout = Duration::from_millis(50);
    let playground = Playground::with(short).await;
    let (head, address) = (
        stream_head(&playground, "encrypt"),
        playground.server.local_addr(),
    );
    let writing = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        let patience = Duration::from_secs(30);
        connection.set_write_timeout(Some(patience)).unwrap();
        connection.write_all(head.as_bytes()).unwrap();
        let piece = [b"10000\r\n".as_slice(), &vec![7; 0x10000], b"\r\n"].concat();
        loop {
            if let Err(error) = connection.write_all(&piece) {
                return error.kind();
            }
        }
    });
    let ended = writing.await.unwrap();
    let closed = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(closed.contains(&ended), "{ended}");
    playground.server.shutdown().await;
}
