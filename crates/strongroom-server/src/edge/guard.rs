//! What happens to every request before and after its route: a name, limits, headers, a count.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use strongroom_core::{Denial, Thing};
use strongroom_types::{Code, RequestId};
use tokio::sync::OwnedSemaphorePermit;

use super::caller::{Arrival, ask};
use super::header::{LOG_ENTRY, REQUEST_ID};
use super::{App, Edge, Problem};
use crate::compat;
use crate::limits::Reached;
use crate::telemetry::Answered;

/// Answers may hold plaintext: nobody on the way keeps them, nobody guesses their type.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// Wraps every route, the unknown ones included.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = app.clock.read().monotonic;
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let address = address(&request);
    let surface = app.surfaces.of(request.uri().path());
    app.metrics.begin();
    let (request_id, response) = match request_id(&app) {
        Ok(request_id) => {
            let bearer = compat::credential(surface, request.headers());
            let arrival = Arrival {
                request_id,
                address,
                bearer: bearer.map(|text| Arc::new(app.room.recall(text))),
            };
            (request_id, admit(&app, arrival, request, next).await)
        }
        Err(problem) => (problem.request_id, problem.into_response()),
    };
    // Before a surface says it in other words.
    if app.development.is_some() {
        explain(request_id, &response);
    }
    let response = with_headers(response, request_id);
    let response = match surface {
        Some(surface) => compat::answer(surface, response),
        None => response,
    };
    let answered = Answered {
        method: &method,
        route: route.as_ref().map(MatchedPath::as_str),
        status: response.status(),
        code: response.extensions().get::<Code>().copied(),
        logged: response.headers().contains_key(LOG_ENTRY),
        took: app.clock.read().monotonic.saturating_sub(start),
    };
    app.metrics.end(answered);
    note(request_id, answered);
    response
}

/// A place among the requests in work.
pub(crate) type Place = Arc<OwnedSemaphorePermit>;

/// Lets a request in if it keeps the limits.
async fn admit(app: &App, arrival: Arrival, mut request: Request, next: Next) -> Response {
    let within = within_limits(app, &arrival, request.headers());
    request.extensions_mut().insert(arrival);
    match within {
        Ok(place) => {
            // A stream goes on after its answer's header, and keeps the place with it.
            let place: Place = Arc::new(place);
            request.extensions_mut().insert(Arc::clone(&place));
            let response = next.run(request).await;
            drop(place);
            response
        }
        Err(reached) => {
            let (parts, _body) = request.into_parts();
            let problem = app.refuse(&ask(&parts), reached.into()).await;
            problem.into_response()
        }
    }
}

fn within_limits(
    app: &Edge,
    arrival: &Arrival,
    headers: &HeaderMap,
) -> Result<OwnedSemaphorePermit, Reached> {
    // What nobody has verified counts by its address alone: made-up credentials cost the maker
    // nothing, and the table would grow with each.
    let known = arrival
        .bearer
        .as_deref()
        .filter(|bearer| bearer.is_recalled());
    let known = known.map(|bearer| bearer.expose().as_bytes());
    app.meter.count(arrival.address, known)?;
    let header_bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if header_bytes > app.limits.header_bytes {
        return Err(Reached("header_bytes"));
    }
    app.meter.enter()
}

/// The peer's address. Headers that claim another one are not believed.
fn address(request: &Request) -> IpAddr {
    request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
            peer.0.ip().to_canonical()
        })
}

fn request_id(app: &Edge) -> Result<RequestId, Problem> {
    let mut bytes = [0; 16];
    match app.entropy.fill(&mut bytes) {
        Ok(()) => Ok(RequestId::from_bytes(bytes)),
        Err(_unavailable) => {
            let unnamed = RequestId::from_bytes([0; 16]);
            Err(Problem::unlogged(Denial::Unavailable, unnamed))
        }
    }
}

/// One line a request: successes for who looks for them, faults of ours for everyone.
fn note(request_id: RequestId, answered: Answered<'_>) {
    let Answered { method, took, .. } = answered;
    let route = answered.route.unwrap_or("other");
    let status = answered.status.as_u16();
    let code = answered.code.map(Code::name);
    let micros = took.as_micros();
    if answered.status.is_server_error() {
        tracing::warn!(%request_id, %method, route, status, code, micros, "failed");
    } else if answered.status.is_client_error() {
        tracing::info!(%request_id, %method, route, status, code, micros, "refused");
    } else {
        tracing::debug!(%request_id, %method, route, status, micros, "answered");
    }
}

/// What lines that tell the true reason of a refusal are filtered by.
const DENIALS: &str = "strongroom_server::denial";

/// Tells the true reason of a refusal, which callers do not learn: in development mode, and only there.
/// A denial carries no secret.
fn explain(request_id: RequestId, response: &Response) {
    let Some(problem) = response.extensions().get::<Arc<Problem>>() else {
        return;
    };
    let denial = &problem.refused.denial;
    let (reason, code) = (denial.reason().name(), denial.code().name());
    tracing::warn!(target: DENIALS, %request_id, code, reason, ?denial, "refused because");
}

fn with_headers(mut response: Response, request_id: RequestId) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, value);
    }
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    response
}

/// Serves the paths that no route serves.
pub(crate) async fn unknown_route(State(app): State<App>, request: Request) -> Problem {
    let (parts, _body) = request.into_parts();
    let denial = Denial::NotFound(Thing::Route);
    app.refuse(&ask(&parts), denial).await
}

/// Serves the methods that a route does not serve.
pub(crate) async fn unknown_method(State(app): State<App>, request: Request) -> Problem {
    let (parts, _body) = request.into_parts();
    app.refuse(&ask(&parts), Denial::MethodNotAllowed).await
}
