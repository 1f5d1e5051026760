//! Which suites may seal: policies of contexts, and suites that callers choose.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{
    Application, application, call, declare, decrypt, encrypt, opened, post, read, register,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome, Reason};

use super::refused;

on_each_database!(
    a_weaker_suite_than_critical_data_asks_for_is_refused,
    a_weaker_suite_is_warned_of_where_a_context_says_so,
    a_suite_that_the_policy_allows_is_honoured,
    a_policy_is_about_the_suite_that_seals,
    what_was_sealed_before_a_policy_opens,
    guards_read_the_suite_that_was_chosen,
    a_batch_takes_a_suite_and_a_usage_as_one_value_does,
    values_of_256_bits_are_quantum_resistant_to_policies_and_guards,
);

const AES_128: &str = r#"{"cipher": "AES", "mode": "gcm", "key_bits": 128}"#;

async fn seal_in(room: &Room, app: &Application, context: &str, suite: &str) -> Reply {
    let suite: Value = serde_json::from_str(suite).unwrap();
    let body = json!({"plaintext": STANDARD.encode("card"), "context": context,
        "algorithm_override": suite});
    post(room, "/api/v1/crypto/encrypt", &app.access, &body).await
}

async fn change(room: &Room, context: &str, body: Value) {
    let path = format!("/api/contexts/{context}");
    let changed = call(room, (Method::PUT, &path), &room.api_key, &body).await;
    assert_eq!(changed.status, 200, "{changed:?}");
}

/// An application for critical data about cards.
async fn payment(room: &Room) -> Application {
    let config = json!({"data_identity": {"sensitivity": "critical", "pci": true}});
    let declared = declare(room, "payment-data", config).await;
    assert_eq!(declared.json()["policy_enforcement"], "enforce");
    Application::of(&register(room, &room.api_key, "shop", &["payment-data"]).await)
}

async fn a_weaker_suite_than_critical_data_asks_for_is_refused(room: Room) {
    let app = payment(&room).await;
    let reply = seal_in(&room, &app, "payment-data", AES_128).await;
    let detail = refused(&reply, 403);
    assert!(
        detail.contains("algorithm_policy") && detail.contains("256"),
        "{detail}"
    );
    let entries = room.entries(EntryFilter::default()).await;
    let denied = entries
        .iter()
        .find(|entry| entry.operation == Operation::Encrypt);
    let denied = denied.map(|entry| (entry.outcome, entry.reason));
    assert_eq!(denied, Some((Outcome::Denied, Some(Reason::PolicyDenied))));
}

async fn a_weaker_suite_is_warned_of_where_a_context_says_so(room: Room) {
    let app = payment(&room).await;
    change(&room, "payment-data", json!({"policy_enforcement": "warn"})).await;
    let sealed = seal_in(&room, &app, "payment-data", AES_128).await.json();
    assert_eq!(sealed["algorithm"]["name"], "AES-128-GCM");
    let warnings = sealed["warnings"].to_string();
    assert!(warnings.contains("algorithm_policy"), "{warnings}");
    let ciphertext = sealed["ciphertext"].as_str().unwrap();
    let reply = decrypt(&room, &app.access, "payment-data", ciphertext).await;
    assert_eq!(opened(&reply), "card");
    change(&room, "payment-data", json!({"policy_enforcement": "none"})).await;
    let sealed = seal_in(&room, &app, "payment-data", AES_128).await.json();
    assert_eq!(sealed["warnings"], json!([]));
    let known = read(&room, "/api/contexts/payment-data", &room.api_key).await;
    assert_eq!(known.json()["policy_enforcement"], "none");
}

