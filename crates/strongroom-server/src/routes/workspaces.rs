//! `/v1/workspaces`: administered from the system workspace.

use axum::extract::State;
use strongroom_core::PageQuery;
use strongroom_types::WorkspaceId;
use strongroom_types::body::{
    Page, WorkspaceCreate, WorkspaceCreated, WorkspaceInfo, WorkspaceUpdate,
};

use super::endpoint::{Endpoint, Tag, get, patch, post};
use super::page::PAGE;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, created, ok};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/workspaces", list)
            .about(Tag::Workspaces, "Lists the workspaces.")
            .query(PAGE)
            .gives_page_of::<WorkspaceInfo>(),
        post("/v1/workspaces", create)
            .about(Tag::Workspaces, "Makes a workspace with its first client, an administrator, whose API key is shown once.")
            .takes::<WorkspaceCreate>()
            .creates::<WorkspaceCreated>(),
        get("/v1/workspaces/{id}", describe)
            .about(Tag::Workspaces, "Describes a workspace.")
            .gives::<WorkspaceInfo>(),
        patch("/v1/workspaces/{id}", update)
            .about(Tag::Workspaces, "Changes a workspace; absent fields stay.")
            .takes::<WorkspaceUpdate>()
            .gives::<WorkspaceInfo>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<WorkspaceInfo>>> {
    ok(&ask, app.room.workspaces(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<WorkspaceCreate>,
) -> Reply<Document<WorkspaceCreated>> {
    created(&ask, app.room.workspace_create(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<WorkspaceId>,
) -> Reply<Document<WorkspaceInfo>> {
    ok(&ask, app.room.workspace(&ask, id).await)
}

async fn update(
    State(app): State<App>,
    Target(id): Target<WorkspaceId>,
    Sent { ask, body, .. }: Sent<WorkspaceUpdate>,
) -> Reply<Document<WorkspaceInfo>> {
    ok(&ask, app.room.workspace_update(&ask, id, body).await)
}
