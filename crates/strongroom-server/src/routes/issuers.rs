//! `/v1/issuers`: who may name identities.

use axum::extract::State;
use strongroom_core::PageQuery;
use strongroom_types::IssuerId;
use strongroom_types::body::{IssuerActsAs, IssuerCreate, IssuerInfo, IssuerUpdate, Page};

use super::endpoint::{Endpoint, Tag, get, patch, post, put};
use super::page::PAGE;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, created, ok};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/issuers", list)
            .about(Tag::Issuers, "Lists the trusted issuers.")
            .query(PAGE)
            .gives_page_of::<IssuerInfo>(),
        post("/v1/issuers", create)
            .about(Tag::Issuers, "Trusts an issuer. Its `iss` is permanent.")
            .takes::<IssuerCreate>()
            .creates::<IssuerInfo>(),
        get("/v1/issuers/{id}", describe)
            .about(Tag::Issuers, "Describes an issuer.")
            .gives::<IssuerInfo>(),
        patch("/v1/issuers/{id}", update)
            .about(Tag::Issuers, "Changes an issuer; absent fields stay.")
            .takes::<IssuerUpdate>()
            .gives::<IssuerInfo>(),
        put("/v1/issuers/{id}/acts-as", act_as)
            .about(
                Tag::Issuers,
                "Lets the issuer's identities act by themselves as a client, or ends that. Needs \
                 `admin:clients` too, and whatever the client may do.",
            )
            .takes::<IssuerActsAs>()
            .gives::<IssuerInfo>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<IssuerInfo>>> {
    ok(&ask, app.room.issuers(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<IssuerCreate>,
) -> Reply<Document<IssuerInfo>> {
    created(&ask, app.room.issuer_create(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<IssuerId>,
) -> Reply<Document<IssuerInfo>> {
    ok(&ask, app.room.issuer(&ask, id).await)
}

async fn update(
    State(app): State<App>,
    Target(id): Target<IssuerId>,
    Sent { ask, body, .. }: Sent<IssuerUpdate>,
) -> Reply<Document<IssuerInfo>> {
    ok(&ask, app.room.issuer_update(&ask, id, body).await)
}

async fn act_as(
    State(app): State<App>,
    Target(id): Target<IssuerId>,
    Sent { ask, body, .. }: Sent<IssuerActsAs>,
) -> Reply<Document<IssuerInfo>> {
    ok(&ask, app.room.issuer_act_as(&ask, id, body.client).await)
}
