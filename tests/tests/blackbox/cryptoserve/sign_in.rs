//! Who is signed in as a user, and by which tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{accept, begin, invite, joined, owner, proof, read};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, SIGN_IN};
use strongroom_types::body::{ClientUpdate, IssuerUpdate, TokenRequest};
use strongroom_types::{Code, Outcome, Permission, Reason};

use super::refused;

on_each_database!(
    a_token_for_locks_signs_nobody_in,
    a_token_to_sign_in_with_opens_no_lock,
    an_old_token_signs_nobody_in,
    only_an_issuer_that_opted_in_signs_users_in,
    sessions_end_with_the_trust_in_their_issuer,
    a_stranger_does_not_learn_whom_a_tenant_trusts,
    a_suspended_user_that_proves_itself_is_an_entry,
);

const ADA: &str = "ada@acme.example";

/// A token that shows Ada's e-mail, with these claims beside it.
async fn ada(room: &Room, claims: Value) -> String {
    let mut all = json!({"email": ADA, "email_verified": true});
    let more = claims.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(more);
    room.token_with(ADA, all).await
}

/// When a token was issued, in seconds.
fn issued(token: &str) -> i64 {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&claims.unwrap()).unwrap();
    claims["iat"].as_i64().unwrap()
}

/// Neither accepts an invitation, which is an entry, nor begins a session.
async fn signs_nobody_in(room: &Room, invitation: &str, token: &str) {
    let reply = accept(room, invitation, token).await;
    refused(&reply, 401);
    let (outcome, _) = room.ending(reply.entry().unwrap()).await;
    assert_eq!(outcome, Outcome::Denied);
    refused(&begin(room, token).await, 401);
}

async fn a_token_for_locks_signs_nobody_in(room: Room) {
    joined(&room, ADA, "owner").await;
    let again = invite(&room, &room.api_key, ADA, "viewer").await;
    for claims in [
        json!({}),
        json!({"aud": "strongroom"}),
        json!({"aud": ["strongroom", SIGN_IN]}),
        json!({"aud": [SIGN_IN, "another"]}),
        json!({"aud": []}),
        json!({"aud": null}),
    ] {
        let token = ada(&room, claims).await;
        signs_nobody_in(&room, &again.text("token"), &token).await;
    }
    // An application that gets it for locks has no session of its user, even when it was just shown.
    let forwarded = ada(&room, json!({})).await;
    let shown = room.request(Method::GET, "/v1/issuers");
    let shown = shown.header("strongroom-identity", &forwarded);
    assert_eq!(Reply::of(shown).await.status, 200);
    signs_nobody_in(&room, &again.text("token"), &forwarded).await;
    assert_eq!(
        begin(&room, &proof(&room, ADA, ADA).await).await.status,
        201
    );
}

async fn a_token_to_sign_in_with_opens_no_lock(room: Room) {
    for (aud, status) in [
        (json!("strongroom"), 200),
        (json!(SIGN_IN), 401),
        (json!(["strongroom", SIGN_IN]), 401),
    ] {
        let token = ada(&room, json!({ "aud": aud })).await;
        let sealing =
            json!({"key_context": {"tenant": "acme"}, "lock": ["sub"], "plaintext": "eA=="});
        let request = room.request(Method::POST, "/v1/encrypt");
        let request = request.header("strongroom-identity", &token);
        let reply = Reply::of(request.json(&sealing)).await;
        assert_eq!(reply.status, status, "{reply:?}");
        assert!(reply.entry().is_some(), "{reply:?}");
        let request = room.request(Method::POST, "/v1/oauth/token");
        let form = format!(
            "grant_type={}&subject_token={token}&subject_token_type={}",
            TokenRequest::GRANT_TYPE,
            TokenRequest::JWT
        );
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let exchanged = Reply::of(request.body(form)).await;
        assert_eq!(exchanged.status == 200, status == 200, "{exchanged:?}");
        assert!(exchanged.status < 500, "{exchanged:?}");
    }
}

async fn an_old_token_signs_nobody_in(room: Room) {
    let fresh = proof(&room, ADA, ADA).await;
    let now = issued(&fresh);
    joined(&room, ADA, "viewer").await;
    let again = invite(&room, &room.api_key, ADA, "viewer").await;
    for iat in [json!(now - 601), json!(0), json!(null), json!("now")] {
        let token = ada(&room, json!({"aud": SIGN_IN, "iat": iat})).await;
        signs_nobody_in(&room, &again.text("token"), &token).await;
    }
    let lately = ada(&room, json!({"aud": SIGN_IN, "iat": now - 300})).await;
    assert_eq!(begin(&room, &lately).await.status, 201);
}

