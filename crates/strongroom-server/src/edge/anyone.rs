//! Small bodies that are read before anybody is known: what they say tells who it is.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use strongroom_core::{Ask, Denial};

use super::body::{Encoding, Fault, Limit, Media, collect, decode_form, media_type, not_empty};
use super::caller::ask;
use super::{App, Edge, Problem};

/// A request with a JSON body of at most 64 KiB, from whoever asks: the body is what tells who it is.
#[derive(Debug)]
pub(crate) struct SentByAnyone<T> {
    pub(crate) ask: Ask,
    pub(crate) body: T,
}

/// A request with a form of at most 64 KiB, from whoever asks: the form is what tells who it is.
#[derive(Debug)]
pub(crate) struct FormByAnyone<T> {
    pub(crate) ask: Ask,
    pub(crate) body: T,
}

impl<T: DeserializeOwned + Send> FromRequest<App> for SentByAnyone<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let ask = ask(&parts);
        let read = async {
            let body = read_small(&parts, body, app, Media::Json).await?;
            Ok::<_, Fault>(Encoding::Json.decode(&body)?)
        };
        match read.await {
            Ok(body) => Ok(Self { ask, body }),
            // Nobody is known, and no entry is made of what anybody can send.
            Err(fault) => Err(fault.unlogged(&ask)),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequest<App> for FormByAnyone<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let ask = ask(&parts);
        let read = async {
            let body = read_small(&parts, body, app, Media::Form).await?;
            Ok::<_, Fault>(decode_form(&body)?)
        };
        match read.await {
            Ok(body) => Ok(Self { ask, body }),
            Err(fault) => Err(fault.unlogged(&ask)),
        }
    }
}

/// A body that is small enough to be read for anybody.
async fn read_small(parts: &Parts, body: Body, app: &Edge, media: Media) -> Result<Bytes, Fault> {
    if media_type(&parts.headers) != Some(media) {
        return Err(Denial::MediaType.into());
    }
    Ok(not_empty(collect(body, app, Limit::SMALL).await?)?)
}
