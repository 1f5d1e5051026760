//! A workspace as Stack Auth's clients see it: a project with two keys.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be set up fails its test"
)]

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use strongroom_types::{Permission, WorkspaceId};

use crate::reply::Reply;
use crate::room::Room;

/// What a secret server key may.
pub const SERVER: [Permission; 2] = [Permission::StoresRead, Permission::StoresWrite];
/// What a super secret admin key may.
pub const ADMIN: [Permission; 3] = [
    Permission::AdminStores,
    Permission::StoresRead,
    Permission::StoresWrite,
];

/// A project.
#[derive(Debug)]
pub struct Project {
    /// Its id, a UUID.
    pub id: String,
    /// Its secret server key.
    pub server_key: String,
    /// Its super secret admin key.
    pub admin_key: String,
}

impl Project {
    /// A caller with its secret server key.
    #[must_use]
    pub fn server(&self, room: &Room, family: &'static str) -> Stack {
        Stack::server(&room.server.sheet().url, family, &self.id, &self.server_key)
    }

    /// A caller with its super secret admin key.
    #[must_use]
    pub fn admin(&self, room: &Room, family: &'static str) -> Stack {
        Stack::admin(&room.server.sheet().url, family, &self.id, &self.admin_key)
    }

    /// Makes two clients of the workspace.
    pub async fn of(room: &Room) -> Self {
        let (_, server) = room.make_client(&SERVER, &[&[]]).await;
        let (_, admin) = room.make_client(&ADMIN, &[&[]]).await;
        Self {
            id: project_id(room.workspace),
            server_key: server.api_key.secret,
            admin_key: admin.api_key.secret,
        }
    }
}

/// The two spellings of their headers.
pub const FAMILIES: [&str; 2] = ["x-stack", "x-hexclave"];

/// How a request is sent: to which server, in which spelling, as whom.
#[derive(Clone, Debug)]
pub struct Stack {
    http: reqwest::Client,
    url: String,
    family: &'static str,
    /// The headers about the caller, without their prefix.
    pub headers: Vec<(&'static str, String)>,
}

impl Stack {
    /// With a secret server key.
    #[must_use]
    pub fn server(url: &str, family: &'static str, project: &str, key: &str) -> Self {
        let headers = vec![
            ("access-type", "server".to_owned()),
            ("project-id", project.to_owned()),
            ("secret-server-key", key.to_owned()),
        ];
        Self::with(url, family, headers)
    }

    /// With a super secret admin key.
    #[must_use]
    pub fn admin(url: &str, family: &'static str, project: &str, key: &str) -> Self {
        let headers = vec![
            ("access-type", "admin".to_owned()),
            ("project-id", project.to_owned()),
            ("super-secret-admin-key", key.to_owned()),
        ];
        Self::with(url, family, headers)
    }

    /// With any headers.
    #[must_use]
    pub fn with(url: &str, family: &'static str, headers: Vec<(&'static str, String)>) -> Self {
        Self {
            http: reqwest::Client::new(),
            url: url.to_owned(),
            family,
            headers,
        }
    }

    /// A request with the headers.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let headers = self.headers.iter();
        headers.fold(request, |request, (name, value)| {
            request.header(format!("{}-{name}", self.family), value)
        })
    }

    /// Posts a document below `/api/v1/data-vault/stores/`.
    pub async fn post(&self, below: &str, body: &Value) -> Reply {
        let path = format!("/api/v1/data-vault/stores/{below}");
        Reply::of(self.request(Method::POST, &path).json(body)).await
    }

    /// Sets a value; `None` if there is no answer.
    pub async fn try_set(&self, store: &str, hashed_key: &str, value: &str) -> Option<Reply> {
        let body = json!({"hashed_key": hashed_key, "encrypted_value": value});
        let path = format!("/api/v1/data-vault/stores/{store}/set");
        Reply::try_of(self.request(Method::POST, &path).json(&body)).await
    }

    /// Sets a value.
    pub async fn set(&self, store: &str, hashed_key: &str, value: &str) -> Reply {
        let body = json!({"hashed_key": hashed_key, "encrypted_value": value});
        self.post(&format!("{store}/set"), &body).await
    }

    /// Gets a value.
    pub async fn get(&self, store: &str, hashed_key: &str) -> Reply {
        let body = json!({ "hashed_key": hashed_key });
        self.post(&format!("{store}/get"), &body).await
    }

    /// Overrides the configuration.
    pub async fn configure(&self, change: &Value) -> Reply {
        let body = json!({"config_override_string": change.to_string()});
        let path = "/api/latest/internal/config/override/environment";
        Reply::of(self.request(Method::PATCH, path).json(&body)).await
    }

    /// Declares a store.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn declare(&self, store: &str) {
        let change = json!({format!("dataVault.stores.{store}"): {"displayName": store}});
        let reply = self.configure(&change).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json(), json!({"success": true}));
    }
}

/// The 16 bytes of a workspace's id, written as a UUID.
#[must_use]
pub fn project_id(workspace: WorkspaceId) -> String {
    let digits = crate::hex::encode(workspace.as_bytes());
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    groups
        .map(|range| digits.get(range).unwrap().to_owned())
        .join("-")
}
