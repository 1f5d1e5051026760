//! Limits, and who they are for.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;

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
