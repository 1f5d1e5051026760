//! Errors as HTTP: one table from codes to statuses, one document.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use strongroom_core::{Denial, Refused};
use strongroom_types::body::{self, LogEntryId};
use strongroom_types::{Code, RequestId};

use super::header::LOG_ENTRY;

/// A refusal on its way to the caller.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) refused: Box<Refused>,
    pub(crate) request_id: RequestId,
    /// The name of the size limit that was exceeded.
    limit: Option<&'static str>,
}

impl Problem {
    pub(crate) fn new(refused: Refused, request_id: RequestId) -> Self {
        Self {
            refused: Box::new(refused),
            request_id,
            limit: None,
        }
    }

    /// A refusal of which no entry is made.
    pub(crate) fn unlogged(denial: Denial, request_id: RequestId) -> Self {
        Self::new(Refused::unlogged(denial), request_id)
    }

    /// Names the size limit that was exceeded.
    pub(crate) fn naming(mut self, limit: Option<&'static str>) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.refused.denial.code()
    }

    pub(crate) fn detail(&self) -> Option<String> {
        let detail = self.refused.denial.detail();
        match (detail, self.limit) {
            (Some(detail), Some(limit)) => Some(format!("{detail} (limit `{limit}`)")),
            (detail, _) => detail,
        }
    }

