//! The token service.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cipherstash::{CipherStash, access_key, act_as, authorise, call, key};
use strongroom_tests::on_each_database;
use strongroom_tests::poll::poll;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::body::{WorkspaceCreate, WorkspaceUpdate};
use strongroom_types::{Operation, Permission, Reason};

use super::attacks::rewritten;
use super::{GENERATE, assert_refused};

on_each_database!(
    tokens_say_what_their_clients_read,
    bad_credentials_have_their_clients_names,
    an_expired_token_is_told_from_a_wrong_one,
    a_revoked_access_key_ends_its_tokens,
    identities_act_only_as_long_as_they_may,
    nobody_of_a_disabled_workspace_gets_or_keeps_a_token,
    access_keys_are_made_listed_and_deleted,
    a_provider_is_trusted_from_its_address_until_it_is_removed,
    providers_of_every_vendor_are_trusted_for_their_audience_only,
    nobody_lets_identities_do_what_they_may_not_do,
);

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

async fn tokens_say_what_their_clients_read(room: Room) {
    let cs = CipherStash::of(&room).await;
    for path in ["/api/authorise", "/api/authorize"] {
        let request = room.anonymous(Method::POST, path);
        let issued = Reply::of(request.json(&json!({"accessKey": cs.access_key}))).await;
        let claims = claims(&issued.text("accessToken"));
        let (expiry, issued_at) = (&issued.json()["expiry"], claims["iat"].as_i64().unwrap());
        assert_eq!(expiry, &claims["exp"]);
        assert_eq!(claims["exp"].as_i64().unwrap() - issued_at, 15 * 60);
        assert_eq!(claims["workspace"], json!(cs.workspace));
        let service = claims["services"]["zerokms"].as_str().unwrap();
        assert_eq!(service, format!("{}/zerokms/", room.server.sheet().url));
        assert!(claims["sub"].as_str().unwrap().starts_with("CS|CSAK"));
        assert_eq!(claims["role"], "admin");
        assert!(
            claims["scope"]
                .as_str()
                .unwrap()
                .contains("data_key:retrieve")
        );
        assert!(claims.get("azp").is_none());
        let entry = room.entry(issued.entry().unwrap()).await;
        assert_eq!(entry.operation, Operation::AccessTokenIssue);
    }
    let alice = claims(&cs.user(&room, "alice", json!({})).await);
    assert_eq!(
        (&alice["sub"], &alice["azp"]),
        (&json!("CS|alice"), &json!("OIDC"))
    );
    assert_eq!(alice["role"], "member");
}

async fn bad_credentials_have_their_clients_names(room: Room) {
    let cs = CipherStash::of(&room).await;
    let mut wrong = cs.access_key.clone();
    let last = if wrong.ends_with('0') { "g" } else { "0" };
    wrong.replace_range(wrong.len() - 1.., last);
    for key in [wrong.as_str(), "CSAKabc.def", "", &cs.token] {
        let refused = authorise(&room, &json!({ "accessKey": key })).await;
        assert_refused(&refused, 401, "unauthenticated");
        assert_eq!(refused.text("error"), "INVALID_ACCESS_KEY");
    }
    let federate = async |token: String, workspace: &str| {
        authorise(
            &room,
            &json!({"oidcToken": token, "workspaceId": workspace}),
        )
        .await
    };
    let expired = room
        .mint(json!({"sub": "alice", "expires_in": -3600}))
        .await;
    let refused = federate(expired, &cs.workspace).await;
    assert_refused(&refused, 401, "invalid_identity");
    assert_eq!(refused.text("error"), "EXPIRED_TOKEN");
    let forged = format!("{}x", room.token("alice").await);
    let refused = federate(forged, &cs.workspace).await;
    assert_eq!(
        (refused.status, refused.text("error").as_str()),
        (401, "INVALID_TOKEN")
    );
    // A workspace that there is not looks like one that does not trust the issuer.
    let good = room.token("alice").await;
    for workspace in ["AAAAAAAAAAAAAAAA", "", "x"] {
        let refused = federate(good.clone(), workspace).await;
        assert_eq!(
            (refused.status, refused.text("error").as_str()),
            (401, "INVALID_TOKEN")
        );
        assert_eq!(refused.entry(), None);
    }
    for body in [
        json!({}),
        json!({"accessKey": cs.access_key, "oidcToken": good}),
    ] {
        assert_refused(&authorise(&room, &body).await, 400, "invalid_request");
    }
    let request = room.anonymous(Method::POST, "/api/authorise");
    let long = format!("{{\"accessKey\":\"{}\"}}", "x".repeat(70_000));
    let long = request
        .header("content-type", "application/json")
        .body(long);
    assert_refused(&Reply::of(long).await, 413, "too_large");
    let body = cs.keys(&json!([key(1, "d")]));
    for token in ["", "a.b.c", &cs.token[..cs.token.len() - 2]] {
        let refused = call(&room, token, GENERATE, &body).await;
        assert_refused(&refused, 401, "unauthenticated");
        assert_eq!(refused.text("error"), "NOT_AUTHENTICATED");
    }
}

