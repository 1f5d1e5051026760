//! `/v1/customer-keys`: tenants' own keys, and which key contexts they wrap.

use axum::extract::State;
use axum::response::Response;
use strongroom_core::PageQuery;
use strongroom_types::CustomerKeyId;
use strongroom_types::body::{
    CustomerKeyAttach, CustomerKeyCreate, CustomerKeyDetach, CustomerKeyEnable, CustomerKeyInfo,
    CustomerKeyMoves, CustomerKeyReplace, CustomerKeyUpdate, Page, WhichKey, WhichKeyRequest,
};

use super::endpoint::{Endpoint, Tag, delete, get, patch, post};
use super::page::PAGE;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, created, ok, removed};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = rows();
    all.extend(acts());
    all
}

fn rows() -> Vec<Endpoint> {
    vec![
        get("/v1/customer-keys", list)
            .about(
                Tag::CustomerKeys,
                "Lists the customer keys, without credentials.",
            )
            .query(PAGE)
            .gives_page_of::<CustomerKeyInfo>(),
        post("/v1/customer-keys", register)
            .about(
                Tag::CustomerKeys,
                "Registers a customer's key. It is not used before it is verified.",
            )
            .takes::<CustomerKeyCreate>()
            .creates::<CustomerKeyInfo>(),
        get("/v1/customer-keys/{id}", describe)
            .about(Tag::CustomerKeys, "Describes a customer's key.")
            .gives::<CustomerKeyInfo>(),
        patch("/v1/customer-keys/{id}", update)
            .about(
                Tag::CustomerKeys,
                "Changes what is known of a customer's key; another way must lead to the same key.",
            )
            .takes::<CustomerKeyUpdate>()
            .gives::<CustomerKeyInfo>(),
        delete("/v1/customer-keys/{id}", remove)
            .about(
                Tag::CustomerKeys,
                "Forgets a customer's key that wraps nothing and is attached to nothing.",
            )
            .removes(),
        post("/v1/customer-keys/which-key", which_key)
            .about(
                Tag::CustomerKeys,
                "Says which key a key context would use, and why. Nothing is used.",
            )
            .takes::<WhichKeyRequest>()
            .gives::<WhichKey>(),
    ]
}

fn acts() -> Vec<Endpoint> {
    vec![
        post("/v1/customer-keys/{id}/verify", verify)
            .about(
                Tag::CustomerKeys,
                "Lets a customer's key wrap and unwrap a seed without a use; then it is active.",
            )
            .gives::<CustomerKeyInfo>(),
        post("/v1/customer-keys/{id}/attach", attach)
            .about(
                Tag::CustomerKeys,
                "Puts all key contexts that contain given pairs under a customer's key.",
            )
            .takes::<CustomerKeyAttach>()
            .gives::<CustomerKeyMoves>(),
        post("/v1/customer-keys/{id}/replace", replace)
            .about(
                Tag::CustomerKeys,
                "Puts another customer's key in the place of one.",
            )
            .takes::<CustomerKeyReplace>()
            .gives::<CustomerKeyMoves>(),
        post("/v1/customer-keys/{id}/detach", detach)
            .about(
                Tag::CustomerKeys,
                "Takes a customer's key away from its policies, or from one of them.",
            )
            .takes::<CustomerKeyDetach>()
            .gives::<CustomerKeyMoves>(),
        post("/v1/customer-keys/{id}/disable", disable)
            .about(
                Tag::CustomerKeys,
                "Suspends a customer's key: what is under it is closed at once.",
            )
            .gives::<CustomerKeyInfo>(),
        post("/v1/customer-keys/{id}/enable", enable)
            .about(
                Tag::CustomerKeys,
                "Resumes a customer's key, for everything or for moving away from it only.",
            )
            .takes::<CustomerKeyEnable>()
            .gives::<CustomerKeyInfo>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<CustomerKeyInfo>>> {
    ok(&ask, app.room.customer_keys(&ask, page).await)
}

async fn register(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<CustomerKeyCreate>,
) -> Reply<Document<CustomerKeyInfo>> {
    created(&ask, app.room.customer_key_register(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<CustomerKeyId>,
) -> Reply<Document<CustomerKeyInfo>> {
    ok(&ask, app.room.customer_key(&ask, id).await)
}

async fn update(
    State(app): State<App>,
    Target(id): Target<CustomerKeyId>,
    Sent { ask, body, .. }: Sent<CustomerKeyUpdate>,
) -> Reply<Document<CustomerKeyInfo>> {
    ok(&ask, app.room.customer_key_update(&ask, id, body).await)
}

async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<CustomerKeyId>,
) -> Reply<Response> {
    removed(&ask, app.room.customer_key_delete(&ask, id).await)
}

async fn which_key(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<WhichKeyRequest>,
) -> Reply<Document<WhichKey>> {
    ok(&ask, app.room.which_key(&ask, body).await)
}

async fn verify(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<CustomerKeyId>,
) -> Reply<Document<CustomerKeyInfo>> {
    ok(&ask, app.room.customer_key_verify(&ask, id).await)
}

async fn attach(
    State(app): State<App>,
    Target(id): Target<CustomerKeyId>,
    Sent { ask, body, .. }: Sent<CustomerKeyAttach>,
) -> Reply<Document<CustomerKeyMoves>> {
    ok(&ask, app.room.customer_key_attach(&ask, id, body).await)
}

async fn replace(
    State(app): State<App>,
    Target(id): Target<CustomerKeyId>,
    Sent { ask, body, .. }: Sent<CustomerKeyReplace>,
) -> Reply<Document<CustomerKeyMoves>> {
    ok(&ask, app.room.customer_key_replace(&ask, id, body).await)
}

async fn detach(
    State(app): State<App>,
    Target(id): Target<CustomerKeyId>,
    Sent { ask, body, .. }: Sent<CustomerKeyDetach>,
) -> Reply<Document<CustomerKeyMoves>> {
    ok(&ask, app.room.customer_key_detach(&ask, id, body).await)
}

async fn disable(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<CustomerKeyId>,
) -> Reply<Document<CustomerKeyInfo>> {
    ok(&ask, app.room.customer_key_disable(&ask, id).await)
}

async fn enable(
    State(app): State<App>,
    Target(id): Target<CustomerKeyId>,
    Sent { ask, body, .. }: Sent<CustomerKeyEnable>,
) -> Reply<Document<CustomerKeyInfo>> {
    ok(&ask, app.room.customer_key_enable(&ask, id, body).await)
}
