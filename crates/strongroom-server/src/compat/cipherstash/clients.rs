//! Clients of keysets, administered in their words.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, KeysetClientCreate, WhichKeyset};
use strongroom_types::body::KeysetClientInfo;
use strongroom_types::{Bytes, ClientId, KeysetClientId, KeysetId};

use super::client_key;
use super::keysets::{Nothing, nothing};
use super::shape::Named;
use crate::edge::{App, Document, Reply, Sent, ok};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    #[serde(default)]
    keyset_id: Option<Named>,
    /// What older clients call it.
    #[serde(default)]
    dataset_id: Option<Named>,
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Serialize)]
pub(super) struct Created {
    id: KeysetClientId,
    dataset_id: KeysetId,
    name: String,
    description: String,
    client_key: Bytes,
}

pub(super) async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Create>,
) -> Reply<Document<Created>> {
    let request = KeysetClientCreate {
        keyset: body
            .keyset_id
            .or(body.dataset_id)
            .map_or(WhichKeyset::Home, Named::read),
        name: body.name,
        description: body.description,
    };
    let made = app.room.keyset_client_create(&ask, request).await;
    let made = made.map(|answered| {
        let info = answered.value.info;
        let value = Created {
            id: info.id,
            dataset_id: info.home,
            name: info.name,
            description: info.description,
            client_key: Bytes(client_key(&answered.value.share).to_vec()),
        };
        let entry = answered.entry;
        Answered { value, entry }
    });
    ok(&ask, made)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    #[serde(default)]
    keyset_id: Option<Named>,
}

#[derive(Serialize)]
pub(super) struct Listed {
    id: KeysetClientId,
    keyset_id: OneOrMany,
    name: String,
    description: String,
    created_by: ClientId,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(KeysetId),
    Many(Vec<KeysetId>),
}

impl Listed {
    fn of(info: KeysetClientInfo) -> Self {
        let keyset_id = match info.keysets.as_slice() {
            [only] => OneOrMany::One(*only),
            _ => OneOrMany::Many(info.keysets),
        };
        Self {
            id: info.id,
            keyset_id,
            name: info.name,
            description: info.description,
            created_by: info.created_by,
        }
    }
}

pub(super) async fn list(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<List>,
) -> Reply<Document<Vec<Listed>>> {
    let keyset = body.keyset_id.map(Named::read);
    let listed = app.room.keyset_clients(&ask, keyset).await;
    let listed = listed.map(|answered| Answered {
        value: answered.value.into_iter().map(Listed::of).collect(),
        entry: answered.entry,
    });
    ok(&ask, listed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    client_id: KeysetClientId,
}

pub(super) async fn remove(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Which>,
) -> Reply<Document<Nothing>> {
    let done = app.room.keyset_client_delete(&ask, body.client_id).await;
    ok(&ask, nothing(done))
}
