//! Rows of `docs/coming-from-cryptoserve.md` that no other file is about.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{application, post, read};
use strongroom_tests::deployment::Deployment;
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;

use super::refused;

on_each_database!(
    a_token_with_a_symmetric_signature_is_refused,
    either_cookie_is_a_session,
    a_batch_is_one_request_of_at_most_100_values,
    threshold_signatures_are_not_served,
    what_the_page_says_is_not_served_is_not,
);

/// A token with the claims of another, signed with a text.
fn forged(token: &str, algorithm: &str, secret: &str) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let header = URL_SAFE_NO_PAD.decode(parts[0]).unwrap();
    let mut header: Value = serde_json::from_slice(&header).unwrap();
    header["alg"] = json!(algorithm);
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let signed = format!("{header}.{}", parts[1]);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

/// Theirs signs sessions and tokens of identities with the string that keys are derived from.
async fn a_token_with_a_symmetric_signature_is_refused(room: Room) {
    let app = application(&room, &["general"]).await;
    assert_eq!(read(&room, "/api/contexts", &app.access).await.status, 200);
    for secret in ["", "secret", &app.access, &app.refresh, &room.api_key] {
        for algorithm in ["HS256", "none", "EdDSA"] {
            let token = forged(&app.access, algorithm, secret);
            refused(&read(&room, "/api/contexts", &token).await, 401);
            let request = room.anonymous(Method::GET, "/api/contexts");
            let request = request.header("cookie", format!("access_token={token}"));
            refused(&Reply::of(request).await, 401);
        }
    }
}

async fn either_cookie_is_a_session(room: Room) {
    let key = &room.api_key;
    for (cookies, status) in [
        (format!("access_token={key}"), 200),
        (format!("session={key}"), 200),
        (
            format!("theme=dark; session={key}; access_token={key}"),
            200,
        ),
        (format!("session={key}; access_token=sr_other"), 401),
        (format!("other={key}"), 401),
    ] {
        let request = room.anonymous(Method::GET, "/api/contexts");
        let reply = Reply::of(request.header("cookie", &cookies)).await;
        assert_eq!(reply.status, status, "{cookies} {reply:?}");
    }
}

/// Of which each value is an item of one entry.
async fn a_batch_is_one_request_of_at_most_100_values(room: Room) {
    let app = application(&room, &["general"]).await;
    let path = "/api/v1/crypto/batch/encrypt";
    let batch = |count: usize| {
        let item = |id: usize| json!({"id": id.to_string(), "plaintext": "AAAA"});
        let items: Vec<_> = (0..count).map(item).collect();
        json!({"context": "general", "items": items})
    };
    let sealed = post(&room, path, &app.access, &batch(100)).await;
    assert_eq!(sealed.json()["successful"], 100);
    assert!(sealed.entry().is_some());
    refused(&post(&room, path, &app.access, &batch(101)).await, 422);
}

async fn threshold_signatures_are_not_served(room: Room) {
    let app = application(&room, &["general"]).await;
    for (what, body) in [
        ("keygen", json!({"threshold": 2, "total_parties": 3})),
        ("sign", json!({"message": "AAAA", "party_shares": []})),
        ("verify", json!({"message": "AAAA", "signature": ""})),
    ] {
        let path = format!("/api/v1/secrets/threshold/{what}");
        for session in [&app.access, &room.api_key] {
            refused(&post(&room, &path, session, &body).await, 404);
        }
    }
}

