//! Signing keys: private keys that never leave, their versions, whose they are.

use serde_json::json;
use strongroom_client::{EntryFilter, PageQuery};
use strongroom_crypto::signing;
use strongroom_tests::on_each_database;
use strongroom_tests::poll::poll;
use strongroom_tests::room::{Room, context, tenant};
use strongroom_types::body::{
    JobKind, PolicyBody, SignAnswer, SignRequest, SigningKeyCreate, SigningKeyInfo, VerifyAnswer,
    VerifyRequest,
};
use strongroom_types::{Code, KeyVersion, Kind, Operation, Permission, Reason, SigningAlgorithm};

on_each_database!(
    what_a_key_signs_holds_for_whoever_has_its_public_key,
    a_signature_holds_for_its_key_and_message_only,
    a_rotated_key_signs_anew_and_what_it_signed_holds,
    a_key_of_another_tenant_looks_like_none,
    each_act_needs_its_permission,
    a_suspended_key_does_not_sign,
    a_destroyed_key_is_gone_and_its_name_is_free,
    a_private_key_moves_to_the_active_version_of_what_wraps_it,
    one_name_is_given_once,
    bad_requests_are_refused_with_a_reason,
    a_signing_key_is_no_store_and_no_key_to_seal_with,
    what_a_policy_locks_makes_no_signing_key,
);

fn of(tenant_name: &str, name: &str, algorithm: SigningAlgorithm) -> SigningKeyCreate {
    SigningKeyCreate {
        name: name.to_owned(),
        key_context: Some(tenant(tenant_name)),
        algorithm,
    }
}

async fn make(room: &Room, tenant_name: &str, name: &str) -> SigningKeyInfo {
    let request = of(tenant_name, name, SigningAlgorithm::Ed25519);
    room.client.signing_keys().create(&request).await.unwrap()
}

fn signing(key: &SigningKeyInfo, message: &str) -> SignRequest {
    SignRequest {
        key: key.id,
        message: message.into(),
        metadata: None,
    }
}

fn checking(key: &SigningKeyInfo, message: &str, signed: &SignAnswer) -> VerifyRequest {
    VerifyRequest {
        key: key.id,
        message: message.into(),
        signature: signed.signature.clone(),
        version: None,
        metadata: None,
    }
}

async fn sign(room: &Room, key: &SigningKeyInfo, message: &str) -> SignAnswer {
    room.client.sign(&signing(key, message)).await.unwrap()
}

async fn check(room: &Room, request: &VerifyRequest) -> VerifyAnswer {
    room.client.verify(request).await.unwrap()
}

async fn what_a_key_signs_holds_for_whoever_has_its_public_key(room: Room) {
    for &algorithm in SigningAlgorithm::ALL {
        let request = of("acme", algorithm.name(), algorithm);
        let key = room.client.signing_keys().create(&request).await.unwrap();
        assert_eq!(key.key_context, Some(tenant("acme")));
        let signed = sign(&room, &key, "invoice 7").await;
        assert_eq!((signed.algorithm, signed.version), (algorithm, 1));
        // Without Strongroom: the public key and the signature are enough.
        let (public, signature) = (&key.versions[0].public_key.0, &signed.signature.0);
        let holds = signing::verify(algorithm, public, b"invoice 7", signature);
        assert_eq!(holds, Ok(()), "{algorithm}");
        let answer = check(&room, &checking(&key, "invoice 7", &signed)).await;
        assert_eq!((answer.valid, answer.version), (true, Some(1)));
        let entry = room.entry(signed.log_entry.unwrap()).await;
        assert_eq!(entry.operation, Operation::Sign);
        assert_eq!(entry.facts["algorithm"], algorithm.name());
        assert_eq!(entry.key.unwrap().id, key.id);
    }
    let listed = room.client.signing_keys().list(&PageQuery::default()).await;
    assert_eq!(listed.unwrap().items.len(), SigningAlgorithm::ALL.len());
}

async fn a_signature_holds_for_its_key_and_message_only(room: Room) {
    let [key, other] = [
        make(&room, "acme", "invoices").await,
        make(&room, "acme", "orders").await,
    ];
    let mut signed = sign(&room, &key, "pay 10").await;
    for wrong in [
        checking(&key, "pay 100", &signed),
        checking(&other, "pay 10", &signed),
    ] {
        let answer = check(&room, &wrong).await;
        assert_eq!((answer.valid, answer.version), (false, None));
        let entry = room.entry(answer.log_entry.unwrap()).await;
        assert_eq!(entry.facts["valid"], "no");
    }
    signed.signature.0[3] ^= 1;
    assert!(!check(&room, &checking(&key, "pay 10", &signed)).await.valid);
}

