//! `/v1/keysets` and `/v1/split-keys`: keys of which the server has one share.

use axum::extract::State;
use axum::response::Response;
use strongroom_core::{Answered, KeysetCreate, PageQuery, WhichKeyset};
use strongroom_types::body::{
    Batch, BatchAnswer, KeysetDeclare, KeysetInfo, OwnSplitGrants, Page, SplitDerive,
    SplitEpochCreate, SplitEpochInfo, SplitGrant, SplitGrantSummary, SplitItem, SplitPublicKey,
    SplitPublicKeyPut, SplitShare,
};
use strongroom_types::{ClientId, KeysetId};

use super::endpoint::{Endpoint, Tag, delete, get, post, put};
use super::page::PAGE;
use crate::edge::{
    App, Caller, Document, Query, Reply, Sent, SentBatch, Target, created, ok, removed,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    [keysets(), shares(), keys(), grants()]
        .into_iter()
        .flatten()
        .collect()
}

fn keysets() -> Vec<Endpoint> {
    vec![
        post("/v1/keysets", declare)
            .about(Tag::SplitKeys, "Declares a keyset.")
            .takes::<KeysetDeclare>()
            .creates::<KeysetInfo>(),
        get("/v1/keysets", list)
            .about(
                Tag::SplitKeys,
                "Lists the keysets that the client may use, the suspended ones too.",
            )
            .gives_page_of::<KeysetInfo>(),
        post("/v1/keysets/{keyset}/disable", disable)
            .about(
                Tag::SplitKeys,
                "Suspends a keyset: no share of it is derived.",
            )
            .removes(),
        post("/v1/keysets/{keyset}/enable", enable)
            .about(Tag::SplitKeys, "Resumes a keyset.")
            .removes(),
    ]
}

fn shares() -> Vec<Endpoint> {
    vec![
        post("/v1/split-keys/derive", derive)
            .about(
                Tag::SplitKeys,
                "Derives the server's share of the key of one value, for who has a grant.",
            )
            .takes::<SplitDerive>()
            .gives::<SplitShare>(),
        post("/v1/split-keys/derive/batch", derive_batch)
            .about(
                Tag::SplitKeys,
                "Derives up to 10,000 of the server's shares under one entry.",
            )
            .takes_batch_of::<SplitItem>()
            .gives_batch_of::<SplitShare>(),
    ]
}

fn keys() -> Vec<Endpoint> {
    vec![
        put("/v1/split-keys/public-key", put_public_key)
            .about(
                Tag::SplitKeys,
                "Keeps the public key that the calling client gets its grants sealed to.",
            )
            .takes::<SplitPublicKeyPut>()
            .gives::<SplitPublicKey>(),
        get("/v1/split-keys/public-keys/{client}", public_key)
            .about(
                Tag::SplitKeys,
                "Gives out a client's public key, to be compared before it is used.",
            )
            .gives::<SplitPublicKey>(),
    ]
}

fn grants() -> Vec<Endpoint> {
    vec![
        get("/v1/split-keys/keysets/{keyset}", epoch)
            .about(Tag::SplitKeys, "Tells the present epoch of a keyset.")
            .gives::<SplitEpochInfo>(),
        post("/v1/split-keys/keysets/{keyset}/epochs", create_epoch)
            .about(
                Tag::SplitKeys,
                "Begins an epoch with the first grant of its share. Of two, one is first.",
            )
            .takes::<SplitEpochCreate>()
            .creates::<SplitEpochInfo>(),
        get("/v1/split-keys/keysets/{keyset}/own-grants", own_grants)
            .about(Tag::SplitKeys, "Gives out the calling client's grants.")
            .gives::<OwnSplitGrants>(),
        get("/v1/split-keys/keysets/{keyset}/grants", list_grants)
            .about(Tag::SplitKeys, "Lists who has grants, and of which epochs.")
            .query(PAGE)
            .gives_page_of::<SplitGrantSummary>(),
        post("/v1/split-keys/keysets/{keyset}/grants", put_grant)
            .about(Tag::SplitKeys, "Keeps a grant.")
            .takes::<SplitGrant>()
            .creates::<SplitGrantSummary>(),
        delete(
            "/v1/split-keys/keysets/{keyset}/grants/{client}",
            revoke_grant,
        )
        .about(Tag::SplitKeys, "Takes a client's grants away.")
        .removes(),
    ]
}

