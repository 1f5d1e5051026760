//! Answers as HTTP: serialised once, with the entry's name in a header.

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use strongroom_core::{Answered, Ask, Denial, Refused};
use strongroom_types::RequestId;
use strongroom_types::body::{BatchAnswer, LogEntryId, StoredObject};

use super::body::Encoding;
use super::problem::{Problem, entry_header};

/// What a handler gives.
pub(crate) type Reply<T> = Result<T, Problem>;

/// A body in JSON or CBOR.
#[derive(Debug)]
pub(crate) struct Document<T> {
    status: StatusCode,
    answered: Answered<T>,
    encoding: Encoding,
    /// About how long the body is.
    bytes: usize,
    request_id: RequestId,
    version: Option<u64>,
}

impl Document<StoredObject> {
    /// Names the object's version in `ETag`.
    pub(crate) fn tagged(mut self) -> Self {
        self.version = Some(self.answered.value.version);
        self
    }
}

/// Room for an answer about one thing.
const ANSWER_BYTES: usize = 1024;
/// Room for one result of a batch.
const RESULT_BYTES: usize = 512;

impl<T> Document<BatchAnswer<T>> {
    /// Answers in the encoding of the request, with room for every result.
    pub(crate) fn batch(mut self, encoding: Encoding) -> Self {
        self.bytes = ANSWER_BYTES + self.answered.value.results.len() * RESULT_BYTES;
        self.encoding = encoding;
        self
    }
}

/// 200.
pub(crate) fn ok<T>(ask: &Ask, result: Result<Answered<T>, Refused>) -> Reply<Document<T>> {
    document(StatusCode::OK, ask, result)
}

/// 201: something was made.
pub(crate) fn created<T>(ask: &Ask, result: Result<Answered<T>, Refused>) -> Reply<Document<T>> {
    document(StatusCode::CREATED, ask, result)
}

fn document<T>(
    status: StatusCode,
    ask: &Ask,
    result: Result<Answered<T>, Refused>,
) -> Reply<Document<T>> {
    let request_id = ask.origin.request_id;
    match result {
        Ok(answered) => Ok(Document {
            status,
            answered,
            encoding: Encoding::Json,
            bytes: ANSWER_BYTES,
            request_id,
            version: None,
        }),
        Err(refused) => Err(Problem::new(refused, request_id)),
    }
}

impl<T: Serialize> IntoResponse for Document<T> {
    fn into_response(self) -> Response {
        let Some(body) = self.encoding.encode(&self.answered.value, self.bytes) else {
            return unserialisable(self.request_id, self.answered.entry).into_response();
        };
        let kind = HeaderValue::from_static(self.encoding.content_type());
        let mut response = (self.status, body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.headers_mut().extend(self.version.and_then(etag));
        name_entry(response, self.answered.entry)
    }
}

fn unserialisable(request_id: RequestId, entry: Option<LogEntryId>) -> Problem {
    let refused = Refused {
        entry,
        ..Refused::unlogged(Denial::Internal)
    };
    Problem::new(refused, request_id)
}

fn name_entry(mut response: Response, entry: Option<LogEntryId>) -> Response {
    response.headers_mut().extend(entry.and_then(entry_header));
    response
}

/// `ETag: "<version>"`, as `If-Match` names it.
fn etag(version: u64) -> Option<(HeaderName, HeaderValue)> {
    let value = HeaderValue::try_from(format!("\"{version}\"")).ok()?;
    Some((header::ETAG, value))
}

/// 200 with an object's value as it stands; its version in `ETag`.
pub(crate) fn value(ask: &Ask, result: Result<Answered<StoredObject>, Refused>) -> Reply<Response> {
    let version = result.as_ref().ok().map(|answered| answered.value.version);
    let bytes = result.map(|answered| Answered {
        value: answered.value.value.unwrap_or_default().0,
        entry: answered.entry,
    });
    let mut response = raw(ask, Text::Octets, bytes)?;
    response.headers_mut().extend(version.and_then(etag));
    Ok(response)
}

/// 204: something is gone.
pub(crate) fn removed(ask: &Ask, result: Result<Answered<()>, Refused>) -> Reply<Response> {
    let answered = result.map_err(|refused| Problem::new(refused, ask.origin.request_id))?;
    let response = StatusCode::NO_CONTENT.into_response();
    Ok(name_entry(response, answered.entry))
}

/// What is not JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text {
    /// Lines for people and for verifiers.
    Plain,
    /// Bytes as they are.
    Octets,
}

impl Text {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; charset=utf-8",
            Self::Octets => "application/octet-stream",
        }
    }
}

/// 200 with a body as it stands.
pub(crate) fn raw<T: Into<Bytes>>(
    ask: &Ask,
    kind: Text,
    result: Result<Answered<T>, Refused>,
) -> Reply<Response> {
    let answered = result.map_err(|refused| Problem::new(refused, ask.origin.request_id))?;
    let kind = HeaderValue::from_static(kind.content_type());
    let body: Bytes = answered.value.into();
    let response = ([(header::CONTENT_TYPE, kind)], body).into_response();
    Ok(name_entry(response, answered.entry))
}