/// Their clients get another token for an old one, and give up on a wrong one.
async fn an_expired_token_is_told_from_a_wrong_one(room: Room) {
    let cs = CipherStash::of(&room).await;
    let brief = async |subject: &str| {
        let oidc = room.mint(json!({"sub": subject, "expires_in": 5})).await;
        let body = json!({"oidcToken": oidc, "workspaceId": cs.workspace});
        authorise(&room, &body).await.text("accessToken")
    };
    // The server has seen the one while it counted, and sees the other when it does no more.
    let (unseen, seen) = (brief("carol").await, brief("alice").await);
    let body = cs.keys(&json!([key(1, "d")]));
    let ask = async |token: &str| call(&room, token, GENERATE, &body).await;
    assert_eq!(ask(&seen).await.status, 200);
    let refused = poll(async || Some(ask(&seen).await).filter(|reply| reply.status != 200)).await;
    for refused in [refused, ask(&unseen).await] {
        assert_refused(&refused, 401, "unauthenticated");
        assert_eq!(refused.text("error"), "EXPIRED_TOKEN");
    }
    // Nobody learns the age of a token that is not ours.
    let forged = rewritten(&seen, |claims| claims["sub"] = json!("CS|bob"));
    for wrong in [forged.as_str(), &seen[..seen.len() - 2]] {
        assert_eq!(ask(wrong).await.text("error"), "NOT_AUTHENTICATED");
    }
}

async fn a_revoked_access_key_ends_its_tokens(room: Room) {
    let cs = CipherStash::of(&room).await;
    let body = cs.keys(&json!([key(1, "d")]));
    assert_eq!(cs.call(&room, GENERATE, &body).await.status, 200);
    let id = cs.access_key[4..30].to_owned();
    let path = format!("/v1/clients/{}/keys/key_{id}", cs.program);
    let revoked = Reply::of(room.request(Method::DELETE, &path)).await;
    assert!(revoked.status < 300, "{revoked:?}");
    assert_refused(
        &cs.call(&room, GENERATE, &body).await,
        401,
        "unauthenticated",
    );
    let refused = authorise(&room, &json!({"accessKey": cs.access_key})).await;
    assert_eq!(refused.text("error"), "INVALID_ACCESS_KEY");
}

async fn identities_act_only_as_long_as_they_may(room: Room) {
    let cs = CipherStash::of(&room).await;
    let alice = cs.user(&room, "alice", json!({})).await;
    let body = cs.keys(&json!([key(1, "d")]));
    assert_eq!(call(&room, &alice, GENERATE, &body).await.status, 200);
    let ended = act_as(&room, None).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    assert_refused(
        &call(&room, &alice, GENERATE, &body).await,
        401,
        "unauthenticated",
    );
    let oidc = room.token("alice").await;
    let body = json!({"oidcToken": oidc, "workspaceId": cs.workspace});
    let refused = authorise(&room, &body).await;
    assert_eq!(
        (refused.status, refused.text("error").as_str()),
        (401, "INVALID_TOKEN")
    );
}

