//! `/v1/oauth/token`: RFC 8693, with the errors of RFC 6749.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use strongroom_core::{Denial, Invalid};
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
            error: oauth_error(&self.0.refused.denial).to_owned(),
            error_description: Some(self.0.detail().unwrap_or_else(|| title(code).to_owned())),
        };
        let mut headers = self.0.headers();
        let status = oauth_status(code);
        if status != StatusCode::UNAUTHORIZED {
            headers.remove(header::WWW_AUTHENTICATE);
        }
        let mut response = (status, headers, Json(body)).into_response();
        response.extensions_mut().insert(code);
        response
    }
}

/// Ours but for a user's token that is not accepted: 401 is about the client (RFC 6749, section 5.2).
const fn oauth_status(code: Code) -> StatusCode {
    match code {
        Code::InvalidIdentity => StatusCode::BAD_REQUEST,
        code => status(code),
    }
}

/// RFC 6749 knows few errors; what it has no word for is `invalid_request`, which a `subject_token` that is not
/// accepted is too (RFC 8693, section 2.2.2).
const fn oauth_error(denial: &Denial) -> &'static str {
    match denial {
        Denial::Invalid(Invalid::GrantType) => "unsupported_grant_type",
        Denial::Invalid(Invalid::Target) => "invalid_target",
        Denial::Invalid(Invalid::Scope) => "invalid_scope",
        denial => error_of_code(denial.code()),
    }
}

const fn error_of_code(code: Code) -> &'static str {
    match code {
        Code::Unauthenticated => "invalid_client",
        Code::PermissionDenied => "unauthorized_client",
        Code::LogUnavailable
        | Code::RootUnavailable
        | Code::StoreUnavailable
        | Code::Unavailable
        | Code::RateLimited => "temporarily_unavailable",
        Code::Internal => "server_error",
        Code::InvalidRequest
        | Code::InvalidIdentity
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
