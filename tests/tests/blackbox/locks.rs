//! Identity locks: who opens what was locked to whom.

use serde_json::{Map, Value, json};
use strongroom_client::{Client, ClientError, LockContext};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, tenant};
use strongroom_tests::token::{SigningKey, claims, key_set};
use strongroom_types::body::{
    DecryptAnswer, DecryptRequest, EncryptAnswer, EncryptRequest, IssuerCreate, IssuerKeys,
    LockFor, RewrapRequest,
};
use strongroom_types::{Bytes, Code, Lock, Permission, Reason};

on_each_database!(
    only_the_person_opens,
    a_mismatch_names_the_claim_and_no_value,
    every_claim_of_the_lock_counts,
    the_order_of_terms_does_not_matter,
    claims_of_other_types_are_other_locks,
    a_member_of_the_group_opens,
    scope_and_scopes_are_one_claim,
    a_claim_that_the_token_lacks_cannot_be_locked_to,
    claims_of_unbindable_types_cannot_be_locked_to,
    claims_that_change_with_every_token_are_no_lock,
    an_empty_lock_is_no_lock,
    who_may_seal_for_others_names_them,
    sealing_for_others_needs_the_permission,
    nobody_opens_by_naming_somebody,
    sealing_for_others_needs_a_trusted_issuer,
    rewrap_needs_nobodys_claims_and_keeps_the_lock,
    an_exchanged_token_stands_for_the_person,
    two_issuers_with_one_sub_are_two_people,
);

fn lock(terms: Value) -> Lock {
    serde_json::from_value(terms).unwrap()
}

/// Seals under a lock, in the name of whoever the token is about.
async fn seal(room: &Room, token: &str, terms: Value) -> Result<EncryptAnswer, ClientError> {
    let request = EncryptRequest {
        lock: lock(terms),
        ..EncryptRequest::new(tenant("acme"), "diagnosis")
    };
    room.client.with_lock_context(token).encrypt(request).await
}

async fn open(client: &Client, ciphertext: &Bytes) -> Result<DecryptAnswer, ClientError> {
    client
        .decrypt(DecryptRequest::new(tenant("acme"), ciphertext.clone()))
        .await
}

async fn open_as(
    room: &Room,
    token: &str,
    ciphertext: &Bytes,
) -> Result<DecryptAnswer, ClientError> {
    open(&room.client.with_lock_context(token), ciphertext).await
}

const MISMATCH: (u16, Code) = (403, Code::IdentityMismatch);
const NOT_BINDABLE: (u16, Code) = (400, Code::ClaimNotBindable);

async fn only_the_person_opens(room: Room) {
    let alice = room.token("alice").await;
    let sealed = seal(&room, &alice, json!(["sub"]))
        .await
        .unwrap()
        .ciphertext;
    assert_eq!(
        open_as(&room, &alice, &sealed).await.unwrap().plaintext.0,
        b"diagnosis"
    );
    let later = room.mint(json!({"sub": "alice", "expires_in": 60})).await;
    assert!(open_as(&room, &later, &sealed).await.is_ok());
    let bob = room.token("bob").await;
    let refused = open_as(&room, &bob, &sealed).await;
    room.assert_refused(refused, MISMATCH, Reason::LockNotMet)
        .await;
    let refused = open(&room.client, &sealed).await;
    room.assert_refused(refused, MISMATCH, Reason::IdentityMissing)
        .await;
}

async fn a_mismatch_names_the_claim_and_no_value(room: Room) {
    let alice = room
        .token_with("alice-7f3a", json!({"org": "org-9c1d"}))
        .await;
    let sealed = seal(&room, &alice, json!(["sub", "org"]))
        .await
        .unwrap()
        .ciphertext;
    let bob = room
        .token_with("bob-5e2b", json!({"org": "org-0a4f"}))
        .await;
    for token in [Some(bob), None] {
        let request = room.request(reqwest::Method::POST, "/v1/decrypt");
        let request = token
            .iter()
            .fold(request, |r, token| r.header("strongroom-identity", token));
        let body = DecryptRequest::new(tenant("acme"), sealed.clone());
        let reply = strongroom_tests::reply::Reply::of(request.json(&body)).await;
        reply.assert_problem(403, "identity_mismatch");
        assert_eq!(reply.json()["claims"], json!(["org", "sub"]));
        let said = format!("{:?} {:?}", reply, reply.headers);
        for value in ["alice-7f3a", "org-9c1d", "bob-5e2b", "org-0a4f"] {
            assert!(!said.contains(value), "{said}");
        }
    }
}

