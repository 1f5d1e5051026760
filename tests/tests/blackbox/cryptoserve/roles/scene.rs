//! What each call of the table is about: bodies that work for whoever may.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    Application, VIEWER, accept, declare_all, invite, post, proof, register,
};
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;

/// The context that the calls are about.
pub(super) const CONTEXT: &str = "general";
/// The context whose key is handed out.
pub(super) const HANDED_OUT: &str = "handed-out";

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const ED25519: &str = "/api/v1/signatures/keys/generate";
const ML_DSA: &str = "/api/v1/pqc/keys/generate";
const HYBRID: &str = "/api/v1/kex/keys/generate";

/// What there is before anybody calls, and the bodies that are the same for all.
pub(super) struct Scene<'a> {
    room: &'a Room,
    bodies: BTreeMap<&'static str, Value>,
}

/// What a call is sent with.
#[derive(Default)]
pub(super) struct Sent {
    /// In place of `{id}` or `{name}`.
    pub(super) named: String,
    pub(super) query: String,
    pub(super) body: Value,
}

impl Sent {
    fn with(body: Value) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }

    fn about(named: String, body: Value) -> Self {
        Self {
            named,
            body,
            ..Self::default()
        }
    }
}

/// Who calls for the how-manieth time, and an application of its own if it may have one.
pub(super) struct Turn<'a> {
    pub(super) number: usize,
    /// Of whoever calls, or of the administrator if it may make nothing.
    pub(super) session: &'a str,
    pub(super) own: Application,
}

impl Turn<'_> {
    /// What the turn's own application is called.
    pub(super) fn name(number: usize) -> String {
        format!("own-{number}")
    }
}

impl<'a> Scene<'a> {
    pub(super) async fn set(room: &'a Room) -> Self {
        declare_all(room, &[CONTEXT, HANDED_OUT]).await;
        let named = room.client.named_contexts();
        let name = HANDED_OUT.parse().unwrap();
        named.allow_key_bundle(&name, true).await.unwrap();
        let mut scene = Self {
            room,
            bodies: BTreeMap::new(),
        };
        scene.values().await;
        scene.digests().await;
        scene.signatures().await;
        scene.exchanges().await;
        scene.tokens().await;
        scene.shares().await;
        scene
    }

    /// Keeps a body and gives what its call answers to the administrator.
    async fn made(&mut self, path: &'static str, body: Value) -> Value {
        let made = self.post(path, &body).await;
        self.bodies.insert(path, body);
        made
    }

    /// What the administrator's call answers.
    async fn post(&self, path: &str, body: &Value) -> Value {
        let made = post(self.room, path, &self.room.api_key, body).await;
        assert!(matches!(made.status, 200 | 201), "{path} {made:?}");
        made.json()
    }

    async fn values(&mut self) {
        let body = json!({"plaintext": "AAAA", "context": CONTEXT});
        let sealed = self.made("/api/v1/crypto/encrypt", body).await;
        let ciphertext = &sealed["ciphertext"];
        let body = json!({"ciphertext": ciphertext, "context": CONTEXT});
        self.made("/api/v1/crypto/decrypt", body).await;
        let items = json!([{"id": "1", "plaintext": "AAAA"}]);
        let body = json!({"context": CONTEXT, "items": items});
        self.made("/api/v1/crypto/batch/encrypt", body).await;
        let items = json!([{"id": "1", "ciphertext": ciphertext}]);
        let body = json!({"context": CONTEXT, "items": items});
        self.made("/api/v1/crypto/batch/decrypt", body).await;
        let body = json!({"context": HANDED_OUT});
        self.made("/api/v1/crypto/key-bundle", body).await;
    }

    async fn digests(&mut self) {
        let body = json!({"data": "AAAA", "algorithm": "sha256"});
        let hashed = self.made("/api/v1/crypto/hash", body).await;
        let body = json!({"data": "AAAA", "algorithm": "sha256",
            "expected_digest": hashed["digest"]});
        self.made("/api/v1/crypto/hash/verify", body).await;
        let body = json!({"data": "AAAA", "key": KEY, "algorithm": "hmac-sha256"});
        let mac = self.made("/api/v1/crypto/mac", body).await;
        let body = json!({"data": "AAAA", "key": KEY, "algorithm": "hmac-sha256",
            "expected_tag": mac["tag"]});
        self.made("/api/v1/crypto/mac/verify", body).await;
        let body = json!({"algorithm": "hmac-sha256"});
        self.made("/api/v1/crypto/mac/generate-key", body).await;
        let body = json!({"password": "correct horse"});
        self.made("/api/v1/crypto/password/strength", body.clone())
            .await;
        let hashed = self.made("/api/v1/crypto/password/hash", body).await;
        let body = json!({"password": "correct horse", "hash": hashed["hash"]});
        self.made("/api/v1/crypto/password/verify", body).await;
    }