async fn a_rotated_key_signs_anew_and_what_it_signed_holds(room: Room) {
    let key = make(&room, "acme", "invoices").await;
    let old = sign(&room, &key, "m").await;
    let rotated = room.client.signing_keys().rotate(key.id).await.unwrap();
    assert_eq!(rotated.versions.len(), 2);
    assert_eq!(rotated.versions[0], key.versions[0]);
    assert_ne!(rotated.versions[1].public_key, key.versions[0].public_key);
    let new = sign(&room, &key, "m").await;
    assert_eq!(new.version, 2);
    assert_eq!(
        check(&room, &checking(&key, "m", &old)).await.version,
        Some(1)
    );
    assert_eq!(
        check(&room, &checking(&key, "m", &new)).await.version,
        Some(2)
    );
    // A version that is named is the only one that counts.
    let named = VerifyRequest {
        version: Some(2),
        ..checking(&key, "m", &old)
    };
    assert!(!check(&room, &named).await.valid);
}

async fn a_key_of_another_tenant_looks_like_none(room: Room) {
    let key = make(&room, "acme", "invoices").await;
    let signed = sign(&room, &key, "m").await;
    let permissions = [
        Permission::Sign,
        Permission::Verify,
        Permission::AdminSigningKeys,
    ];
    let (theirs, _) = room
        .make_client(&permissions, &[&[("tenant", "globex")]])
        .await;
    let keys = theirs.signing_keys();
    let unknown = (404, Code::NotFound);
    let why = Reason::NotFound;
    room.assert_refused(theirs.sign(&signing(&key, "m")).await, unknown, why)
        .await;
    let checked = theirs.verify(&checking(&key, "m", &signed)).await;
    room.assert_refused(checked, unknown, why).await;
    room.assert_refused(keys.describe(key.id).await, unknown, why)
        .await;
    room.assert_refused(keys.rotate(key.id).await, unknown, why)
        .await;
    room.assert_refused(keys.destroy(key.id).await, unknown, why)
        .await;
    let listed = keys.list(&PageQuery::default()).await.unwrap();
    assert!(listed.items.is_empty());
    let made = keys
        .create(&of("acme", "new", SigningAlgorithm::Ed25519))
        .await;
    let hidden = (404, Code::ContextNotFound);
    room.assert_refused(made, hidden, Reason::ContextNotAllowed)
        .await;
    assert!(sign(&room, &key, "m").await.version == 1);
}

async fn each_act_needs_its_permission(room: Room) {
    let key = make(&room, "acme", "invoices").await;
    let signed = sign(&room, &key, "m").await;
    let (nobody, _) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let (keys, missing) = (nobody.signing_keys(), (403, Code::PermissionDenied));
    let why = Reason::PermissionMissing;
    room.assert_refused(nobody.sign(&signing(&key, "m")).await, missing, why)
        .await;
    let checked = nobody.verify(&checking(&key, "m", &signed)).await;
    room.assert_refused(checked, missing, why).await;
    room.assert_refused(keys.list(&PageQuery::default()).await, missing, why)
        .await;
    room.assert_refused(keys.describe(key.id).await, missing, why)
        .await;
    room.assert_refused(keys.rotate(key.id).await, missing, why)
        .await;
    room.assert_refused(keys.destroy(key.id).await, missing, why)
        .await;
    let request = of("acme", "new", SigningAlgorithm::Ed25519);
    room.assert_refused(keys.create(&request).await, missing, why)
        .await;
}

async fn a_suspended_key_does_not_sign(room: Room) {
    let key = make(&room, "acme", "invoices").await;
    let other = make(&room, "acme", "orders").await;
    let contexts = room.client.contexts();
    assert_eq!(
        contexts.disable(key.id).await.unwrap().kind,
        Kind::SigningKey
    );
    let refused = room.client.sign(&signing(&key, "m")).await;
    room.assert_refused(refused, (409, Code::KeyDisabled), Reason::KeyDisabled)
        .await;
    let refused = room.client.signing_keys().rotate(key.id).await;
    room.assert_refused(refused, (409, Code::KeyDisabled), Reason::KeyDisabled)
        .await;
    sign(&room, &other, "m").await;
    contexts.enable(key.id).await.unwrap();
    sign(&room, &key, "m").await;
}

async fn a_destroyed_key_is_gone_and_its_name_is_free(room: Room) {
    let key = make(&room, "acme", "invoices").await;
    let signed = sign(&room, &key, "m").await;
    let keys = room.client.signing_keys();
    keys.destroy(key.id).await.unwrap();
    let unknown = (404, Code::NotFound);
    let refused = room.client.sign(&signing(&key, "m")).await;
    room.assert_refused(refused, unknown, Reason::NotFound)
        .await;
    room.assert_refused(keys.destroy(key.id).await, unknown, Reason::NotFound)
        .await;
    let again = make(&room, "acme", "invoices").await;
    assert_eq!(again.id, key.id);
    assert_ne!(again.versions[0].public_key, key.versions[0].public_key);
    assert!(!check(&room, &checking(&key, "m", &signed)).await.valid);
}