async fn declare(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<KeysetDeclare>,
) -> Reply<Document<KeysetInfo>> {
    let request = KeysetCreate {
        name: body.name,
        description: body.description,
        client: None,
    };
    let answered = app.room.keyset_create(&ask, request).await;
    let made = answered.map(|Answered { value, entry }| Answered {
        value: value.0,
        entry,
    });
    created(&ask, made)
}

async fn list(State(app): State<App>, Caller(ask): Caller) -> Reply<Document<Page<KeysetInfo>>> {
    let answered = app.room.keysets(&ask, true).await;
    let listed = answered.map(|Answered { value, entry }| Answered {
        value: Page {
            items: value,
            next: None,
        },
        entry,
    });
    ok(&ask, listed)
}

async fn disable(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(keyset): Target<KeysetId>,
) -> Reply<Response> {
    let which = WhichKeyset::Id(keyset);
    removed(&ask, app.room.keyset_disable(&ask, which).await)
}

async fn enable(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(keyset): Target<KeysetId>,
) -> Reply<Response> {
    let which = WhichKeyset::Id(keyset);
    removed(&ask, app.room.keyset_enable(&ask, which).await)
}

async fn derive(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<SplitDerive>,
) -> Reply<Document<SplitShare>> {
    ok(&ask, app.room.split_derive(&ask, body).await)
}

async fn derive_batch(
    State(app): State<App>,
    sent: SentBatch<Batch<SplitItem>>,
) -> Reply<Document<BatchAnswer<SplitShare>>> {
    let SentBatch { ask, body, .. } = sent;
    let answered = app.room.split_derive_batch(&ask, body).await;
    ok(&ask, answered).map(|answer| answer.batch(sent.encoding))
}

async fn put_public_key(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<SplitPublicKeyPut>,
) -> Reply<Document<SplitPublicKey>> {
    ok(&ask, app.room.split_public_key_put(&ask, body).await)
}

async fn public_key(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(client): Target<ClientId>,
) -> Reply<Document<SplitPublicKey>> {
    ok(&ask, app.room.split_public_key(&ask, client).await)
}

async fn epoch(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(keyset): Target<KeysetId>,
) -> Reply<Document<SplitEpochInfo>> {
    ok(&ask, app.room.split_epoch(&ask, keyset).await)
}

async fn create_epoch(
    State(app): State<App>,
    Target(keyset): Target<KeysetId>,
    Sent { ask, body, .. }: Sent<SplitEpochCreate>,
) -> Reply<Document<SplitEpochInfo>> {
    created(&ask, app.room.split_epoch_create(&ask, keyset, body).await)
}

async fn own_grants(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(keyset): Target<KeysetId>,
) -> Reply<Document<OwnSplitGrants>> {
    ok(&ask, app.room.split_grants_own(&ask, keyset).await)
}

async fn list_grants(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(keyset): Target<KeysetId>,
    Query(query): Query<PageQuery>,
) -> Reply<Document<Page<SplitGrantSummary>>> {
    ok(&ask, app.room.split_grants_list(&ask, keyset, query).await)
}

async fn put_grant(
    State(app): State<App>,
    Target(keyset): Target<KeysetId>,
    Sent { ask, body, .. }: Sent<SplitGrant>,
) -> Reply<Document<SplitGrantSummary>> {
    created(&ask, app.room.split_grant_put(&ask, keyset, body).await)
}

async fn revoke_grant(
    State(app): State<App>,
    Caller(ask): Caller,
    Target((keyset, client)): Target<(KeysetId, ClientId)>,
) -> Reply<Response> {
    removed(
        &ask,
        app.room.split_grant_revoke(&ask, keyset, client).await,
    )
}
