//! Signing keys of ML-DSA, in the words of `/api/v1/pqc`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;
use strongroom_tests::cryptoserve::{application, call, post, read};
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;

use super::refused;

on_each_database!(
    keys_of_ml_dsa_sign_and_are_listed,
    keys_of_another_workspace_are_none_here,
);

async fn keys_of_ml_dsa_sign_and_are_listed(room: Room) {
    let app = application(&room, &["general"]).await;
    let served = read(&room, "/api/v1/pqc/algorithms", &app.access)
        .await
        .json();
    let names = served["algorithms"].as_array().unwrap().iter();
    let names: Vec<_> = names
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect();
    let message = STANDARD.encode("message");
    for name in &names {
        let body = json!({"algorithm": name, "context": "general"});
        let made = post(&room, "/api/v1/pqc/keys/generate", &app.access, &body).await;
        let key = made.text("keyId");
        assert_eq!(made.text("algorithm"), *name);
        assert!(STANDARD.decode(made.text("publicKey")).unwrap().len() > 1000);
        let body = json!({"message": message, "keyId": key});
        let signed = post(&room, "/api/v1/pqc/sign", &app.access, &body).await;
        let signature = signed.text("signature");
        for (message, holds) in [(message.as_str(), true), ("b3RoZXI=", false)] {
            let body = json!({"message": message, "signature": signature, "keyId": key});
            let verified = post(&room, "/api/v1/pqc/verify", &app.access, &body).await;
            assert_eq!(verified.json()["valid"], holds, "{name}");
        }
        let path = format!("/api/v1/pqc/keys/{key}");
        assert_eq!(read(&room, &path, &app.access).await.json(), made.json());
    }
    // Those of other algorithms are not this part's.
    let body = json!({"algorithm": "ed25519", "context": "general"});
    refused(
        &post(&room, "/api/v1/pqc/keys/generate", &app.access, &body).await,
        422,
    );
    post(
        &room,
        "/api/v1/signatures/keys/generate",
        &app.access,
        &body,
    )
    .await;
    let listed = read(&room, "/api/v1/pqc/keys", &app.access).await.json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), names.len());
    let path = format!("/api/v1/pqc/keys/{}", listed[0]["keyId"].as_str().unwrap());
    let gone = call(&room, (Method::DELETE, &path), &app.access, &json!({})).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    refused(&read(&room, &path, &app.access).await, 404);
}

async fn keys_of_another_workspace_are_none_here(room: Room) {
    let app = application(&room, &["general"]).await;
    let body = json!({"context": "general"});
    let made = post(&room, "/api/v1/pqc/keys/generate", &app.access, &body).await;
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    let stranger = application(&other, &["general"]).await;
    let body = json!({"message": "", "keyId": made.text("keyId")});
    let reply = post(&other, "/api/v1/pqc/sign", &stranger.access, &body).await;
    refused(&reply, 404);
    let path = format!("/api/v1/pqc/keys/{}", made.text("keyId"));
    refused(&read(&other, &path, &stranger.access).await, 404);
}
