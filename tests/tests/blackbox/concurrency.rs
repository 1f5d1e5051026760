//! Many callers at once, and requests that are repeated.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::{Client, EntryFilter, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_tests::whole_log::WholeLog;
use strongroom_types::body::{DecryptRequest, EncryptRequest};
use strongroom_types::{Operation, Reason};

on_each_database!(
    a_thousand_first_writers_make_one_key,
    rotation_and_sealing_at_once_lose_nothing,
    every_concurrent_use_has_an_entry_of_its_own,
    a_repeated_creation_makes_nothing_new,
    a_secret_is_not_shown_to_a_repetition,
    a_repetition_with_another_body_is_refused,
    concurrent_repetitions_make_one_thing,
    idempotency_keys_are_each_clients_own,
    unusable_idempotency_keys_are_refused,
);

/// A client that comes again, as one does of whom there are many at once: a machine with little to
/// spare may send some away.
fn patient(room: &Room) -> Client {
    room.server.client_with_key(&room.api_key).unwrap()
}

async fn a_thousand_first_writers_make_one_key(room: Room) {
    let client = patient(&room);
    let seal = |number: u32| {
        let request = EncryptRequest::new(tenant("new"), number.to_be_bytes());
        client.encrypt(request)
    };
    let sealed = join_all((0..1000).map(seal)).await;
    let sealed: Vec<_> = sealed.into_iter().map(Result::unwrap).collect();
    let keys: Vec<_> = sealed.iter().map(|sealed| &sealed.key).collect();
    assert!(keys.iter().all(|key| *key == keys[0] && key.version.0 == 1));
    let info = room
        .client
        .contexts()
        .list(&PageQuery::default())
        .await
        .unwrap()
        .items;
    assert_eq!(info.len(), 1);
    assert_eq!(info[0].versions.len(), 1);
    let created = room.entries(EntryFilter {
        operation: Some(Operation::ContextCreate),
        ..EntryFilter::default()
    });
    assert_eq!(created.await.len(), 1);
    for (number, sealed) in (0_u32..).zip(sealed).step_by(50) {
        let request = DecryptRequest::new(tenant("new"), sealed.ciphertext);
        let opened = room.client.decrypt(request).await.unwrap();
        assert_eq!(opened.plaintext.0, number.to_be_bytes());
    }
}

async fn rotation_and_sealing_at_once_lose_nothing(room: Room) {
    let request = || EncryptRequest::new(tenant("acme"), "v");
    let id = room.client.encrypt(request()).await.unwrap().key.id;
    let contexts = room.client.contexts();
    let rotations = join_all((0..10).map(|_| contexts.rotate(id)));
    let client = patient(&room);
    let seals = join_all((0..200).map(|_| client.encrypt(request())));
    let (rotations, seals) = tokio::join!(rotations, seals);
    let rotated = rotations.iter().filter(|rotation| rotation.is_ok()).count();
    assert_eq!(rotated, 10, "{rotations:?}");
    let info = contexts.describe(id).await.unwrap();
    let versions: BTreeSet<_> = info
        .versions
        .iter()
        .map(|version| version.version)
        .collect();
    assert_eq!((versions.len(), info.versions.len()), (11, 11));
    for sealed in seals {
        let sealed = sealed.unwrap();
        let request = DecryptRequest::new(tenant("acme"), sealed.ciphertext);
        assert_eq!(room.client.decrypt(request).await.unwrap().key, sealed.key);
    }
}

async fn every_concurrent_use_has_an_entry_of_its_own(room: Room) {
    let client = patient(&room);
    let seal = |number: u32| {
        let request = EncryptRequest::new(tenant(&format!("{}", number % 7)), "v");
        client.encrypt(request)
    };
    let sealed = join_all((0..300).map(seal)).await;
    let sealed: Vec<_> = sealed.into_iter().map(Result::unwrap).collect();
    let indexes: BTreeSet<_> = sealed
        .iter()
        .map(|sealed| sealed.log_entry.unwrap().index)
        .collect();
    assert_eq!(indexes.len(), 300);
    let log = WholeLog::fetch(&room.client, &room.verifier()).await;
    for sealed in sealed {
        let entry = log.entry(sealed.log_entry.unwrap().index);
        assert_eq!(
            entry.output,
            Some(strongroom_log::sha256(&sealed.ciphertext.0))
        );
    }
}

async fn create(room: &Room, key: &str, path: &str, body: &Value) -> Reply {
    let request = room
        .request(Method::POST, path)
        .header("idempotency-key", key);
    Reply::of(request.json(body)).await
}

