//! `/v1/stores`: sealed stores. Names of records are hashes and stand in bodies only.

use axum::extract::State;
use axum::response::Response;
use strongroom_core::PageQuery;
use strongroom_types::StoreName;
use strongroom_types::body::{
    Evaluate, Evaluated, Page, RecordsAnswer, RecordsGet, RecordsSet, SealedStoreCreate,
    SealedStoreInfo, SlotInfo, SlotPut, SlotSummary,
};

use super::endpoint::{Endpoint, Tag, delete, get, post, put};
use super::page::PAGE;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, created, ok, removed};

pub(super) fn endpoints() -> Vec<Endpoint> {
    [stores(), records(), slots()]
        .into_iter()
        .flatten()
        .collect()
}

fn stores() -> Vec<Endpoint> {
    vec![
        get("/v1/stores", list)
            .about(
                Tag::Stores,
                "Counts the sealed stores. Nothing lists what is in one.",
            )
            .query(PAGE)
            .gives_page_of::<SealedStoreInfo>(),
        post("/v1/stores", create)
            .about(Tag::Stores, "Makes a sealed store.")
            .takes::<SealedStoreCreate>()
            .creates::<SealedStoreInfo>(),
        delete("/v1/stores/{store}", remove)
            .about(
                Tag::Stores,
                "Destroys a sealed store's keys and all that it holds.",
            )
            .removes(),
    ]
}

fn records() -> Vec<Endpoint> {
    vec![
        post("/v1/stores/{store}/get", get_records)
            .about(
                Tag::Stores,
                "Gives out records with proofs of what the store's map has in their places, all \
                 under one root.",
            )
            .takes::<RecordsGet>()
            .gives::<RecordsAnswer>(),
        post("/v1/stores/{store}/set", set_records)
            .about(
                Tag::Stores,
                "Keeps new versions of records and deletes records, all or nothing, under one new \
                 root.",
            )
            .takes::<RecordsSet>()
            .gives::<RecordsAnswer>(),
    ]
}

fn slots() -> Vec<Endpoint> {
    vec![
        get("/v1/stores/{store}/slots", list_slots)
            .about(
                Tag::Stores,
                "Lists the slots of a sealed store, at most 100.",
            )
            .gives_page_of::<SlotSummary>(),
        get("/v1/stores/{store}/slots/{slot}", get_slot)
            .about(
                Tag::Stores,
                "Gives out a slot, which only its secret opens.",
            )
            .gives::<SlotInfo>(),
        put("/v1/stores/{store}/slots/{slot}", put_slot)
            .about(Tag::Stores, "Keeps a slot.")
            .takes::<SlotPut>()
            .gives::<SlotInfo>(),
        delete("/v1/stores/{store}/slots/{slot}", delete_slot)
            .about(
                Tag::Stores,
                "Removes a slot: its secret opens nothing any more.",
            )
            .removes(),
        post("/v1/stores/{store}/slots/{slot}/evaluate", evaluate)
            .about(
                Tag::Stores,
                "The server's part of opening a slot with a passphrase: one guess of a few.",
            )
            .takes::<Evaluate>()
            .gives::<Evaluated>(),
        post("/v1/stores/{store}/slots/{slot}/prepare", prepare)
            .about(
                Tag::Stores,
                "The same for a slot that is being made, under a new key.",
            )
            .takes::<Evaluate>()
            .gives::<Evaluated>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<SealedStoreInfo>>> {
    ok(&ask, app.room.sealed_stores(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<SealedStoreCreate>,
) -> Reply<Document<SealedStoreInfo>> {
    created(&ask, app.room.sealed_store_create(&ask, body).await)
}

async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(store): Target<StoreName>,
) -> Reply<Response> {
    removed(&ask, app.room.sealed_store_delete(&ask, store).await)
}

async fn get_records(
    State(app): State<App>,
    Target(store): Target<StoreName>,
    Sent { ask, body, .. }: Sent<RecordsGet>,
) -> Reply<Document<RecordsAnswer>> {
    ok(&ask, app.room.sealed_get(&ask, store, body).await)
}

async fn set_records(
    State(app): State<App>,
    Target(store): Target<StoreName>,
    Sent { ask, body, .. }: Sent<RecordsSet>,
) -> Reply<Document<RecordsAnswer>> {
    ok(&ask, app.room.sealed_set(&ask, store, body).await)
}

async fn list_slots(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(store): Target<StoreName>,
) -> Reply<Document<Page<SlotSummary>>> {
    ok(&ask, app.room.sealed_slots(&ask, store).await)
}

async fn get_slot(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(slot): Target<(StoreName, StoreName)>,
) -> Reply<Document<SlotInfo>> {
    ok(&ask, app.room.sealed_slot_get(&ask, slot).await)
}

async fn put_slot(
    State(app): State<App>,
    Target(slot): Target<(StoreName, StoreName)>,
    Sent { ask, body, .. }: Sent<SlotPut>,
) -> Reply<Document<SlotInfo>> {
    ok(&ask, app.room.sealed_slot_put(&ask, slot, body).await)
}

async fn delete_slot(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(slot): Target<(StoreName, StoreName)>,
) -> Reply<Response> {
    removed(&ask, app.room.sealed_slot_delete(&ask, slot).await)
}

async fn evaluate(
    State(app): State<App>,
    Target(slot): Target<(StoreName, StoreName)>,
    Sent { ask, body, .. }: Sent<Evaluate>,
) -> Reply<Document<Evaluated>> {
    ok(&ask, app.room.sealed_evaluate(&ask, slot, body).await)
}

async fn prepare(
    State(app): State<App>,
    Target(slot): Target<(StoreName, StoreName)>,
    Sent { ask, body, .. }: Sent<Evaluate>,
) -> Reply<Document<Evaluated>> {
    ok(&ask, app.room.sealed_prepare(&ask, slot, body).await)
}
