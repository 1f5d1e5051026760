//! Signing keys on this surface: the public key that is expected, and restarts.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{Application, application, post, read};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Database, Room};

use super::refused;

on_each_database!(
    a_signature_is_checked_against_the_key_that_is_expected,
    whoever_names_no_key_is_told_so,
);

const ALGORITHMS: [&str; 4] = ["ed25519", "ecdsa-p256", "ecdsa-p384", "ml-dsa-65"];
const VERIFY: [&str; 2] = ["/api/v1/crypto/verify", "/api/v1/signatures/verify"];

/// A key, its public half in DER, and a signature of `message`.
struct Signed {
    key: String,
    public: Vec<u8>,
    signature: String,
}

async fn signed(room: &Room, app: &Application, algorithm: &str) -> Signed {
    let body = json!({"algorithm": algorithm, "context": "general"});
    let path = "/api/v1/signatures/keys/generate";
    let made = post(room, path, &app.access, &body).await;
    let key = made.text("key_id");
    let pem: String = made
        .text("public_key_pem")
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let signature = sign(room, app, &key).await;
    Signed {
        key,
        public: STANDARD.decode(pem).unwrap(),
        signature,
    }
}

async fn sign(room: &Room, app: &Application, key: &str) -> String {
    let body = json!({"message": STANDARD.encode("message"), "key_id": key});
    let signed = post(room, "/api/v1/crypto/sign", &app.access, &body).await;
    assert_eq!(signed.status, 200, "{signed:?}");
    signed.text("signature")
}

/// The answer of each route that verifies, which are the same.
async fn verify(room: &Room, app: &Application, signed: &Signed, more: Value) -> Value {
    let mut body = json!({"message": STANDARD.encode("message"), "signature": signed.signature,
        "key_id": signed.key});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let mut answers = Vec::new();
    for path in VERIFY {
        let reply = post(room, path, &app.access, &body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        answers.push(reply.json()["valid"].clone());
    }
    assert_eq!(answers[0], answers[1]);
    answers.remove(0)
}

async fn a_signature_is_checked_against_the_key_that_is_expected(room: Room) {
    let app = application(&room, &["general"]).await;
    for algorithm in ALGORITHMS {
        let one = signed(&room, &app, algorithm).await;
        let other = signed(&room, &app, algorithm).await;
        let expects = |public: &[u8]| json!({"public_key": STANDARD.encode(public)});
        let holds = verify(&room, &app, &one, expects(&one.public)).await;
        assert_eq!(holds, true, "{algorithm}");
        assert_eq!(verify(&room, &app, &one, json!({})).await, true);
        let mut altered = one.public.clone();
        *altered.last_mut().unwrap() ^= 1;
        for wrong in [&other.public[..], &altered, &one.public[..31], b"", b"x"] {
            let holds = verify(&room, &app, &one, expects(wrong)).await;
            assert_eq!(holds, false, "{algorithm}");
        }
        let holds = verify(&room, &app, &one, json!({"public_key": "no base64!"})).await;
        assert_eq!(holds, false, "{algorithm}");
        // The right key makes no wrong signature right.
        let wrong = Signed {
            signature: other.signature,
            ..one
        };
        let holds = verify(&room, &app, &wrong, expects(&wrong.public)).await;
        assert_eq!(holds, false, "{algorithm}");
    }
    // The bare bytes of a key of Ed25519 name it as well.
    let one = signed(&room, &app, "ed25519").await;
    let bare = &one.public[one.public.len() - 32..];
    let expected = json!({"public_key": STANDARD.encode(bare)});
    assert_eq!(verify(&room, &app, &one, expected).await, true);
}

async fn whoever_names_no_key_is_told_so(room: Room) {
    let app = application(&room, &["general"]).await;
    let one = signed(&room, &app, "ed25519").await;
    let body = json!({"message": STANDARD.encode("message"), "signature": one.signature,
        "public_key": STANDARD.encode(&one.public)});
    let mut null = body.clone();
    null["key_id"] = Value::Null;
    for path in VERIFY {
        let reply = post(&room, path, &app.access, &body).await;
        let said = refused(&reply, 422);
        assert!(said.contains("key_id"), "{said}");
        assert!(reply.entry().is_some());
        let reply = post(&room, path, &app.access, &null).await;
        refused(&reply, 422);
        assert!(reply.entry().is_some());
    }
}

async fn keys_sign_on(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let app = application(&room, &["general"]).await;
    let mut kept = Vec::new();
    for algorithm in ALGORITHMS {
        kept.push(signed(&room, &app, algorithm).await);
    }
    room.restart();
    for before in kept {
        let path = format!("/api/v1/signatures/keys/{}", before.key);
        let known = read(&room, &path, &app.access).await;
        let pem = known.text("public_key_pem");
        let pem: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(STANDARD.decode(pem).unwrap(), before.public);
        assert_eq!(verify(&room, &app, &before, json!({})).await, true);
        let after = Signed {
            signature: sign(&room, &app, &before.key).await,
            ..before
        };
        let expected = json!({"public_key": STANDARD.encode(&after.public)});
        assert_eq!(verify(&room, &app, &after, expected).await, true);
    }
}

#[tokio::test]
async fn keys_sign_on_after_a_restart_on_sqlite() {
    keys_sign_on(Database::Sqlite).await;
}

#[tokio::test]
async fn keys_sign_on_after_a_restart_on_postgres() {
    keys_sign_on(Database::Postgres).await;
}
