//! Named contexts: declared, looked up, changed, suspended.

use reqwest::Method;
use serde_json::json;
use strongroom_tests::cryptoserve::{
    application, call, declare, declare_all, decrypt, encrypt, opened, post, read, register,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome};

use super::{NOT_OPENED, refused};

on_each_database!(
    a_context_is_declared_with_reasons_for_its_suite,
    a_changed_context_opens_what_was_sealed_before,
    an_application_sees_its_own_contexts,
    states_of_keys_hold_for_named_contexts,
    development_workspaces_have_contexts_and_users,
    what_a_context_resolves_to_is_told_without_a_use,
    a_retention_is_said_in_words_or_in_parts,
);

async fn a_retention_is_said_in_words_or_in_parts(room: Room) {
    let parts =
        json!({"minimum_days": 2190, "legal_hold": false, "after": "closing", "until": null});
    for (name, retention) in [("words", json!("7 years")), ("parts", parts)] {
        let config = json!({"regulatory": {"retention": retention}});
        let made = declare(&room, name, config).await;
        assert_eq!(made.status, 201, "{made:?}");
        let path = format!("/api/contexts/{name}");
        let known = read(&room, &path, &room.api_key).await.json();
        assert_eq!(known["config"]["regulatory"]["retention"], retention);
    }
    for wrong in [
        json!([1]),
        json!(7),
        json!(1.5),
        json!({"days": {"minimum": 1}}),
        json!({"days": 1.5}),
    ] {
        let config = json!({"regulatory": {"retention": wrong}});
        refused(&declare(&room, "wrong", config).await, 422);
    }
}

async fn a_context_is_declared_with_reasons_for_its_suite(room: Room) {
    let config = json!({"data_identity": {"sensitivity": "low", "phi": true},
        "regulatory": {"frameworks": ["HIPAA"]}});
    let made = declare(&room, "health-data", config).await;
    assert_eq!(made.status, 201, "{made:?}");
    let derived = made.json()["derived"].clone();
    assert_eq!(derived["resolved_algorithm"], "AES-256-GCM");
    assert_eq!(derived["hardware_acceleration"], true);
    let in_use = json!({"data_identity": {"usage_context": "in_use"}});
    let in_use = declare(&room, "in-use", in_use).await.json();
    assert_eq!(in_use["derived"]["hardware_acceleration"], false);
    let why = derived["rationale"].to_string();
    assert!(why.contains("PHI") && why.contains("HIPAA"), "{why}");
    let known = read(&room, "/api/contexts/health-data", &room.api_key).await;
    assert_eq!(known.json(), made.json());
    refused(&declare(&room, "health-data", json!({})).await, 409);
    refused(&declare(&room, "no/name", json!({})).await, 422);
    refused(&declare(&room, "more", json!({"unheard_of": 1})).await, 422);
    refused(
        &read(&room, "/api/contexts/unheard-of", &room.api_key).await,
        404,
    );
    // A rule of what there is not is not taken.
    let body = json!({"algorithm_policy": {"allowed_ciphers": ["DES"]}});
    let path = (Method::PUT, "/api/contexts/health-data");
    refused(&call(&room, path, &room.api_key, &body).await, 422);
}

async fn a_changed_context_opens_what_was_sealed_before(room: Room) {
    let app = application(&room, &["general"]).await;
    let before = app.seal(&room, "general", "before").await;
    let body = json!({"config": {"data_identity": {"usage_context": "in_use"}},
        "description": "changed"});
    let path = (Method::PUT, "/api/contexts/general");
    let changed = call(&room, path, &room.api_key, &body).await;
    assert_eq!(
        changed.json()["algorithm"],
        "ChaCha20-Poly1305",
        "{changed:?}"
    );
    let after = encrypt(&room, &app.access, "general", "after").await;
    assert_eq!(after.json()["algorithm"]["name"], "ChaCha20-Poly1305");
    for (ciphertext, text) in [(before, "before"), (after.text("ciphertext"), "after")] {
        assert_eq!(
            opened(&decrypt(&room, &app.access, "general", &ciphertext).await),
            text
        );
    }
}

async fn an_application_sees_its_own_contexts(room: Room) {
    declare_all(&room, &["general", "payment-data", "user-pii"]).await;
    let app = register(&room, &room.api_key, "app", &["general", "user-pii"]).await;
    let access = app.text("access_token");
    let found = async |path: &str| {
        let found = read(&room, path, &access).await.json();
        let found = found["contexts"].as_array().unwrap().clone();
        found
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("/sdk/contexts").await, ["general", "user-pii"]);
    assert_eq!(found("/sdk/contexts/search?q=PII").await, ["user-pii"]);
    assert_eq!(found("/sdk/contexts/search?q=payment").await, [""; 0]);
    refused(
        &read(&room, "/sdk/contexts/payment-data", &access).await,
        403,
    );
    refused(&encrypt(&room, &access, "payment-data", "x").await, 403);
}

