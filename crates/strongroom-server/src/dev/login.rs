//! `GET /auth/dev-login`: where CryptoServe's command line sends a browser, and how the browser comes
//! back with a session. In development mode only.
//!
//! Nobody proves anything here, so that whoever reaches the port is the developer; that is what
//! development mode is, and why it listens on this machine alone. Pages of other sites are kept out all
//! the same: where a browser says that another site's page sent it, or that it took the server for
//! another host, nothing is given, and what is given goes to a port of this machine and nowhere else.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use strongroom_core::{
    Ask, Bearer, Credentials, Denial, Invalid, InvitationCreate, Refused, Role, Thing,
};
use strongroom_types::WorkspaceId;
use strongroom_types::body::LogEntryId;
use zeroize::Zeroizing;

use super::issuer::MintRequest;
use super::{DevInfo, Development, SIGN_IN_AUDIENCE};
use crate::edge::{App, Edge, Problem, ask_of, entry_header};

/// Where the session goes.
const CALLBACK: &str = "cli_callback";
/// Which page sent a browser here: Fetch Metadata, W3C working draft, section 2.4.
const SENT_BY: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Who is signed in: `localhost` is nobody's domain (RFC 6761, section 6.3).
const DEVELOPER: &str = "developer@localhost";

/// Who makes the developer an owner: another owner of the first workspace.
pub(super) struct Inviter {
    workspace: WorkspaceId,
    session: Zeroizing<String>,
}

impl Inviter {
    pub(super) fn of(info: &DevInfo) -> Self {
        Self {
            workspace: info.workspace,
            session: Zeroizing::new(info.cryptoserve.session_cookie.clone()),
        }
    }
}

/// Without the session.
impl core::fmt::Debug for Inviter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Inviter")
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
}

/// A session and the entry of its beginning.
struct Begun {
    session: String,
    entry: Option<LogEntryId>,
}

/// Signs the developer in and sends its browser back.
pub(super) async fn sign_in(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, _body) = request.into_parts();
    let ask = ask_of(&parts);
    let begun = match place(&parts) {
        Ok(place) => begin(&app, &ask).await.map(|begun| (place, begun)),
        Err(denial) => Err(Refused::unlogged(denial)),
    };
    let (place, begun) = begun.map_err(|refused| Problem::new(refused, ask.origin.request_id))?;
    Ok(sent_back(&place, begun))
}

/// Where the session may go.
///
/// # Errors
/// It is no port of this machine, or another site asked for it.
fn place(parts: &Parts) -> Result<String, Denial> {
    if parts.method != Method::GET {
        return Err(Denial::MethodNotAllowed);
    }
    let own = |site: &HeaderValue| site == "none" || site == "same-origin";
    if !parts.headers.get_all(SENT_BY).iter().all(own) {
        return Err(Invalid::Header("sec-fetch-site").into());
    }
    if !is_asked_as_this_machine(parts) {
        return Err(Invalid::Header("host").into());
    }
    let wrong = || Denial::from(Invalid::Parameter(CALLBACK));
    let query = parts.uri.query().unwrap_or_default();
    let given: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|_error| wrong())?;
    match <[_; 1]>::try_from(given) {
        Ok([(name, place)]) if name == CALLBACK && is_on_this_machine(&place) => Ok(place),
        _ => Err(wrong()),
    }
}

/// Whether the host that a browser took this server for is this machine: not a name of somebody else's
/// that was made to point here.
fn is_asked_as_this_machine(parts: &Parts) -> bool {
    let host = parts.headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(Authority::as_str));
    let Some(host) = host else { return false };
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let loopback = |address: IpAddr| address.is_loopback();
    name == "localhost" || address.parse().is_ok_and(loopback)
}

/// Whether a callback is `http://127.0.0.1:PORT/…` or `http://localhost:PORT/…`, and says no more.
fn is_on_this_machine(place: &str) -> bool {
    const HOSTS: [&str; 2] = ["http://127.0.0.1:", "http://localhost:"];
    let Some(rest) = HOSTS.iter().find_map(|host| place.strip_prefix(host)) else {
        return false;
    };
    let (port, path) = rest.split_once('/').unwrap_or((rest, ""));
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let named = digits && port.parse::<u16>().is_ok_and(|port| port > 0);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    named && path.bytes().all(plain)
}

/// Begins a session of the developer, who is made an owner at the first time.
async fn begin(app: &Edge, ask: &Ask) -> Result<Begun, Refused> {
    let Some(development) = &app.development else {
        return Err(Refused::unlogged(Denial::NotFound(Thing::Route)));
    };
    let proof = proof(app, development);
    let credentials = |proof: String| Credentials {
        identity: Some(proof),
        ..Credentials::default()
    };
    let known = Credentials {
        user_in: Some(development.inviter.workspace),
        ..credentials(proof.clone())
    };
    let begun = app.room.user_session(&asked(ask, known)).await;
    match begun {
        Ok(begun) => Ok(Begun {
            session: begun.value.session.secret,
            entry: begun.entry,
        }),
        Err(refused) if refused.denial == Denial::Unauthenticated => {
            let token = invited(app, ask, development).await?;
            let new = Credentials {
                invitation: Some(Arc::new(token)),
                ..credentials(proof)
            };
            let accepted = app.room.invitation_accept(&asked(ask, new)).await?;
            Ok(Begun {
                session: accepted.value.session.secret,
                entry: accepted.entry,
            })
        }
        Err(refused) => Err(refused),
    }
}

