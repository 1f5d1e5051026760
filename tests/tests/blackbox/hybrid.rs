//! Hybrid keys: anyone seals, only a private key that never leaves opens, and every opening is an entry
//! before it.

use serde_json::json;
use strongroom_client::{Client, EntryFilter, PageQuery};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::hybrid::{
    HEADER_BYTES, HybridKey, HybridPublicKey, open_sealed, seal_to_hybrid,
};
use strongroom_tests::on_each_database;
use strongroom_tests::poll::poll;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{
    DecapsulateRequest, EncapsulateRequest, HybridKeyCreate, HybridKeyInfo, JobKind, Recipient,
    RecipientKey, RecipientPublicKey, SealToRequest, SealedOpenAnswer, SealedOpenRequest,
};
use strongroom_types::{
    Bytes, Code, HybridAlgorithm, KeyVersion, Kind, Operation, Outcome, Permission, Reason,
};

on_each_database!(
    what_is_sealed_to_a_key_opens_with_it_and_is_an_entry,
    whoever_has_the_public_key_seals_without_the_server,
    both_sides_have_one_secret,
    a_rotated_key_opens_what_was_sealed_before,
    what_is_altered_or_anothers_does_not_open,
    a_key_of_another_tenant_is_none,
    each_act_of_a_hybrid_key_needs_its_permission,
    a_suspended_or_destroyed_key_opens_nothing,
    every_private_key_moves_to_the_active_version_of_what_wraps_it,
    bad_requests_for_hybrid_keys_are_refused_with_a_reason,
);

async fn make(room: &Room, name: &str, algorithm: HybridAlgorithm) -> HybridKeyInfo {
    let request = HybridKeyCreate {
        name: name.to_owned(),
        key_context: Some(tenant("acme")),
        algorithm,
    };
    room.client.hybrid_keys().create(&request).await.unwrap()
}

async fn any(room: &Room, name: &str) -> HybridKeyInfo {
    make(room, name, HybridAlgorithm::X25519MlKem768).await
}

fn to(key: &HybridKeyInfo) -> Recipient {
    Recipient::Key(RecipientKey { key: key.id })
}

fn public(key: &HybridKeyInfo) -> HybridPublicKey {
    let newest = key.versions.last().unwrap().public_key.0.clone();
    HybridPublicKey::from_bytes(key.algorithm, newest).unwrap()
}

fn sealing(to: Recipient, text: &str) -> SealToRequest {
    SealToRequest {
        to,
        plaintext: text.into(),
        associated_data: Some("row 7".into()),
        metadata: None,
    }
}

fn opening(key: &HybridKeyInfo, sealed: impl Into<Bytes>) -> SealedOpenRequest {
    SealedOpenRequest {
        key: key.id,
        sealed: sealed.into(),
        associated_data: Some("row 7".into()),
        metadata: None,
    }
}

async fn seal(room: &Room, key: &HybridKeyInfo, text: &str) -> Vec<u8> {
    let sealed = room.client.seal_to(&sealing(to(key), text)).await.unwrap();
    sealed.sealed.0
}

async fn open(room: &Room, key: &HybridKeyInfo, sealed: &[u8]) -> SealedOpenAnswer {
    let request = opening(key, sealed);
    room.client.open_sealed(&request).await.unwrap()
}

async fn what_is_sealed_to_a_key_opens_with_it_and_is_an_entry(room: Room) {
    for &algorithm in HybridAlgorithm::ALL {
        let key = make(&room, algorithm.name(), algorithm).await;
        let sealed = room
            .client
            .seal_to(&sealing(to(&key), "secret"))
            .await
            .unwrap();
        assert_eq!((sealed.algorithm, sealed.version), (algorithm, Some(1)));
        let entry = room.entry(sealed.log_entry.unwrap()).await;
        assert_eq!(entry.operation, Operation::SealTo);
        let opened = open(&room, &key, &sealed.sealed.0).await;
        assert_eq!((opened.plaintext, opened.version), ("secret".into(), 1));
        let entry = room.entry(opened.log_entry.unwrap()).await;
        assert_eq!(entry.operation, Operation::SealedOpen);
        assert_eq!(entry.facts["algorithm"], algorithm.name());
        assert_eq!(entry.key.unwrap().id, key.id);
    }
    let listed = room.client.hybrid_keys().list(&PageQuery::default()).await;
    assert_eq!(listed.unwrap().items.len(), HybridAlgorithm::ALL.len());
}