async fn every_claim_of_the_lock_counts(room: Room) {
    let full = room
        .token_with("alice", json!({"scopes": ["read", "write"]}))
        .await;
    let sealed = seal(&room, &full, json!(["sub", "scopes"]))
        .await
        .unwrap()
        .ciphertext;
    assert!(open_as(&room, &full, &sealed).await.is_ok());
    for fewer in [
        json!({}),
        json!({"scopes": ["read"]}),
        json!({"scopes": ["read", "write", "x"]}),
    ] {
        let token = room.token_with("alice", fewer).await;
        let refused = open_as(&room, &token, &sealed).await;
        room.assert_refused(refused, MISMATCH, Reason::LockNotMet)
            .await;
    }
    let reordered = room
        .token_with("alice", json!({"scopes": ["write", "read", "read"]}))
        .await;
    assert!(open_as(&room, &reordered, &sealed).await.is_ok());
}

async fn the_order_of_terms_does_not_matter(room: Room) {
    let token = room.token_with("alice", json!({"org": "acme"})).await;
    for terms in [json!(["org", "sub"]), json!(["sub", "org"])] {
        let sealed = seal(&room, &token, terms).await.unwrap().ciphertext;
        assert!(open_as(&room, &token, &sealed).await.is_ok());
    }
}

async fn claims_of_other_types_are_other_locks(room: Room) {
    let values = [
        json!(1),
        json!("1"),
        json!(true),
        json!(["1"]),
        json!("true"),
        json!(["true"]),
    ];
    let mut people = Vec::new();
    for value in &values {
        let token = room.token_with("alice", json!({ "level": value })).await;
        let sealed = seal(&room, &token, json!(["level"]))
            .await
            .unwrap()
            .ciphertext;
        people.push((token, sealed));
    }
    for (opener, (token, _)) in people.iter().enumerate() {
        for (sealer, (_, sealed)) in people.iter().enumerate() {
            let opened = open_as(&room, token, sealed).await;
            if opener == sealer {
                assert!(opened.is_ok(), "{}", values[opener]);
            } else {
                assert_eq!(opened.unwrap_err().code(), Some(Code::IdentityMismatch));
            }
        }
    }
}

async fn a_member_of_the_group_opens(room: Room) {
    let group = |groups: Value| json!({ "groups": groups });
    let sealer = room.token_with("alice", group(json!(["compliance"]))).await;
    let terms = json!([{"claim": "groups", "has": "compliance"}]);
    let sealed = seal(&room, &sealer, terms.clone())
        .await
        .unwrap()
        .ciphertext;
    let colleague = room
        .token_with("bob", group(json!(["sales", "compliance"])))
        .await;
    assert!(open_as(&room, &colleague, &sealed).await.is_ok());
    for other in [
        json!(["sales"]),
        json!([]),
        json!("compliance"),
        json!(["Compliance"]),
    ] {
        let token = room.token_with("bob", group(other)).await;
        let refused = open_as(&room, &token, &sealed).await;
        room.assert_refused(refused, MISMATCH, Reason::LockNotMet)
            .await;
    }
    let outsider = room.token_with("bob", group(json!(["sales"]))).await;
    let refused = seal(&room, &outsider, terms).await;
    room.assert_refused(refused, NOT_BINDABLE, Reason::ClaimMissing)
        .await;
}

async fn scope_and_scopes_are_one_claim(room: Room) {
    let text = room
        .token_with("alice", json!({"scope": "read write"}))
        .await;
    let list = room
        .token_with("alice", json!({"scopes": ["write", "read"]}))
        .await;
    let sealed = seal(&room, &text, json!(["scope"]))
        .await
        .unwrap()
        .ciphertext;
    assert!(open_as(&room, &list, &sealed).await.is_ok());
}

