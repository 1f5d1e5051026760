//! Who may call what: each route with each role.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    ADMIN, Application, DEVELOPER, VIEWER, accept, declare_all, invite, owner, post, proof,
    register, user,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;

on_each_database!(every_route_takes_its_least_role);

/// Who calls, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Nobody,
    Application,
    Viewer,
    Developer,
    Admin,
    Owner,
}

use Who::{Admin, Developer, Nobody, Owner, Viewer};

/// A route, the least role that it takes, and whether applications may call it.
type Row = (&'static str, &'static str, Who, bool);

/// The table. A row that takes what nobody has is refused to all.
const ROUTES: [Row; 106] = [
    ("POST", "/api/v1/crypto/encrypt", Developer, true),
    ("POST", "/api/v1/crypto/decrypt", Developer, true),
    ("POST", "/api/v1/crypto/batch/encrypt", Developer, true),
    ("POST", "/api/v1/crypto/batch/decrypt", Developer, true),
    ("POST", "/api/v1/crypto/key-bundle", Owner, false),
    ("POST", "/api/v1/crypto/hash", Developer, true),
    ("POST", "/api/v1/crypto/hash/verify", Developer, true),
    ("POST", "/api/v1/crypto/mac", Developer, true),
    ("POST", "/api/v1/crypto/mac/verify", Developer, true),
    ("POST", "/api/v1/crypto/mac/generate-key", Developer, true),
    ("POST", "/api/v1/crypto/password/hash", Developer, true),
    ("POST", "/api/v1/crypto/password/verify", Developer, true),
    ("POST", "/api/v1/crypto/sign", Developer, true),
    ("POST", "/api/v1/crypto/verify", Developer, true),
    ("POST", "/api/v1/signatures/keys/generate", Developer, true),
    ("POST", "/api/v1/signatures/sign", Developer, true),
    ("POST", "/api/v1/signatures/verify", Developer, true),
    ("GET", "/api/v1/signatures/keys", Developer, true),
    ("GET", "/api/v1/signatures/keys/{id}", Developer, true),
    (
        "GET",
        "/api/v1/signatures/keys/{id}/public",
        Developer,
        true,
    ),
    (
        "POST",
        "/api/v1/signatures/keys/{id}/rotate",
        Developer,
        true,
    ),
    ("DELETE", "/api/v1/signatures/keys/{id}", Developer, true),
    (
        "POST",
        "/api/v1/applications/sdk/register",
        Developer,
        false,
    ),
    ("GET", "/api/v1/applications", Viewer, false),
    ("POST", "/api/v1/applications", Developer, false),
    ("GET", "/api/v1/applications/{id}", Viewer, false),
    ("PATCH", "/api/v1/applications/{id}", Developer, false),
    ("DELETE", "/api/v1/applications/{id}", Developer, false),
    ("GET", "/api/v1/applications/{id}/tokens", Viewer, false),
    (
        "POST",
        "/api/v1/applications/{id}/tokens/rotate",
        Developer,
        false,
    ),
    (
        "POST",
        "/api/v1/applications/{id}/tokens/revoke",
        Developer,
        false,
    ),
    ("POST", "/api/v1/auth/refresh", Nobody, true),
    ("POST", "/api/api/v1/auth/refresh", Nobody, true),
    ("POST", "/api/v1/auth/verify", Nobody, true),
    ("GET", "/api/contexts", Viewer, true),
    ("POST", "/api/contexts", Admin, false),
    ("GET", "/api/contexts/{name}", Viewer, true),
    ("PUT", "/api/contexts/{name}", Admin, false),
    ("GET", "/api/policies", Viewer, true),
    ("POST", "/api/policies", Admin, false),
    ("GET", "/api/policies/defaults", Nobody, true),
    ("POST", "/api/policies/evaluate", Viewer, true),
    ("GET", "/api/policies/{name}", Viewer, true),
    ("PUT", "/api/policies/{name}", Admin, false),
    ("DELETE", "/api/policies/{name}", Admin, false),
    ("GET", "/sdk/contexts", Viewer, true),
    ("GET", "/sdk/contexts/search", Viewer, true),
    ("GET", "/sdk/contexts/{name}", Viewer, true),
    ("GET", "/auth/status", Nobody, true),
    ("GET", "/health", Nobody, true),
    ("GET", "/api/health", Nobody, true),
    ("GET", "/health/live", Nobody, true),
    ("GET", "/health/ready", Nobody, true),
    ("POST", "/api/v1/crypto/password/strength", Developer, true),
    (
        "POST",
        "/api/v1/crypto/key-exchange/generate",
        Developer,
        true,
    ),
    (
        "POST",
        "/api/v1/crypto/key-exchange/derive",
        Developer,
        true,
    ),
    ("POST", "/api/v1/crypto/hybrid/encrypt", Developer, true),
    ("POST", "/api/v1/crypto/hybrid/decrypt", Developer, true),
    ("POST", "/api/v1/jose/sign", Developer, true),
    ("POST", "/api/v1/jose/verify", Developer, true),
    ("POST", "/api/v1/jose/encrypt", Developer, true),
    ("POST", "/api/v1/jose/decrypt", Developer, true),
    ("POST", "/api/v1/jose/jwk/generate", Developer, true),
    ("POST", "/api/v1/jose/jwk/thumbprint", Developer, true),
    ("POST", "/api/v1/secrets/shamir/split", Developer, true),
    ("POST", "/api/v1/secrets/shamir/combine", Developer, true),
    ("POST", "/api/v1/secrets/lease/create", Developer, true),
    ("POST", "/api/v1/secrets/lease/renew", Developer, true),
    ("POST", "/api/v1/secrets/lease/revoke", Developer, true),
    ("GET", "/api/v1/secrets/lease/{id}", Developer, true),
    ("GET", "/api/v1/secrets/lease/{id}/audit", Developer, true),
    ("GET", "/api/audit", Admin, false),
    ("GET", "/api/audit/stats", Admin, false),
    ("GET", "/api/audit/export", Admin, false),
    ("GET", "/api/admin/audit/global", Admin, false),
    ("GET", "/api/admin/audit/export", Admin, false),
    (
        "GET",
        "/api/v1/applications/{id}/promotion",
        Developer,
        false,
    ),
    (
        "POST",
        "/api/v1/applications/{id}/promotion",
        Developer,
        false,
    ),
    (
        "POST",
        "/api/v1/applications/{id}/promotion/expedite",
        Developer,
        false,
    ),
    (
        "POST",
        "/api/v1/applications/{id}/promotion/approve",
        Owner,
        false,
    ),
    ("GET", "/api/v1/pqc/algorithms", Nobody, true),
    ("GET", "/api/v1/pqc/keys", Developer, true),
    ("POST", "/api/v1/pqc/keys/generate", Developer, true),
    ("POST", "/api/v1/pqc/sign", Developer, true),
    ("POST", "/api/v1/pqc/verify", Developer, true),
    ("GET", "/api/v1/pqc/keys/{id}", Developer, true),
    ("DELETE", "/api/v1/pqc/keys/{id}", Developer, true),
    ("GET", "/api/v1/kex/modes", Nobody, true),
    ("GET", "/api/v1/kex/keys", Developer, true),
    ("POST", "/api/v1/kex/keys/generate", Developer, true),
    ("GET", "/api/v1/kex/keys/{id}", Developer, true),
    ("DELETE", "/api/v1/kex/keys/{id}", Developer, true),
    ("POST", "/api/v1/kex/encapsulate", Developer, true),
    ("POST", "/api/v1/kex/decapsulate", Developer, true),
    ("GET", "/api/contexts/{name}/resolve", Viewer, true),
    ("GET", "/api/users/me", Viewer, false),
    ("GET", "/api/rbac/roles", Viewer, false),
    ("GET", "/api/rbac/me/permissions", Viewer, false),
    ("GET", "/api/rbac/users", Admin, false),
    ("PUT", "/api/rbac/users/{id}/role", Admin, false),
    ("DELETE", "/api/rbac/users/{id}/role", Admin, false),
    ("POST", "/api/onboarding/invitations", Admin, false),
    ("GET", "/api/onboarding/invitations", Admin, false),
    ("DELETE", "/api/onboarding/invitations/{id}", Admin, false),
    ("POST", "/api/onboarding/invitations/accept", Nobody, true),
    ("POST", "/api/onboarding/session", Nobody, true),
];

