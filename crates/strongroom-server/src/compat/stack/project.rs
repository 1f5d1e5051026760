//! The project, as far as their clients read it before they declare a store.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use strongroom_core::parse_time;

use super::caller::{ADMIN, authenticate};
use super::family::Family;
use super::known::{Refusal, respond};
use crate::edge::{App, Problem, entry_header};

pub(super) async fn current(State(app): State<App>, request: Request) -> Response {
    let family = Family::of(request.headers());
    respond(family, describe(&app, request).await)
}

async fn describe(app: &App, request: Request) -> Result<Response, Refusal> {
    let (parts, _body) = request.into_parts();
    let caller = authenticate(app, &parts, ADMIN).await?;
    let own = app.room.workspace(&caller.ask, caller.workspace).await;
    let own = own.map_err(|refused| Problem::new(refused, caller.ask.origin.request_id))?;
    let created = parse_time(&own.value.created).unwrap_or_default();
    // There are no users, and so nothing of what else a project says of them.
    let project = json!({
        "id": caller.project,
        "display_name": own.value.name,
        "description": null,
        "created_at_millis": created / 1000,
        "is_production_mode": true,
        "config": {
            "domains": [],
            "email_config": {"type": "shared"},
            "oauth_providers": [],
        },
    });
    let mut response = Json(project).into_response();
    let entry = own.entry.and_then(entry_header);
    response.headers_mut().extend(entry);
    Ok(response)
}