    /// The headers that every refusal has, whatever its body.
    pub(crate) fn headers(&self) -> HeaderMap {
        let status = status(self.code());
        let mut headers = HeaderMap::new();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(entry) = self.refused.entry {
            headers.extend(entry_header(entry));
        }
        if let Some(seconds) = retry_after(status, self.refused.retry_after) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = status(self.code());
        let body = body::Problem {
            status: status.as_u16(),
            code: self.code(),
            title: title(self.code()).to_owned(),
            detail: self.detail(),
            claims: self.refused.denial.claims(),
            current_version: self.refused.denial.current_version(),
            request_id: self.request_id,
        };
        let mut response = (status, self.headers(), Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.extensions_mut().insert(self.code());
        // For a surface that says it in other words.
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Says a refusal in the words of a surface.
pub(crate) fn reword(response: &mut Response, status: StatusCode, refusal: &impl Serialize) {
    // Strings, names and lists of them always serialise.
    let body = serde_json::to_vec(refusal).unwrap_or_default();
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    *response.status_mut() = status;
    *response.body_mut() = Body::from(body);
}

/// `Strongroom-Log-Entry: <log>/<index>`.
pub(crate) fn entry_header(entry: LogEntryId) -> Option<(axum::http::HeaderName, HeaderValue)> {
    let value = HeaderValue::try_from(entry.to_string()).ok()?;
    Some((LOG_ENTRY, value))
}

/// Whole seconds, at least one, wherever a repetition may help.
fn retry_after(status: StatusCode, known: Option<Duration>) -> Option<u64> {
    let may_help =
        status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS;
    let seconds = known.map(|duration| duration.as_secs().max(1));
    seconds.or_else(|| may_help.then_some(1))
}

/// The status of a code: the one place where the product's errors become HTTP.
pub(crate) const fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidRequest
        | Code::ContextMismatch
        | Code::LockRequired
        | Code::ClaimNotBindable
        | Code::CannotDecrypt => StatusCode::BAD_REQUEST,
        Code::Unauthenticated | Code::InvalidIdentity => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied
        | Code::IdentityMismatch
        | Code::PolicyDenied
        | Code::NotApproved => StatusCode::FORBIDDEN,
        Code::ContextNotFound | Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::KeyDisabled
        | Code::ContextQuota
        | Code::ContextClosed
        | Code::Conflict
        | Code::VersionConflict
        | Code::AlreadyIssued => StatusCode::CONFLICT,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::IdempotencyMismatch | Code::InvalidField => StatusCode::UNPROCESSABLE_ENTITY,
        Code::VersionCheckRequired => StatusCode::PRECONDITION_REQUIRED,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::LogUnavailable
        | Code::RootUnavailable
        | Code::StoreUnavailable
        | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What a code means, always the same text.
pub(crate) const fn title(code: Code) -> &'static str {
    match code {
        Code::InvalidRequest => "The request is not acceptable",
        Code::Unauthenticated => "The credential is missing or not accepted",
        Code::PermissionDenied => "The client lacks the permission",
        Code::InvalidIdentity => "The identity token is not accepted",
        Code::ContextNotFound => "The key context does not exist, or is not this client's to use",
        Code::ContextMismatch => "The ciphertext belongs to another key context",
        Code::IdentityMismatch => "The identity does not meet the lock",
        Code::LockRequired => "The context policy demands a lock",
        Code::PolicyDenied => "A policy does not allow it",
        Code::NotApproved => "FIPS mode does not approve the algorithm",
        Code::ClaimNotBindable => "A claim of the lock is absent or cannot be bound",
        Code::CannotDecrypt => "The ciphertext cannot be decrypted",
        Code::KeyDisabled => "The key is disabled",
        Code::ContextQuota => "The workspace has as many key contexts as it may",
        Code::ContextClosed => "The key context has a closed name and no customer key",
        Code::NotFound => "There is no such thing",
        Code::MethodNotAllowed => "The method is not served on this path",
        Code::Conflict => "The change collides with the present state",
        Code::VersionConflict => "The version named is not the present one",
        Code::IdempotencyMismatch => "The Idempotency-Key was used with another request",
        Code::AlreadyIssued => "The secret was shown already, and is shown once",
        Code::TooLarge => "The body is too large",
        Code::UnsupportedMediaType => "The content type is not served here",
        Code::RateLimited => "A limit is reached",
        Code::InvalidField => "A field breaks a limit",
        Code::VersionCheckRequired => "The context policy demands a version check",
        Code::LogUnavailable => "The log cannot be written, so no key is used",
        Code::RootUnavailable => "The root provider cannot be reached",
        Code::StoreUnavailable => "The database cannot be reached",
        Code::Unavailable => "The server cannot do it at present",
        Code::Internal => "A fault of the server",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strongroom_core::CiphertextFault;

    use super::*;

    fn problem(denial: Denial) -> Problem {
        Problem::unlogged(denial, RequestId::from_bytes([1; 16]))
    }

    #[test]
    fn every_code_is_an_error_with_a_title_of_its_own() {
        let mut titles = BTreeSet::new();
        for &code in Code::ALL {
            let (status, title) = (status(code), title(code));
            assert!(status.is_client_error() || status.is_server_error());
            assert!(titles.insert(title), "{code} shares its title");
        }
    }

    #[test]
    fn the_table_of_the_specification_holds() {
        for (code, expected) in [
            (Code::CannotDecrypt, 400),
            (Code::ContextMismatch, 400),
            (Code::IdentityMismatch, 403),
            (Code::ContextNotFound, 404),
            (Code::KeyDisabled, 409),
            (Code::IdempotencyMismatch, 422),
            (Code::RootUnavailable, 503),
            (Code::LogUnavailable, 503),
        ] {
            assert_eq!(status(code).as_u16(), expected, "{code}");
        }
    }

    #[test]
    fn all_ciphertext_faults_have_one_answer() {
        let faults = [
            CiphertextFault::NotOurs,
            CiphertextFault::Malformed,
            CiphertextFault::OtherWorkspace,
            CiphertextFault::OtherPurpose,
            CiphertextFault::OtherContext,
            CiphertextFault::KeyVersion,
            CiphertextFault::Destroyed,
            CiphertextFault::Altered,
        ];
        for fault in faults {
            let problem = problem(Denial::Ciphertext(fault));
            assert_eq!(problem.code(), Code::CannotDecrypt);
            assert_eq!(problem.detail(), None);
        }
    }

    #[test]
    fn what_may_pass_says_when_to_come_back() {
        let unavailable = problem(Denial::LogUnavailable).headers();
        assert_eq!(unavailable.get(header::RETRY_AFTER).unwrap(), "1");
        let limited = problem(Denial::RateLimited { limit: "x" }).headers();
        assert_eq!(limited.get(header::RETRY_AFTER).unwrap(), "1");
        let conflict = problem(Denial::KeyDisabled).headers();
        assert_eq!(conflict.get(header::RETRY_AFTER), None);
    }

    #[test]
    fn unauthenticated_names_the_scheme() {
        let headers = problem(Denial::Unauthenticated).headers();
        assert_eq!(headers.get(header::WWW_AUTHENTICATE).unwrap(), "Bearer");
    }
}