impl Who {
    /// Whether a row admits who calls.
    fn may(self, (_, path, least, applications): Row) -> bool {
        if path.ends_with("key-bundle") {
            return false;
        }
        match self {
            Self::Nobody => least == Nobody,
            Self::Application => applications,
            role => role >= least,
        }
    }
}

const MAC_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A body that would do if the caller may. Names differ, so that no call is in the way of another.
fn body(path: &str, (own, key): (&Application, &str), turn: usize) -> Value {
    match path {
        "/api/v1/applications/{id}/promotion/approve" => {
            json!({"target_environment": "production", "contexts": ["general"],
                "justification": "because it must be"})
        }
        "/api/v1/crypto/encrypt" => json!({"plaintext": "", "context": "general"}),
        "/api/v1/crypto/decrypt" => json!({"ciphertext": "", "context": "general"}),
        "/api/v1/crypto/batch/encrypt" => json!({"context": "general",
            "items": [{"id": "1", "plaintext": ""}]}),
        "/api/v1/crypto/batch/decrypt" => json!({"context": "general",
            "items": [{"id": "1", "ciphertext": ""}]}),
        "/api/policies" => json!({"name": format!("policy-{turn}"), "rule": "true"}),
        "/api/policies/{name}" => json!({"name": "general", "rule": "true"}),
        "/api/policies/evaluate" => {
            json!({"algorithm": "AES-256-GCM", "context_name": "general"})
        }
        "/api/v1/crypto/hash" => json!({"data": "", "algorithm": "sha256"}),
        "/api/v1/crypto/hash/verify" => {
            json!({"data": "", "algorithm": "sha256", "expected_digest": ""})
        }
        "/api/v1/crypto/mac" => json!({"data": "", "key": MAC_KEY, "algorithm": "hmac-sha256"}),
        "/api/v1/crypto/mac/verify" => {
            json!({"data": "", "key": MAC_KEY, "algorithm": "hmac-sha256", "expected_tag": ""})
        }
        "/api/v1/crypto/mac/generate-key" => json!({"algorithm": "hmac-sha256"}),
        "/api/v1/crypto/password/hash" => json!({"password": ""}),
        "/api/v1/crypto/password/verify" => json!({"password": "", "hash": ""}),
        "/api/v1/signatures/keys/generate" => {
            json!({"algorithm": "ed25519", "context": "general"})
        }
        path if path.starts_with("/api/v1/jose") || path.starts_with("/api/v1/secrets") => {
            brought(path)
        }
        "/api/v1/pqc/keys/generate" | "/api/v1/kex/keys/generate" => {
            json!({"context": "general"})
        }
        "/api/v1/kex/encapsulate" => {
            json!({"x25519PublicKey": MAC_KEY, "mlkemPublicKey": STANDARD.encode([0; 1184])})
        }
        "/api/v1/kex/decapsulate" => json!({"encapsulation": "", "keyId": key}),
        "/api/v1/pqc/sign" => json!({"message": "", "keyId": key}),
        "/api/v1/pqc/verify" => json!({"message": "", "signature": "", "keyId": key}),
        "/api/v1/crypto/password/strength" => json!({"password": ""}),
        "/api/v1/crypto/key-exchange/generate" => json!({"algorithm": "x25519"}),
        "/api/v1/crypto/key-exchange/derive" => json!({"private_key": MAC_KEY,
            "peer_public_key": MAC_KEY, "algorithm": "x25519"}),
        "/api/v1/crypto/hybrid/encrypt" => json!({"plaintext": "",
            "recipient_public_key": MAC_KEY, "algorithm": "x25519-aes256gcm"}),
        "/api/v1/crypto/hybrid/decrypt" => json!({"ciphertext": "", "private_key": MAC_KEY,
            "algorithm": "x25519-aes256gcm"}),
        path if path.ends_with("/sign") => json!({"message": "", "key_id": key}),
        path if path.ends_with("/verify") && !path.contains("/auth/") => {
            json!({"message": "", "signature": "", "key_id": key})
        }
        "/api/v1/applications/sdk/register" => json!({"app_name": format!("sdk-{turn}")}),
        "/api/v1/applications" => json!({"name": format!("app-{turn}")}),
        "/api/v1/auth/verify" => json!({"access_token": own.access}),
        "/api/contexts" => json!({"name": format!("context-{turn}"), "display_name": "x"}),
        path if path.ends_with("expedite") => {
            json!({"priority": "high", "justification": "because it must be"})
        }
        path if path.ends_with("auth/refresh") => json!({"refresh_token": own.refresh}),
        path if path.ends_with("key-bundle") => json!({"context": "general"}),
        _ => json!({}),
    }
}

