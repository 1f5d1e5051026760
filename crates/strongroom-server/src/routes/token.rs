//! `/v1/oauth/token`: RFC 8693, with the errors of RFC 6749.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use strongroom_types::Code;
use strongroom_types::body::{TokenAnswer, TokenError, TokenRequest};

use super::endpoint::{Endpoint, Tag, post};
use crate::edge::{App, Document, Problem, Query, SentForm, ok, status, title};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/oauth/token", exchange)
            .about(
                Tag::Tokens,
                "Exchanges a user's JWT for a token of at most 15 minutes that carries client and \
                 identity. The client authenticates with its API key, with which the token ends. \
                 Errors have the shape of RFC 6749, section 5.2.",
            )
            .takes_form::<TokenRequest>()
            .gives::<TokenAnswer>(),
    ]
}

async fn exchange(
    State(app): State<App>,
    query: Result<Query<()>, Problem>,
    sent: Result<SentForm<TokenRequest>, Problem>,
) -> Result<Document<TokenAnswer>, OauthProblem> {
    query.map_err(OauthProblem)?;
    let SentForm { ask, body } = sent.map_err(OauthProblem)?;
    ok(&ask, app.room.token_exchange(&ask, body).await).map_err(OauthProblem)
}

/// A refusal in the shape of RFC 6749 section 5.2, with our headers.
#[derive(Debug)]
struct OauthProblem(Problem);

impl IntoResponse for OauthProblem {
    fn into_response(self) -> Response {
        let code = self.0.code();
        let body = TokenError {
            error: oauth_error(code).to_owned(),
            error_description: Some(self.0.detail().unwrap_or_else(|| title(code).to_owned())),
        };
        let mut response = (status(code), self.0.headers(), Json(body)).into_response();
        response.extensions_mut().insert(code);
        response
    }
}

/// RFC 6749 knows few errors; what it has no word for is `invalid_request` with our status.
const fn oauth_error(code: Code) -> &'static str {
    match code {
        Code::Unauthenticated => "invalid_client",
        Code::PermissionDenied => "unauthorized_client",
        Code::InvalidIdentity => "invalid_grant",
        Code::LogUnavailable
        | Code::RootUnavailable
        | Code::StoreUnavailable
        | Code::Unavailable
        | Code::RateLimited => "temporarily_unavailable",
        Code::Internal => "server_error",
        Code::InvalidRequest
        | Code::ContextNotFound
        | Code::ContextMismatch
        | Code::IdentityMismatch
        | Code::LockRequired
        | Code::PolicyDenied
        | Code::NotApproved
        | Code::ClaimNotBindable
        | Code::CannotDecrypt
        | Code::KeyDisabled
        | Code::ContextClosed
        | Code::ContextQuota
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::Conflict
        | Code::VersionConflict
        | Code::IdempotencyMismatch
        | Code::AlreadyIssued
        | Code::TooLarge
        | Code::UnsupportedMediaType
        | Code::InvalidField
        | Code::VersionCheckRequired => "invalid_request",
    }
}