async fn a_suite_that_the_policy_allows_is_honoured(room: Room) {
    let app = payment(&room).await;
    for (suite, name) in [
        (r#"{"cipher": "ChaCha20-Poly1305"}"#, "ChaCha20-Poly1305"),
        (
            r#"{"cipher": "AES", "mode": "gcm-siv", "key_bits": 256}"#,
            "AES-256-GCM-SIV",
        ),
    ] {
        let sealed = seal_in(&room, &app, "payment-data", suite).await.json();
        assert_eq!(sealed["algorithm"]["name"], name);
        assert_eq!(sealed["warnings"], json!([]));
        let ciphertext = sealed["ciphertext"].as_str().unwrap();
        let reply = decrypt(&room, &app.access, "payment-data", ciphertext).await;
        assert_eq!(opened(&reply), "card");
    }
    // Neither none of these parts, nor one of several.
    for suite in [
        r#"{"cipher": "AES", "key_bits": 512}"#,
        "{}",
        r#"{"unheard_of": 1}"#,
    ] {
        refused(&seal_in(&room, &app, "payment-data", suite).await, 422);
    }
}

async fn a_policy_is_about_the_suite_that_seals(room: Room) {
    let app = application(&room, &["general"]).await;
    let policies = [
        (
            json!({"allowed_ciphers": ["AES"], "allowed_modes": ["gcm"], "min_key_bits": 256}),
            200,
        ),
        (json!({"allowed_ciphers": ["ChaCha20"]}), 403),
        (json!({"allowed_modes": ["gcm-siv"]}), 403),
        (json!({"require_quantum_safe": true}), 200),
        (json!({}), 200),
    ];
    for (policy, status) in policies {
        change(&room, "general", json!({"algorithm_policy": policy})).await;
        let known = read(&room, "/api/contexts/general", &room.api_key)
            .await
            .json();
        for (name, value) in policy.as_object().unwrap() {
            assert_eq!(&known["algorithm_policy"][name], value);
        }
        let sealed = encrypt(&room, &app.access, "general", "x").await;
        assert_eq!(sealed.status, status, "{policy} {sealed:?}");
        // Secrets that are kept for a time are sealed like others.
        let body = json!({"secret": "AAAA", "context": "general"});
        let kept = post(&room, "/api/v1/secrets/lease/create", &app.access, &body).await;
        assert_eq!(kept.status, status, "{policy} {kept:?}");
    }
}

async fn what_was_sealed_before_a_policy_opens(room: Room) {
    let app = application(&room, &["general"]).await;
    let before = app.seal(&room, "general", "before").await;
    let policy = json!({"algorithm_policy": {"allowed_ciphers": ["ChaCha20"]}});
    change(&room, "general", policy).await;
    let reply = decrypt(&room, &app.access, "general", &before).await;
    assert_eq!(opened(&reply), "before");
}

async fn guards_read_the_suite_that_was_chosen(room: Room) {
    let app = application(&room, &["general"]).await;
    change(&room, "general", json!({"policy_enforcement": "none"})).await;
    let policy = json!({"name": "strong-keys", "rule": "algorithm.key_bits >= 256"});
    post(&room, "/api/policies", &room.api_key, &policy).await;
    let detail = refused(&seal_in(&room, &app, "general", AES_128).await, 403);
    assert!(detail.contains("strong-keys"), "{detail}");
    assert_eq!(
        encrypt(&room, &app.access, "general", "x").await.status,
        200
    );
}

async fn batch(room: &Room, app: &Application, body: Value) -> Reply {
    let mut body = body;
    body["context"] = json!("payment-data");
    body["items"] = json!([{"id": "a", "plaintext": STANDARD.encode("card")},
        {"id": "b", "plaintext": "?"}, {"id": "c", "plaintext": ""}]);
    post(room, "/api/v1/crypto/batch/encrypt", &app.access, &body).await
}

async fn a_batch_takes_a_suite_and_a_usage_as_one_value_does(room: Room) {
    let app = payment(&room).await;
    let body = json!({"usage": "in_transit", "algorithm_override": {"cipher": "ChaCha20"}});
    let sealed = batch(&room, &app, body).await.json();
    assert_eq!(sealed["algorithm"]["name"], "ChaCha20-Poly1305");
    assert_eq!(sealed["usage"], "in_transit");
    assert_eq!(
        (&sealed["successful"], &sealed["failed"]),
        (&json!(2), &json!(1))
    );
    let ciphertext = sealed["results"][0]["ciphertext"].as_str().unwrap();
    let reply = decrypt(&room, &app.access, "payment-data", ciphertext).await;
    assert_eq!(opened(&reply), "card");
    let plain = batch(&room, &app, json!({})).await.json();
    assert_eq!(plain["algorithm"]["name"], "AES-256-GCM");
    assert_eq!(plain["usage"], "at_rest");
    // A weaker one is refused for each item, as the context says; what names no suite as a whole.
    let weak: Value = serde_json::from_str(AES_128).unwrap();
    let body = json!({"algorithm_override": weak});
    let refusals = batch(&room, &app, body.clone()).await.json();
    assert_eq!(refusals["successful"], 0);
    for results in refusals["results"].as_array().unwrap() {
        assert_eq!(results["ciphertext"], Value::Null);
    }
    change(&room, "payment-data", json!({"policy_enforcement": "warn"})).await;
    let warned = batch(&room, &app, body).await.json();
    assert_eq!(warned["algorithm"]["name"], "AES-128-GCM");
    let warnings = warned["results"][0]["warnings"].to_string();
    assert!(warnings.contains("algorithm_policy"), "{warnings}");
    for wrong in [
        json!({"algorithm_override": {"cipher": "AES", "key_bits": 512}}),
        json!({"algorithm_override": {"cipher": "DES"}}),
        json!({"usage": "unheard-of"}),
    ] {
        refused(&batch(&room, &app, wrong).await, 422);
    }
}

/// The root of this deployment is a key file, which is symmetric.
async fn values_of_256_bits_are_quantum_resistant_to_policies_and_guards(room: Room) {
    let app = application(&room, &["general"]).await;
    let known = read(&room, "/api/contexts/general", &room.api_key)
        .await
        .json();
    assert_eq!(known["derived"]["quantum_resistant"], true);
    let policy = json!({"algorithm_policy": {"require_quantum_safe": true}});
    change(&room, "general", policy).await;
    let refusal = seal_in(&room, &app, "general", AES_128).await;
    let detail = refused(&refusal, 403);
    assert!(detail.contains("quantum"), "{detail}");
    let chacha = r#"{"cipher": "ChaCha20"}"#;
    assert_eq!(seal_in(&room, &app, "general", chacha).await.status, 200);
    change(&room, "general", json!({"policy_enforcement": "none"})).await;
    let guard = json!({"name": "lasting", "rule": "algorithm.quantum_resistant"});
    post(&room, "/api/policies", &room.api_key, &guard).await;
    let detail = refused(&seal_in(&room, &app, "general", AES_128).await, 403);
    assert!(detail.contains("lasting"), "{detail}");
    assert_eq!(
        encrypt(&room, &app.access, "general", "x").await.status,
        200
    );
}