    async fn signatures(&mut self) {
        let body = json!({"algorithm": "ed25519", "context": CONTEXT});
        let key = self.made(ED25519, body).await["key_id"].clone();
        for (sign, verify) in [
            ("/api/v1/signatures/sign", "/api/v1/signatures/verify"),
            ("/api/v1/crypto/sign", "/api/v1/crypto/verify"),
        ] {
            let body = json!({"message": "AAAA", "key_id": key});
            let signed = self.made(sign, body).await;
            let body = json!({"message": "AAAA", "key_id": key,
                "signature": signed["signature"]});
            self.made(verify, body).await;
        }
        let body = json!({"context": CONTEXT});
        let key = self.made(ML_DSA, body).await["keyId"].clone();
        let body = json!({"message": "AAAA", "keyId": key});
        let signed = self.made("/api/v1/pqc/sign", body).await;
        let body = json!({"message": "AAAA", "keyId": key, "signature": signed["signature"]});
        self.made("/api/v1/pqc/verify", body).await;
    }

    async fn exchanges(&mut self) {
        let key = self.made(HYBRID, json!({"context": CONTEXT})).await;
        let body = json!({"x25519PublicKey": key["x25519PublicKey"],
            "mlkemPublicKey": key["mlkemPublicKey"]});
        let made = self.made("/api/v1/kex/encapsulate", body).await;
        let body = json!({"encapsulation": made["encapsulation"], "keyId": key["keyId"]});
        self.made("/api/v1/kex/decapsulate", body).await;
        let generate = "/api/v1/crypto/key-exchange/generate";
        let pair = self.made(generate, json!({"algorithm": "x25519"})).await;
        let body = json!({"algorithm": "x25519", "private_key": pair["private_key"],
            "peer_public_key": pair["public_key"]});
        self.made("/api/v1/crypto/key-exchange/derive", body).await;
        let body = json!({"plaintext": "AAAA", "algorithm": "x25519-aes256gcm",
            "recipient_public_key": pair["public_key"]});
        let sealed = self.made("/api/v1/crypto/hybrid/encrypt", body).await;
        let body = json!({"ciphertext": sealed["ciphertext"], "algorithm": "x25519-aes256gcm",
            "private_key": pair["private_key"]});
        self.made("/api/v1/crypto/hybrid/decrypt", body).await;
    }

    async fn tokens(&mut self) {
        let body = json!({"payload": "AAAA", "key": KEY, "algorithm": "HS256"});
        let signed = self.made("/api/v1/jose/sign", body).await;
        let body = json!({"jws": signed["jws"], "key": KEY});
        self.made("/api/v1/jose/verify", body).await;
        let body = json!({"plaintext": "AAAA", "key": KEY});
        let sealed = self.made("/api/v1/jose/encrypt", body).await;
        let body = json!({"jwe": sealed["jwe"], "key": KEY});
        self.made("/api/v1/jose/decrypt", body).await;
        let kind = json!({"key_type": "OKP", "curve": "Ed25519"});
        let made = self.made("/api/v1/jose/jwk/generate", kind).await;
        let public = made["public_jwk"].clone();
        self.made("/api/v1/jose/jwk/thumbprint", public).await;
    }

    async fn shares(&mut self) {
        let body = json!({"secret": "AAAA", "threshold": 2, "total_shares": 3});
        let split = self.made("/api/v1/secrets/shamir/split", body).await;
        let body = json!({"shares": split["shares"]});
        self.made("/api/v1/secrets/shamir/combine", body).await;
        let body = json!({"secret": "AAAA", "context": CONTEXT, "renewable": true});
        self.made("/api/v1/secrets/lease/create", body).await;
    }

    /// What a call of the table is sent with.
    pub(super) async fn sent(&self, method: &str, path: &str, turn: &Turn<'_>) -> Sent {
        if let Some(body) = self.bodies.get(path) {
            return Sent::with(body.clone());
        }
        match path {
            _ if path.starts_with("/api/v1/applications") => self.of_application(path, turn).await,
            _ if path.starts_with("/api/policies") => self.of_policy(path, turn).await,
            _ if path.contains("/lease/") => self.of_lease(turn).await,
            _ if path.starts_with("/api/rbac") || path.starts_with("/api/onboarding") => {
                self.of_person(path, turn.number).await
            }
            _ if path.contains("/keys/{id}") => {
                Sent::about(self.fresh_key(path).await, Value::Null)
            }
            _ => Self::of_context(method, path, turn),
        }
    }

    fn of_context(method: &str, path: &str, turn: &Turn<'_>) -> Sent {
        match (method, path) {
            (_, path) if path.ends_with("/auth/refresh") => {
                Sent::with(json!({"refresh_token": turn.own.refresh}))
            }
            (_, "/api/v1/auth/verify") => Sent::with(json!({"access_token": turn.own.access})),
            ("POST", "/api/contexts") => {
                let name = format!("context-{}", turn.number);
                Sent::with(json!({"name": name, "display_name": "x"}))
            }
            ("PUT", _) => Sent::about(CONTEXT.to_owned(), json!({"description": "x"})),
            _ => Sent::about(CONTEXT.to_owned(), Value::Null),
        }
    }

