//! `/v1/context-policies`: rules for the key contexts that they match.

use axum::extract::State;
use axum::response::Response;
use strongroom_core::PageQuery;
use strongroom_types::PolicyId;
use strongroom_types::body::{Page, PolicyBody, PolicyInfo};

use super::endpoint::{Endpoint, Tag, delete, get, post, put};
use super::page::PAGE;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, created, ok, removed};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/context-policies", list)
            .about(Tag::Policies, "Lists the context policies.")
            .query(PAGE)
            .gives_page_of::<PolicyInfo>(),
        post("/v1/context-policies", create)
            .about(
                Tag::Policies,
                "Makes a context policy. One that could tie with another is refused.",
            )
            .takes::<PolicyBody>()
            .creates::<PolicyInfo>(),
        get("/v1/context-policies/{id}", describe)
            .about(Tag::Policies, "Describes a context policy.")
            .gives::<PolicyInfo>(),
        put("/v1/context-policies/{id}", update)
            .about(Tag::Policies, "Replaces a context policy.")
            .takes::<PolicyBody>()
            .gives::<PolicyInfo>(),
        delete("/v1/context-policies/{id}", remove)
            .about(Tag::Policies, "Removes a context policy.")
            .removes(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<PolicyInfo>>> {
    ok(&ask, app.room.policies(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<PolicyBody>,
) -> Reply<Document<PolicyInfo>> {
    created(&ask, app.room.policy_create(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<PolicyId>,
) -> Reply<Document<PolicyInfo>> {
    ok(&ask, app.room.policy(&ask, id).await)
}

async fn update(
    State(app): State<App>,
    Target(id): Target<PolicyId>,
    Sent { ask, body, .. }: Sent<PolicyBody>,
) -> Reply<Document<PolicyInfo>> {
    ok(&ask, app.room.policy_update(&ask, id, body).await)
}

async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<PolicyId>,
) -> Reply<Response> {
    removed(&ask, app.room.policy_delete(&ask, id).await)
}
