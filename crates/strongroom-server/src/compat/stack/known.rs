//! The errors that their clients know, in their words.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use strongroom_types::Code;
use strongroom_types::body::LogEntryId;

use super::caller::AccessType;
use super::family::Family;
use crate::edge::{Problem, entry_header};

/// An error that their clients know.
#[derive(Debug)]
pub(super) enum Known {
    KeyWithoutAccessType,
    InvalidAccessType(String),
    AccessTypeWithoutProject(AccessType),
    ProjectNotFound(String),
    KeyMissing(AccessType),
    KeyInvalid(AccessType, String),
    AccessTypeRequired,
    InsufficientAccess {
        actual: AccessType,
        allowed: &'static [AccessType],
    },
    /// The lines of what is wrong, with the request that they are about.
    Schema(String),
    BodyParsing,
    NoStore(String),
    NoValue {
        store: String,
        hashed_key: String,
    },
}

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// In words that their clients know, with the entry that records it.
    Known(Known, Option<LogEntryId>),
    /// In ours.
    Other(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

/// An answer, or its refusal in the caller's spelling.
pub(super) fn respond(family: Family, result: Result<Response, Refusal>) -> Response {
    match result {
        Ok(response) => response,
        Err(Refusal::Known(known, entry)) => known.answer(family, entry),
        Err(Refusal::Other(problem)) => problem.into_response(),
    }
}

/// Where their documentation is that two of their messages point to.
const OVERVIEW: &str = "For more information, see the docs on REST API authentication: \
                        https://docs.stack-auth.com/rest-api/overview#authentication";

impl Known {
    const fn code(&self) -> &'static str {
        match self {
            Self::KeyWithoutAccessType => "PROJECT_KEY_WITHOUT_ACCESS_TYPE",
            Self::InvalidAccessType(_) => "INVALID_ACCESS_TYPE",
            Self::AccessTypeWithoutProject(_) => "ACCESS_TYPE_WITHOUT_PROJECT_ID",
            Self::ProjectNotFound(_) => "CURRENT_PROJECT_NOT_FOUND",
            Self::KeyMissing(access) => match access {
                AccessType::Client => "CLIENT_AUTHENTICATION_REQUIRED",
                AccessType::Server => "SERVER_AUTHENTICATION_REQUIRED",
                AccessType::Admin => "ADMIN_AUTHENTICATION_REQUIRED",
            },
            Self::KeyInvalid(access, _) => match access {
                AccessType::Client => "INVALID_PUBLISHABLE_CLIENT_KEY",
                AccessType::Server => "INVALID_SECRET_SERVER_KEY",
                AccessType::Admin => "INVALID_SUPER_SECRET_ADMIN_KEY",
            },
            Self::AccessTypeRequired => "ACCESS_TYPE_REQUIRED",
            Self::InsufficientAccess { .. } => "INSUFFICIENT_ACCESS_TYPE",
            Self::Schema(_) => "SCHEMA_ERROR",
            Self::BodyParsing => "BODY_PARSING_ERROR",
            Self::NoStore(_) => "DATA_VAULT_STORE_DOES_NOT_EXIST",
            Self::NoValue { .. } => "DATA_VAULT_STORE_HASHED_KEY_DOES_NOT_EXIST",
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::KeyMissing(_) | Self::KeyInvalid(..) | Self::InsufficientAccess { .. } => {
                StatusCode::UNAUTHORIZED
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// What metrics count it as.
    const fn native_code(&self) -> Code {
        match self {
            Self::NoStore(_) | Self::NoValue { .. } => Code::NotFound,
            Self::Schema(_) | Self::BodyParsing => Code::InvalidRequest,
            _ => Code::Unauthenticated,
        }
    }

    fn message(&self, family: Family) -> String {
        let header = |name: &str| family.header(name);
        match self {
            Self::KeyWithoutAccessType => format!(
                "Either an API key or an admin access token was provided, but the {} header is \
                 missing. Set it to 'client', 'server', or 'admin' as appropriate.",
                header("access-type")
            ),
            Self::InvalidAccessType(given) => format!(
                "The {} header must be 'client', 'server', or 'admin', but was '{given}'.",
                header("access-type")
            ),
            Self::AccessTypeWithoutProject(access) => format!(
                "The {} header was '{}', but the {} header was not provided.\n\n{OVERVIEW}",
                header("access-type"),
                access.name(),
                header("project-id")
            ),
            Self::ProjectNotFound(project) => format!(
                "The current project with ID {project} was not found. Please check the value of \
                 the {} header.",
                header("project-id")
            ),
            Self::KeyMissing(access) => format!("The {} must be provided.", access.key_name()),
            Self::KeyInvalid(access, project) => format!(
                "The {} is not valid for the project \"{project}\". Does the project and/or the \
                 key exist?",
                access.key_name()
            ),
            Self::AccessTypeRequired => format!(
                "You must specify an access level for this Stack project. Make sure project API \
                 keys are provided (eg. {}) and you set the {} header to 'client', 'server', or \
                 'admin'.\n\n{OVERVIEW}",
                header("publishable-client-key"),
                header("access-type")
            ),
            Self::InsufficientAccess { actual, allowed } => format!(
                "The {} header must be {}, but was '{}'.",
                header("access-type"),
                one_of(allowed),
                actual.name()
            ),
            Self::Schema(message) => message.clone(),
            Self::BodyParsing => "Invalid JSON in request body".to_owned(),
            Self::NoStore(store) => format!("Data vault store with ID {store} does not exist."),
            Self::NoValue { store, hashed_key } => format!(
                "Data vault store with ID {store} does not contain a key with hash {hashed_key}."
            ),
        }
    }

    /// An object always: without one their clients break.
    fn details(&self) -> Value {
        match self {
            Self::AccessTypeWithoutProject(access) => json!({"request_type": access.name()}),
            Self::ProjectNotFound(project) | Self::KeyInvalid(_, project) => {
                json!({"project_id": project})
            }
            Self::InsufficientAccess { actual, allowed } => {
                let allowed: Vec<&str> = allowed.iter().map(|access| access.name()).collect();
                json!({"actual_access_type": actual.name(), "allowed_access_types": allowed})
            }
            Self::Schema(message) => json!({"message": message}),
            Self::NoStore(store) => json!({"store_id": store}),
            Self::NoValue { store, hashed_key } => {
                json!({"store_id": store, "hashed_key": hashed_key})
            }
            Self::KeyWithoutAccessType
            | Self::InvalidAccessType(_)
            | Self::KeyMissing(_)
            | Self::AccessTypeRequired
            | Self::BodyParsing => json!({}),
        }
    }

    fn answer(&self, family: Family, entry: Option<LogEntryId>) -> Response {
        let code = self.code();
        let body = json!({
            "code": code,
            "details": self.details(),
            "error": self.message(family),
        });
        let mut response = (self.status(), Body::from(body.to_string())).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(family.known_error(), HeaderValue::from_static(code));
        headers.extend(entry.and_then(entry_header));
        response.extensions_mut().insert(self.native_code());
        response
    }
}

fn one_of(allowed: &[AccessType]) -> String {
    let quoted: Vec<String> = allowed
        .iter()
        .map(|access| format!("'{}'", access.name()))
        .collect();
    quoted.join(" or ")
}
