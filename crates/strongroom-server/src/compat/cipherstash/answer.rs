//! What is refused, in their words.
//!
//! Their clients tell 401, 403, 404 and 409 apart, and show the body of what the token service
//! refuses as it stands.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use strongroom_core::{Denial, TokenFault};
use strongroom_types::{Code, RequestId};

use crate::edge::{Problem, reword, status as native_status, title};

/// Marks what the token service refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfTokenService;

/// The body of a refusal.
#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
    error_description: &'a str,
    message: &'a str,
    code: Code,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claims: Vec<String>,
    request_id: RequestId,
}

/// Gives an answer their form.
pub(crate) fn answer(mut response: Response, problem: Option<&Problem>) -> Response {
    let Some(problem) = problem else {
        return response;
    };
    let code = problem.code();
    let detail = problem.detail();
    let text = detail.as_deref().unwrap_or_else(|| title(code));
    let of_tokens = response.extensions().get::<OfTokenService>().is_some();
    let refusal = Refusal {
        error: name(&problem.refused.denial, of_tokens),
        error_description: text,
        message: text,
        code,
        claims: problem.refused.denial.claims(),
        request_id: problem.request_id,
    };
    reword(&mut response, status(code), &refusal);
    response
}

/// The name of an error, one of theirs where they have one.
fn name(denial: &Denial, of_tokens: bool) -> &'static str {
    match (denial, of_tokens) {
        (Denial::CredentialExpired, false) | (Denial::Identity(TokenFault::Expired), _) => {
            "EXPIRED_TOKEN"
        }
        (denial, true) if denial.code() == Code::Unauthenticated => "INVALID_ACCESS_KEY",
        (Denial::Unauthenticated | Denial::CredentialRevoked, false) => "NOT_AUTHENTICATED",
        (Denial::Identity(_), _) => "INVALID_TOKEN",
        (Denial::RateLimited { .. } | Denial::RateLimitedFor { .. }, _) => "RATE_LIMITED",
        (other, _) => other.code().name(),
    }
}

/// The status that their clients expect. They take 409 for "it is there already", so that nothing else
/// may be one, and 403 for all that somebody else might be allowed.
const fn status(code: Code) -> StatusCode {
    match code {
        Code::ContextNotFound
        | Code::KeyDisabled
        | Code::ContextClosed
        | Code::ClaimNotBindable
        | Code::LockRequired => StatusCode::FORBIDDEN,
        Code::ContextQuota => StatusCode::UNPROCESSABLE_ENTITY,
        code => native_status(code),
    }
}

#[cfg(test)]
mod tests {
    use strongroom_core::{CiphertextFault, Invalid, Thing};
    use strongroom_types::Permission;

    use super::*;

    #[test]
    fn the_table_of_statuses_holds() {
        let claims = Vec::new;
        for (denial, expected) in [
            (Denial::Ciphertext(CiphertextFault::Altered), 400),
            (Denial::Invalid(Invalid::Field("descriptor".into())), 400),
            (Denial::Unauthenticated, 401),
            (Denial::KeyDisabled, 403),
            (Denial::KeysetNotGranted, 403),
            (Denial::ContextNotAllowed, 403),
            (Denial::PermissionMissing(Permission::KeysetsRetrieve), 403),
            (Denial::IdentityMissing { claims: claims() }, 403),
            (Denial::LockNotMet { claims: claims() }, 403),
            (Denial::NotFound(Thing::Keyset), 404),
            (Denial::Conflict(Thing::KeysetGrant), 409),
            (Denial::ContextQuota { quota: 1 }, 422),
            (Denial::LogUnavailable, 503),
        ] {
            assert_eq!(status(denial.code()).as_u16(), expected, "{denial}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_token_has_their_name() {
        let expired = Denial::Identity(TokenFault::Expired);
        assert_eq!(name(&expired, true), "EXPIRED_TOKEN");
        let forged = Denial::Identity(TokenFault::Signature);
        assert_eq!(name(&forged, true), "INVALID_TOKEN");
        assert_eq!(name(&Denial::Unauthenticated, true), "INVALID_ACCESS_KEY");
        assert_eq!(name(&Denial::Unauthenticated, false), "NOT_AUTHENTICATED");
        assert_eq!(name(&Denial::CredentialExpired, false), "EXPIRED_TOKEN");
        assert_eq!(name(&Denial::CredentialExpired, true), "INVALID_ACCESS_KEY");
    }
}