/// The same, with keys and secrets that are brought.
fn brought(path: &str) -> Value {
    match path {
        "/api/v1/jose/sign" => json!({"payload": "", "key": MAC_KEY, "algorithm": "HS256"}),
        "/api/v1/jose/verify" => json!({"jws": "", "key": MAC_KEY}),
        "/api/v1/jose/encrypt" => json!({"plaintext": "", "key": MAC_KEY}),
        "/api/v1/jose/decrypt" => json!({"jwe": "", "key": MAC_KEY}),
        "/api/v1/jose/jwk/generate" => json!({"key_type": "OKP"}),
        "/api/v1/secrets/shamir/split" => {
            json!({"secret": "AAAA", "threshold": 2, "total_shares": 3})
        }
        "/api/v1/secrets/shamir/combine" => json!({"shares": []}),
        "/api/v1/secrets/lease/create" => json!({"secret": "AAAA", "context": "general"}),
        path if path.contains("lease") => json!({"lease_id": LEASE}),
        _ => json!({}),
    }
}

/// The id of no lease.
const LEASE: &str = "lse_00000000000000000000000000";

/// What a call about people names, made for it alone.
#[derive(Default)]
struct Person {
    id: String,
    body: Option<Value>,
}

impl Person {
    async fn of(room: &Room, path: &str, turn: usize) -> Self {
        let email = format!("person-{turn}@acme.example");
        let invited = async || {
            let made = invite(room, &room.api_key, &email, "viewer").await;
            (made.text("id"), made.text("token"))
        };
        let proof = async || proof(room, &email, &email).await;
        match path {
            "/api/rbac/users/{id}/role" => Self {
                id: room.make_client(&VIEWER, &[]).await.1.client.id.to_string(),
                body: Some(json!({"role": "developer"})),
            },
            "/api/onboarding/invitations" => Self {
                body: Some(json!({ "email": email })),
                ..Self::default()
            },
            "/api/onboarding/invitations/{id}" => Self {
                id: invited().await.0,
                body: None,
            },
            "/api/onboarding/invitations/accept" => {
                let (_, token) = invited().await;
                let body = json!({"token": token, "identity_token": proof().await});
                Self {
                    body: Some(body),
                    ..Self::default()
                }
            }
            "/api/onboarding/session" => {
                let (_, token) = invited().await;
                let proof = proof().await;
                assert_eq!(accept(room, &token, &proof).await.status, 201);
                let body = json!({"tenant_id": room.workspace, "identity_token": proof});
                Self {
                    body: Some(body),
                    ..Self::default()
                }
            }
            _ => Self::default(),
        }
    }
}

