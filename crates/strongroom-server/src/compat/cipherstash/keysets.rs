//! Keysets, administered in their words.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, KeysetCreate, KeysetModify, Refused};
use strongroom_types::body::KeysetInfo;
use strongroom_types::{Bytes, KeysetClientId, KeysetName};

use super::client_key;
use super::shape::Named;
use crate::edge::{App, Document, Reply, Sent, ok};

/// `{}`.
#[derive(Serialize)]
pub(super) struct Nothing {}

pub(super) fn nothing(done: Result<Answered<()>, Refused>) -> Result<Answered<Nothing>, Refused> {
    done.map(|answered| Answered {
        value: Nothing {},
        entry: answered.entry,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    name: KeysetName,
    description: String,
    #[serde(default)]
    client: Option<NewClient>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClient {
    /// `device`: no other kind is made with a keyset.
    #[serde(default, rename = "client_type")]
    _client_type: Option<ClientType>,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ClientType {
    Device,
}

#[derive(Serialize)]
pub(super) struct Created {
    #[serde(flatten)]
    keyset: KeysetInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<CreatedClient>,
}

#[derive(Serialize)]
struct CreatedClient {
    id: KeysetClientId,
    client_key: Bytes,
}

pub(super) async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Create>,
) -> Reply<Document<Created>> {
    let request = KeysetCreate {
        name: body.name,
        description: body.description,
        client: body.client.map(|client| client.name),
    };
    let made = app.room.keyset_create(&ask, request).await;
    let made = made.map(|answered| {
        let (keyset, client) = answered.value;
        let client = client.map(|client| CreatedClient {
            id: client.info.id,
            client_key: Bytes(client_key(&client.share).to_vec()),
        });
        Answered {
            value: Created { keyset, client },
            entry: answered.entry,
        }
    });
    ok(&ask, made)
}

#[derive(Deserialize)]
pub(super) struct List {
    #[serde(default)]
    show_disabled: bool,
}

pub(super) async fn list(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<List>,
) -> Reply<Document<Vec<KeysetInfo>>> {
    ok(&ask, app.room.keysets(&ask, body.show_disabled).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    keyset_id: Named,
}

pub(super) async fn enable(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Which>,
) -> Reply<Document<Nothing>> {
    let done = app.room.keyset_enable(&ask, body.keyset_id.read()).await;
    ok(&ask, nothing(done))
}

pub(super) async fn disable(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Which>,
) -> Reply<Document<Nothing>> {
    let done = app.room.keyset_disable(&ask, body.keyset_id.read()).await;
    ok(&ask, nothing(done))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Modify {
    keyset_id: Named,
    #[serde(default)]
    name: Option<KeysetName>,
    #[serde(default)]
    description: Option<String>,
}

pub(super) async fn modify(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Modify>,
) -> Reply<Document<Nothing>> {
    let request = KeysetModify {
        keyset: body.keyset_id.read(),
        name: body.name,
        description: body.description,
    };
    let done = app.room.keyset_modify(&ask, request).await;
    ok(&ask, nothing(done))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pair {
    client_id: KeysetClientId,
    keyset_id: Named,
}

pub(super) async fn grant(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Pair>,
) -> Reply<Document<Nothing>> {
    let done = app
        .room
        .keyset_grant(&ask, body.client_id, body.keyset_id.read())
        .await;
    ok(&ask, nothing(done))
}

pub(super) async fn revoke(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Pair>,
) -> Reply<Document<Nothing>> {
    let done = app
        .room
        .keyset_revoke(&ask, body.client_id, body.keyset_id.read())
        .await;
    ok(&ask, nothing(done))
}
