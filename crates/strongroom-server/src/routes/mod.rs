//! The routes, one file per family, endpoints named like the product's methods.

mod clients;
mod compute;
mod contexts;
mod customer_keys;
mod data_keys;
pub(crate) mod endpoint;
mod health;
mod hybrid;
mod issuers;
mod jobs;
mod log;
mod named_contexts;
mod objects;
mod page;
mod policies;
mod signing;
mod split_keys;
mod stores;
mod stream;
mod token;
mod values;
pub(crate) mod webhooks;
mod workspaces;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::dev;
use crate::edge::{App, declared, guard, unknown_method, unknown_route};
use endpoint::{Endpoint, Tag};

/// The route table, in the order of the document.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    [
        values::endpoints(),
        data_keys::endpoints(),
        stream::endpoints(),
        token::endpoints(),
        workspaces::endpoints(),
        clients::endpoints(),
        issuers::endpoints(),
        contexts::endpoints(),
        policies::endpoints(),
        customer_keys::endpoints(),
        jobs::endpoints(),
        log::endpoints(),
        health::endpoints(),
        objects::endpoints(),
        webhooks::endpoints(),
        stores::endpoints(),
        split_keys::endpoints(),
        signing::endpoints(),
        compute::endpoints(),
        hybrid::endpoints(),
        named_contexts::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The router of a server. Routes of development mode are there only in development mode.
pub(crate) fn router(app: &App) -> Router {
    let mut all: Vec<_> = endpoints()
        .into_iter()
        .map(|row| strict(app, row))
        .collect();
    if app.development.is_some() {
        all.extend(dev::endpoints());
    }
    all.extend(app.surfaces.endpoints());
    all.into_iter()
        .fold(Router::new(), |router, endpoint| {
            router.route(endpoint.path, endpoint.handler)
        })
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn_with_state(App::clone(app), guard))
        .with_state(App::clone(app))
}

/// An endpoint that refuses what it does not declare. What is not below `/v1` is for others' probes, and
/// the token route answers in a standard's words: it reads its own query.
fn strict(app: &App, mut endpoint: Endpoint) -> Endpoint {
    if endpoint.path.starts_with("/v1/") && endpoint.tag != Tag::Tokens {
        let state = (App::clone(app), endpoint.declared());
        let layer = from_fn_with_state(state, declared);
        endpoint.handler = endpoint.handler.route_layer(layer);
    }
    endpoint
}