/// The id that a path is about.
fn thing<'a>(path: &str, (signing, hybrid): (&'a str, &'a str), own: &'a Application) -> &'a str {
    match path {
        _ if path.contains("/signatures/") || path.contains("/pqc/") => signing,
        _ if path.contains("/kex/") => hybrid,
        _ if path.contains("/lease/") => LEASE,
        _ => &own.id,
    }
}

async fn every_route_takes_its_least_role(room: Room) {
    declare_all(&room, &["general"]).await;
    let shown = Application::of(&register(&room, &room.api_key, "shown", &["general"]).await);
    let request = json!({"algorithm": "ed25519", "context": "general"});
    let made = post(
        &room,
        "/api/v1/signatures/keys/generate",
        &room.api_key,
        &request,
    )
    .await;
    let key = made.text("key_id");
    let request = json!({"context": "general"});
    let hybrid = post(&room, "/api/v1/kex/keys/generate", &room.api_key, &request).await;
    let hybrid = hybrid.text("keyId");
    let callers = [
        (Nobody, String::new()),
        (Who::Application, shown.access.clone()),
        (Viewer, user(&room, &VIEWER, &[]).await),
        (Developer, user(&room, &DEVELOPER, &[]).await),
        (Admin, user(&room, &ADMIN, &[]).await),
        (Owner, user(&room, &owner(), &[]).await),
    ];
    for (turn, row) in ROUTES.into_iter().enumerate() {
        for (number, (who, session)) in callers.iter().enumerate() {
            let turn = turn * callers.len() + number;
            // Developers change what is their own.
            let registrar = if *who >= Developer {
                session
            } else {
                &room.api_key
            };
            let name = format!("own-{turn}");
            let own = Application::of(&register(&room, registrar, &name, &["general"]).await);
            let (method, path) = (row.0.parse::<Method>().unwrap(), row.1);
            let person = Person::of(&room, path, turn).await;
            let id = if person.id.is_empty() {
                thing(path, (&key, &hybrid), &own)
            } else {
                &person.id
            };
            let place = path.replace("{id}", id).replace("{name}", "general");
            let query = if method == Method::DELETE {
                format!("?confirm={name}")
            } else {
                String::new()
            };
            let mut request = room.anonymous(method.clone(), &format!("{place}{query}"));
            if !session.is_empty() {
                request = request.bearer_auth(session);
            }
            if method != Method::GET && method != Method::DELETE {
                let sent = person.body.clone();
                let other = || body(path, (&own, &key), turn);
                request = request.json(&sent.unwrap_or_else(other));
            }
            let reply = Reply::of(request).await;
            let refused = match who {
                Nobody => reply.status == 401,
                _ => reply.status == 403,
            };
            assert_eq!(!refused, who.may(row), "{who:?} {row:?} {reply:?}");
            assert!(reply.status < 500, "{who:?} {row:?} {reply:?}");
        }
    }
}
