//! Sealing, opening and rewrapping values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, context, tenant};
use strongroom_types::body::{DecryptRequest, EncryptRequest, RewrapRequest};
use strongroom_types::{Code, KeyVersion, Metadata, Outcome, Reason};

on_each_database!(
    what_is_sealed_opens_again,
    two_seals_of_one_value_differ,
    associated_data_must_be_given_again,
    absent_and_empty_associated_data_are_the_same,
    rotated_keys_open_and_new_ones_seal,
    rewrap_moves_to_the_active_version,
    answers_name_their_entry,
    the_entry_tells_who_used_what,
);

async fn what_is_sealed_opens_again(room: Room) {
    for bytes in [0, 1, 31, 16_383, 16_384, 16_385, 100_000] {
        let value = vec![0xa5; bytes];
        let request = EncryptRequest::new(tenant("acme"), value.clone());
        let sealed = room.client.encrypt(request).await.unwrap();
        let request = DecryptRequest::new(tenant("acme"), sealed.ciphertext);
        let opened = room.client.decrypt(request).await.unwrap();
        assert!(opened.plaintext.0 == value, "{bytes} bytes");
        assert_eq!(opened.key, sealed.key);
    }
}

async fn two_seals_of_one_value_differ(room: Room) {
    let request = EncryptRequest::new(tenant("acme"), "same");
    let one = room.client.encrypt(request.clone()).await.unwrap();
    let two = room.client.encrypt(request).await.unwrap();
    assert_ne!(one.ciphertext, two.ciphertext);
    let request = EncryptRequest::new(tenant("other"), "same");
    let other = room.client.encrypt(request).await.unwrap();
    assert_ne!(one.key.id, other.key.id);
}

async fn associated_data_must_be_given_again(room: Room) {
    let request = EncryptRequest {
        associated_data: Some("row 7".into()),
        ..EncryptRequest::new(tenant("acme"), "v")
    };
    let sealed = room.client.encrypt(request).await.unwrap().ciphertext;
    let open = |associated_data: Option<&str>| {
        room.client.decrypt(DecryptRequest {
            associated_data: associated_data.map(Into::into),
            ..DecryptRequest::new(tenant("acme"), sealed.clone())
        })
    };
    assert_eq!(open(Some("row 7")).await.unwrap().plaintext.0, b"v");
    for wrong in [None, Some(""), Some("row 8"), Some("row 7\0")] {
        let refused = open(wrong).await;
        let expected = (400, Code::CannotDecrypt);
        room.assert_refused(refused, expected, Reason::Altered)
            .await;
    }
}

async fn absent_and_empty_associated_data_are_the_same(room: Room) {
    let request = EncryptRequest::new(tenant("acme"), "v");
    let sealed = room.client.encrypt(request).await.unwrap();
    let request = DecryptRequest {
        associated_data: Some("".into()),
        ..DecryptRequest::new(tenant("acme"), sealed.ciphertext)
    };
    assert_eq!(
        room.client.decrypt(request).await.unwrap().plaintext.0,
        b"v"
    );
}

async fn rotated_keys_open_and_new_ones_seal(room: Room) {
    let seal = || {
        room.client
            .encrypt(EncryptRequest::new(tenant("acme"), "v"))
    };
    let old = seal().await.unwrap();
    room.client.contexts().rotate(old.key.id).await.unwrap();
    let new = seal().await.unwrap();
    assert_eq!(
        (old.key.version, new.key.version),
        (KeyVersion(1), KeyVersion(2))
    );
    for sealed in [old, new] {
        let request = DecryptRequest::new(tenant("acme"), sealed.ciphertext);
        let opened = room.client.decrypt(request).await.unwrap();
        assert_eq!(opened.key, sealed.key);
    }
}

async fn rewrap_moves_to_the_active_version(room: Room) {
    let request = EncryptRequest {
        associated_data: Some("row 7".into()),
        ..EncryptRequest::new(tenant("acme"), "v")
    };
    let old = room.client.encrypt(request).await.unwrap();
    room.client.contexts().rotate(old.key.id).await.unwrap();
    let request = RewrapRequest {
        associated_data: Some("row 7".into()),
        ..RewrapRequest::new(tenant("acme"), old.ciphertext)
    };
    let moved = room.client.rewrap(request).await.unwrap();
    assert_eq!(moved.key.version, KeyVersion(2));
    let entry = room.entry(moved.log_entry.unwrap()).await;
    assert_eq!(entry.key.unwrap().version, KeyVersion(1));
    assert_eq!(entry.facts["moved_to"], "2");
    let contexts = room.client.contexts();
    contexts
        .destroy_version(old.key.id, KeyVersion(1))
        .await
        .unwrap();
    let request = DecryptRequest {
        associated_data: Some("row 7".into()),
        ..DecryptRequest::new(tenant("acme"), moved.ciphertext)
    };
    assert_eq!(
        room.client.decrypt(request).await.unwrap().plaintext.0,
        b"v"
    );
}

async fn answers_name_their_entry(room: Room) {
    let body = json!({"key_context": {"tenant": "acme"}, "plaintext": STANDARD.encode("v")});
    let reply = room.post("/v1/encrypt", body.to_string()).await;
    assert_eq!(reply.status, 200);
    let named = reply.entry().unwrap();
    assert_eq!(reply.text("log_entry"), named.to_string());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let entry = room.entry(named).await;
    assert_eq!(
        Some(entry.request_id.to_string().as_str()),
        reply.header("strongroom-request-id")
    );
}

async fn the_entry_tells_who_used_what(room: Room) {
    let map = context(&[("organizationId", "org_acme"), ("dataType", "pii")]);
    let metadata = Metadata::new(json!({"ticket": 17})).unwrap();
    let request = EncryptRequest {
        metadata: Some(metadata.clone()),
        ..EncryptRequest::new(map.clone(), "v")
    };
    let alice = room.person("alice").await;
    let sealed = alice.encrypt(request).await.unwrap();
    let entry = room.entry(sealed.log_entry.unwrap()).await;
    assert_eq!(entry.operation.name(), "encrypt");
    assert_eq!(entry.outcome, Outcome::Allowed);
    assert_eq!(entry.key_context, Some(map));
    assert_eq!(entry.key, Some(sealed.key));
    assert_eq!(entry.suite.unwrap().name(), "AES-256-GCM");
    assert_eq!(entry.count, 1);
    assert_eq!(entry.metadata, Some(metadata));
    assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
    assert!(entry.user_agent.unwrap().starts_with("strongroom-client/"));
    let identity = entry.identity.unwrap();
    assert_eq!(identity.subject, "alice");
    assert_eq!(identity.issuer, room.server.sheet().oidc.issuer);
    let page = room
        .client
        .clients()
        .list(&strongroom_client::PageQuery::default())
        .await
        .unwrap();
    assert_eq!(entry.client, Some(page.items[0].id));
}
