//! What their clients ask before they know anybody.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::edge::App;

/// How users log in: in development mode at `/auth/dev-login`, and otherwise by an API key.
#[derive(Serialize)]
pub(super) struct Login {
    dev_mode: bool,
    providers: [&'static str; 0],
}

pub(super) async fn status(State(app): State<App>) -> Json<Login> {
    Json(Login {
        dev_mode: app.development.is_some(),
        providers: [],
    })
}

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
}

pub(super) async fn health(state: State<App>) -> (StatusCode, Json<Health>) {
    ready(state).await
}

pub(super) async fn live() -> Json<Health> {
    Json(Health { status: "alive" })
}

pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let now = app.clock.read().monotonic;
    let look = Box::pin(app.room.health());
    let health = app.readiness.health(now, look).await;
    if health.store && health.root {
        let status = "healthy";
        return (StatusCode::OK, Json(Health { status }));
    }
    let status = "unhealthy";
    (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status }))
}
