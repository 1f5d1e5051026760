//! `/v1/clients`: programs with credentials, and their API keys.

use axum::extract::State;
use serde::Deserialize;
use strongroom_core::PageQuery;
use strongroom_types::body::{
    ApiKeyCreated, ClientCreate, ClientCreated, ClientInfo, ClientUpdate, Page,
};
use strongroom_types::{ClientId, KeyId};
use utoipa::ToSchema;

use super::endpoint::{Endpoint, Tag, delete, get, patch, post};
use super::page::PAGE;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, created, ok};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/clients", list)
            .about(Tag::Clients, "Lists the clients.")
            .query(PAGE)
            .gives_page_of::<ClientInfo>(),
        post("/v1/clients", create)
            .about(
                Tag::Clients,
                "Makes a client with its first API key, which is shown once.",
            )
            .takes::<ClientCreate>()
            .creates::<ClientCreated>(),
        get("/v1/clients/{id}", describe)
            .about(Tag::Clients, "Describes a client.")
            .gives::<ClientInfo>(),
        patch("/v1/clients/{id}", update)
            .about(Tag::Clients, "Changes a client; absent fields stay.")
            .takes::<ClientUpdate>()
            .gives::<ClientInfo>(),
        post("/v1/clients/{id}/keys", key_create)
            .about(
                Tag::Clients,
                "Gives a client another API key, shown once; it has at most two.",
            )
            .takes::<ApiKeyCreate>()
            .creates::<ApiKeyCreated>(),
        delete("/v1/clients/{id}/keys/{key}", key_revoke)
            .about(
                Tag::Clients,
                "Takes an API key away, at once and on all nodes.",
            )
            .gives::<ClientInfo>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<ClientInfo>>> {
    ok(&ask, app.room.clients(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<ClientCreate>,
) -> Reply<Document<ClientCreated>> {
    created(&ask, app.room.client_create(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ClientId>,
) -> Reply<Document<ClientInfo>> {
    ok(&ask, app.room.client_info(&ask, id).await)
}

async fn update(
    State(app): State<App>,
    Target(id): Target<ClientId>,
    Sent { ask, body, .. }: Sent<ClientUpdate>,
) -> Reply<Document<ClientInfo>> {
    ok(&ask, app.room.client_update(&ask, id, body).await)
}

/// `POST /v1/clients/{id}/keys`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiKeyCreate {
    /// Seconds until the key expires, at most 315,360,000 (ten years); never if absent.
    #[serde(default)]
    expires_in: Option<u64>,
}

async fn key_create(
    State(app): State<App>,
    Target(id): Target<ClientId>,
    Sent { ask, body, .. }: Sent<ApiKeyCreate>,
) -> Reply<Document<ApiKeyCreated>> {
    created(
        &ask,
        app.room.client_key_create(&ask, id, body.expires_in).await,
    )
}

async fn key_revoke(
    State(app): State<App>,
    Caller(ask): Caller,
    Target((client, key)): Target<(ClientId, KeyId)>,
) -> Reply<Document<ClientInfo>> {
    ok(&ask, app.room.client_key_revoke(&ask, client, key).await)
}
