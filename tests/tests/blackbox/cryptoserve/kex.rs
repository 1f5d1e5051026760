//! Shared secrets by X25519 and ML-KEM, over hybrid keys: `/api/v1/kex`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{
    Application, application, call, declare_all, post, read, register,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Database, Room};
use strongroom_types::{Operation, Outcome, Reason};

use super::{NOT_OPENED, refused};

on_each_database!(
    both_sides_share_a_secret_in_each_mode_and_each_call_is_an_entry,
    keys_are_of_a_context_and_of_no_other,
    keys_of_another_workspace_share_no_secret,
    what_is_no_key_or_encapsulation_is_refused,
);

const GENERATE: &str = "/api/v1/kex/keys/generate";
const ENCAPSULATE: &str = "/api/v1/kex/encapsulate";
const DECAPSULATE: &str = "/api/v1/kex/decapsulate";

async fn generate(room: &Room, app: &Application, body: Value) -> Value {
    let made = post(room, GENERATE, &app.access, &body).await;
    assert_eq!(made.status, 200, "{made:?}");
    made.json()
}

/// The public keys of a key, as they are sent.
fn public(key: &Value) -> Value {
    json!({"x25519PublicKey": key["x25519PublicKey"], "mlkemPublicKey": key["mlkemPublicKey"],
        "mode": key["mode"]})
}

async fn encapsulate(room: &Room, app: &Application, key: &Value) -> Value {
    let made = post(room, ENCAPSULATE, &app.access, &public(key)).await;
    assert_eq!(made.status, 200, "{made:?}");
    made.json()
}

async fn decapsulate(room: &Room, app: &Application, key: &Value, made: &Value) -> Reply {
    let body = json!({"encapsulation": made["encapsulation"], "keyId": key["keyId"]});
    post(room, DECAPSULATE, &app.access, &body).await
}

async fn both_sides_share_a_secret_in_each_mode_and_each_call_is_an_entry(room: Room) {
    let app = application(&room, &["default"]).await;
    let modes = read(&room, "/api/v1/kex/modes", "").await.json();
    assert_eq!(modes["available"], true);
    let modes = modes["modes"].as_array().unwrap();
    assert_eq!(modes.len(), 3);
    for mode in modes {
        let key = generate(&room, &app, json!({"mode": mode["name"]})).await;
        assert_eq!(key["context"], "default");
        for (field, bytes) in [
            ("x25519PublicKey", "x25519PublicKeyBytes"),
            ("mlkemPublicKey", "mlkemPublicKeyBytes"),
        ] {
            let public = STANDARD.decode(key[field].as_str().unwrap()).unwrap();
            assert_eq!(json!(public.len()), mode[bytes], "{mode}");
        }
        let made = encapsulate(&room, &app, &key).await;
        let secret = made["sharedSecret"].as_str().unwrap();
        assert_eq!(STANDARD.decode(secret).unwrap().len(), 32);
        let opened = decapsulate(&room, &app, &key, &made).await.json();
        assert_eq!(opened["sharedSecret"], secret);
        assert_eq!(opened["mode"], mode["name"]);
        // Another time is another secret; another key's is one too, and no error.
        let again = encapsulate(&room, &app, &key).await;
        assert_ne!(again["sharedSecret"], secret);
        let other = generate(&room, &app, json!({"mode": mode["name"]})).await;
        let of_other = decapsulate(&room, &app, &other, &made).await.json();
        assert_ne!(of_other["sharedSecret"], secret);
    }
    let entries = room.entries(EntryFilter::default()).await;
    let count = |operation| {
        let of = entries.iter();
        of.filter(|entry| (entry.operation, entry.outcome) == (operation, Outcome::Allowed))
            .count()
    };
    assert_eq!(count(Operation::HybridKeyCreate), 6);
    assert_eq!(count(Operation::Encapsulate), 6);
    assert_eq!(count(Operation::Decapsulate), 6);
    let listed = read(&room, "/api/v1/kex/keys", &app.access).await.json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 6);
}

