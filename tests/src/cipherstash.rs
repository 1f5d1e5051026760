//! A workspace as CipherStash's clients see it: an access key, a client of keysets, and users who act
//! by themselves.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be set up fails its test"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_types::{ClientId, Permission, base32};

use crate::hex;
use crate::reply::Reply;
use crate::room::Room;

/// What a member's access key may.
pub const MEMBER: [Permission; 3] = [
    Permission::KeysetsGenerate,
    Permission::KeysetsRetrieve,
    Permission::KeysetsList,
];
/// What an administrator's access key may.
pub const ADMIN: [Permission; 6] = [
    Permission::KeysetsGenerate,
    Permission::KeysetsRetrieve,
    Permission::KeysetsList,
    Permission::AdminKeysets,
    Permission::AdminClients,
    Permission::AdminIssuers,
];

/// What their clients are configured with.
#[derive(Debug)]
pub struct CipherStash {
    /// The access key.
    pub access_key: String,
    /// The client of the workspace that has it.
    pub program: ClientId,
    /// The workspace's CRN.
    pub crn: String,
    /// The id in it.
    pub workspace: String,
    /// The client of keysets.
    pub client_id: String,
    /// Its client key, in hexadecimal.
    pub client_key: String,
    /// A token for the access key.
    pub token: String,
}

/// An API key in their spelling.
#[must_use]
pub fn access_key(api_key: &str) -> String {
    let bytes = base32::decode(api_key.strip_prefix("sr_").unwrap()).unwrap();
    let (id, secret) = bytes.split_at(16);
    format!("CSAK{}.{}", base32::encode(id), base32::encode(secret))
}

impl CipherStash {
    /// Makes an access key and a client of the workspace's first keyset, and lets the identities of
    /// the issuer act by themselves.
    pub async fn of(room: &Room) -> Self {
        let (_, program) = room.make_client(&ADMIN, &[&[]]).await;
        let access_key = access_key(&program.api_key.secret);
        let token = authorise(room, &json!({ "accessKey": access_key })).await;
        let token = token.text("accessToken");
        let request = room.anonymous(Method::GET, "/api/workspaces");
        let workspaces = Reply::of(request.bearer_auth(&token)).await.json();
        let own = |field: &str| {
            let text = workspaces.pointer(&format!("/0/{field}")).unwrap();
            text.as_str().unwrap().to_owned()
        };
        let body = json!({"name": "application", "description": "of the test"});
        let made = call(room, &token, "/zerokms/create-client", &body).await;
        let client_key = STANDARD.decode(made.text("client_key")).unwrap();
        let cipherstash = Self {
            program: program.client.id,
            crn: own("crn"),
            workspace: own("id"),
            client_id: made.text("id"),
            client_key: hex::encode(&client_key),
            access_key,
            token,
        };
        let (_, identities) = room.make_client(&MEMBER, &[&[]]).await;
        act_as(room, Some(identities.client.id)).await;
        cipherstash
    }

    /// Calls the key service with the access key's token.
    pub async fn call(&self, room: &Room, path: &str, body: &Value) -> Reply {
        call(room, &self.token, path, body).await
    }

    /// A token of a user who acts by themselves.
    pub async fn user(&self, room: &Room, subject: &str, claims: Value) -> String {
        let oidc = room.token_with(subject, claims).await;
        let body = json!({"oidcToken": oidc, "workspaceId": self.workspace});
        authorise(room, &body).await.text("accessToken")
    }

    /// A body that names the client and its keyset, with keys.
    #[must_use]
    pub fn keys(&self, keys: &Value) -> Value {
        json!({"client_id": self.client_id, "keyset_id": null, "keys": keys,
            "unverified_context": {}})
    }
}

/// Says as which client the identities of the room's issuer act.
pub async fn act_as(room: &Room, client: Option<ClientId>) -> Reply {
    let path = format!("/v1/issuers/{}/acts-as", room.issuer.id);
    let request = room.request(Method::PUT, &path);
    Reply::of(request.json(&json!({ "client": client }))).await
}

/// Asks the token service.
pub async fn authorise(room: &Room, body: &Value) -> Reply {
    let request = room.anonymous(Method::POST, "/api/authorise");
    Reply::of(request.json(body)).await
}

/// Calls the surface with a token.
pub async fn call(room: &Room, token: &str, path: &str, body: &Value) -> Reply {
    let request = room.anonymous(Method::POST, path);
    Reply::of(request.bearer_auth(token).json(body)).await
}

/// A key as their clients send it: an initialisation vector made of a number, and a descriptor.
#[must_use]
pub fn key(number: u32, descriptor: &str) -> Value {
    let iv = [number.to_be_bytes(); 4].concat();
    json!({"iv": STANDARD.encode(iv), "descriptor": descriptor, "context": []})
}

/// The same key with the tag that it was answered with.
#[must_use]
pub fn tagged(key: &Value, made: &Value) -> Value {
    let tag = STANDARD.decode(made.get("tag").unwrap().as_str().unwrap());
    let mut key = key.clone();
    let fields = key.as_object_mut().unwrap();
    fields.insert("tag".to_owned(), json!(tag.unwrap()));
    if let Some(policy) = made.get("decryption_policy") {
        fields.insert("decryption_policy".to_owned(), policy.clone());
    }
    key
}
