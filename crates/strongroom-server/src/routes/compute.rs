//! `/v1/hash`, `/v1/mac`, `/v1/derive`.

use axum::extract::State;
use strongroom_types::body::{
    DeriveAnswer, DeriveRequest, HashAnswer, HashRequest, MacAnswer, MacRequest,
};

use super::endpoint::{Endpoint, Tag, post};
use crate::edge::{App, Document, Reply, Sent, ok};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/hash", hash)
            .about(Tag::Compute, "Hashes.")
            .takes::<HashRequest>()
            .gives::<HashAnswer>(),
        post("/v1/mac", mac)
            .about(Tag::Compute, "Authenticates under a key that the caller brings.")
            .takes::<MacRequest>()
            .gives::<MacAnswer>(),
        post("/v1/derive", derive)
            .about(
                Tag::Compute,
                "Derives from a key or password that the caller brings. What it may cost has bounds.",
            )
            .takes::<DeriveRequest>()
            .gives::<DeriveAnswer>(),
    ]
}

async fn hash(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<HashRequest>,
) -> Reply<Document<HashAnswer>> {
    ok(&ask, app.room.hash(&ask, body).await)
}

async fn mac(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<MacRequest>,
) -> Reply<Document<MacAnswer>> {
    ok(&ask, app.room.mac(&ask, body).await)
}

async fn derive(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<DeriveRequest>,
) -> Reply<Document<DeriveAnswer>> {
    ok(&ask, app.room.derive(&ask, body).await)
}
