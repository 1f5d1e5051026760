//! An answer as it came over the wire.

#![expect(
    clippy::unwrap_used,
    reason = "an answer of another shape fails its test"
)]

use core::fmt;

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;
use strongroom_types::body::LogEntryId;

/// Status, headers and body.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Sends a request and reads its answer to the end.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// Sends a request and reads its answer to the end; `None` if the connection breaks first.
    pub async fn try_of(request: RequestBuilder) -> Option<Self> {
        let response = request.send().await.ok()?;
        Some(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.ok()?.to_vec(),
        })
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A field of the body that is a string.
    pub fn text(&self, field: &str) -> String {
        let json = self.json();
        json.get(field).and_then(Value::as_str).unwrap().to_owned()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The entry that the answer names.
    pub fn entry(&self) -> Option<LogEntryId> {
        self.header("strongroom-log-entry")?.parse().ok()
    }

    /// Checks that it is a problem document with this status and code.
    pub fn assert_problem(&self, status: u16, code: &str) {
        let (json, kind) = (self.json(), self.header("content-type"));
        let said = json.get("code").and_then(Value::as_str);
        assert_eq!((self.status, said), (status, Some(code)), "{self:?}");
        assert_eq!(kind, Some("application/problem+json"));
        let request_id = json.get("request_id").and_then(Value::as_str);
        assert_eq!(request_id, self.header("strongroom-request-id"));
    }

    /// The body without what differs between two requests: the request's id.
    pub fn anonymous_body(&self) -> String {
        let text = String::from_utf8(self.body.clone()).unwrap();
        text.replace(self.header("strongroom-request-id").unwrap(), "")
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}
