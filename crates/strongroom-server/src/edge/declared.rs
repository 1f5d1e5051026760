//! What an endpoint does not declare is refused: a body where it takes none, parameters where it
//! reads none. Who sends them means something by them.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use strongroom_core::{Denial, Invalid};
use tokio::time::timeout;

use super::body::drain;
use super::caller::ask;
use super::query::read;
use super::{App, Problem};
use crate::limits::Reached;

/// What an endpoint reads besides headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared {
    pub(crate) body: bool,
    pub(crate) query: bool,
    /// Whether it serves everyone: then nobody is looked up to be refused.
    pub(crate) open: bool,
}

/// Wraps an endpoint, and refuses what it does not declare.
pub(crate) async fn declared(
    State((app, declared)): State<(App, Declared)>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, mut body) = request.into_parts();
    let Err(denial) = check(&app, declared, &parts, &mut body).await else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let ask = ask(&parts);
    if declared.open {
        return Problem::unlogged(denial, ask.origin.request_id).into_response();
    }
    // The answer arrives only if what was sent is read; nobody else keeps a place by sending.
    if app.room.knows(&ask).await {
        drain(body).await;
    }
    app.refuse(&ask, denial).await.into_response()
}

async fn check(
    app: &App,
    declared: Declared,
    parts: &Parts,
    body: &mut Body,
) -> Result<(), Denial> {
    if !declared.query {
        read::<()>(parts.uri.query().unwrap_or_default())?;
    }
    if declared.body || body.is_end_stream() {
        return Ok(());
    }
    // Whoever is not known keeps no place by sending slowly.
    if declared.open || !app.room.knows(&ask(parts)).await {
        return Err(Invalid::Surplus.into());
    }
    match timeout(app.limits.body_timeout, is_empty(body)).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Invalid::Surplus.into()),
        Err(_elapsed) => Err(Reached("body_timeout").into()),
    }
}

/// Whether a body ends without a byte; of one that does not, a piece is read at most.
async fn is_empty(body: &mut Body) -> bool {
    while let Some(frame) = body.frame().await {
        let no_data = |data: &Bytes| data.is_empty();
        if !frame.is_ok_and(|frame| frame.data_ref().is_none_or(no_data)) {
            return false;
        }
    }
    true
}
