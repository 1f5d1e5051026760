//! A workspace as CryptoServe's clients see it: contexts, users with a role, and applications.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be set up fails its test"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_types::Permission;

use crate::reply::Reply;
use crate::room::{Room, SIGN_IN};

/// What an administrator may; what the lesser roles may stands first.
pub const ADMIN: [Permission; 20] = [
    Permission::NamedContextsList,
    Permission::ApplicationsList,
    Permission::UsersRead,
    Permission::Encrypt,
    Permission::Decrypt,
    Permission::ApplicationsRegister,
    Permission::Sign,
    Permission::Verify,
    Permission::Compute,
    Permission::AdminSigningKeys,
    Permission::SealTo,
    Permission::SealedOpen,
    Permission::AdminHybridKeys,
    Permission::Leases,
    Permission::AdminNamedContexts,
    Permission::AdminApplications,
    Permission::AdminContexts,
    Permission::AdminPolicies,
    Permission::AdminUsers,
    Permission::LogRead,
];
/// What a developer may: the first of them, to `Leases`.
pub const DEVELOPER: [Permission; 14] = *ADMIN.first_chunk().unwrap();
/// What a viewer may: the first of them, to `UsersRead`.
pub const VIEWER: [Permission; 3] = *ADMIN.first_chunk().unwrap();
/// What an owner may beside what an administrator may.
pub const OWNERS_OWN: [Permission; 5] = [
    Permission::AdminClients,
    Permission::AdminIssuers,
    Permission::ApprovePromotions,
    Permission::AdminImports,
    Permission::AdminKeyBundles,
];

/// What an owner may.
#[must_use]
pub fn owner() -> Vec<Permission> {
    [ADMIN.as_slice(), &OWNERS_OWN].concat()
}

/// An application that was registered.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// Its access token.
    pub access: String,
    /// Its refresh token.
    pub refresh: String,
}

impl Application {
    /// Reads the answer to a registration.
    #[must_use]
    pub fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{reply:?}");
        Self {
            id: reply.text("app_id"),
            access: reply.text("access_token"),
            refresh: reply.text("refresh_token"),
        }
    }

    /// Seals text under a context and gives the ciphertext in base64.
    pub async fn seal(&self, room: &Room, context: &str, text: &str) -> String {
        let sealed = encrypt(room, &self.access, context, text).await;
        assert_eq!(sealed.status, 200, "{sealed:?}");
        sealed.text("ciphertext")
    }
}

/// Calls the surface with a bearer credential.
pub async fn call(
    room: &Room,
    (method, path): (Method, &str),
    bearer: &str,
    body: &Value,
) -> Reply {
    let request = room.anonymous(method, path).bearer_auth(bearer);
    Reply::of(request.json(body)).await
}

/// Posts a body with a bearer credential.
pub async fn post(room: &Room, path: &str, bearer: &str, body: &Value) -> Reply {
    call(room, (Method::POST, path), bearer, body).await
}

/// Reads a path with a bearer credential.
pub async fn read(room: &Room, path: &str, bearer: &str) -> Reply {
    Reply::of(room.anonymous(Method::GET, path).bearer_auth(bearer)).await
}

/// The session of a user who may so much, in the contexts named; in all, where none is.
pub async fn user(room: &Room, permissions: &[Permission], contexts: &[&str]) -> String {
    let pairs: Vec<_> = contexts.iter().map(|name| [("context", *name)]).collect();
    let mut allowed: Vec<&[(&str, &str)]> = pairs.iter().map(<[_; 1]>::as_slice).collect();
    if allowed.is_empty() {
        allowed.push(&[]);
    }
    let (_, created) = room.make_client(permissions, &allowed).await;
    created.api_key.secret
}

/// Invites somebody as a user who may.
pub async fn invite(room: &Room, session: &str, email: &str, role: &str) -> Reply {
    let body = json!({"email": email, "role": role});
    post(room, "/api/onboarding/invitations", session, &body).await
}

/// A token of the development issuer to sign in with, that shows an e-mail as verified.
pub async fn proof(room: &Room, subject: &str, email: &str) -> String {
    let claims = json!({"aud": SIGN_IN, "email": email, "email_verified": true});
    room.token_with(subject, claims).await
}

/// Accepts an invitation with a token of an issuer.
pub async fn accept(room: &Room, invitation: &str, identity_token: &str) -> Reply {
    let request = room.anonymous(Method::POST, "/api/onboarding/invitations/accept");
    let body = json!({"token": invitation, "identity_token": identity_token});
    Reply::of(request.json(&body)).await
}

/// Begins a session with a token of an issuer.
pub async fn begin(room: &Room, identity_token: &str) -> Reply {
    let body = json!({"tenant_id": room.workspace, "identity_token": identity_token});
    let request = room.anonymous(Method::POST, "/api/onboarding/session");
    Reply::of(request.json(&body)).await
}

/// Invites and accepts, and gives the user and its session.
pub async fn joined(room: &Room, email: &str, role: &str) -> (String, String) {
    let made = invite(room, &room.api_key, email, role).await;
    assert_eq!(made.status, 200, "{made:?}");
    let proof = proof(room, email, email).await;
    let reply = accept(room, &made.text("token"), &proof).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let body = reply.json();
    let id = body.pointer("/user/id").and_then(Value::as_str).unwrap();
    (id.to_owned(), reply.text("session_cookie"))
}

/// Declares a context of which so much is said.
pub async fn declare(room: &Room, name: &str, config: Value) -> Reply {
    let body = json!({"name": name, "display_name": name, "description": "", "config": config});
    post(room, "/api/contexts", &room.api_key, &body).await
}

/// Declares contexts of which nothing is said.
pub async fn declare_all(room: &Room, names: &[&str]) {
    for name in names {
        let declared = declare(room, name, json!({})).await;
        assert_eq!(declared.status, 201, "{declared:?}");
    }
}

/// Registers an application as its SDK does.
pub async fn register(room: &Room, session: &str, name: &str, contexts: &[&str]) -> Reply {
    let body = json!({"app_name": name, "team": "default", "environment": "development",
        "contexts": contexts, "description": null});
    post(room, "/api/v1/applications/sdk/register", session, &body).await
}

/// Declares contexts and registers an application for all of them.
pub async fn application(room: &Room, contexts: &[&str]) -> Application {
    declare_all(room, contexts).await;
    Application::of(&register(room, &room.api_key, "app", contexts).await)
}

/// Seals text.
pub async fn encrypt(room: &Room, bearer: &str, context: &str, text: &str) -> Reply {
    let body = json!({"plaintext": STANDARD.encode(text), "context": context});
    post(room, "/api/v1/crypto/encrypt", bearer, &body).await
}

/// Opens a ciphertext in base64.
pub async fn decrypt(room: &Room, bearer: &str, context: &str, ciphertext: &str) -> Reply {
    let body = json!({"ciphertext": ciphertext, "context": context});
    post(room, "/api/v1/crypto/decrypt", bearer, &body).await
}

/// The text of an answer that opened something.
#[must_use]
pub fn opened(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    let bytes = STANDARD.decode(reply.text("plaintext")).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Shows a refresh token.
pub async fn refresh(room: &Room, token: &str) -> Reply {
    let request = room.anonymous(Method::POST, "/api/api/v1/auth/refresh");
    Reply::of(request.json(&json!({ "refresh_token": token }))).await
}
