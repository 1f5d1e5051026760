//! Health, metrics and the document: open to all, and telling nothing about anyone.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use strongroom_core::fips::Report;
use utoipa::ToSchema;

use super::endpoint::{Endpoint, Tag, get};
use crate::edge::App;
use crate::openapi;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/healthz", healthz)
            .about(Tag::Service, "Whether the process answers.")
            .open_to_all()
            .gives_text(),
        get("/readyz", readyz)
            .about(Tag::Service, "Whether the parts answer; 503 if not.")
            .open_to_all()
            .gives::<Ready>(),
        get("/health/fips", fips)
            .about(
                Tag::Service,
                "Which algorithms FIPS mode approves, and what that does not say.",
            )
            .open_to_all()
            .gives_json(),
        get("/metrics", metrics)
            .about(Tag::Service, "Metrics for Prometheus.")
            .open_to_all()
            .gives_text(),
        get("/openapi.json", document)
            .about(Tag::Service, "This document.")
            .open_to_all()
            .gives_json(),
        get("/docs", reference)
            .about(Tag::Service, "This document, for people.")
            .open_to_all()
            .gives_html(),
        get("/docs/page.css", stylesheet)
            .about(Tag::Service, "How the page for people looks.")
            .open_to_all()
            .gives_text(),
    ]
}

/// Whether the parts answer.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct Ready {
    /// The database answers and would accept a write.
    store: bool,
    /// The root provider has unwrapped what it must.
    root: bool,
    /// The root provider's kind.
    root_kind: &'static str,
    /// The last checkpoint is kept outside the database. Keys are used without; checkpoints and
    /// proofs are not given out.
    anchor: bool,
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(app): State<App>) -> Response {
    let now = app.clock.read().monotonic;
    let look = Box::pin(app.room.health());
    let health = app.readiness.health(now, look).await;
    let ready = Ready {
        store: health.store,
        root: health.root,
        root_kind: health.root_kind,
        anchor: health.anchor,
    };
    let status = match (ready.store, ready.root) {
        (true, true) => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(ready)).into_response()
}

async fn fips(State(app): State<App>) -> Json<Report> {
    Json(app.room.fips())
}

async fn metrics(State(app): State<App>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    typed(kind, app.metrics.render())
}

async fn document() -> Response {
    typed("application/json", openapi::json())
}

/// The page needs its own stylesheet and nothing else: no script, no frame, no other host.
const PAGE_POLICY: (HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
);

async fn reference() -> Response {
    let page = typed("text/html; charset=utf-8", openapi::page());
    ([PAGE_POLICY], page).into_response()
}

async fn stylesheet() -> Response {
    typed("text/css; charset=utf-8", openapi::STYLESHEET)
}

fn typed(kind: &'static str, body: impl IntoResponse) -> Response {
    let kind = HeaderValue::from_static(kind);
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}