async fn only_an_issuer_that_opted_in_signs_users_in(room: Room) {
    joined(&room, ADA, "viewer").await;
    let token = proof(&room, ADA, ADA).await;
    let set = |audience: &str| IssuerUpdate {
        sign_in_audience: Some(audience.to_owned()),
        ..IssuerUpdate::default()
    };
    let issuers = room.client.issuers();
    let ended = issuers.update(room.issuer.id, &set("")).await.unwrap();
    assert_eq!(ended.sign_in_audience, None);
    refused(&begin(&room, &token).await, 401);
    // Whoever administers issuers and no clients makes nobody a user, and becomes none.
    let (limited, _) = room.make_client(&[Permission::AdminIssuers], &[]).await;
    let refusal = limited
        .issuers()
        .update(room.issuer.id, &set(SIGN_IN))
        .await;
    assert!(refusal.is_err(), "{refusal:?}");
    // An owner in some key contexts only does not choose who is every user.
    let (narrow, _) = room
        .make_client(&owner(), &[&[("context", "general")]])
        .await;
    let narrow = narrow.issuers();
    let refusal = narrow.update(room.issuer.id, &set(SIGN_IN)).await;
    let expected = (403, Code::PermissionDenied);
    room.assert_refused(refusal, expected, Reason::ContextNotAllowed)
        .await;
    // It tells locks and users apart.
    assert!(
        issuers
            .update(room.issuer.id, &set("strongroom"))
            .await
            .is_err()
    );
    issuers.update(room.issuer.id, &set(SIGN_IN)).await.unwrap();
    assert_eq!(begin(&room, &token).await.status, 201);
    let keys = IssuerUpdate {
        display_claims: Some(Vec::new()),
        ..IssuerUpdate::default()
    };
    let refusal = limited.issuers().update(room.issuer.id, &keys).await;
    assert!(refusal.is_err(), "{refusal:?}");
}

async fn sessions_end_with_the_trust_in_their_issuer(room: Room) {
    let (id, session) = joined(&room, ADA, "owner").await;
    let clients = room.client.clients();
    let own = clients.create_key(id.parse().unwrap(), None).await;
    let own = own.unwrap().secret;
    let set = async |disabled: bool| {
        let update = IssuerUpdate {
            disabled: Some(disabled),
            ..IssuerUpdate::default()
        };
        let issuers = room.client.issuers();
        issuers.update(room.issuer.id, &update).await.unwrap();
    };
    for (disabled, status) in [(true, 401), (false, 200)] {
        set(disabled).await;
        let reply = read(&room, "/api/users/me", &session).await;
        assert_eq!(reply.status, status, "{reply:?}");
        // A key that somebody made otherwise is nobody's session.
        let reply = read(&room, "/api/users/me", &own).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

/// Whatever is wrong with a token, and whether there is a tenant: one answer.
async fn a_stranger_does_not_learn_whom_a_tenant_trusts(room: Room) {
    joined(&room, ADA, "viewer").await;
    let known = proof(&room, ADA, ADA).await;
    let (head, _) = known.rsplit_once('.').unwrap();
    let unsigned = format!("{head}.{}", URL_SAFE_NO_PAD.encode([7; 64]));
    let foreign = ada(&room, json!({"aud": SIGN_IN, "iss": "https://id.example"})).await;
    let expired = ada(&room, json!({"aud": SIGN_IN, "exp": 1})).await;
    let stranger = proof(&room, "eve", "eve@acme.example").await;
    let mut said = Vec::new();
    for token in [&unsigned, &foreign, &expired, &stranger, "a.b.c"] {
        let reply = begin(&room, token).await;
        said.push(refused(&reply, 401));
        assert_eq!(reply.entry(), None);
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
}

async fn a_suspended_user_that_proves_itself_is_an_entry(room: Room) {
    let (id, _) = joined(&room, ADA, "viewer").await;
    let suspended = ClientUpdate {
        disabled: Some(true),
        ..ClientUpdate::default()
    };
    let clients = room.client.clients();
    clients
        .update(id.parse().unwrap(), &suspended)
        .await
        .unwrap();
    let reply = begin(&room, &proof(&room, ADA, ADA).await).await;
    refused(&reply, 401);
    let ended = room.ending(reply.entry().unwrap()).await;
    assert_eq!(ended, (Outcome::Denied, Some(Reason::CredentialRevoked)));
}
