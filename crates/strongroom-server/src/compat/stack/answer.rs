//! What their clients have no word for: a plain status, and a body that they show as it stands.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use strongroom_types::Code;

use crate::edge::{Problem, reword, status as native_status, title};

/// The body of a refusal.
#[derive(Serialize)]
struct Refusal<'a> {
    code: Code,
    details: Details,
    error: &'a str,
}

/// Nothing; but an object, because their clients look into it.
#[derive(Serialize)]
struct Details {}

/// Gives an answer their form.
pub(crate) fn answer(mut response: Response, problem: Option<&Problem>) -> Response {
    let Some(problem) = problem else {
        return response;
    };
    let code = problem.code();
    let detail = problem.detail();
    let refusal = Refusal {
        code,
        details: Details {},
        error: detail.as_deref().unwrap_or_else(|| title(code)),
    };
    reword(&mut response, status(code), &refusal);
    response
}

/// Their clients repeat 429 only. A key context that may not be used is refused, not missing.
const fn status(code: Code) -> StatusCode {
    match code {
        Code::ContextNotFound => StatusCode::FORBIDDEN,
        code => native_status(code),
    }
}
