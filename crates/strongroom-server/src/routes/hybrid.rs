//! `/v1/kem/*` and `/v1/seal`: hybrid keys, and what is sealed to them.

use axum::extract::State;
use axum::response::Response;
use strongroom_core::PageQuery;
use strongroom_types::ContextId;
use strongroom_types::body::{
    DecapsulateAnswer, DecapsulateRequest, EncapsulateAnswer, EncapsulateRequest, HybridKeyCreate,
    HybridKeyInfo, Page, SealToAnswer, SealToRequest, SealedOpenAnswer, SealedOpenRequest,
};

use super::endpoint::{Endpoint, Tag, delete, get, post};
use super::page::PAGE;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, created, ok, removed};

pub(super) fn endpoints() -> Vec<Endpoint> {
    [keys(), uses()].into_iter().flatten().collect()
}

fn keys() -> Vec<Endpoint> {
    vec![
        get("/v1/kem/keys", list)
            .about(Tag::Hybrid, "Lists hybrid keys with their public keys.")
            .query(PAGE)
            .gives_page_of::<HybridKeyInfo>(),
        post("/v1/kem/keys", create)
            .about(Tag::Hybrid, "Makes a hybrid key.")
            .takes::<HybridKeyCreate>()
            .creates::<HybridKeyInfo>(),
        get("/v1/kem/keys/{id}", describe)
            .about(
                Tag::Hybrid,
                "Describes a hybrid key, with the public keys of all versions.",
            )
            .gives::<HybridKeyInfo>(),
        post("/v1/kem/keys/{id}/rotate", rotate)
            .about(
                Tag::Hybrid,
                "Gives a hybrid key a new version; what was sealed to those before still opens.",
            )
            .gives::<HybridKeyInfo>(),
        delete("/v1/kem/keys/{id}", remove)
            .about(Tag::Hybrid, "Destroys a hybrid key with all its versions.")
            .removes(),
    ]
}

fn uses() -> Vec<Endpoint> {
    vec![
        post("/v1/kem/encapsulate", encapsulate)
            .about(
                Tag::Hybrid,
                "Draws a shared secret and encapsulates it to a public key.",
            )
            .takes::<EncapsulateRequest>()
            .gives::<EncapsulateAnswer>(),
        post("/v1/kem/decapsulate", decapsulate)
            .about(
                Tag::Hybrid,
                "Gives the shared secret that was encapsulated to a hybrid key.",
            )
            .takes::<DecapsulateRequest>()
            .gives::<DecapsulateAnswer>(),
        post("/v1/seal", seal)
            .about(
                Tag::Hybrid,
                "Seals to a hybrid key of this workspace or to a public key.",
            )
            .takes::<SealToRequest>()
            .gives::<SealToAnswer>(),
        post("/v1/seal/open", open)
            .about(Tag::Hybrid, "Opens what was sealed to a hybrid key.")
            .takes::<SealedOpenRequest>()
            .gives::<SealedOpenAnswer>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<HybridKeyInfo>>> {
    ok(&ask, app.room.hybrid_keys(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<HybridKeyCreate>,
) -> Reply<Document<HybridKeyInfo>> {
    created(&ask, app.room.hybrid_key_create(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<HybridKeyInfo>> {
    ok(&ask, app.room.hybrid_key_describe(&ask, id).await)
}

async fn rotate(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<HybridKeyInfo>> {
    ok(&ask, app.room.hybrid_key_rotate(&ask, id).await)
}

async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Response> {
    removed(&ask, app.room.hybrid_key_destroy(&ask, id).await)
}

async fn encapsulate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<EncapsulateRequest>,
) -> Reply<Document<EncapsulateAnswer>> {
    ok(&ask, app.room.encapsulate(&ask, body).await)
}

async fn decapsulate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<DecapsulateRequest>,
) -> Reply<Document<DecapsulateAnswer>> {
    ok(&ask, app.room.decapsulate(&ask, body).await)
}

async fn seal(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<SealToRequest>,
) -> Reply<Document<SealToAnswer>> {
    ok(&ask, app.room.seal_to(&ask, body).await)
}

async fn open(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<SealedOpenRequest>,
) -> Reply<Document<SealedOpenAnswer>> {
    ok(&ask, app.room.open_sealed(&ask, body).await)
}
