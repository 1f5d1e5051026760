//! Setting and getting values.

use axum::Json;
use axum::RequestPartsExt as _;
use axum::extract::{RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use strongroom_core::{Ask, Denial, Refused, Thing};
use strongroom_types::StoreName;
use strongroom_types::body::LogEntryId;

use super::caller::{SERVER_OR_HIGHER, authenticate, refused};
use super::family::Family;
use super::known::{Known, Refusal, respond};
use super::sent::{self, Field};
use crate::edge::{App, Problem, entry_header};

/// The hash of a name. Their clients send 44 characters.
const HASHED_KEY: Field = Field {
    name: "hashed_key",
    may_be_empty: false,
    bytes_max: Some(4096),
};

/// What the client sealed. How long it may be is a setting of the product's.
const ENCRYPTED_VALUE: Field = Field {
    name: "encrypted_value",
    may_be_empty: true,
    bytes_max: None,
};

pub(super) async fn write(State(app): State<App>, request: Request) -> Response {
    let family = Family::of(request.headers());
    respond(family, set(&app, request).await)
}

pub(super) async fn read(State(app): State<App>, request: Request) -> Response {
    let family = Family::of(request.headers());
    respond(family, get(&app, request).await)
}

async fn set(app: &App, request: Request) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let caller = authenticate(app, &parts, SERVER_OR_HIGHER).await?;
    let fields = [HASHED_KEY, ENCRYPTED_VALUE];
    let sent = sent::read(app, &caller.ask, &parts, body, fields).await?;
    let [name, value] = sent.fields;
    let (store, text) = store(app, &caller.ask, &mut parts).await?;
    let name = name.into_bytes();
    let set = app
        .room
        .store_set(&caller.ask, store, name, value.into_bytes());
    match set.await {
        Ok(answered) => Ok(done(answered.entry, &json!({"success": true}))),
        Err(refused) => Err(refusal(&caller.ask, text, refused)),
    }
}

async fn get(app: &App, request: Request) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let caller = authenticate(app, &parts, SERVER_OR_HIGHER).await?;
    let sent = sent::read(app, &caller.ask, &parts, body, [HASHED_KEY]).await?;
    let [hashed_key] = sent.fields;
    let (store, text) = store(app, &caller.ask, &mut parts).await?;
    let name = hashed_key.clone().into_bytes();
    let answered = match app.room.store_get(&caller.ask, store, name).await {
        Ok(answered) => answered,
        Err(refused) => return Err(refusal(&caller.ask, text, refused)),
    };
    let Some(found) = answered.value else {
        let known = Known::NoValue {
            store: text,
            hashed_key,
        };
        return Err(Refusal::Known(known, answered.entry));
    };
    // This surface sets text only, and nothing else sets values of its stores.
    let Ok(value) = String::from_utf8(found.value.0) else {
        return Err(app.refuse(&caller.ask, Denial::Internal).await.into());
    };
    Ok(done(answered.entry, &json!({"encrypted_value": value})))
}

/// The store that the path names. What is no name is the name of none.
async fn store(app: &App, ask: &Ask, parts: &mut Parts) -> Result<(StoreName, String), Refusal> {
    let params = parts.extract::<RawPathParams>().await;
    let named = params.iter().flat_map(IntoIterator::into_iter).next();
    let text = named.map(|(_, text)| text.to_owned()).unwrap_or_default();
    match text.parse() {
        Ok(store) => Ok((store, text)),
        Err(_no_name) => {
            let denial = Denial::NotFound(Thing::Store);
            Err(refused(app, ask, denial, Known::NoStore(text)).await)
        }
    }
}

/// A store that is not there looks like one that is not the caller's.
fn refusal(ask: &Ask, store: String, refused: Refused) -> Refusal {
    match refused.denial {
        Denial::NotFound(Thing::Store) | Denial::StoreHidden => {
            Refusal::Known(Known::NoStore(store), refused.entry)
        }
        _ => Refusal::Other(Problem::new(refused, ask.origin.request_id)),
    }
}

fn done(entry: Option<LogEntryId>, body: &serde_json::Value) -> Response {
    let mut response = Json(body).into_response();
    response.headers_mut().extend(entry.and_then(entry_header));
    response
}