async fn states_of_keys_hold_for_named_contexts(room: Room) {
    let app = application(&room, &["general"]).await;
    let old = app.seal(&room, "general", "x").await;
    let sealed = encrypt(&room, &app.access, "general", "y").await;
    let key = sealed.text("key_id");
    let context = key.split_once('/').unwrap().0;
    let act = async |what: &str| {
        let path = format!("/v1/contexts/{context}/{what}");
        let done = Reply::of(room.request(Method::POST, &path)).await;
        assert_eq!(done.status, 200, "{done:?}");
    };
    act("rotate").await;
    let rotated = encrypt(&room, &app.access, "general", "z").await;
    assert!(rotated.text("key_id").ends_with("/2"));
    assert_eq!(
        opened(&decrypt(&room, &app.access, "general", &old).await),
        "x"
    );
    act("disable").await;
    refused(&decrypt(&room, &app.access, "general", &old).await, 403);
    refused(&encrypt(&room, &app.access, "general", "x").await, 403);
    act("enable").await;
    let path = format!("/v1/contexts/{context}/versions/1");
    let destroyed = Reply::of(room.request(Method::DELETE, &path)).await;
    assert_eq!(destroyed.status, 200, "{destroyed:?}");
    let gone = decrypt(&room, &app.access, "general", &old).await;
    assert_eq!(refused(&gone, 400), NOT_OPENED);
    let kept = rotated.text("ciphertext");
    assert_eq!(
        opened(&decrypt(&room, &app.access, "general", &kept).await),
        "z"
    );
}

async fn development_workspaces_have_contexts_and_users(room: Room) {
    let sheet = room.server.sheet();
    let dev = &sheet.cryptoserve;
    let names = [
        "api-secrets",
        "backup-data",
        "business-documents",
        "default",
        "general",
        "health-data",
        "health-records",
        "internal-logs",
        "payment-data",
        "quantum-ready",
        "session-tokens",
        "user-pii",
    ];
    for session in [
        &dev.session_cookie,
        &dev.viewer_cookie,
        &dev.other_session_cookie,
    ] {
        let listed = read(&room, "/api/contexts", session).await.json();
        let listed = listed.as_array().unwrap();
        let listed: Vec<_> = listed
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(listed, names);
    }
    let body = json!({"name": "viewed", "display_name": "x"});
    refused(
        &post(&room, "/api/contexts", &dev.viewer_cookie, &body).await,
        403,
    );
    let status = read(&room, "/auth/status", &dev.viewer_cookie).await;
    assert_eq!(status.json(), json!({"dev_mode": true, "providers": []}));
    for path in ["/health", "/health/live", "/health/ready"] {
        assert_eq!(
            Reply::of(room.anonymous(Method::GET, path)).await.status,
            200
        );
    }
}

async fn what_a_context_resolves_to_is_told_without_a_use(room: Room) {
    let config = json!({"data_identity": {"sensitivity": "critical", "phi": true}});
    let made = declare(&room, "health-data", config).await.json();
    let path = "/api/contexts/health-data/resolve";
    let app = register(&room, &room.api_key, "app", &["health-data"]).await;
    let app = app.text("access_token");
    let reply = read(&room, path, &app).await;
    let resolved = reply.json();
    for (name, value) in made["derived"].as_object().unwrap() {
        assert_eq!(&resolved[name], value, "{name}");
    }
    assert_eq!(resolved["allowed"], true);
    assert_eq!(resolved["warnings"], json!([]));
    let entry = room.entry(reply.entry().unwrap()).await;
    assert_eq!(
        (entry.operation, entry.outcome),
        (Operation::AdminRead, Outcome::Allowed)
    );
    // Policies and guards are asked, and no key is used.
    let body = json!({"algorithm_policy": {"allowed_ciphers": ["ChaCha20"]}});
    call(
        &room,
        (Method::PUT, "/api/contexts/health-data"),
        &room.api_key,
        &body,
    )
    .await;
    let resolved = read(&room, path, &app).await.json();
    assert_eq!(resolved["allowed"], false);
    let why = resolved["warnings"].to_string();
    assert!(why.contains("algorithm_policy"), "{why}");
    refused(
        &read(&room, "/api/contexts/unheard-of/resolve", &app).await,
        404,
    );
    declare_all(&room, &["general"]).await;
    refused(
        &read(&room, "/api/contexts/general/resolve", &app).await,
        403,
    );
}