async fn whoever_has_the_public_key_seals_without_the_server(room: Room) {
    for &algorithm in HybridAlgorithm::ALL {
        let key = make(&room, algorithm.name(), algorithm).await;
        let sealed = seal_to_hybrid(&public(&key), b"row 7", b"note", &SystemEntropy).unwrap();
        let opened = open(&room, &key, &sealed).await;
        assert_eq!(opened.plaintext, "note".into());
        // And the server seals to keys that it does not have.
        let mine = HybridKey::generate(algorithm, &SystemEntropy).unwrap();
        let recipient = Recipient::PublicKey(RecipientPublicKey {
            algorithm,
            public_key: mine.public_key().as_bytes().into(),
        });
        let sealed = room
            .client
            .seal_to(&sealing(recipient, "back"))
            .await
            .unwrap();
        assert_eq!(sealed.version, None);
        let opened = open_sealed(&mine, b"row 7", &sealed.sealed.0).unwrap();
        assert_eq!(opened.expose(), b"back");
    }
}

async fn both_sides_have_one_secret(room: Room) {
    for &algorithm in HybridAlgorithm::ALL {
        let key = make(&room, algorithm.name(), algorithm).await;
        let request = EncapsulateRequest {
            to: to(&key),
            metadata: None,
        };
        let made = room.client.encapsulate(&request).await.unwrap();
        let mut request = DecapsulateRequest {
            key: key.id,
            ciphertext: made.ciphertext,
            version: None,
            metadata: None,
        };
        let got = room.client.decapsulate(&request).await.unwrap();
        assert_eq!(got.shared_secret, made.shared_secret);
        let entry = room.entry(got.log_entry.unwrap()).await;
        assert_eq!(entry.operation, Operation::Decapsulate);
        // Of ML-KEM's part, an altered one gives another secret and no error.
        request.ciphertext.0[3] ^= 1;
        let other = room.client.decapsulate(&request).await.unwrap();
        assert_ne!(other.shared_secret, made.shared_secret);
        request.ciphertext.0.pop();
        let refused = room.client.decapsulate(&request).await;
        let expected = (400, Code::CannotDecrypt);
        assert_eq!(refused.unwrap_err().refusal().unwrap().status(), expected.0);
    }
}

async fn a_rotated_key_opens_what_was_sealed_before(room: Room) {
    let key = any(&room, "inbox").await;
    let old = seal(&room, &key, "old").await;
    let rotated = room.client.hybrid_keys().rotate(key.id).await.unwrap();
    assert_eq!(rotated.versions.len(), 2);
    assert_eq!(rotated.versions[0], key.versions[0]);
    assert_ne!(rotated.versions[1].public_key, key.versions[0].public_key);
    let new = seal(&room, &key, "new").await;
    assert_eq!(open(&room, &key, &old).await.version, 1);
    assert_eq!(open(&room, &key, &new).await.version, 2);
    // Who still has the former public key is understood too.
    let late = seal_to_hybrid(&public(&key), b"row 7", b"late", &SystemEntropy).unwrap();
    assert_eq!(open(&room, &key, &late).await.version, 1);
}

async fn what_is_altered_or_anothers_does_not_open(room: Room) {
    let [key, other] = [any(&room, "inbox").await, any(&room, "other").await];
    let sealed = seal(&room, &key, "secret").await;
    let to_other = seal(&room, &other, "secret").await;
    let refused = (400, Code::CannotDecrypt);
    let mut bodies = std::collections::BTreeSet::new();
    let mut check = async |request: SealedOpenRequest, reason: Reason| {
        let answer = room.client.open_sealed(&request).await;
        let refusal = answer.as_ref().unwrap_err().refusal().unwrap();
        bodies.insert((refusal.status(), refusal.detail().map(str::to_owned)));
        if reason == Reason::Altered {
            // The door had opened: the failure is an entry of its own, linked to the first.
            assert_eq!(refusal.code(), refused.1);
        } else {
            room.assert_refused(answer, refused, reason).await;
        }
    };
    for at in [HEADER_BYTES, HEADER_BYTES + 1100, sealed.len() - 1] {
        let mut bad = sealed.clone();
        bad[at] ^= 1;
        check(opening(&key, bad), Reason::Altered).await;
    }
    check(opening(&key, &to_other[..]), Reason::ContextNotAllowed).await;
    check(opening(&key, &sealed[..40]), Reason::Malformed).await;
    let mut magic = sealed.clone();
    magic[0] = b'x';
    check(opening(&key, magic), Reason::Malformed).await;
    // The header names another key's public key, over what was sealed to this one.
    let swapped = [&to_other[..HEADER_BYTES], &sealed[HEADER_BYTES..]].concat();
    check(opening(&other, swapped), Reason::Altered).await;
    let mut unbound = opening(&key, &sealed[..]);
    unbound.associated_data = None;
    check(unbound, Reason::Altered).await;
    assert_eq!(bodies.len(), 1, "one body for all of them: {bodies:?}");
    let failed = room.entries(EntryFilter::default()).await;
    let failed = failed.iter().filter(|entry| {
        entry.operation == Operation::SealedOpen && entry.outcome == Outcome::Failed
    });
    assert_eq!(failed.count(), 5);
}

