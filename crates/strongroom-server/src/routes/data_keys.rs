//! `/v1/data-keys`: keys that callers use themselves.

use axum::extract::State;
use strongroom_types::body::{
    Batch, BatchAnswer, DataKeyAnswer, DataKeyCreate, DataKeyItem, DataKeyRewrap, DataKeyUnwrap,
    WrappedKeyItem,
};

use super::endpoint::{Endpoint, Tag, post};
use crate::edge::{App, Document, Reply, Sent, SentBatch, ok};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/data-keys", create)
            .about(
                Tag::DataKeys,
                "Hands out a new data key, plain and wrapped.",
            )
            .headers(&["Idempotency-Key"])
            .takes::<DataKeyCreate>()
            .gives::<DataKeyAnswer>(),
        post("/v1/data-keys/unwrap", unwrap)
            .about(Tag::DataKeys, "Opens a wrapped data key.")
            .takes::<DataKeyUnwrap>()
            .gives::<DataKeyAnswer>(),
        post("/v1/data-keys/rewrap", rewrap)
            .about(
                Tag::DataKeys,
                "Moves a wrapped data key to the active key version, without showing it.",
            )
            .takes::<DataKeyRewrap>()
            .gives::<DataKeyAnswer>(),
        post("/v1/data-keys/batch", create_batch)
            .about(
                Tag::DataKeys,
                "Hands out up to 10,000 new data keys under one entry.",
            )
            .takes_batch_of::<DataKeyItem>()
            .gives_batch_of::<DataKeyAnswer>(),
        post("/v1/data-keys/unwrap/batch", unwrap_batch)
            .about(
                Tag::DataKeys,
                "Opens up to 10,000 wrapped data keys under one entry.",
            )
            .takes_batch_of::<WrappedKeyItem>()
            .gives_batch_of::<DataKeyAnswer>(),
        post("/v1/data-keys/rewrap/batch", rewrap_batch)
            .about(
                Tag::DataKeys,
                "Moves up to 10,000 wrapped data keys under one entry, without showing them.",
            )
            .takes_batch_of::<WrappedKeyItem>()
            .gives_batch_of::<DataKeyAnswer>(),
    ]
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<DataKeyCreate>,
) -> Reply<Document<DataKeyAnswer>> {
    ok(&ask, app.room.data_key_create(&ask, body).await)
}

async fn unwrap(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<DataKeyUnwrap>,
) -> Reply<Document<DataKeyAnswer>> {
    ok(&ask, app.room.data_key_unwrap(&ask, body).await)
}

async fn rewrap(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<DataKeyRewrap>,
) -> Reply<Document<DataKeyAnswer>> {
    ok(&ask, app.room.data_key_rewrap(&ask, body).await)
}

async fn create_batch(
    State(app): State<App>,
    sent: SentBatch<Batch<DataKeyItem>>,
) -> Reply<Document<BatchAnswer<DataKeyAnswer>>> {
    let SentBatch { ask, body, .. } = sent;
    let answered = app.room.data_key_create_batch(&ask, body).await;
    ok(&ask, answered).map(|answer| answer.batch(sent.encoding))
}

async fn unwrap_batch(
    State(app): State<App>,
    sent: SentBatch<Batch<WrappedKeyItem>>,
) -> Reply<Document<BatchAnswer<DataKeyAnswer>>> {
    let SentBatch { ask, body, .. } = sent;
    let answered = app.room.data_key_unwrap_batch(&ask, body).await;
    ok(&ask, answered).map(|answer| answer.batch(sent.encoding))
}

async fn rewrap_batch(
    State(app): State<App>,
    sent: SentBatch<Batch<WrappedKeyItem>>,
) -> Reply<Document<BatchAnswer<DataKeyAnswer>>> {
    let SentBatch { ask, body, .. } = sent;
    let answered = app.room.data_key_rewrap_batch(&ask, body).await;
    ok(&ask, answered).map(|answer| answer.batch(sent.encoding))
}