async fn keys_are_of_a_context_and_of_no_other(room: Room) {
    let app = application(&room, &["payment-data"]).await;
    declare_all(&room, &["general"]).await;
    // Whoever names no context has no `default`: it is the first of the caller's.
    let key = generate(&room, &app, json!({})).await;
    assert_eq!(key["context"], "payment-data");
    assert_eq!(key["mode"], "X25519+ML-KEM-768");
    let made = encapsulate(&room, &app, &key).await;
    let stranger = register(&room, &room.api_key, "stranger", &["general"]).await;
    let stranger = Application::of(&stranger);
    let path = format!("/api/v1/kex/keys/{}", key["keyId"].as_str().unwrap());
    refused(&read(&room, &path, &stranger.access).await, 404);
    refused(&decapsulate(&room, &stranger, &key, &made).await, 404);
    let gone = (Method::DELETE, path.as_str());
    refused(&call(&room, gone, &stranger.access, &json!({})).await, 404);
    let body = json!({"context": "payment-data"});
    refused(&post(&room, GENERATE, &stranger.access, &body).await, 403);
    let listed = read(&room, "/api/v1/kex/keys", &stranger.access).await;
    assert_eq!(listed.json()["keys"], json!([]));
    // Its own application sees, and ends it.
    let known = read(&room, &path, &app.access).await.json();
    assert_eq!(known, key);
    let gone = (Method::DELETE, path.as_str());
    let gone = call(&room, gone, &app.access, &json!({})).await.json();
    assert_eq!(gone, json!({"deleted": true, "keyId": key["keyId"]}));
    refused(&decapsulate(&room, &app, &key, &made).await, 404);
}

async fn keys_of_another_workspace_share_no_secret(room: Room) {
    let app = application(&room, &["general"]).await;
    let key = generate(&room, &app, json!({"context": "general"})).await;
    let made = encapsulate(&room, &app, &key).await;
    let other = Room::open(Arc::clone(&room.server)).await;
    let stranger = application(&other, &["general"]).await;
    refused(&decapsulate(&other, &stranger, &key, &made).await, 404);
    let path = format!("/api/v1/kex/keys/{}", key["keyId"].as_str().unwrap());
    refused(&read(&other, &path, &stranger.access).await, 404);
    // Public keys are everybody's.
    let theirs = encapsulate(&other, &stranger, &key).await;
    let opened = decapsulate(&room, &app, &key, &theirs).await.json();
    assert_eq!(opened["sharedSecret"], theirs["sharedSecret"]);
}

async fn what_is_no_key_or_encapsulation_is_refused(room: Room) {
    let app = application(&room, &["general"]).await;
    let key = generate(&room, &app, json!({})).await;
    let made = encapsulate(&room, &app, &key).await;
    for body in [
        json!({"mode": "X25519+ML-KEM-1025"}),
        json!({"mode": "P-256+ML-KEM-768"}),
    ] {
        refused(&post(&room, GENERATE, &app.access, &body).await, 422);
    }
    let zeros = STANDARD.encode([0; 32]);
    let many = STANDARD.encode([255; 1184]);
    for (field, value) in [
        ("x25519PublicKey", "?"),
        ("x25519PublicKey", "AAAA"),
        ("x25519PublicKey", zeros.as_str()),
        ("mlkemPublicKey", "?"),
        ("mlkemPublicKey", "AAAA"),
        ("mlkemPublicKey", many.as_str()),
    ] {
        let mut body = public(&key);
        body[field] = json!(value);
        let reply = post(&room, ENCAPSULATE, &app.access, &body).await;
        refused(&reply, 400);
        assert!(reply.entry().is_some(), "{reply:?}");
    }
    for encapsulation in ["?", "", "AAAA"] {
        let made = json!({ "encapsulation": encapsulation });
        let reply = decapsulate(&room, &app, &key, &made).await;
        assert_eq!(refused(&reply, 400), NOT_OPENED);
    }
    let body = json!({"encapsulation": made["encapsulation"], "keyId": "unheard-of"});
    refused(&post(&room, DECAPSULATE, &app.access, &body).await, 404);
    let body = json!({"encapsulation": made["encapsulation"], "keyId": key["keyId"], "version": 2});
    refused(&post(&room, DECAPSULATE, &app.access, &body).await, 422);
}

async fn secret_survives(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let app = application(&room, &["general"]).await;
    let key = generate(&room, &app, json!({})).await;
    let made = encapsulate(&room, &app, &key).await;
    room.restart();
    let opened = decapsulate(&room, &app, &key, &made).await.json();
    assert_eq!(opened["sharedSecret"], made["sharedSecret"]);
    // Where only approved algorithms are used there is no mode, and no key is used.
    room.own_server().restart_in_fips_mode("enabled").unwrap();
    room.reconnect();
    let modes = read(&room, "/api/v1/kex/modes", "").await.json();
    assert_eq!(modes, json!({"available": false, "modes": []}));
    for reply in [
        post(&room, GENERATE, &app.access, &json!({})).await,
        post(&room, ENCAPSULATE, &app.access, &public(&key)).await,
        decapsulate(&room, &app, &key, &made).await,
    ] {
        refused(&reply, 403);
        let entry = room.entry(reply.entry().unwrap()).await;
        assert_eq!(entry.reason, Some(Reason::NotApproved));
    }
}

#[tokio::test]
async fn keys_survive_a_restart_on_sqlite() {
    secret_survives(Database::Sqlite).await;
}

#[tokio::test]
async fn keys_survive_a_restart_on_postgres() {
    secret_survives(Database::Postgres).await;
}