async fn a_key_of_another_tenant_is_none(room: Room) {
    let key = any(&room, "inbox").await;
    let sealed = seal(&room, &key, "secret").await;
    let permissions = [
        Permission::SealTo,
        Permission::SealedOpen,
        Permission::AdminHybridKeys,
    ];
    let pairs: &[(&str, &str)] = &[("tenant", "globex")];
    let (theirs, _) = room.make_client(&permissions, &[pairs]).await;
    let unknown = (404, Code::NotFound);
    refused_everywhere(&room, &theirs, (&key, &sealed), unknown, Reason::NotFound).await;
    let listed = theirs.hybrid_keys().list(&PageQuery::default()).await;
    assert!(listed.unwrap().items.is_empty());
    // Nor does another workspace have it.
    let elsewhere = Room::open(std::sync::Arc::clone(&room.server)).await;
    let stranger = elsewhere
        .client
        .open_sealed(&opening(&key, &sealed[..]))
        .await;
    elsewhere
        .assert_refused(stranger, unknown, Reason::NotFound)
        .await;
    assert_eq!(open(&room, &key, &sealed).await.plaintext, "secret".into());
}

async fn each_act_of_a_hybrid_key_needs_its_permission(room: Room) {
    let key = any(&room, "inbox").await;
    let sealed = seal(&room, &key, "secret").await;
    let (nobody, _) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let missing = (403, Code::PermissionDenied);
    let why = Reason::PermissionMissing;
    refused_everywhere(&room, &nobody, (&key, &sealed), missing, why).await;
    let create = HybridKeyCreate {
        name: "new".into(),
        key_context: None,
        algorithm: HybridAlgorithm::X25519MlKem512,
    };
    let made = nobody.hybrid_keys().create(&create).await;
    room.assert_refused(made, missing, why).await;
    // Who may seal may not open.
    let (writer, _) = room.make_client(&[Permission::SealTo], &[&[]]).await;
    writer.seal_to(&sealing(to(&key), "x")).await.unwrap();
    let opened = writer.open_sealed(&opening(&key, &sealed[..])).await;
    room.assert_refused(opened, missing, why).await;
}

/// Everything that names the key is refused in the same way.
async fn refused_everywhere(
    room: &Room,
    client: &Client,
    (key, sealed): (&HybridKeyInfo, &[u8]),
    expected: (u16, Code),
    why: Reason,
) {
    let keys = client.hybrid_keys();
    let opened = client.open_sealed(&opening(key, sealed)).await;
    room.assert_refused(opened, expected, why).await;
    let made = client.seal_to(&sealing(to(key), "x")).await;
    room.assert_refused(made, expected, why).await;
    let request = EncapsulateRequest {
        to: to(key),
        metadata: None,
    };
    room.assert_refused(client.encapsulate(&request).await, expected, why)
        .await;
    let request = DecapsulateRequest {
        key: key.id,
        ciphertext: Bytes::default(),
        version: None,
        metadata: None,
    };
    room.assert_refused(client.decapsulate(&request).await, expected, why)
        .await;
    room.assert_refused(keys.describe(key.id).await, expected, why)
        .await;
    room.assert_refused(keys.rotate(key.id).await, expected, why)
        .await;
    room.assert_refused(keys.destroy(key.id).await, expected, why)
        .await;
}

