//! `/vault/v1/kv`: objects.

mod list;
mod read;
mod shape;
mod version_id;
mod write;

use crate::routes::endpoint::{Endpoint, delete, get, post, put};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/vault/v1/kv", list::list),
        post("/vault/v1/kv", write::create),
        get("/vault/v1/kv/name/{name}", read::read_by_name),
        get("/vault/v1/kv/{id}", read::read),
        put("/vault/v1/kv/{id}", write::update),
        delete("/vault/v1/kv/{id}", write::remove),
        get("/vault/v1/kv/{id}/metadata", read::describe),
        get("/vault/v1/kv/{id}/versions", list::versions),
    ]
}
