//! `/oauth/*`: their command line signs a device in (RFC 8628), and gets its next token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use strongroom_core::{Ask, Denial, DeviceApproval, DeviceState};

use super::device_page;
use super::scope::Role;
use super::token::issue_to;
use crate::edge::{App, FormByAnyone, FromParameters, Parameters, Problem, Query, status, title};

/// How often a device asks, in seconds.
const INTERVAL: u32 = 2;
const OF_DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RFC 8628, section 3.2.
#[derive(Serialize)]
struct Begun {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: i64,
    interval: u32,
}

/// Whoever asks gets a code: it leads to nothing until somebody approves it.
pub(super) async fn begin(State(app): State<App>) -> Response {
    match app.room.device_begin() {
        Err(_no_entropy) => oauth(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        Ok(login) => {
            let page = app.surfaces.device_page();
            let begun = Begun {
                device_code: login.device_code.to_string(),
                verification_uri_complete: format!("{page}?user_code={}", login.user_code),
                verification_uri: page,
                user_code: login.user_code,
                expires_in: login.expires_in,
                interval: INTERVAL,
            };
            Json(begun).into_response()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Poll {
    grant_type: String,
    device_code: String,
}

pub(super) async fn poll(
    State(app): State<App>,
    FormByAnyone { ask, body }: FormByAnyone<Poll>,
) -> Response {
    if body.grant_type != OF_DEVICE {
        return oauth(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    match app.room.device_state(&body.device_code).await {
        Ok(DeviceState::Pending) => oauth(StatusCode::BAD_REQUEST, "authorization_pending"),
        Ok(DeviceState::Ended) => oauth(StatusCode::BAD_REQUEST, "expired_token"),
        Ok(DeviceState::Approved(key)) => tokens(&app, ask, &key).await,
        Err(denial) => refused(&denial),
    }
}

#[derive(Deserialize)]
pub(super) struct Refresh {
    grant_type: String,
    refresh_token: String,
}

pub(super) async fn refresh(
    State(app): State<App>,
    FormByAnyone { ask, body }: FormByAnyone<Refresh>,
) -> Response {
    if body.grant_type != "refresh_token" {
        return oauth(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    tokens(&app, ask, &body.refresh_token).await
}

/// RFC 6749, section 5.1.
#[derive(Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: String,
}

/// An access token for a device's API key, which is what it refreshes with.
async fn tokens(app: &App, mut ask: Ask, key: &str) -> Response {
    ask.credentials.bearer = Some(Arc::new(app.room.recall(key)));
    match issue_to(app, &ask).await {
        Err(denied) => refused(&denied.denial),
        Ok(issued) => {
            let now = app.clock.read().wall.div_euclid(1_000_000);
            let tokens = Tokens {
                access_token: issued.value.token.to_string(),
                token_type: "Bearer",
                expires_in: issued.value.expires.saturating_sub(now),
                refresh_token: key.to_owned(),
            };
            Json(tokens).into_response()
        }
    }
}

/// RFC 6749, section 5.2. A key that does not count is a grant that does not.
fn refused(denial: &Denial) -> Response {
    let code = denial.code();
    let (status, error) = match denial {
        Denial::Unauthenticated | Denial::CredentialRevoked | Denial::CredentialExpired => {
            (StatusCode::BAD_REQUEST, "invalid_grant")
        }
        _ if status(code).is_server_error() => (status(code), "temporarily_unavailable"),
        _ => (status(code), "invalid_request"),
    };
    let mut response = oauth(status, error);
    response.extensions_mut().insert(code);
    response
}

fn oauth(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

/// What the address that a device shows has behind it.
#[derive(Debug)]
pub(super) struct Shown {
    user_code: String,
}

impl FromParameters for Shown {
    fn read(parameters: &mut Parameters) -> Result<Self, strongroom_core::Invalid> {
        let user_code = parameters.text("user_code")?.unwrap_or_default();
        Ok(Self { user_code })
    }
}

pub(super) async fn page(Query(shown): Query<Shown>) -> Response {
    device_page::form(StatusCode::OK, &shown.user_code, None)
}

pub(super) async fn stylesheet() -> Response {
    device_page::stylesheet()
}

#[derive(Deserialize)]
pub(super) struct Approval {
    user_code: String,
    access_key: String,
    role: Role,
    #[serde(default)]
    name: String,
}

pub(super) async fn approve(
    State(app): State<App>,
    FormByAnyone { mut ask, body }: FormByAnyone<Approval>,
) -> Response {
    ask.credentials.bearer = Some(Arc::new(app.room.recall(&body.access_key)));
    let named = body.name.trim();
    let approval = DeviceApproval {
        user_code: body.user_code.clone(),
        name: if named.is_empty() { "device" } else { named }.to_owned(),
        permissions: body.role.permissions(),
    };
    match app.room.device_approve(&ask, approval).await {
        Ok(approved) => device_page::approved(&approved.value.name),
        Err(refused) => {
            let problem = Problem::new(refused, ask.origin.request_id);
            let code = problem.code();
            let text = problem.detail().unwrap_or_else(|| title(code).to_owned());
            let mut page = device_page::form(status(code), &body.user_code, Some(&text));
            page.extensions_mut().insert(code);
            page
        }
    }
}