async fn nobody_of_a_disabled_workspace_gets_or_keeps_a_token(room: Room) {
    let cs = CipherStash::of(&room).await;
    let alice = cs.user(&room, "alice", json!({})).await;
    let keys = cs.keys(&json!([key(1, "d")]));
    let bodies = [
        json!({"oidcToken": room.token("alice").await, "workspaceId": cs.workspace}),
        json!({"accessKey": cs.access_key}),
    ];
    let system = room.system();
    let update = WorkspaceUpdate {
        disabled: Some(true),
        ..WorkspaceUpdate::default()
    };
    let disabled = system.workspaces().update(room.workspace, &update).await;
    assert!(disabled.unwrap().disabled);
    for token in [&alice, &cs.token] {
        let refused = call(&room, token, GENERATE, &keys).await;
        assert_refused(&refused, 401, "unauthenticated");
    }
    for body in bodies {
        let refused = authorise(&room, &body).await;
        assert_eq!(refused.status, 401, "{refused:?}");
    }
}

async fn access_keys_are_made_listed_and_deleted(room: Room) {
    let cs = CipherStash::of(&room).await;
    let body = json!({"name": "worker", "role": "member"});
    let made = cs.call(&room, "/api/access-keys", &body).await;
    assert_eq!(made.text("role"), "member");
    let key_of_member = made.text("accessKey");
    let token = authorise(&room, &json!({"accessKey": key_of_member})).await;
    let token = token.text("accessToken");
    let keys = cs.keys(&json!([key(1, "d")]));
    assert_eq!(call(&room, &token, GENERATE, &keys).await.status, 200);
    let refused = call(&room, &token, "/zerokms/list-clients", &json!({})).await;
    assert_refused(&refused, 403, "permission_denied");
    let list = async || {
        let request = room.anonymous(Method::GET, "/api/access-keys");
        Reply::of(request.bearer_auth(&cs.token)).await.json()
    };
    let names = list().await.to_string();
    assert!(names.contains("worker") && !names.contains(&key_of_member));
    let request = room.anonymous(Method::DELETE, "/api/access-key");
    let request = request
        .bearer_auth(&cs.token)
        .json(&json!({"id": made.text("id")}));
    assert_eq!(Reply::of(request).await.status, 200);
    assert!(!list().await.to_string().contains(&made.text("id")));
    assert_refused(
        &call(&room, &token, GENERATE, &keys).await,
        401,
        "unauthenticated",
    );
}

async fn nobody_lets_identities_do_what_they_may_not_do(room: Room) {
    let (_, strong) = room.make_client(&[Permission::Decrypt], &[&[]]).await;
    let weak = [Permission::AdminIssuers, Permission::AdminClients];
    for held in [&weak[..], &weak[..1]] {
        let (_, weak) = room.make_client(held, &[&[]]).await;
        let path = format!("/v1/issuers/{}/acts-as", room.issuer.id);
        let request = room.anonymous(Method::PUT, &path);
        let request = request.bearer_auth(&weak.api_key.secret);
        let refused = Reply::of(request.json(&json!({"client": strong.client.id}))).await;
        refused.assert_problem(403, "permission_denied");
    }
    // Nor in key contexts that they may not use.
    let narrow = [weak.as_slice(), &[Permission::Decrypt]].concat();
    let (_, narrow) = room.make_client(&narrow, &[&[("tenant", "mine")]]).await;
    let path = format!("/v1/issuers/{}/acts-as", room.issuer.id);
    let request = room.anonymous(Method::PUT, &path);
    let request = request.bearer_auth(&narrow.api_key.secret);
    let refused = Reply::of(request.json(&json!({"client": strong.client.id}))).await;
    let expected = (403, "permission_denied");
    room.assert_problem(&refused, expected, Reason::ContextNotAllowed)
        .await;
    // Nor do they choose the keys of an issuer whose identities act.
    assert_eq!(act_as(&room, Some(strong.client.id)).await.status, 200);
    let (_, weak) = room.make_client(&weak, &[&[]]).await;
    let path = format!("/v1/issuers/{}", room.issuer.id);
    for (change, status) in [
        (json!({"audiences": ["mine"]}), 403),
        (json!({"keys": {"jwks": {"keys": []}}}), 403),
        (json!({"disabled": true, "audiences": ["mine"]}), 403),
        (json!({"disabled": true}), 200),
        (json!({"disabled": false}), 403),
    ] {
        let request = room.anonymous(Method::PATCH, &path);
        let request = request.bearer_auth(&weak.api_key.secret).json(&change);
        assert_eq!(Reply::of(request).await.status, status, "{change}");
    }
}

