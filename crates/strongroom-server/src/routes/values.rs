//! `/v1/{encrypt,decrypt,rewrap}`, one by one and in batches.

use axum::extract::State;
use strongroom_types::body::{
    Batch, BatchAnswer, DecryptAnswer, DecryptItem, DecryptRequest, EncryptAnswer, EncryptItem,
    EncryptRequest, RewrapAnswer, RewrapItem, RewrapRequest,
};

use super::endpoint::{Endpoint, Tag, post};
use crate::edge::{App, Document, Reply, Sent, SentBatch, ok};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/encrypt", encrypt)
            .about(Tag::Values, "Seals a value.")
            .takes::<EncryptRequest>()
            .gives::<EncryptAnswer>(),
        post("/v1/decrypt", decrypt)
            .about(Tag::Values, "Opens a value.")
            .takes::<DecryptRequest>()
            .gives::<DecryptAnswer>(),
        post("/v1/rewrap", rewrap)
            .about(
                Tag::Values,
                "Moves a ciphertext to the active key version. Needs nobody's claims.",
            )
            .takes::<RewrapRequest>()
            .gives::<RewrapAnswer>(),
        post("/v1/encrypt/batch", encrypt_batch)
            .about(Tag::Values, "Seals up to 10,000 values under one entry.")
            .takes_batch_of::<EncryptItem>()
            .gives_batch_of::<EncryptAnswer>(),
        post("/v1/decrypt/batch", decrypt_batch)
            .about(Tag::Values, "Opens up to 10,000 values under one entry.")
            .takes_batch_of::<DecryptItem>()
            .gives_batch_of::<DecryptAnswer>(),
        post("/v1/rewrap/batch", rewrap_batch)
            .about(
                Tag::Values,
                "Moves up to 10,000 ciphertexts under one entry.",
            )
            .takes_batch_of::<RewrapItem>()
            .gives_batch_of::<RewrapAnswer>(),
    ]
}

async fn encrypt(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<EncryptRequest>,
) -> Reply<Document<EncryptAnswer>> {
    ok(&ask, app.room.encrypt(&ask, body).await)
}

async fn decrypt(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<DecryptRequest>,
) -> Reply<Document<DecryptAnswer>> {
    ok(&ask, app.room.decrypt(&ask, body).await)
}

async fn rewrap(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<RewrapRequest>,
) -> Reply<Document<RewrapAnswer>> {
    ok(&ask, app.room.rewrap(&ask, body).await)
}

async fn encrypt_batch(
    State(app): State<App>,
    sent: SentBatch<Batch<EncryptItem>>,
) -> Reply<Document<BatchAnswer<EncryptAnswer>>> {
    let SentBatch { ask, body, .. } = sent;
    ok(&ask, app.room.encrypt_batch(&ask, body).await).map(|answer| answer.batch(sent.encoding))
}

async fn decrypt_batch(
    State(app): State<App>,
    sent: SentBatch<Batch<DecryptItem>>,
) -> Reply<Document<BatchAnswer<DecryptAnswer>>> {
    let SentBatch { ask, body, .. } = sent;
    ok(&ask, app.room.decrypt_batch(&ask, body).await).map(|answer| answer.batch(sent.encoding))
}

async fn rewrap_batch(
    State(app): State<App>,
    sent: SentBatch<Batch<RewrapItem>>,
) -> Reply<Document<BatchAnswer<RewrapAnswer>>> {
    let SentBatch { ask, body, .. } = sent;
    ok(&ask, app.room.rewrap_batch(&ask, body).await).map(|answer| answer.batch(sent.encoding))
}