/// The same request with other credentials.
fn asked(ask: &Ask, credentials: Credentials) -> Ask {
    Ask {
        credentials,
        ..ask.clone()
    }
}

/// What the built-in issuer says of the developer.
fn proof(app: &Edge, development: &Development) -> String {
    let claims = [
        ("email".to_owned(), json!(DEVELOPER)),
        ("email_verified".to_owned(), json!(true)),
    ];
    let request = MintRequest {
        sub: DEVELOPER.to_owned(),
        aud: Some(json!(SIGN_IN_AUDIENCE)),
        claims: Map::<String, Value>::from_iter(claims),
        expires_in: None,
    };
    let now_s = app.clock.read().wall.div_euclid(1_000_000);
    development.issuer.mint(request, now_s)
}

/// An invitation of the developer's as an owner, by the inviter.
async fn invited(app: &Edge, ask: &Ask, development: &Development) -> Result<Bearer, Refused> {
    let inviter = Credentials {
        bearer: Some(Arc::new(Bearer::new(development.inviter.session.as_str()))),
        ..Credentials::default()
    };
    let request = InvitationCreate {
        email: DEVELOPER.to_owned(),
        role: Role::Owner,
        contexts: None,
        expires_in_days: Some(1),
    };
    let made = app
        .room
        .invitation_create(&asked(ask, inviter), request)
        .await?;
    Ok(Bearer::new(made.value.token.as_str()))
}

/// A redirect that no cache keeps and that no page is told of.
fn sent_back(place: &str, begun: Begun) -> Response {
    let session = Zeroizing::new(begun.session);
    let pairs = [("session", session.as_str()), ("user", DEVELOPER)];
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    let Ok(location) = HeaderValue::try_from(format!("{place}?{query}")) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.extend(begun.entry.and_then(entry_header));
    (StatusCode::FOUND, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_goes_to_a_port_of_this_machine_only() {
        for place in [
            "http://127.0.0.1:9876",
            "http://127.0.0.1:1/",
            "http://localhost:65535/call/back-1",
        ] {
            assert!(is_on_this_machine(place), "{place}");
        }
        for place in [
            "",
            "/",
            "http://127.0.0.1",
            "http://127.0.0.1:",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:65536/",
            "http://127.0.0.1:+80/",
            "http://127.0.0.1:80@evil.example/",
            "http://127.0.0.1:80\\@evil.example/",
            "http://127.0.0.1:80?to=evil",
            "http://127.0.0.1:80/a?b",
            "http://127.0.0.1:80/#a",
            "http://127.0.0.1:80/\r\nset-cookie:a",
            "http://127.0.0.1.evil.example:80/",
            "http://localhost.evil.example:80/",
            "http://user@localhost:80/",
            "https://127.0.0.1:80/",
            "HTTP://127.0.0.1:80/",
            "//127.0.0.1:80/",
            "http://[::1]:80/",
            "http://127.0.0.2:80/",
            "http://evil.example:80/",
            "javascript:alert(1)",
        ] {
            assert!(!is_on_this_machine(place), "{place}");
        }
    }

    fn parts(pairs: &[(&'static str, &'static str)]) -> Parts {
        let uri = "/auth/dev-login?cli_callback=http://127.0.0.1:9876";
        let mut request = Request::builder().uri(uri);
        for (name, value) in pairs {
            request = request.header(*name, *value);
        }
        request
            .body(axum::body::Body::empty())
            .unwrap()
            .into_parts()
            .0
    }

    #[test]
    fn pages_of_other_sites_and_other_names_get_nothing() {
        let host = ("host", "127.0.0.1:8320");
        for own in [
            &[host] as &[_],
            &[host, ("sec-fetch-site", "none")],
            &[host, ("sec-fetch-site", "same-origin")],
            &[("host", "localhost:8320")],
            &[("host", "[::1]:8320")],
        ] {
            assert!(place(&parts(own)).is_ok(), "{own:?}");
        }
        for other in [
            &[] as &[_],
            &[host, ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "same-site")],
            &[
                host,
                ("sec-fetch-site", "none"),
                ("sec-fetch-site", "cross-site"),
            ],
            &[("host", "rebound.example:8320")],
            &[("host", "127.0.0.1.rebound.example")],
        ] {
            assert!(place(&parts(other)).is_err(), "{other:?}");
        }
    }
}
