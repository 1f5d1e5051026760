//! The surface of WorkOS Vault as bytes: what its clients do not show, and what they never send.
//! The clients themselves are in `tests/tests/clients/`.

mod data_keys;
mod objects;
mod refusals;

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::Permission;

/// What the surface needs.
const PERMISSIONS: [Permission; 5] = [
    Permission::DataKeys,
    Permission::ObjectsRead,
    Permission::ObjectsWrite,
    Permission::ObjectsDelete,
    Permission::ObjectsList,
];

/// The surface as a client of a room uses it.
struct Vault<'a> {
    room: &'a Room,
    api_key: String,
}

impl<'a> Vault<'a> {
    async fn of(room: &'a Room) -> Self {
        Self::within(room, &[&[]]).await
    }

    /// Of a client that may use these key contexts only.
    async fn within(room: &'a Room, allowed: &[&[(&str, &str)]]) -> Self {
        let (_, created) = room.make_client(&PERMISSIONS, allowed).await;
        Self {
            room,
            api_key: created.api_key.secret,
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let path = format!("/vault/v1/{path}");
        let request = self.room.anonymous(method, &path);
        let request = request.bearer_auth(&self.api_key);
        let request = request.header("content-type", "application/json");
        Reply::of(match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        })
        .await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends under an Idempotency-Key.
    async fn post_once(&self, path: &str, key: &str, body: &Value) -> Reply {
        let path = format!("/vault/v1/{path}");
        let request = self.room.anonymous(Method::POST, &path);
        let request = request.bearer_auth(&self.api_key);
        Reply::of(request.header("idempotency-key", key).json(body)).await
    }

    /// Keeps a value of a tenant and gives the answer.
    async fn keep(&self, name: &str, tenant: &str, value: &str) -> Reply {
        let context = json!({"tenant": tenant});
        let body = json!({"key_context": context, "name": name, "value": value});
        self.post("kv", body).await
    }
}

/// Checks that an answer is a refusal in the words of the surface.
fn assert_refused(reply: &Reply, (status, code): (u16, &str)) {
    let json = reply.json();
    assert_eq!(
        (reply.status, &json["code"]),
        (status, &json!(code)),
        "{reply:?}"
    );
    let error = json["error"].as_str().unwrap();
    assert!(!error.is_empty() && json["message"] == error, "{reply:?}");
    assert_eq!(json.as_object().unwrap().len(), 3);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_named(reply);
}

/// Checks that an answer carries the request's id where their clients look for it.
fn assert_named(reply: &Reply) {
    let id = reply.header("x-request-id").unwrap();
    assert!(id.starts_with("req_"));
    assert_eq!(reply.header("strongroom-request-id"), Some(id));
}