async fn a_claim_that_the_token_lacks_cannot_be_locked_to(room: Room) {
    let alice = room.token("alice").await;
    let refused = seal(&room, &alice, json!(["department"])).await;
    let claims = refused
        .as_ref()
        .unwrap_err()
        .refusal()
        .unwrap()
        .claims()
        .to_vec();
    assert_eq!(claims, ["department"]);
    room.assert_refused(refused, NOT_BINDABLE, Reason::ClaimMissing)
        .await;
    let request = EncryptRequest {
        lock: lock(json!(["sub"])),
        ..EncryptRequest::new(tenant("acme"), "v")
    };
    let refused = room.client.encrypt(request).await;
    room.assert_refused(refused, MISMATCH, Reason::IdentityMissing)
        .await;
}

async fn claims_of_unbindable_types_cannot_be_locked_to(room: Room) {
    let wrong = [
        json!(1.5),
        json!(null),
        json!({"a": 1}),
        json!([1]),
        json!("x".repeat(4097)),
    ];
    for value in wrong {
        let token = room.token_with("alice", json!({ "odd": value })).await;
        let refused = seal(&room, &token, json!(["odd"])).await;
        room.assert_refused(refused, NOT_BINDABLE, Reason::ClaimUnbindable)
            .await;
    }
    let largest = room
        .token_with("alice", json!({ "odd": "x".repeat(4096) }))
        .await;
    assert!(seal(&room, &largest, json!(["odd"])).await.is_ok());
}

async fn claims_that_change_with_every_token_are_no_lock(room: Room) {
    for claim in ["exp", "iat", "nbf", "jti", "auth_time"] {
        let body = json!({"key_context": {"tenant": "acme"}, "plaintext": "", "lock": [claim]});
        let reply = room.post("/v1/encrypt", body.to_string()).await;
        let expected = (400, "invalid_request");
        room.assert_problem(&reply, expected, Reason::InvalidRequest)
            .await;
    }
}

async fn an_empty_lock_is_no_lock(room: Room) {
    let body = json!({"key_context": {"tenant": "acme"}, "plaintext": "", "lock": []});
    let reply = room.post("/v1/encrypt", body.to_string()).await;
    assert_eq!(reply.status, 200);
    let body = json!({"key_context": {"tenant": "acme"}, "ciphertext": reply.text("ciphertext")});
    assert_eq!(room.post("/v1/decrypt", body.to_string()).await.status, 200);
}

fn lock_for(issuer: &str, claims: Value) -> EncryptRequest {
    let claims: Map<String, Value> = serde_json::from_value(claims).unwrap();
    EncryptRequest {
        lock: lock(json!(["sub"])),
        lock_for: Some(LockFor {
            issuer: issuer.to_owned(),
            claims,
        }),
        ..EncryptRequest::new(tenant("acme"), "for alice")
    }
}

async fn who_may_seal_for_others_names_them(room: Room) {
    let permissions = [Permission::Encrypt, Permission::SealForOthers];
    let (importer, _) = room.make_client(&permissions, &[&[]]).await;
    let request = lock_for(&room.issuer.issuer, json!({"sub": "alice"}));
    let sealed = importer.encrypt(request).await.unwrap().ciphertext;
    let alice = room.token("alice").await;
    assert_eq!(
        open_as(&room, &alice, &sealed).await.unwrap().plaintext.0,
        b"for alice"
    );
    let bob = room.token("bob").await;
    assert!(
        open_as(&room, &bob, &sealed)
            .await
            .unwrap_err()
            .is_identity_mismatch()
    );
    let request = lock_for(&room.issuer.issuer, json!({"name": "alice"}));
    let refused = importer.encrypt(request).await;
    room.assert_refused(refused, NOT_BINDABLE, Reason::ClaimMissing)
        .await;
}

async fn sealing_for_others_needs_the_permission(room: Room) {
    let (client, _) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let request = lock_for(&room.issuer.issuer, json!({"sub": "alice"}));
    let refused = client.encrypt(request).await;
    let expected = (403, Code::PermissionDenied);
    room.assert_refused(refused, expected, Reason::PermissionMissing)
        .await;
}

