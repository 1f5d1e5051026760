//! `/v1/stream/{encrypt,decrypt}`: bodies of any length.

use axum::extract::State;
use axum::response::Response;

use super::endpoint::{Endpoint, Tag, post};
use crate::edge::{App, Opened, Reply, Sealed};

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
    ]
}

async fn encrypt(State(app): State<App>, sealed: Sealed) -> Reply<Response> {
    let stream = app
        .room
        .stream_encrypt(&sealed.ask, sealed.seal.clone())
        .await;
    sealed.answer(stream).await
}

async fn decrypt(State(app): State<App>, opened: Opened) -> Reply<Response> {
    let open = opened.open.clone();
    let stream = app
        .room
        .stream_decrypt(&opened.ask, open, &opened.prefix)
        .await;
    opened.answer(stream).await
}