async fn a_suspended_or_destroyed_key_opens_nothing(room: Room) {
    let key = any(&room, "inbox").await;
    let sealed = seal(&room, &key, "secret").await;
    let contexts = room.client.contexts();
    let disabled = contexts.disable(key.id).await.unwrap();
    assert_eq!(disabled.kind, Kind::HybridKey);
    let closed = (409, Code::KeyDisabled);
    let refused = room.client.open_sealed(&opening(&key, &sealed[..])).await;
    room.assert_refused(refused, closed, Reason::KeyDisabled)
        .await;
    let refused = room.client.hybrid_keys().rotate(key.id).await;
    room.assert_refused(refused, closed, Reason::KeyDisabled)
        .await;
    contexts.enable(key.id).await.unwrap();
    open(&room, &key, &sealed).await;
    room.client.hybrid_keys().destroy(key.id).await.unwrap();
    let refused = room.client.open_sealed(&opening(&key, &sealed[..])).await;
    let unknown = (404, Code::NotFound);
    room.assert_refused(refused, unknown, Reason::NotFound)
        .await;
    // Its name is free, for another key.
    let again = any(&room, "inbox").await;
    assert_eq!(again.id, key.id);
    let refused = room.client.open_sealed(&opening(&again, sealed)).await;
    let expected = (400, Code::CannotDecrypt);
    room.assert_refused(refused, expected, Reason::ContextNotAllowed)
        .await;
}

async fn every_private_key_moves_to_the_active_version_of_what_wraps_it(room: Room) {
    let key = any(&room, "inbox").await;
    let old = seal(&room, &key, "old").await;
    room.client.hybrid_keys().rotate(key.id).await.unwrap();
    let new = seal(&room, &key, "new").await;
    let contexts = room.client.contexts();
    contexts.rotate(key.id).await.unwrap();
    let begun = room.client.jobs().create(JobKind::Rewrap).await.unwrap();
    let job = poll(async || {
        let job = room.client.jobs().describe(begun.id).await.unwrap();
        job.finished.is_some().then_some(job)
    })
    .await;
    assert_eq!((job.stored, job.remaining, job.failed), (2, 0, 0));
    contexts
        .destroy_version(key.id, KeyVersion(1))
        .await
        .unwrap();
    for sealed in [old, new] {
        let opened = open(&room, &key, &sealed).await;
        let entry = room.entry(opened.log_entry.unwrap()).await;
        assert_eq!(entry.key.unwrap().version, KeyVersion(2));
    }
}

async fn bad_requests_for_hybrid_keys_are_refused_with_a_reason(room: Room) {
    let key = any(&room, "inbox").await;
    let good = json!({"key": key.id});
    let short = json!({"algorithm": "X25519+ML-KEM-768", "public_key": "AAAA"});
    let zeros = Bytes(vec![0; 1216]);
    let zeros = json!({"algorithm": "X25519+ML-KEM-768", "public_key": zeros});
    for (path, body) in [
        (
            "/v1/kem/keys",
            json!({"name": "n", "algorithm": "ML-KEM-768"}),
        ),
        (
            "/v1/kem/keys",
            json!({"name": "", "algorithm": "X25519+ML-KEM-768"}),
        ),
        (
            "/v1/kem/keys",
            json!({"name": "n", "algorithm": "P-256+ML-KEM-768", "key_context": {"hybrid_key": "n"}}),
        ),
        ("/v1/seal", json!({"to": {}, "plaintext": ""})),
        ("/v1/seal", json!({"to": short, "plaintext": ""})),
        ("/v1/seal", json!({"to": zeros, "plaintext": ""})),
        ("/v1/seal", json!({"to": good, "plaintext": "not base64"})),
        ("/v1/kem/encapsulate", json!({"to": zeros})),
        (
            "/v1/kem/decapsulate",
            json!({"key": key.id, "ciphertext": "", "version": 2}),
        ),
        (
            "/v1/kem/decapsulate",
            json!({"key": key.id, "ciphertext": "", "version": 0}),
        ),
    ] {
        let reply = room.post(path, body.to_string()).await;
        let invalid = (400, "invalid_request");
        room.assert_problem(&reply, invalid, Reason::InvalidRequest)
            .await;
    }
    // A name is given once, and an empty message is a message.
    let again = HybridKeyCreate {
        name: "inbox".into(),
        key_context: Some(tenant("acme")),
        algorithm: HybridAlgorithm::P256MlKem768,
    };
    let again = room.client.hybrid_keys().create(&again).await;
    room.assert_refused(again, (409, Code::Conflict), Reason::Conflict)
        .await;
    let empty = seal(&room, &key, "").await;
    assert_eq!(open(&room, &key, &empty).await.plaintext, "".into());
}