/// A workspace that trusts nobody yet: a token of its administrator.
async fn trusting_nobody(room: &Room) -> String {
    let body = WorkspaceCreate {
        name: "acme".into(),
        context_quota: None,
    };
    let made = room.system().workspaces().create(&body).await.unwrap();
    let admin = access_key(&made.api_key.secret);
    let issued = authorise(room, &json!({ "accessKey": admin })).await;
    issued.text("accessToken")
}

async fn providers_of_every_vendor_are_trusted_for_their_audience_only(room: Room) {
    for vendor in ["auth0", "okta", "clerk", "supabase", "generic"] {
        let token = trusting_nobody(&room).await;
        let workspace = claims(&token)["workspace"].clone();
        let create = async |body: &Value| {
            let request = room.anonymous(Method::POST, "/api/oidc/providers");
            Reply::of(request.bearer_auth(&token).json(body)).await
        };
        let issuer = &room.server.sheet().oidc.issuer;
        let open = json!({"vendor": vendor, "issuer": issuer});
        assert_refused(&create(&open).await, 400, "invalid_request");
        let mut provider = open.clone();
        for none in [json!(""), json!([]), Value::Null] {
            provider["audience"] = none;
            assert_refused(&create(&provider).await, 400, "invalid_request");
        }
        provider["audience"] = json!("strongroom");
        assert_eq!(create(&provider).await.status, 200, "{vendor}");
        for (audience, opens) in [("strongroom", true), ("another", false)] {
            let oidc = room.mint(json!({"sub": "alice", "aud": audience})).await;
            let body = json!({"oidcToken": oidc, "workspaceId": workspace});
            let reply = authorise(&room, &body).await;
            if opens {
                assert_eq!(claims(&reply.text("accessToken"))["role"], "member");
            } else {
                assert_refused(&reply, 401, "invalid_identity");
                assert_eq!(reply.text("error"), "INVALID_TOKEN");
            }
        }
    }
}

async fn a_provider_is_trusted_from_its_address_until_it_is_removed(room: Room) {
    let token = trusting_nobody(&room).await;
    let workspace = claims(&token)["workspace"].clone();
    let providers = |method: Method, path: &str| {
        let path = format!("/api/oidc/providers{path}");
        room.anonymous(method, &path).bearer_auth(&token)
    };
    let federate = async || {
        let oidc = room.token("alice").await;
        authorise(&room, &json!({"oidcToken": oidc, "workspaceId": workspace})).await
    };
    assert_eq!(federate().await.text("error"), "INVALID_TOKEN");

    let provider = json!({"vendor": "auth0", "issuer": room.server.sheet().oidc.issuer,
        "audience": "strongroom"});
    for (field, wrong) in [("vendor", json!("mallory")), ("issuer", json!("ftp://x"))] {
        let mut body = provider.clone();
        body[field] = wrong;
        let refused = Reply::of(providers(Method::POST, "").json(&body)).await;
        assert_refused(&refused, 400, "invalid_request");
    }
    let created = Reply::of(providers(Method::POST, "").json(&provider)).await;
    assert_eq!(created.status, 200, "{created:?}");
    let alice = federate().await;
    assert_eq!(alice.status, 200, "{alice:?}");
    assert_eq!(claims(&alice.text("accessToken"))["role"], "member");
    let listed = Reply::of(providers(Method::GET, "")).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");

    let path = format!("/{}", created.text("id"));
    assert_eq!(
        Reply::of(providers(Method::DELETE, &path)).await.status,
        200
    );
    assert_eq!(federate().await.text("error"), "INVALID_TOKEN");
    let loaded = json!({"client_id": "7d6f0b54-5c5e-4d43-9b1a-2f1e0d3c4b5a", "keyset_id": null});
    let ended = call(&room, &alice.text("accessToken"), super::LOAD, &loaded).await;
    assert_eq!(ended.status, 401, "{ended:?}");
}
