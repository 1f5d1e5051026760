//! What an attacker tries with ciphertexts, names and tokens of others.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    Application, application, declare, decrypt, encrypt, opened, post, read, register,
};
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_types::Reason;

use super::{NOT_OPENED, refused};

on_each_database!(
    a_token_of_another_tenant_opens_nothing_of_a_named_context,
    tenants_have_contexts_of_their_own,
    a_context_in_a_request_is_compared_with_the_ciphertexts,
    no_byte_of_a_ciphertext_of_a_named_context_may_change,
    every_failure_to_open_has_one_body_for_their_clients,
    an_application_uses_named_contexts_only,
    a_key_context_of_the_same_map_is_no_named_context,
);

async fn a_token_of_another_tenant_opens_nothing_of_a_named_context(room: Room) {
    let app = application(&room, &["general"]).await;
    let ciphertext = app.seal(&room, "general", "x").await;
    let other = Room::open(Arc::clone(&room.server)).await;
    let theirs = application(&other, &["general"]).await;
    let stolen = decrypt(&other, &theirs.access, "general", &ciphertext).await;
    assert_eq!(refused(&stolen, 400), NOT_OPENED);
    let (_, reason) = other.ending(stolen.entry().unwrap()).await;
    assert_eq!(reason, Some(Reason::OtherWorkspace));
    let path = format!("/api/v1/applications/{}", app.id);
    refused(&read(&other, &path, &other.api_key).await, 404);
    assert_eq!(
        opened(&decrypt(&room, &app.access, "general", &ciphertext).await),
        "x"
    );
}