async fn nobody_opens_by_naming_somebody(room: Room) {
    let alice = room.token("alice").await;
    let sealed = seal(&room, &alice, json!(["sub"]))
        .await
        .unwrap()
        .ciphertext;
    let named = json!({"issuer": room.issuer.issuer, "claims": {"sub": "alice"}});
    for (field, value) in [
        ("lock_for", named),
        ("lock", json!(["sub"])),
        ("claims", json!({})),
    ] {
        let mut body =
            serde_json::to_value(DecryptRequest::new(tenant("acme"), sealed.clone())).unwrap();
        body[field] = value;
        let reply = room.post("/v1/decrypt", body.to_string()).await;
        let expected = (400, "invalid_request");
        room.assert_problem(&reply, expected, Reason::InvalidRequest)
            .await;
    }
}

async fn sealing_for_others_needs_a_trusted_issuer(room: Room) {
    let request = lock_for("https://elsewhere.example", json!({"sub": "alice"}));
    let refused = room.client.encrypt(request).await;
    let expected = (400, Code::InvalidRequest);
    room.assert_refused(refused, expected, Reason::InvalidRequest)
        .await;
    let no_terms = EncryptRequest {
        lock: Lock::default(),
        ..lock_for(&room.issuer.issuer, json!({"sub": "alice"}))
    };
    let refused = room.client.encrypt(no_terms).await;
    room.assert_refused(refused, expected, Reason::InvalidRequest)
        .await;
}

async fn rewrap_needs_nobodys_claims_and_keeps_the_lock(room: Room) {
    let alice = room.token("alice").await;
    let sealed = seal(&room, &alice, json!(["sub"])).await.unwrap();
    room.client.contexts().rotate(sealed.key.id).await.unwrap();
    let (mover, _) = room.make_client(&[Permission::Rewrap], &[&[]]).await;
    let request = RewrapRequest::new(tenant("acme"), sealed.ciphertext);
    let moved = mover.rewrap(request).await.unwrap();
    assert_eq!(moved.key.version.0, 2);
    assert!(open_as(&room, &alice, &moved.ciphertext).await.is_ok());
    let bob = room.token("bob").await;
    for refused in [
        open_as(&room, &bob, &moved.ciphertext).await,
        open(&room.client, &moved.ciphertext).await,
    ] {
        assert!(refused.unwrap_err().is_identity_mismatch());
    }
}

async fn an_exchanged_token_stands_for_the_person(room: Room) {
    let jwt = room.token("alice").await;
    let alice = LockContext::new()
        .identify(&room.client, &jwt)
        .await
        .unwrap();
    let alice = room.client.with_lock_context(alice);
    let request = EncryptRequest::new(tenant("acme"), "v");
    let sealed = alice.encrypt(request).await.unwrap().ciphertext;
    assert!(open(&alice, &sealed).await.is_ok());
    assert!(open_as(&room, &jwt, &sealed).await.is_ok());
    assert!(
        open(&room.client, &sealed)
            .await
            .unwrap_err()
            .is_identity_mismatch()
    );
}

async fn two_issuers_with_one_sub_are_two_people(room: Room) {
    let key = SigningKey::ed25519("k", 1);
    let other = IssuerCreate {
        issuer: "https://other.example".to_owned(),
        keys: IssuerKeys::Jwks(key_set(&[&key])),
        audiences: vec!["strongroom".to_owned()],
        sign_in_audience: None,
        clock_skew_s: None,
        display_claims: Vec::new(),
    };
    room.client.issuers().create(&other).await.unwrap();
    let ours = room.token("alice").await;
    let theirs = key.sign(&claims("https://other.example", "alice"));
    for (one, two) in [(&ours, &theirs), (&theirs, &ours)] {
        let sealed = seal(&room, one, json!(["sub"])).await.unwrap().ciphertext;
        assert!(open_as(&room, one, &sealed).await.is_ok());
        let refused = open_as(&room, two, &sealed).await;
        room.assert_refused(refused, MISMATCH, Reason::LockNotMet)
            .await;
    }
}
