//! The key that clients of a named context get to seal with by themselves.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{
    Application, application, call, decrypt, opened, post, register,
};
use strongroom_tests::on_each_database;
use strongroom_tests::postgres::Cluster;
use strongroom_tests::room::{Database, Room};
use strongroom_tests::server::Server;
use strongroom_types::body::PolicyBody;
use strongroom_types::{ContextId, Operation, Outcome};

use super::{NOT_OPENED, refused};

on_each_database!(
    a_key_is_given_only_where_it_is_allowed_and_each_time_is_an_entry,
    what_clients_sealed_opens_for_its_context_only,
    rotation_and_suspension_end_a_key,
    a_key_that_might_not_seal_is_not_given,
);

const PATH: &str = "/api/v1/crypto/key-bundle";

async fn allow(room: &Room, context: &str, allowed: bool) -> ContextId {
    let named = room.client.named_contexts();
    let name = context.parse().unwrap();
    let info = named.allow_key_bundle(&name, allowed).await.unwrap();
    assert_eq!(info.key_bundle, allowed);
    info.id
}

async fn bundle(room: &Room, app: &Application, context: &str) -> Value {
    let reply = post(room, PATH, &app.access, &json!({ "context": context })).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// Seals as their SDK does by itself.
fn seal(bundle: &Value, context: &str, text: &str) -> String {
    let key = STANDARD.decode(bundle["key"].as_str().unwrap()).unwrap();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let nonce = [7; NONCE_LEN];
    let header = json!({"v": 4, "ctx": context, "kid": bundle["key_id"], "alg": bundle["algorithm"],
        "nonce": STANDARD.encode(nonce), "local": true});
    let mut body = text.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut body)
        .unwrap();
    let header = serde_json::to_vec(&header).unwrap();
    let length = u16::try_from(header.len()).unwrap().to_be_bytes();
    STANDARD.encode([&length, header.as_slice(), &body].concat())
}

async fn a_key_is_given_only_where_it_is_allowed_and_each_time_is_an_entry(room: Room) {
    let app = application(&room, &["general", "user-pii"]).await;
    let body = json!({"context": "general"});
    refused(&post(&room, PATH, &app.access, &body).await, 403);
    allow(&room, "general", true).await;
    refused(
        &post(&room, PATH, &app.access, &json!({"context": "user-pii"})).await,
        403,
    );
    let some = Application::of(&register(&room, &room.api_key, "some", &["user-pii"]).await);
    refused(&post(&room, PATH, &some.access, &body).await, 403);
    refused(&post(&room, PATH, "nobody", &body).await, 401);
    let given = bundle(&room, &app, "general").await;
    assert_eq!(given["algorithm"], "AES-256-GCM");
    assert_eq!(given["ttl"], 300);
    assert_eq!(
        STANDARD
            .decode(given["key"].as_str().unwrap())
            .unwrap()
            .len(),
        32
    );
    assert_eq!(bundle(&room, &app, "general").await, given);
    allow(&room, "general", false).await;
    refused(&post(&room, PATH, &app.access, &body).await, 403);
    let entries = room.entries(EntryFilter::default()).await;
    let count = |operation, outcome| {
        let of = entries.iter();
        of.filter(|entry| (entry.operation, entry.outcome) == (operation, outcome))
            .count()
    };
    assert_eq!(count(Operation::KeyBundle, Outcome::Allowed), 2);
    // Each refusal of somebody who is known, and none of one who is not.
    assert_eq!(count(Operation::KeyBundle, Outcome::Denied), 4);
    assert_eq!(count(Operation::KeyBundleAllow, Outcome::Allowed), 2);
}

