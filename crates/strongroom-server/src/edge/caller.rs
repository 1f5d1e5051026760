//! Who asks, and from where.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use strongroom_core::{Ask, Bearer, Credentials, Invalid, Origin};
use strongroom_types::{Metadata, RequestId};

use super::header::{IDENTITY, METADATA, json, text};
use super::{App, Problem};

/// What the guard noted when the request arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) request_id: RequestId,
    pub(crate) address: IpAddr,
    pub(crate) bearer: Option<Arc<Bearer>>,
}

/// The longest user agent that is worth keeping.
const USER_AGENT_BYTES: usize = 256;

/// A request without a body.
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) Ask);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let mut ask = ask(parts);
        match metadata(&parts.headers) {
            Ok(metadata) => ask.metadata = metadata,
            Err(invalid) => return Err(app.refuse(&ask, invalid.into()).await),
        }
        Ok(Self(ask))
    }
}

/// The part of a request that all requests have.
pub(crate) fn ask(parts: &Parts) -> Ask {
    let arrival = parts.extensions.get::<Arrival>();
    Ask {
        credentials: Credentials {
            bearer: arrival.and_then(|arrival| arrival.bearer.clone()),
            identity: identity(&parts.headers),
            workspace: None,
            refresh: None,
            invitation: None,
            user_in: None,
        },
        origin: Origin {
            request_id: arrival.map_or(NO_REQUEST, |arrival| arrival.request_id),
            address: arrival.map(|arrival| arrival.address.to_string()),
            user_agent: user_agent(&parts.headers),
        },
        metadata: None,
        idempotency: None,
    }
}

/// Stands where the guard did not run; no route is without it.
const NO_REQUEST: RequestId = RequestId::from_bytes([0; 16]);

/// A header that is there twice or is no text is a token that nobody verifies, not the absence of one.
fn identity(headers: &HeaderMap) -> Option<String> {
    let token = || text(headers, IDENTITY).unwrap_or_default().to_owned();
    headers.contains_key(IDENTITY).then(token)
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let agent = text(headers, header::USER_AGENT)?;
    Some(agent.chars().take(USER_AGENT_BYTES).collect())
}

/// The caller's notes, where the body has no place for them.
pub(crate) fn metadata(headers: &HeaderMap) -> Result<Option<Metadata>, Invalid> {
    json(headers, METADATA)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn an_identity_that_cannot_be_read_is_not_absent() {
        let mut headers = HeaderMap::new();
        assert_eq!(identity(&headers), None);
        headers.append(IDENTITY, HeaderValue::from_static("a.b.c"));
        assert_eq!(identity(&headers).as_deref(), Some("a.b.c"));
        headers.append(IDENTITY, HeaderValue::from_static("d.e.f"));
        assert_eq!(identity(&headers).as_deref(), Some(""));
    }
}
