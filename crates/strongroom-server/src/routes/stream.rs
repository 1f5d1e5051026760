//! `/v1/stream/{encrypt,decrypt,rewrap}`: bodies of any length.

use axum::extract::State;
use axum::response::Response;

use super::endpoint::{Endpoint, Tag, post};
use crate::edge::{App, Moving, Opened, Reply, Sealed};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/stream/encrypt", encrypt)
            .about(
                Tag::Streams,
                "Seals a body of any length. A failure after the first byte breaks the connection \
                 off: publish only after the final chunk.",
            )
            .headers(&["Strongroom-Key-Context", "Strongroom-Lock"])
            .headers(&["Strongroom-Associated-Data", "Strongroom-Metadata"])
            .takes_octets()
            .gives_octets(),
        post("/v1/stream/decrypt", decrypt)
            .about(
                Tag::Streams,
                "Opens a sealed stream. A failure after the first byte breaks the connection off: \
                 use the output only after the final chunk.",
            )
            .headers(&["Strongroom-Key-Context"])
            .headers(&["Strongroom-Associated-Data", "Strongroom-Metadata"])
            .takes_octets()
            .gives_octets(),
        post("/v1/stream/rewrap", rewrap)
            .about(
                Tag::Streams,
                "Moves a stored stream to the active version of its key, by its beginning: send \
                 its first 64 KiB, or all if it is shorter. Answers with the bytes to put in \
                 place of the first `Strongroom-Replaced-Bytes` of the stored stream; what \
                 follows them stays.",
            )
            .headers(&["Strongroom-Key-Context", "Strongroom-Metadata"])
            .takes_octets()
            .gives_octets(),
    ]
}

async fn encrypt(State(app): State<App>, sealed: Sealed) -> Reply<Response> {
    let stream = app
        .room
        .stream_encrypt(&sealed.ask, sealed.seal.clone())
        .await;
    sealed.answer(stream).await
}

async fn rewrap(State(app): State<App>, moving: Moving) -> Reply<Response> {
    let context = moving.key_context.clone();
    let moved = app
        .room
        .stream_rewrap(&moving.ask, context, &moving.prefix)
        .await;
    moving.answer(moved)
}

async fn decrypt(State(app): State<App>, opened: Opened) -> Reply<Response> {
    let open = opened.open.clone();
    let stream = app
        .room
        .stream_decrypt(&opened.ask, open, &opened.prefix)
        .await;
    opened.answer(stream).await
}
