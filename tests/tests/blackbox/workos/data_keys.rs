//! `/vault/v1/keys`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{DataKeyCreate, DataKeyUnwrap};
use strongroom_types::{Outcome, Reason};

use super::{Vault, assert_refused};

on_each_database!(
    answers_about_data_keys_have_the_exact_shapes,
    one_key_per_unique_combination_ready_at_once,
    a_data_key_opens_by_its_blob_and_the_entry_says_so,
    a_named_key_context_is_checked_when_a_data_key_opens,
    a_data_key_moves_to_another_key_context_under_one_entry,
    a_data_key_that_does_not_open_looks_the_same_whatever_is_wrong,
    a_repeated_data_key_is_the_same_and_its_record_opens_nothing,
    data_keys_of_both_apis_are_the_same,
    a_moved_data_key_stays_locked_to_its_person,
);

async fn make(vault: &Vault<'_>, context: &Value) -> Reply {
    let made = vault
        .post("keys/data-key", json!({"context": context}))
        .await;
    assert_eq!(made.status, 200, "{made:?}");
    made
}

async fn open(vault: &Vault<'_>, keys: &str) -> Reply {
    vault.post("keys/decrypt", json!({"keys": keys})).await
}

async fn answers_about_data_keys_have_the_exact_shapes(room: Room) {
    let vault = Vault::of(&room).await;
    let context = json!({"organizationId": "org_acme"});
    let made = make(&vault, &context).await.json();
    let opened = open(&vault, made["encrypted_keys"].as_str().unwrap()).await;
    let expected = json!({"id": made["id"], "data_key": made["data_key"]});
    assert_eq!((opened.status, opened.json()), (200, expected));
    let beta = json!({"organizationId": "org_beta"});
    let body = json!({"context": beta, "encrypted_keys": made["encrypted_keys"]});
    let moved = vault.post("keys/rekey", body).await;
    assert_eq!(moved.status, 200);
    for (pair, context) in [(made.clone(), context), (moved.json(), beta)] {
        let mut fields: Vec<_> = pair.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(fields, ["context", "data_key", "encrypted_keys", "id"]);
        assert_eq!(pair["context"], context);
    }
    assert_eq!(moved.json()["data_key"], made["data_key"]);
}

async fn one_key_per_unique_combination_ready_at_once(room: Room) {
    let vault = Vault::of(&room).await;
    let contexts = [
        json!({"a": "b", "c": "d"}),
        json!({"a": "b"}),
        json!({"c": "d"}),
        json!({"a": "b", "c": "d", "e": ""}),
        json!({"a": "b:c"}),
        json!({"a:b": "c"}),
        json!({"a": "b/c?d#e"}),
        json!({"organizationId": "x"}),
        json!({"organization_id": "x"}),
    ];
    let mut used = std::collections::BTreeSet::new();
    for context in &contexts {
        let made = make(&vault, context).await;
        let entry = room.entry(made.entry().unwrap()).await;
        assert!(used.insert(entry.key.unwrap().id.to_string()), "{context}");
    }
    // The order of pairs is none.
    let body = r#"{"context":{"c":"d","a":"b"}}"#;
    let made = vault
        .post("keys/data-key", serde_json::from_str(body).unwrap())
        .await;
    let entry = room.entry(made.entry().unwrap()).await;
    assert!(used.contains(&entry.key.unwrap().id.to_string()));
    // Objects of a combination are under the key of its data keys.
    let kept = vault.keep("a", "acme", "v").await.text("key_id");
    let made = make(&vault, &json!({"tenant": "acme"})).await;
    let entry = room.entry(made.entry().unwrap()).await;
    assert_eq!(entry.key.unwrap().id.to_string(), kept);
}

async fn a_data_key_opens_by_its_blob_and_the_entry_says_so(room: Room) {
    let vault = Vault::of(&room).await;
    let made = make(&vault, &json!({"tenant": "acme"})).await;
    let opened = open(&vault, &made.text("encrypted_keys")).await;
    let entry = room.entry(opened.entry().unwrap()).await;
    assert_eq!(entry.operation.name(), "data-key.unwrap");
    assert_eq!(entry.facts["context"], "from-blob");
    assert_eq!(entry.key_context, Some(tenant("acme")));
    let beta = Vault::within(&room, &[&[("tenant", "beta")]]).await;
    let refused = open(&beta, &made.text("encrypted_keys")).await;
    assert_refused(&refused, (400, "cannot_decrypt"));
    let ending = room.ending(refused.entry().unwrap()).await;
    assert_eq!(ending, (Outcome::Denied, Some(Reason::ContextNotAllowed)));
}

