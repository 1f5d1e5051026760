//! What is refused, in their words: `{"detail": text}`.
//!
//! Their clients tell 401, 403 and 400 apart, and of a 400 whether its text names a context: the text
//! for what does not open must not.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use strongroom_core::{Denial, Invalid, Thing};
use strongroom_types::body::ItemError;
use strongroom_types::{Code, RequestId};

use super::kex;
use crate::edge::{Problem, reword, status as native_status, title};

/// Why what is opened does not open: one text for all reasons.
pub(super) const NOT_OPENED: &str = "Decryption failed";
/// A name that no context has.
const UNKNOWN_CONTEXT: &str = "Unknown context";

/// Why an application is not promoted.
const NOT_PROMOTED: &str =
    "Application is not ready for promotion, is suspended, or is in that environment already";

/// Why an owner stays one.
const LAST_OWNER: &str = "The last owner of a tenant stays";
/// Why an invitation is not accepted.
const OTHER_PERSON: &str = "The token does not show the invited e-mail as verified";

/// The body of a refusal.
#[derive(Serialize)]
struct Refusal<'a> {
    detail: &'a str,
    code: Code,
    request_id: RequestId,
}

/// Gives an answer their form.
pub(crate) fn answer(mut response: Response, problem: Option<&Problem>) -> Response {
    let Some(problem) = problem else {
        return response;
    };
    let denial = &problem.refused.denial;
    let (status, detail) = (status(denial), detail(problem));
    let code = match problem.code() {
        Code::ContextMismatch => Code::CannotDecrypt,
        code => code,
    };
    let refusal = Refusal {
        detail: &detail,
        code,
        request_id: problem.request_id,
    };
    reword(&mut response, status, &refusal);
    response
}

/// The status that their clients expect.
fn status(denial: &Denial) -> StatusCode {
    match denial {
        Denial::ContextNotAllowed => StatusCode::FORBIDDEN,
        Denial::ContextUnknown | Denial::ContextDestroyed | Denial::Conflict(Thing::Promotion) => {
            StatusCode::BAD_REQUEST
        }
        Denial::Invalid(Invalid::Field(field)) if is_encoded(field) => StatusCode::BAD_REQUEST,
        // Of a login in development mode, which a browser shows.
        Denial::Invalid(
            Invalid::Parameter("cli_callback") | Invalid::Header("host" | "sec-fetch-site"),
        ) => StatusCode::BAD_REQUEST,
        Denial::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        other => match other.code() {
            Code::KeyDisabled | Code::ContextClosed | Code::LockRequired => StatusCode::FORBIDDEN,
            code => native_status(code),
        },
    }
}

/// Whether a field is one that is sent in base64.
fn is_encoded(field: &str) -> bool {
    const FIELDS: [&str; 8] = [
        "plaintext",
        "associated_data",
        "data",
        "message",
        "key",
        kex::X25519_PUBLIC_KEY,
        kex::MLKEM_PUBLIC_KEY,
        // Both halves have their lengths, and one is no key.
        "to.public_key",
    ];
    FIELDS.contains(&field)
}

/// The text of an item of a batch that did not work. A policy that decided is named as it is alone.
pub(super) fn of_item(error: ItemError) -> Cow<'static, str> {
    match error.code {
        Code::PolicyDenied => error.detail.into(),
        code => of_unread_item(code).into(),
    }
}

/// The text of an item of a batch, by its code alone.
pub(super) fn of_unread_item(code: Code) -> &'static str {
    match code {
        Code::CannotDecrypt | Code::ContextMismatch => NOT_OPENED,
        code => title(code),
    }
}

fn detail(problem: &Problem) -> String {
    let text = match &problem.refused.denial {
        Denial::ContextNotAllowed => "Not authorized for this context",
        Denial::ContextUnknown | Denial::ContextDestroyed => UNKNOWN_CONTEXT,
        Denial::Conflict(Thing::Promotion) => NOT_PROMOTED,
        Denial::Conflict(Thing::LastOwner) => LAST_OWNER,
        Denial::LockNotMet { claims } if claims.iter().any(|one| one == "email_verified") => {
            OTHER_PERSON
        }
        denial if denial.code() == Code::Unauthenticated => "Invalid or expired token",
        denial if is_unopened(denial) => NOT_OPENED,
        _ => return native(problem),
    };
    text.to_owned()
}

fn is_unopened(denial: &Denial) -> bool {
    matches!(denial.code(), Code::CannotDecrypt | Code::ContextMismatch)
}

fn native(problem: &Problem) -> String {
    let detail = problem.detail();
    detail.unwrap_or_else(|| title(problem.code()).to_owned())
}

#[cfg(test)]
mod tests {
    use strongroom_core::{CiphertextFault, TokenFault};
    use strongroom_types::Permission;

    use super::*;

    fn problem(denial: Denial) -> Problem {
        Problem::unlogged(denial, RequestId::from_bytes([1; 16]))
    }

    #[test]
    fn the_table_of_statuses_holds() {
        for (denial, expected) in [
            (Denial::Ciphertext(CiphertextFault::Altered), 400),
            (Denial::ContextMismatch, 400),
            (Denial::ContextUnknown, 400),
            (Denial::Invalid(Invalid::Field("plaintext".into())), 400),
            (Denial::Unauthenticated, 401),
            (Denial::CredentialRevoked, 401),
            (Denial::Identity(TokenFault::Expired), 401),
            (Denial::ContextNotAllowed, 403),
            (Denial::PermissionMissing(Permission::Encrypt), 403),
            (Denial::KeyDisabled, 403),
            (Denial::NotFound(Thing::Application), 404),
            (Denial::Conflict(Thing::NamedContext), 409),
            (Denial::Invalid(Invalid::Empty), 422),
            (Denial::Invalid(Invalid::Field("name".into())), 422),
            (Denial::RateLimited { limit: "x" }, 429),
            (Denial::LogUnavailable, 503),
        ] {
            assert_eq!(status(&denial).as_u16(), expected, "{denial:?}");
        }
    }

    #[test]
    fn only_an_unknown_context_is_told_as_one() {
        for denial in [
            Denial::Ciphertext(CiphertextFault::OtherContext),
            Denial::ContextMismatch,
            Denial::FormatNotAccepted,
        ] {
            assert_eq!(detail(&problem(denial)), NOT_OPENED);
        }
        assert!(!NOT_OPENED.to_lowercase().contains("context"));
        assert!(detail(&problem(Denial::ContextUnknown)).contains("context"));
    }
}