/// A call of each row of the page's last table.
const NOT_SERVED: &[(&str, &str, u16)] = &[
    ("POST", "/api/v1/crypto/rsa/generate", 404),
    ("POST", "/api/v1/crypto/hpke/encrypt", 404),
    ("GET", "/api/v1/crypto/hpke/suites", 404),
    ("POST", "/api/v1/crypto/encrypt-string", 404),
    ("POST", "/api/v1/crypto/decrypt-string", 404),
    ("GET", "/api/v1/crypto/algorithms", 404),
    ("GET", "/api/v1/crypto/health", 404),
    ("POST", "/api/v1/signatures/keys/import", 405),
    ("POST", "/api/v1/pqc/keys/import", 405),
    ("GET", "/api/v1/contexts/general/keys", 404),
    ("GET", "/api/v1/contexts/general/keys/history", 404),
    ("POST", "/api/v1/contexts/general/keys/rotate", 404),
    ("PUT", "/api/v1/contexts/general/keys/MAC/schedule", 404),
    ("POST", "/api/admin/contexts/general/rotate-key", 404),
    ("POST", "/api/v1/auth/revoke", 404),
    ("GET", "/auth/providers", 404),
    ("GET", "/auth/login/github", 404),
    ("GET", "/auth/callback/github", 404),
    ("GET", "/auth/github", 404),
    ("POST", "/auth/logout", 404),
    ("GET", "/api/rbac/permissions", 404),
    ("POST", "/api/rbac/me/check", 404),
    ("GET", "/health/deep", 404),
    ("GET", "/api/admin/backups", 404),
    ("POST", "/api/admin/ceremony/initialize", 404),
    ("GET", "/api/v1/identity", 404),
    ("GET", "/api/sdk/info/a", 404),
    ("GET", "/api/onboarding/invitations/validate/a", 404),
    ("GET", "/api/tenants", 404),
    ("GET", "/api/v1/teams", 404),
    ("GET", "/api/compliance/status", 404),
    ("POST", "/api/v1/cbom", 404),
    ("POST", "/api/v1/inventory/report", 404),
    ("POST", "/api/v1/code/scan", 404),
    ("POST", "/api/v1/certificates/parse", 404),
    ("GET", "/api/v1/dashboard/metrics", 404),
    ("GET", "/api/admin/settings", 404),
    ("GET", "/api/public/context-wizard", 404),
];

async fn what_the_page_says_is_not_served_is_not(room: Room) {
    for (method, path, status) in NOT_SERVED {
        let request = room.request(method.parse().unwrap(), path);
        let reply = Reply::of(request.json(&json!({}))).await;
        assert_eq!(reply.status, *status, "{method} {path} {reply:?}");
    }
}

/// Theirs derives from a salt that one setting names and another is read for.
#[tokio::test]
async fn no_salt_is_a_setting_and_none_derives() {
    let environment = [
        ("STRONGROOM_SURFACES", "cryptoserve"),
        ("HKDF_SALT", "one"),
        ("CRYPTOSERVE_HKDF_SALT", "one"),
    ];
    let mut deployment = Deployment::new(&[], &environment);
    let administrator = deployment.init();
    let serving = deployment.serve();
    let key = serving.workspace(&administrator).await;
    let context = json!({"name": "general", "display_name": "x"});
    let declared = serving.post("/api/contexts", &key, &context).await;
    assert_eq!(declared.status, 201, "{declared:?}");
    let body = json!({"context": "general", "plaintext": STANDARD.encode("kept")});
    let sealed = serving.post("/api/v1/crypto/encrypt", &key, &body).await;
    let sealed = sealed.text("ciphertext");
    drop(serving);
    deployment.set("HKDF_SALT", "another");
    deployment.set("CRYPTOSERVE_HKDF_SALT", "another");
    let serving = deployment.serve();
    let body = json!({"context": "general", "ciphertext": sealed});
    let opened = serving.post("/api/v1/crypto/decrypt", &key, &body).await;
    assert_eq!(opened.text("plaintext"), STANDARD.encode("kept"));
    drop(serving);
    let file = deployment.directory().join("salted.toml");
    std::fs::write(&file, "hkdf_salt = \"one\"\n").unwrap();
    let file = file.to_str().unwrap().to_owned();
    for arguments in [["--hkdf-salt", "one"], ["--config", &file]] {
        deployment.set_arguments(&arguments);
        let refused = deployment.run("serve");
        assert!(!refused.status.success(), "{arguments:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("hkdf"), "{said}");
    }
}
