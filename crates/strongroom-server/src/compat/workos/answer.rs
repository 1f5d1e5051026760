//! Answers as WorkOS clients read them.
//!
//! Their libraries take the message from `error` (Python, Go, Node for a conflict) or from `message`
//! (Node for the rest); `code` is ours, one of the native API's.

use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use serde::Serialize;
use strongroom_types::Code;

use crate::edge::{Problem, REQUEST_ID, reword, status as native_status, title};

/// What every library of theirs shows as the request's id.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The body of a refusal.
#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
    message: &'a str,
    code: Code,
}

/// Gives an answer their form.
pub(crate) fn answer(mut response: Response, problem: Option<&Problem>) -> Response {
    if let Some(problem) = problem {
        refuse(&mut response, problem);
    }
    let headers = response.headers_mut();
    if let Some(id) = headers.get(REQUEST_ID).cloned() {
        headers.insert(X_REQUEST_ID, id);
    }
    response
}

fn refuse(response: &mut Response, problem: &Problem) {
    let code = problem.code();
    let detail = problem.detail();
    let text = detail.as_deref().unwrap_or_else(|| title(code));
    let refusal = Refusal {
        error: text,
        message: text,
        code,
    };
    reword(response, status(problem.code()), &refusal);
}

/// The status that their clients expect. They take 409 for "the name is taken" or "somebody else
/// changed it", so that nothing else may be one; and 404 for an object that is not there.
const fn status(code: Code) -> StatusCode {
    match code {
        Code::ContextNotFound | Code::KeyDisabled | Code::ContextClosed => StatusCode::FORBIDDEN,
        Code::ContextQuota | Code::VersionCheckRequired => StatusCode::UNPROCESSABLE_ENTITY,
        code => native_status(code),
    }
}

#[cfg(test)]
mod tests {
    use strongroom_core::{CiphertextFault, Denial, Invalid, Thing};

    use super::*;

    #[test]
    fn conflicts_are_about_names_and_versions_only() {
        for &code in Code::ALL {
            let native = native_status(code) == StatusCode::CONFLICT;
            let theirs = matches!(code, Code::Conflict | Code::VersionConflict);
            let moved = matches!(
                code,
                Code::KeyDisabled | Code::ContextClosed | Code::ContextQuota
            );
            // `already_issued` is of routes that are not served here.
            assert_eq!(native, theirs || moved || code == Code::AlreadyIssued);
        }
        for code in [Code::KeyDisabled, Code::ContextClosed, Code::ContextQuota] {
            assert_ne!(status(code), StatusCode::CONFLICT);
        }
    }

    #[test]
    fn the_table_of_statuses_holds() {
        for (denial, expected) in [
            (Denial::Ciphertext(CiphertextFault::Altered), 400),
            (Denial::ContextMismatch, 400),
            (Denial::Invalid(Invalid::Parameter("limit")), 400),
            (Denial::Unauthenticated, 401),
            (Denial::ContextNotAllowed, 403),
            (Denial::NotFound(Thing::Object), 404),
            (Denial::ObjectHidden, 404),
            (Denial::NameTaken, 409),
            (Denial::VersionConflict { current: 2 }, 409),
            (Denial::TooLarge { limit_bytes: 1 }, 413),
            (Denial::Invalid(Invalid::NotText), 422),
            (Denial::VersionCheckMissing, 422),
            (Denial::RateLimited { limit: "x" }, 429),
            (Denial::LogUnavailable, 503),
        ] {
            assert_eq!(status(denial.code()).as_u16(), expected, "{denial}");
        }
    }
}