    async fn of_application(&self, path: &str, turn: &Turn<'_>) -> Sent {
        let (number, id) = (turn.number, turn.own.id.clone());
        let because = json!({"priority": "high", "justification": "because it must be"});
        let body = match path {
            "/api/v1/applications/sdk/register" => {
                return Sent::with(json!({"app_name": format!("sdk-{number}")}));
            }
            "/api/v1/applications" => {
                return Sent::with(json!({"name": format!("app-{number}")}));
            }
            path if path.ends_with("/approve") => {
                let asked = format!("/api/v1/applications/{id}/promotion/expedite");
                self.post(&asked, &because).await;
                json!({"target_environment": "production", "contexts": [CONTEXT],
                    "justification": because["justification"]})
            }
            path if path.ends_with("/expedite") => because,
            _ => json!({}),
        };
        Sent {
            query: format!("?confirm={}", Turn::name(number)),
            ..Sent::about(id, body)
        }
    }

    async fn of_policy(&self, path: &str, turn: &Turn<'_>) -> Sent {
        let name = format!("policy-{}", turn.number);
        let policy = json!({"name": name, "rule": "true"});
        match path {
            "/api/policies/evaluate" => {
                Sent::with(json!({"algorithm": "AES-256-GCM", "context_name": CONTEXT}))
            }
            "/api/policies/{name}" => {
                self.post("/api/policies", &policy).await;
                Sent::about(name, policy)
            }
            _ => Sent::with(policy),
        }
    }

    /// A lease is its client's alone.
    async fn of_lease(&self, turn: &Turn<'_>) -> Sent {
        let create = "/api/v1/secrets/lease/create";
        let made = post(self.room, create, turn.session, &self.bodies[create]).await;
        let id = made.text("lease_id");
        Sent::about(id.clone(), json!({ "lease_id": id }))
    }

    /// A key that nobody else's call is about.
    async fn fresh_key(&self, path: &str) -> String {
        let (generate, field) = match path {
            _ if path.contains("/kex/") => (HYBRID, "keyId"),
            _ if path.contains("/pqc/") => (ML_DSA, "keyId"),
            _ => (ED25519, "key_id"),
        };
        let made = self.post(generate, &self.bodies[generate]).await;
        made[field].as_str().unwrap().to_owned()
    }

    async fn of_person(&self, path: &str, number: usize) -> Sent {
        let room = self.room;
        let email = format!("person-{number}@acme.example");
        let invited = async || {
            let made = invite(room, &room.api_key, &email, "viewer").await;
            (made.text("id"), made.text("token"))
        };
        let proof = async || proof(room, &email, &email).await;
        match path {
            "/api/rbac/users/{id}/role" => {
                let (_, made) = room.make_client(&VIEWER, &[]).await;
                Sent::about(made.client.id.to_string(), json!({"role": "developer"}))
            }
            "/api/onboarding/invitations" => Sent::with(json!({ "email": email })),
            "/api/onboarding/invitations/{id}" => Sent::about(invited().await.0, Value::Null),
            "/api/onboarding/invitations/accept" => {
                let (_, token) = invited().await;
                Sent::with(json!({"token": token, "identity_token": proof().await}))
            }
            "/api/onboarding/session" => {
                let (_, token) = invited().await;
                let proof = proof().await;
                assert_eq!(accept(room, &token, &proof).await.status, 201);
                Sent::with(json!({"tenant_id": room.workspace, "identity_token": proof}))
            }
            _ => Sent::default(),
        }
    }
}

/// Registers a turn's own application.
pub(super) async fn turn<'a>(room: &Room, session: &'a str, number: usize) -> Turn<'a> {
    let name = Turn::name(number);
    let registered = register(room, session, &name, &[CONTEXT]).await;
    Turn {
        number,
        session,
        own: Application::of(&registered),
    }
}

/// Calls without a body, or with the one that is sent.
pub(super) async fn ask(
    room: &Room,
    (method, path): (&str, &str),
    session: &str,
    sent: &Sent,
) -> Reply {
    let method: Method = method.parse().unwrap();
    let place = path
        .replace("{id}", &sent.named)
        .replace("{name}", &sent.named);
    let place = match method {
        Method::DELETE => format!("{place}{}", sent.query),
        _ => place,
    };
    let read = method == Method::GET || method == Method::DELETE;
    let request = room.anonymous(method, &place);
    let request = if session.is_empty() {
        request
    } else {
        request.bearer_auth(session)
    };
    let request = if read {
        request
    } else {
        request.json(&sent.body)
    };
    Reply::of(request).await
}
