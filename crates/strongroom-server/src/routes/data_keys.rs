//! `/v1/data-keys`: keys that callers use themselves.

use axum::extract::State;
use strongroom_types::body::{DataKeyAnswer, DataKeyCreate, DataKeyRewrap, DataKeyUnwrap};

use super::endpoint::{Endpoint, Tag, post};
use crate::edge::{App, Document, Reply, Sent, ok};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/data-keys", create)
            .about(
                Tag::DataKeys,
                "Hands out a new data key, plain and wrapped.",
            )
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
