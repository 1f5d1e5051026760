//! Where else the project is served. Clients send their secret server key to whatever is named here,
//! so that only what the operator configured is named, and by default nothing.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use strongroom_core::{Denial, Thing};

use crate::edge::{App, Problem, ask_of};

pub(super) async fn list(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let urls = app.surfaces.backend_urls();
    if urls.is_empty() {
        let (parts, _body) = request.into_parts();
        let denial = Denial::NotFound(Thing::Route);
        return Err(app.refuse(&ask_of(&parts), denial).await);
    }
    Ok(Json(json!({"urls": urls})).into_response())
}