async fn a_private_key_moves_to_the_active_version_of_what_wraps_it(room: Room) {
    let key = make(&room, "acme", "invoices").await;
    let contexts = room.client.contexts();
    contexts.rotate(key.id).await.unwrap();
    let begun = room.client.jobs().create(JobKind::Rewrap).await.unwrap();
    let job = poll(async || {
        let job = room.client.jobs().describe(begun.id).await.unwrap();
        job.finished.is_some().then_some(job)
    })
    .await;
    assert_eq!((job.stored, job.remaining, job.failed), (1, 0, 0));
    contexts
        .destroy_version(key.id, KeyVersion(1))
        .await
        .unwrap();
    let signed = sign(&room, &key, "m").await;
    assert!(check(&room, &checking(&key, "m", &signed)).await.valid);
    let entry = room.entry(signed.log_entry.unwrap()).await;
    assert_eq!(entry.key.unwrap().version, KeyVersion(2));
}

async fn one_name_is_given_once(room: Room) {
    let request = of("acme", "invoices", SigningAlgorithm::Ed25519);
    let keys = room.client.signing_keys();
    let (one, two) = tokio::join!(keys.create(&request), keys.create(&request));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    let refused = if one.is_err() { one } else { two };
    room.assert_refused(refused, (409, Code::Conflict), Reason::Conflict)
        .await;
    // The same name of another tenant, or of nobody, is another key.
    make(&room, "globex", "invoices").await;
    let nobodys = SigningKeyCreate {
        key_context: None,
        ..request
    };
    keys.create(&nobodys).await.unwrap();
}

async fn bad_requests_are_refused_with_a_reason(room: Room) {
    let key = make(&room, "acme", "invoices").await;
    let invalid = (400, "invalid_request");
    for (path, body) in [
        (
            "/v1/signing-keys",
            json!({"name": "", "algorithm": "Ed25519"}),
        ),
        (
            "/v1/signing-keys",
            json!({"name": "n".repeat(201), "algorithm": "Ed25519"}),
        ),
        (
            "/v1/signing-keys",
            json!({"name": "n", "algorithm": "RSA-PSS-512"}),
        ),
        ("/v1/signing-keys", json!({"name": "n"})),
        (
            "/v1/signing-keys",
            json!({"name": "n", "algorithm": "Ed25519", "key_context": {"signing_key": "n"}}),
        ),
        ("/v1/sign", json!({"key": "ctx_1", "message": ""})),
        ("/v1/sign", json!({"key": key.id, "message": "not base64"})),
        (
            "/v1/verify",
            json!({"key": key.id, "message": "", "signature": "", "version": 2}),
        ),
        (
            "/v1/verify",
            json!({"key": key.id, "message": "", "signature": "", "version": 0}),
        ),
    ] {
        let reply = room.post(path, body.to_string()).await;
        room.assert_problem(&reply, invalid, Reason::InvalidRequest)
            .await;
    }
    // An empty message is a message, and an empty signature one that does not hold.
    let signed = sign(&room, &key, "").await;
    assert!(check(&room, &checking(&key, "", &signed)).await.valid);
    let empty = VerifyRequest {
        signature: "".into(),
        ..checking(&key, "", &signed)
    };
    assert!(!check(&room, &empty).await.valid);
}

async fn a_signing_key_is_no_store_and_no_key_to_seal_with(room: Room) {
    let key = make(&room, "acme", "invoices").await;
    // Not even one whose tenant's pairs are named like a store's.
    for pair in ["store", "sealed_store"] {
        let request = SigningKeyCreate {
            key_context: Some(context(&[(pair, "x")])),
            ..of("acme", "odd", SigningAlgorithm::Ed25519)
        };
        room.client.signing_keys().create(&request).await.unwrap();
    }
    let stores = room.read("/v1/stores").await;
    assert_eq!(stores.json()["items"], json!([]), "{stores:?}");
    // The native API reaches none by a key context of the same map.
    let map = context(&[("tenant", "acme"), ("signing_key", "invoices")]);
    let request = strongroom_types::body::EncryptRequest::new(map, "v");
    let sealed = room.client.encrypt(request).await.unwrap();
    assert_ne!(sealed.key.id, key.id);
    let refused = room
        .client
        .sign(&SignRequest {
            key: sealed.key.id,
            message: "m".into(),
            metadata: None,
        })
        .await;
    room.assert_refused(refused, (404, Code::NotFound), Reason::NotFound)
        .await;
}

async fn what_a_policy_locks_makes_no_signing_key(room: Room) {
    let policy: PolicyBody = serde_json::from_value(json!({
        "match": {"tenant": "acme"},
        "required_lock": ["sub"],
    }))
    .unwrap();
    room.client.policies().create(&policy).await.unwrap();
    let request = of("acme", "invoices", SigningAlgorithm::Ed25519);
    let refused = room.client.signing_keys().create(&request).await;
    room.assert_refused(refused, (400, Code::LockRequired), Reason::LockRequired)
        .await;
    let denied = room.entries(EntryFilter {
        operation: Some(Operation::SigningKeyCreate),
        ..EntryFilter::default()
    });
    assert_eq!(denied.await.len(), 1);
}