fn client_body(name: &str) -> Value {
    json!({"name": name, "permissions": ["encrypt"]})
}

async fn a_repeated_creation_makes_nothing_new(room: Room) {
    let body = json!({"key_context": {"tenant": "acme"}});
    let first = create(&room, "k1", "/v1/contexts", &body).await;
    let again = create(&room, "k1", "/v1/contexts", &body).await;
    assert_eq!((first.status, again.status), (201, 201), "{again:?}");
    assert_eq!(first.text("id"), again.text("id"));
    assert_ne!(first.entry().unwrap(), again.entry().unwrap());
    let other = create(&room, "k2", "/v1/contexts", &body).await;
    room.assert_problem(&other, (409, "conflict"), Reason::Conflict)
        .await;
    let policy = json!({"match": {"tenant": "acme"}});
    let first = create(&room, "k3", "/v1/context-policies", &policy).await;
    let again = create(&room, "k3", "/v1/context-policies", &policy).await;
    assert_eq!(first.text("id"), again.text("id"));
    assert_eq!(
        room.client
            .policies()
            .list(&PageQuery::default())
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

async fn a_secret_is_not_shown_to_a_repetition(room: Room) {
    let first = create(&room, "k", "/v1/clients", &client_body("program")).await;
    assert_eq!(first.status, 201);
    let again = create(&room, "k", "/v1/clients", &client_body("program")).await;
    room.assert_problem(&again, (409, "already_issued"), Reason::Conflict)
        .await;
    let id = first.json()["client"]["id"].as_str().unwrap().to_owned();
    assert!(again.text("detail").contains(&id), "{again:?}");
    let clients = room
        .client
        .clients()
        .list(&PageQuery::default())
        .await
        .unwrap();
    assert_eq!(clients.items.len(), 2);
}

async fn a_repetition_with_another_body_is_refused(room: Room) {
    create(&room, "k", "/v1/clients", &client_body("one")).await;
    let other = create(&room, "k", "/v1/clients", &client_body("two")).await;
    room.assert_problem(&other, (422, "idempotency_mismatch"), Reason::Conflict)
        .await;
    let body = json!({"key_context": {"tenant": "acme"}});
    let elsewhere = create(&room, "k", "/v1/contexts", &body).await;
    assert_eq!(elsewhere.status, 422, "{elsewhere:?}");
}

async fn concurrent_repetitions_make_one_thing(room: Room) {
    let body = client_body("program");
    let replies = join_all((0..20).map(|_| create(&room, "k", "/v1/clients", &body))).await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1, "{replies:?}");
    assert!(
        replies
            .iter()
            .all(|reply| matches!(reply.status, 201 | 409)),
        "{replies:?}"
    );
    let clients = room
        .client
        .clients()
        .list(&PageQuery::default())
        .await
        .unwrap();
    assert_eq!(clients.items.len(), 2);
}

async fn idempotency_keys_are_each_clients_own(room: Room) {
    let permissions = [strongroom_types::Permission::AdminClients];
    let (_, created) = room.make_client(&permissions, &[]).await;
    let key = &created.api_key.secret;
    let first = create(&room, "k", "/v1/clients", &client_body("program")).await;
    let body = json!({"name": "program", "permissions": []});
    let request = room.anonymous(Method::POST, "/v1/clients").bearer_auth(key);
    let other = Reply::of(request.header("idempotency-key", "k").json(&body)).await;
    assert_eq!((first.status, other.status), (201, 201), "{other:?}");
}

async fn unusable_idempotency_keys_are_refused(room: Room) {
    for key in [String::new(), "x".repeat(256)] {
        let reply = create(&room, &key, "/v1/clients", &client_body("program")).await;
        room.assert_problem(&reply, (400, "invalid_request"), Reason::InvalidRequest)
            .await;
    }
    let request = room.request(Method::POST, "/v1/clients");
    let request = request
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    let reply = Reply::of(request.json(&client_body("program"))).await;
    room.assert_problem(&reply, (400, "invalid_request"), Reason::InvalidRequest)
        .await;
    // What is no creation ignores the header.
    let body = json!({"key_context": {"tenant": "acme"}, "plaintext": ""});
    let one = create(&room, "k", "/v1/encrypt", &body).await;
    let two = create(&room, "k", "/v1/encrypt", &body).await;
    assert_eq!((one.status, two.status), (200, 200));
    assert_ne!(one.text("ciphertext"), two.text("ciphertext"));
}
