//! Why something was refused, for whoever develops: on standard error of `dev`, never in an answer.

use std::fs::File;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use strongroom_tests::cryptoserve::{application, decrypt};
use strongroom_tests::node::Node;
use strongroom_tests::poll::poll;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Database, Room};
use strongroom_tests::server::LOG;

use super::{NOT_OPENED, refused};

/// What the log of a server says of a value that was altered, under a filter; and the words that it must
/// not say.
async fn said_under(filter: Option<&str>) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("said");
    let said = File::create(&path).unwrap();
    let server = Database::Sqlite.start_changed(|command| {
        command.stderr(said);
        if let Some(filter) = filter {
            command.env(LOG, filter);
        }
    });
    let room = Room::open(Arc::new(server)).await;
    let app = application(&room, &["general"]).await;
    let sealed = app.seal(&room, "general", "zqPlaintext").await;
    let mut altered = STANDARD.decode(&sealed).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    let altered = STANDARD.encode(altered);
    let reply = decrypt(&room, &app.access, "general", &altered).await;
    assert_eq!(refused(&reply, 400), NOT_OPENED);
    let request = reply.header("strongroom-request-id").unwrap().to_owned();
    let lines = poll(async || {
        let text = std::fs::read_to_string(&path).unwrap();
        let there = filter.is_none() || text.contains(&request);
        there.then_some(text)
    });
    let secrets = [&room.api_key, &app.access, &app.refresh, &altered, &sealed];
    let mut secrets: Vec<String> = secrets.map(String::to_owned).to_vec();
    secrets.push("zqPlaintext".to_owned());
    (lines.await, secrets)
}

#[tokio::test]
async fn the_true_reason_of_a_refusal_goes_to_the_development_log() {
    if !Database::Sqlite.is_tested() {
        return;
    }
    let (said, secrets) = said_under(Some("warn")).await;
    let line = said.lines().find(|line| line.contains("refused because"));
    let line = line.unwrap();
    assert!(line.contains("altered"), "{line}");
    assert!(line.contains("Ciphertext(Altered)"), "{line}");
    for secret in secrets {
        assert!(!said.contains(&secret), "{said}");
    }
    let (said, _) = said_under(None).await;
    assert!(!said.contains("refused because"), "{said}");
}

#[tokio::test]
async fn a_real_deployment_tells_no_reason() {
    if !Database::Postgres.is_tested() {
        return;
    }
    let room = Room::open(Arc::new(Database::Postgres.start())).await;
    let node = Node::beside(&room.server, "cryptoserve").unwrap();
    let app = application(&room, &["general"]).await;
    let mut altered = STANDARD
        .decode(app.seal(&room, "general", "x").await)
        .unwrap();
    *altered.last_mut().unwrap() ^= 1;
    let body = json!({"ciphertext": STANDARD.encode(altered), "context": "general"});
    let path = format!("{}/api/v1/crypto/decrypt", node.url);
    // The line of the second comes after all lines of the first.
    let mut requests = Vec::new();
    for _ in 0..2 {
        let request = reqwest::Client::new().post(&path).bearer_auth(&app.access);
        let reply = Reply::of(request.json(&body)).await;
        assert_eq!(refused(&reply, 400), NOT_OPENED);
        requests.push(reply.header("strongroom-request-id").unwrap().to_owned());
    }
    let said = poll(async || {
        let said = node.said();
        let of_each = |request: &String| said.iter().any(|line| line.contains(request));
        requests.iter().all(of_each).then_some(said)
    });
    let said = said.await.join("\n");
    assert!(said.contains("refused"), "{said}");
    assert!(
        !said.contains("refused because") && !said.contains("ltered"),
        "{said}"
    );
}