async fn what_clients_sealed_opens_for_its_context_only(room: Room) {
    let app = application(&room, &["general", "user-pii"]).await;
    allow(&room, "general", true).await;
    let given = bundle(&room, &app, "general").await;
    let sealed = seal(&given, "general", "local");
    assert_eq!(
        opened(&decrypt(&room, &app.access, "general", &sealed).await),
        "local"
    );
    // Under another context's name, whether that allows it or not.
    let relabelled = seal(&given, "user-pii", "local");
    for context in ["general", "user-pii"] {
        let reply = decrypt(&room, &app.access, context, &relabelled).await;
        assert_eq!(refused(&reply, 400), NOT_OPENED);
    }
    allow(&room, "user-pii", true).await;
    let reply = decrypt(&room, &app.access, "user-pii", &relabelled).await;
    assert_eq!(refused(&reply, 400), NOT_OPENED);
    let mut other = given.clone();
    let id = given["key_id"].as_str().unwrap();
    for key_id in [
        id.replace("/1", "/2"),
        id.replace("/1", "/x"),
        id.replace("/1", ""),
    ] {
        other["key_id"] = json!(key_id);
        let reply = decrypt(&room, &app.access, "general", &seal(&other, "general", "x")).await;
        assert_eq!(refused(&reply, 400), NOT_OPENED, "{key_id}");
    }
    // Nor where a context policy does not accept the format any more.
    let policy = json!({"match": {"context": "general"}, "accepted_formats": ["sr1"]});
    let policy: PolicyBody = serde_json::from_value(policy).unwrap();
    let policy = room.client.policies().create(&policy).await.unwrap();
    let reply = decrypt(&room, &app.access, "general", &sealed).await;
    assert_eq!(refused(&reply, 400), NOT_OPENED);
    room.client.policies().delete(policy.id).await.unwrap();
    let reply = decrypt(&room, &app.access, "general", &sealed).await;
    assert_eq!(opened(&reply), "local");
    // What Strongroom sealed is not under that key.
    let ours = STANDARD
        .decode(app.seal(&room, "general", "ours").await)
        .unwrap();
    assert!(!ours.windows(4).any(|four| four == b"\"v\":"));
}

async fn rotation_and_suspension_end_a_key(room: Room) {
    let app = application(&room, &["general"]).await;
    let id = allow(&room, "general", true).await;
    let given = bundle(&room, &app, "general").await;
    let sealed = seal(&given, "general", "local");
    let contexts = room.client.contexts();
    contexts.rotate(id).await.unwrap();
    let next = bundle(&room, &app, "general").await;
    assert_ne!(next["key"], given["key"]);
    assert_ne!(next["key_id"], given["key_id"]);
    // What was sealed before the rotation opens on, as what Strongroom sealed does.
    assert_eq!(
        opened(&decrypt(&room, &app.access, "general", &sealed).await),
        "local"
    );
    contexts.disable(id).await.unwrap();
    refused(
        &post(&room, PATH, &app.access, &json!({"context": "general"})).await,
        403,
    );
    refused(&decrypt(&room, &app.access, "general", &sealed).await, 403);
    contexts.enable(id).await.unwrap();
    allow(&room, "general", false).await;
    let reply = decrypt(&room, &app.access, "general", &sealed).await;
    assert_eq!(refused(&reply, 400), NOT_OPENED);
}

async fn a_key_that_might_not_seal_is_not_given(room: Room) {
    let app = application(&room, &["general"]).await;
    allow(&room, "general", true).await;
    bundle(&room, &app, "general").await;
    let body = json!({"context": "general"});
    for (policy, status) in [
        (json!({"allowed_ciphers": ["ChaCha20"]}), 403),
        (json!({}), 200),
    ] {
        let change = json!({ "algorithm_policy": policy });
        let path = "/api/contexts/general";
        let changed = call(&room, (Method::PUT, path), &room.api_key, &change).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let reply = post(&room, PATH, &app.access, &body).await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
    let policy = json!({"match": {"context": "general"}, "accepted_formats": ["sr1"]});
    let policy = serde_json::from_value(policy).unwrap();
    room.client.policies().create(&policy).await.unwrap();
    let reply = post(&room, PATH, &app.access, &body).await;
    assert_eq!(reply.status, 400, "{reply:?}");
}

/// Whoever cannot be looked up is not told that a key is refused, or that nobody is known.
#[tokio::test]
async fn while_the_database_is_away_nobody_is_refused_a_key() {
    if !Database::Postgres.is_tested() {
        return;
    }
    let cluster = Cluster::start().unwrap();
    let url = cluster.database("bundle").unwrap();
    let room = Room::open(Arc::new(Server::start_on(Some(url)).unwrap())).await;
    let app = application(&room, &["general"]).await;
    let body = json!({"context": "general"});
    refused(&post(&room, PATH, &app.access, &body).await, 403);
    cluster.stop().unwrap();
    for context in ["general", "never-looked-up"] {
        let body = json!({ "context": context });
        refused(&post(&room, PATH, &app.access, &body).await, 503);
    }
}
