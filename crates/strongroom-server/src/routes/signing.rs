//! `/v1/signing-keys`, `/v1/sign`, `/v1/verify`.

use axum::extract::State;
use axum::response::Response;
use strongroom_core::PageQuery;
use strongroom_types::ContextId;
use strongroom_types::body::{
    Page, SignAnswer, SignRequest, SigningKeyCreate, SigningKeyInfo, VerifyAnswer, VerifyRequest,
};

use super::endpoint::{Endpoint, Tag, delete, get, post};
use super::page::PAGE;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, created, ok, removed};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/signing-keys", list)
            .about(Tag::Signing, "Lists signing keys with their public keys.")
            .query(PAGE)
            .gives_page_of::<SigningKeyInfo>(),
        post("/v1/signing-keys", create)
            .about(Tag::Signing, "Makes a signing key.")
            .takes::<SigningKeyCreate>()
            .creates::<SigningKeyInfo>(),
        get("/v1/signing-keys/{id}", describe)
            .about(
                Tag::Signing,
                "Describes a signing key, with the public keys of all versions.",
            )
            .gives::<SigningKeyInfo>(),
        post("/v1/signing-keys/{id}/rotate", rotate)
            .about(
                Tag::Signing,
                "Gives a signing key a new version, and erases the private key of the one before.",
            )
            .gives::<SigningKeyInfo>(),
        delete("/v1/signing-keys/{id}", remove)
            .about(
                Tag::Signing,
                "Destroys a signing key, with the public keys of all versions.",
            )
            .removes(),
        post("/v1/sign", sign)
            .about(
                Tag::Signing,
                "Signs a message with the newest version of a signing key.",
            )
            .takes::<SignRequest>()
            .gives::<SignAnswer>(),
        post("/v1/verify", verify)
            .about(
                Tag::Signing,
                "Says whether a signature holds, and under which version.",
            )
            .takes::<VerifyRequest>()
            .gives::<VerifyAnswer>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<SigningKeyInfo>>> {
    ok(&ask, app.room.signing_keys(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<SigningKeyCreate>,
) -> Reply<Document<SigningKeyInfo>> {
    created(&ask, app.room.signing_key_create(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<SigningKeyInfo>> {
    ok(&ask, app.room.signing_key_describe(&ask, id).await)
}

async fn rotate(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<SigningKeyInfo>> {
    ok(&ask, app.room.signing_key_rotate(&ask, id).await)
}

async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Response> {
    removed(&ask, app.room.signing_key_destroy(&ask, id).await)
}

async fn sign(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<SignRequest>,
) -> Reply<Document<SignAnswer>> {
    ok(&ask, app.room.sign(&ask, body).await)
}

async fn verify(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<VerifyRequest>,
) -> Reply<Document<VerifyAnswer>> {
    ok(&ask, app.room.verify(&ask, body).await)
}
