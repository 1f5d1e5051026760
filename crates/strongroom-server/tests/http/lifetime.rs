//! Starts, restarts and stops.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use strongroom_server::{Config, Server, StartError};

use super::playground::Playground;

async fn start_in(folder: &Path) -> Server {
    Server::start(Config::development(folder.to_owned()))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_gives_the_same_ids_and_keys_on_any_port() {
    let folder = tempfile::tempdir().unwrap();
    let first = start_in(folder.path()).await;
    let before = first.development().unwrap().clone();
    first.shutdown().await;
    let second = start_in(folder.path()).await;
    let after = second.development().unwrap();
    assert_eq!(
        (after.workspace, &after.api_key),
        (before.workspace, &before.api_key)
    );
    assert_eq!(after.log_public_key, before.log_public_key);
    assert_eq!(after.oidc.issuer, format!("{}/dev/oidc", second.url()));
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_locked_before_a_restart_on_another_port_still_opens() {
    let folder = tempfile::tempdir().unwrap();
    let first = start_in(folder.path()).await;
    let before = first.development().unwrap().clone();
    let sealed = locked(
        &first,
        "encrypt",
        json!({"sub": "alice"}),
        json!({
            "plaintext": "aGk=", "lock": ["sub"],
        }),
    );
    let (status, sealed) = sealed.await;
    assert_eq!(status, StatusCode::OK, "{sealed}");
    // Holds the old port, so that the second start has another one.
    let address = first.local_addr();
    first.shutdown().await;
    let _held = std::net::TcpListener::bind(address).unwrap();
    let second = start_in(folder.path()).await;
    assert_ne!(
        second.development().unwrap().oidc.issuer,
        before.oidc.issuer
    );
    let open = json!({"ciphertext": sealed["ciphertext"]});
    let old = json!({"sub": "alice", "claims": {"iss": before.oidc.issuer}});
    let (status, opened) = locked(&second, "decrypt", old, open.clone()).await;
    assert_eq!(
        (status, &opened["plaintext"]),
        (StatusCode::OK, &json!("aGk="))
    );
    let (status, refused) = locked(&second, "decrypt", json!({"sub": "alice"}), open).await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::FORBIDDEN, &json!("identity_mismatch"))
    );
    second.shutdown().await;
}

/// A value operation for the user of a minted token.
async fn locked(server: &Server, verb: &str, user: Value, mut body: Value) -> (StatusCode, Value) {
    let (http, info) = (Client::new(), server.development().unwrap());
    let token = http
        .post(&info.oidc.token_url)
        .json(&user)
        .send()
        .await
        .unwrap();
    let token: Value = token.json().await.unwrap();
    body["key_context"] = json!({"org": "acme"});
    let request = http.post(format!("{}/v1/{verb}", server.url())).json(&body);
    let request = request.bearer_auth(&info.api_key);
    let request = request.header("strongroom-identity", token["token"].as_str().unwrap());
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_finishes_what_was_accepted() {
    let playground = Playground::start().await;
    let address = playground.server.local_addr();
    let body = r#"{"key_context":{"org":"acme"},"plaintext":""}"#;
    let (first, rest) = body.split_at(10);
    let head = format!(
        "POST /v1/encrypt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        playground.info.api_key,
        body.len()
    );
    let (accepted, was_accepted) = std::sync::mpsc::channel();
    let (stopping, is_stopping) = std::sync::mpsc::channel::<()>();
    let client = std::thread::spawn(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(head.as_bytes()).unwrap();
        let mut interim = [0; 25];
        // `100 Continue` says that the body is being read.
        connection.read_exact(&mut interim).unwrap();
        connection.write_all(first.as_bytes()).unwrap();
        accepted.send(()).unwrap();
        is_stopping.recv().unwrap();
        connection.write_all(rest.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    });
    tokio::task::spawn_blocking(move || was_accepted.recv().unwrap())
        .await
        .unwrap();
    let stopped = tokio::spawn(playground.server.shutdown());
    // Whoever connects is turned away once the shutdown has begun.
    while TcpStream::connect(address).is_ok() {
        tokio::task::yield_now().await;
    }
    stopping.send(()).unwrap();
    let answer = tokio::task::spawn_blocking(|| client.join().unwrap())
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stopped.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_beyond_loopback_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..Config::new(folder.path().to_owned())
    };
    let refused = Server::start(config).await.unwrap_err();
    assert!(matches!(refused, StartError::Config(_)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