async fn tenants_have_contexts_of_their_own(room: Room) {
    let other = Room::open(Arc::clone(&room.server)).await;
    assert_eq!(declare(&room, "general", json!({})).await.status, 201);
    refused(
        &read(&other, "/api/contexts/general", &other.api_key).await,
        404,
    );
    let low = json!({"data_identity": {"sensitivity": "low"}});
    assert_eq!(declare(&other, "general", low).await.status, 201);
    for (room, suite) in [(&room, "AES-256-GCM"), (&other, "AES-128-GCM")] {
        let known = read(room, "/api/contexts/general", &room.api_key).await;
        assert_eq!(known.json()["algorithm"], suite);
    }
    assert_eq!(
        read(&other, "/api/contexts", &other.api_key)
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

async fn a_context_in_a_request_is_compared_with_the_ciphertexts(room: Room) {
    let app = application(&room, &["general", "user-pii"]).await;
    let ciphertext = app.seal(&room, "user-pii", "x").await;
    let elsewhere = decrypt(&room, &app.access, "general", &ciphertext).await;
    assert_eq!(refused(&elsewhere, 400), NOT_OPENED);
    // The context's id in the header, replaced by that of a context that the caller may use.
    let decoy = app.seal(&room, "general", "y").await;
    let (mut bytes, decoy) = (
        STANDARD.decode(&ciphertext).unwrap(),
        STANDARD.decode(&decoy).unwrap(),
    );
    let differ = bytes.iter().zip(&decoy).take(HEADER_BYTES);
    assert!(differ.filter(|(one, other)| one != other).count() > 16);
    bytes[..HEADER_BYTES].copy_from_slice(&decoy[..HEADER_BYTES]);
    for context in ["general", "user-pii"] {
        let forged = decrypt(&room, &app.access, context, &STANDARD.encode(&bytes)).await;
        assert_eq!(refused(&forged, 400), NOT_OPENED);
    }
    // An application that may use one of them opens nothing of the other by naming its own.
    let some = Application::of(&register(&room, &room.api_key, "some", &["general"]).await);
    let stolen = decrypt(&room, &some.access, "general", &ciphertext).await;
    assert_eq!(refused(&stolen, 400), NOT_OPENED);
    refused(
        &decrypt(&room, &some.access, "user-pii", &ciphertext).await,
        403,
    );
}

/// Length and bytes of the header of a value of a named context.
const HEADER_BYTES: usize = 4 + 0x39;

async fn no_byte_of_a_ciphertext_of_a_named_context_may_change(room: Room) {
    let app = application(&room, &["general"]).await;
    let good = STANDARD
        .decode(app.seal(&room, "general", "secret").await)
        .unwrap();
    let flipped = (0..good.len()).map(|at| {
        let mut bad = good.clone();
        bad[at] ^= 0x01;
        bad
    });
    let cut = (0..good.len()).map(|at| good[..at].to_vec());
    // Without its commitment, or any other part.
    let without =
        (0..good.len().saturating_sub(32)).map(|at| [&good[..at], &good[at + 32..]].concat());
    let longer = [[good.as_slice(), &[0]].concat()];
    let all: Vec<Vec<u8>> = flipped.chain(cut).chain(without).chain(longer).collect();
    for some in all.chunks(100) {
        let items = some
            .iter()
            .enumerate()
            .map(|(id, bytes)| json!({"id": id.to_string(), "ciphertext": STANDARD.encode(bytes)}));
        let items: Vec<Value> = items.collect();
        let count = items.len();
        let body = json!({"context": "general", "items": items});
        let path = "/api/v1/crypto/batch/decrypt";
        let opened = post(&room, path, &app.access, &body).await.json();
        let results = opened["results"].as_array().unwrap();
        assert_eq!(results.len(), count);
        assert!(
            results.iter().all(|one| one["error"] == NOT_OPENED),
            "{opened}"
        );
    }
}

async fn every_failure_to_open_has_one_body_for_their_clients(room: Room) {
    let app = application(&room, &["general", "user-pii"]).await;
    let sealed = |associated_data: &str| {
        let body = json!({"plaintext": "", "context": "general",
            "associated_data": STANDARD.encode(associated_data)});
        let room = &room;
        let access = app.access.clone();
        async move {
            post(room, "/api/v1/crypto/encrypt", &access, &body)
                .await
                .text("ciphertext")
        }
    };
    let bound = sealed("row 1").await;
    let mut altered = STANDARD.decode(&bound).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    let open = async |context: &str, ciphertext: &str, associated_data: Option<&str>| {
        let mut body = json!({"ciphertext": ciphertext, "context": context});
        if let Some(data) = associated_data {
            body["associated_data"] = json!(STANDARD.encode(data));
        }
        post(&room, "/api/v1/crypto/decrypt", &app.access, &body).await
    };
    assert_eq!(open("general", &bound, Some("row 1")).await.status, 200);
    let failures = [
        open("general", &bound, Some("row 2")).await,
        open("general", &bound, None).await,
        open("user-pii", &bound, Some("row 1")).await,
        open("general", &STANDARD.encode(&altered), Some("row 1")).await,
        open("general", &STANDARD.encode("\0\0v1"), None).await,
        open("general", "not base64", None).await,
        open("general", "", None).await,
    ];
    let first = failures[0].anonymous_body();
    for failure in &failures {
        assert_eq!(refused(failure, 400), NOT_OPENED);
        assert_eq!(failure.json()["code"], "cannot_decrypt");
        assert_eq!(failure.anonymous_body(), first);
        let (_, reason) = room.ending(failure.entry().unwrap()).await;
        assert!(reason.is_some(), "{failure:?}");
    }
}

async fn an_application_uses_named_contexts_only(room: Room) {
    let app = application(&room, &["general"]).await;
    let body = json!({"plaintext": "", "key_context": {"context": "general"}});
    let native = post(&room, "/v1/encrypt", &app.access, &body).await;
    native.assert_problem(404, "context_not_found");
    let listed = post(&room, "/v1/clients", &app.access, &json!({})).await;
    assert_ne!(listed.status, 200);
}

async fn a_key_context_of_the_same_map_is_no_named_context(room: Room) {
    let app = application(&room, &["general"]).await;
    let body = json!({"plaintext": "", "key_context": {"context": "general"}});
    let native = post(&room, "/v1/encrypt", &room.api_key, &body).await;
    let refused_there = decrypt(&room, &app.access, "general", &native.text("ciphertext")).await;
    assert_eq!(refused(&refused_there, 400), NOT_OPENED);
    let named = encrypt(&room, &app.access, "general", "x")
        .await
        .text("ciphertext");
    let body = json!({"ciphertext": named, "key_context": {"context": "general"}});
    let refused_here = post(&room, "/v1/decrypt", &room.api_key, &body).await;
    refused_here.assert_problem(400, "cannot_decrypt");
}