async fn a_named_key_context_is_checked_when_a_data_key_opens(room: Room) {
    let vault = Vault::of(&room).await;
    let made = make(&vault, &json!({"tenant": "acme"})).await;
    let keys = made.text("encrypted_keys");
    let named = |tenant: &str| json!({"keys": keys, "context": {"tenant": tenant}});
    let opened = vault.post("keys/decrypt", named("acme")).await;
    assert_eq!(opened.text("data_key"), made.text("data_key"));
    let entry = room.entry(opened.entry().unwrap()).await;
    assert!(!entry.facts.contains_key("context"));
    let refused = vault.post("keys/decrypt", named("beta")).await;
    assert_refused(&refused, (400, "context_mismatch"));
    let header = STANDARD.encode(r#"{"tenant":"beta"}"#);
    let request = room.anonymous(reqwest::Method::POST, "/vault/v1/keys/decrypt");
    let request = request.bearer_auth(&vault.api_key);
    let request = request.header("strongroom-key-context", header);
    let refused = Reply::of(request.json(&json!({"keys": keys}))).await;
    assert_refused(&refused, (400, "context_mismatch"));
}

async fn a_data_key_moves_to_another_key_context_under_one_entry(room: Room) {
    let vault = Vault::of(&room).await;
    let made = make(&vault, &json!({"tenant": "acme"})).await;
    let to = |tenant: &str| json!({"context": {"tenant": tenant}, "encrypted_keys": made.text("encrypted_keys")});
    let moved = vault.post("keys/rekey", to("beta")).await;
    let entry = room.entry(moved.entry().unwrap()).await;
    assert_eq!(entry.operation.name(), "data-key.rekey");
    let named = entry
        .key_contexts
        .into_iter()
        .map(|named| named.key_context);
    let mut named: Vec<_> = named.map(Option::unwrap).collect();
    named.sort();
    assert_eq!(named, [tenant("acme"), tenant("beta")]);
    // Whoever may not use both may not move it.
    for (allowed, status, code) in [
        ("acme", 403, "context_not_found"),
        ("beta", 400, "cannot_decrypt"),
    ] {
        let narrow = Vault::within(&room, &[&[("tenant", allowed)]]).await;
        let refused = narrow.post("keys/rekey", to("beta")).await;
        assert_refused(&refused, (status, code));
    }
    // Destroying the old key context leaves what was moved.
    let opened = open(&vault, &made.text("encrypted_keys")).await;
    let entry = room.entry(opened.entry().unwrap()).await;
    let context = entry.key.unwrap().id;
    room.client.contexts().destroy(context).await.unwrap();
    assert_refused(
        &open(&vault, &made.text("encrypted_keys")).await,
        (400, "cannot_decrypt"),
    );
    let opened = open(&vault, &moved.text("encrypted_keys")).await;
    assert_eq!(opened.text("data_key"), made.text("data_key"));
}

async fn a_data_key_that_does_not_open_looks_the_same_whatever_is_wrong(room: Room) {
    let vault = Vault::of(&room).await;
    let made = make(&vault, &json!({"tenant": "acme"})).await;
    let blob = STANDARD.decode(made.text("encrypted_keys")).unwrap();
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    let foreign = make(&Vault::of(&other).await, &json!({"tenant": "acme"})).await;
    let mut wrong = vec![
        String::new(),
        "not base64".to_owned(),
        STANDARD.encode(b"WOS.EKM.v1\0"),
        foreign.text("encrypted_keys"),
    ];
    for length in [1, 4, 20, blob.len() - 1] {
        wrong.push(STANDARD.encode(&blob[..length]));
    }
    for at in (0..blob.len()).step_by(7) {
        let mut flipped = blob.clone();
        flipped[at] ^= 1;
        wrong.push(STANDARD.encode(flipped));
    }
    let sealed = room.post(
        "/v1/encrypt",
        r#"{"key_context":{"tenant":"acme"},"plaintext":"AA=="}"#,
    );
    wrong.push(sealed.await.text("ciphertext"));
    let body = json!({"error": "The ciphertext cannot be decrypted",
        "message": "The ciphertext cannot be decrypted", "code": "cannot_decrypt"});
    for keys in wrong {
        let moved = json!({"context": {"tenant": "acme"}, "encrypted_keys": keys});
        for refused in [
            open(&vault, &keys).await,
            vault.post("keys/rekey", moved).await,
        ] {
            assert_eq!(
                (refused.status, refused.json()),
                (400, body.clone()),
                "{keys}"
            );
        }
    }
}

async fn a_repeated_data_key_is_the_same_and_its_record_opens_nothing(room: Room) {
    let vault = Vault::of(&room).await;
    let body = json!({"context": {"tenant": "acme"}});
    let first = vault.post_once("keys/data-key", "retry-1", &body).await;
    let again = vault.post_once("keys/data-key", "retry-1", &body).await;
    assert_eq!((first.status, first.json()), (again.status, again.json()));
    let entry = room.entry(again.entry().unwrap()).await;
    assert_eq!(entry.facts["repeats"], "yes");
    assert_ne!(first.entry(), again.entry());
    let other = json!({"context": {"tenant": "beta"}});
    let refused = vault.post_once("keys/data-key", "retry-1", &other).await;
    assert_refused(&refused, (422, "idempotency_mismatch"));
    // Another client's key of the same name is another one.
    let second = Vault::of(&room).await;
    let theirs = second.post_once("keys/data-key", "retry-1", &body).await;
    assert_ne!(theirs.text("data_key"), first.text("data_key"));
    // A repetition needs the key: with its key context destroyed, the record gives nothing.
    let context = room.entry(first.entry().unwrap()).await.key.unwrap().id;
    room.client.contexts().destroy(context).await.unwrap();
    let refused = vault.post_once("keys/data-key", "retry-1", &body).await;
    assert_refused(&refused, (400, "cannot_decrypt"));
    // Opening is not creating: the header changes nothing there.
    let opened = json!({"keys": theirs.text("encrypted_keys")});
    for _ in 0..2 {
        let refused = second.post_once("keys/decrypt", "retry-2", &opened).await;
        assert_refused(&refused, (400, "cannot_decrypt"));
    }
}

async fn data_keys_of_both_apis_are_the_same(room: Room) {
    let vault = Vault::of(&room).await;
    let made = make(&vault, &json!({"tenant": "acme"})).await;
    let blob = STANDARD.decode(made.text("encrypted_keys")).unwrap();
    let unwrap = DataKeyUnwrap::new(tenant("acme"), blob);
    let opened = room.client.unwrap_data_key(unwrap).await.unwrap();
    let opened = STANDARD.encode(opened.plaintext.unwrap().0);
    assert_eq!(opened, made.text("data_key"));
    let native = room
        .client
        .create_data_key(DataKeyCreate::new(tenant("acme")));
    let native = native.await.unwrap();
    let opened = open(&vault, &STANDARD.encode(native.wrapped_key.0)).await;
    let expected = STANDARD.encode(native.plaintext.unwrap().0);
    assert_eq!(opened.text("data_key"), expected);
}

async fn a_moved_data_key_stays_locked_to_its_person(room: Room) {
    let vault = Vault::of(&room).await;
    let alice = room.person("alice").await;
    let made = alice
        .create_data_key(DataKeyCreate::new(tenant("acme")))
        .await
        .unwrap();
    let keys = STANDARD.encode(made.wrapped_key.0);
    assert_refused(&open(&vault, &keys).await, (403, "identity_mismatch"));
    let body = json!({"context": {"tenant": "beta"}, "encrypted_keys": keys});
    let refused = vault.post("keys/rekey", body.clone()).await;
    assert_refused(&refused, (403, "identity_mismatch"));
    let as_alice = |path: &str| {
        let request = room.anonymous(reqwest::Method::POST, path);
        request.bearer_auth(&vault.api_key)
    };
    let token = room.token("alice").await;
    let request = as_alice("/vault/v1/keys/rekey").header("strongroom-identity", &token);
    let moved = Reply::of(request.json(&body)).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    let keys = moved.text("encrypted_keys");
    assert_refused(&open(&vault, &keys).await, (403, "identity_mismatch"));
    let request = as_alice("/vault/v1/keys/decrypt").header("strongroom-identity", &token);
    let opened = Reply::of(request.json(&json!({"keys": keys}))).await;
    assert_eq!(
        opened.text("data_key"),
        STANDARD.encode(made.plaintext.unwrap().0)
    );
}
