//! Two nodes on one database: what ends at one has ended at the other.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{Application, application, encrypt, post, refresh};
use strongroom_tests::node::Node;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Database, Room};

use super::refused;

/// A room, and another node of its deployment.
struct Two {
    room: Room,
    node: Node,
}

impl Two {
    async fn open() -> Option<Self> {
        if !Database::Postgres.is_tested() {
            return None;
        }
        let room = Room::open(Arc::new(Database::Postgres.start())).await;
        let node = Node::beside(&room.server, "cryptoserve").unwrap();
        Some(Self { room, node })
    }

    /// Posts to the other node.
    async fn there(&self, path: &str, bearer: Option<&str>, body: &Value) -> Reply {
        let url = format!("{}{path}", self.node.url);
        let mut request = reqwest::Client::new().post(url);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        Reply::of(request.json(body)).await
    }

    /// Seals at the other node.
    async fn seal_there(&self, access: &str) -> Reply {
        let body = json!({"plaintext": STANDARD.encode("x"), "context": "general"});
        self.there("/api/v1/crypto/encrypt", Some(access), &body)
            .await
    }

    async fn refresh_there(&self, token: &str) -> Reply {
        let body = json!({ "refresh_token": token });
        self.there("/api/v1/auth/refresh", None, &body).await
    }

    /// An application that both nodes know: each has it in memory.
    async fn known_application(&self) -> Application {
        let app = application(&self.room, &["general"]).await;
        for _ in 0..2 {
            assert_eq!(self.seal_there(&app.access).await.status, 200);
            let here = encrypt(&self.room, &app.access, "general", "x").await;
            assert_eq!(here.status, 200);
        }
        app
    }
}

#[tokio::test]
async fn what_is_revoked_at_one_node_is_refused_by_the_other_at_once() {
    let Some(two) = Two::open().await else { return };
    let app = two.known_application().await;
    let path = format!("/api/v1/applications/{}/tokens/revoke", app.id);
    let revoked = post(&two.room, &path, &two.room.api_key, &json!({})).await;
    assert_eq!(revoked.status, 204);
    // The very next request: there is nothing to wait for.
    refused(&two.seal_there(&app.access).await, 401);
    refused(&two.refresh_there(&app.refresh).await, 401);
}

#[tokio::test]
async fn what_is_rotated_at_one_node_is_refused_by_the_other_at_once() {
    let Some(two) = Two::open().await else { return };
    let app = two.known_application().await;
    let path = format!("/api/v1/applications/{}/tokens/rotate", app.id);
    let body = json!({});
    let rotated = two.there(&path, Some(&two.room.api_key), &body).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    // This time it was done there, and is asked for here.
    let here = encrypt(&two.room, &app.access, "general", "x").await;
    refused(&here, 401);
    refused(&refresh(&two.room, &app.refresh).await, 401);
    let renewed = refresh(&two.room, &rotated.text("refresh_token")).await;
    let access = renewed.text("access_token");
    assert_eq!(two.seal_there(&access).await.status, 200);
}

#[tokio::test]
async fn a_suspended_application_does_nothing_at_the_other_node() {
    let Some(two) = Two::open().await else { return };
    let app = two.known_application().await;
    let path = format!("/api/v1/applications/{}", app.id);
    let request = two.room.request(reqwest::Method::PATCH, &path);
    let suspended = Reply::of(request.json(&json!({"is_active": false}))).await;
    assert_eq!(suspended.status, 200);
    refused(&two.seal_there(&app.access).await, 401);
}
