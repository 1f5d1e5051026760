//! Access keys: API keys of clients with a role of theirs.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Ask, Denial, PageQuery, Thing, access_key};
use strongroom_types::body::{ClientCreate, ClientInfo};
use strongroom_types::{ClientId, ContextPattern, KeyId};

use super::keysets::{Nothing, nothing};
use super::scope::Role;
use crate::edge::{App, Caller, Document, Problem, Reply, Sent, ok};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    id: String,
    name: String,
    role: Role,
    created_at: String,
}

/// How they write the id of a key: without what ours begins with.
fn their_id(id: KeyId) -> String {
    let text = id.to_string();
    text.strip_prefix(KeyId::PREFIX).unwrap_or(&text).to_owned()
}

/// All clients of the workspace, page by page.
async fn all(app: &App, ask: &Ask) -> Result<Answered<Vec<ClientInfo>>, Problem> {
    let mut query = PageQuery::default();
    let mut all = Vec::new();
    loop {
        let page = app.room.clients(ask, query).await;
        let page = page.map_err(|refused| Problem::new(refused, ask.origin.request_id))?;
        all.extend(page.value.items);
        match page.value.next {
            None => {
                let entry = page.entry;
                return Ok(Answered { value: all, entry });
            }
            next => {
                query = PageQuery {
                    page: next,
                    limit: None,
                }
            }
        }
    }
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
) -> Reply<Document<Vec<Listed>>> {
    let clients = all(&app, &ask).await?;
    let keys = clients.value.iter().flat_map(|client| {
        client.api_keys.iter().map(|key| Listed {
            id: their_id(key.id),
            name: client.name.clone(),
            role: Role::of(&client.permissions),
            created_at: key.created.clone(),
        })
    });
    let listed = Answered {
        value: keys.collect(),
        entry: clients.entry,
    };
    ok(&ask, Ok(listed))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    role: Role,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    id: String,
    name: String,
    role: Role,
    access_key: Option<String>,
    #[serde(rename = "createdAt")]
    made: String,
}

pub(super) async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Create>,
) -> Reply<Document<Created>> {
    let request = ClientCreate {
        name: body.name,
        permissions: body.role.permissions(),
        allowed_contexts: vec![ContextPattern::default()],
        expires_in: None,
    };
    let made = app.room.client_create(&ask, request).await;
    let made = made.map(|answered| {
        let (client, key) = (answered.value.client, answered.value.api_key);
        let value = Created {
            id: their_id(key.info.id),
            name: client.name,
            role: Role::of(&client.permissions),
            access_key: access_key(&key.secret),
            made: key.info.created,
        };
        let entry = answered.entry;
        Answered { value, entry }
    });
    ok(&ask, made)
}

#[derive(Deserialize)]
pub(super) struct Which {
    id: String,
}

pub(super) async fn remove(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Which>,
) -> Reply<Document<Nothing>> {
    let clients = all(&app, &ask).await?;
    let Some((client, key)) = owner(&clients.value, &body.id) else {
        return Err(app.refuse(&ask, Denial::NotFound(Thing::ApiKey)).await);
    };
    let revoked = app.room.client_key_revoke(&ask, client, key).await;
    let revoked = revoked.map(|answered| Answered {
        value: (),
        entry: answered.entry,
    });
    ok(&ask, nothing(revoked))
}

/// The client that has the key.
fn owner(clients: &[ClientInfo], id: &str) -> Option<(ClientId, KeyId)> {
    let id = id.strip_prefix("CSAK").unwrap_or(id);
    clients.iter().find_map(|client| {
        let key = client.api_keys.iter().find(|key| their_id(key.id) == id)?;
        Some((client.id, key.id))
    })
}
