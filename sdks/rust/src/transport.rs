//! One way to send a request and to read its answer.

use core::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use strongroom_types::body::{LogEntryId, Problem, TokenError, TokenRequest};

use crate::client::Client;
use crate::encoding::Encoding;
use crate::error::{
    ClientError, DecodeError, RefusalError, RequestError, TokenRefusal, TransportError,
};
use crate::retry::{Failure, Repeat};

/// Carries the person's JWT beside the client's API key.
const IDENTITY: &str = "strongroom-identity";
/// Names a creation, so that its repetition creates nothing more.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Names the entry of an answer.
const LOG_ENTRY: &str = "strongroom-log-entry";

enum Body {
    Empty,
    Encoded(Encoding, Bytes),
    Octets(Vec<(&'static str, String)>, Bytes),
    // Boxed for its four strings.
    Form(Box<TokenRequest>),
}

/// A request that can be sent more than once.
pub(crate) struct Call {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Result<Body, RequestError>,
    repeat: Repeat,
    idempotency_key: Option<HeaderValue>,
}

impl Call {
    /// A request without a body. A `GET` may be repeated, nothing else unless it says so.
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        let repeat = if method == Method::GET {
            Repeat::Harmless
        } else {
            Repeat::Twice
        };
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: Ok(Body::Empty),
            repeat,
            idempotency_key: None,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Says that it creates something, under the client's idempotency key if it has one.
    pub(crate) fn creates(mut self, client: &Client) -> Self {
        let Some(key) = &client.idempotency_key else {
            return self;
        };
        match HeaderValue::from_str(key) {
            Ok(key) => {
                self.idempotency_key = Some(key);
                self.repeat = Repeat::Harmless;
            }
            Err(_) => self.body = Err(RequestError::IdempotencyKey),
        }
        self
    }

    pub(crate) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query
            .extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(crate) fn json<T: Serialize>(self, body: &T) -> Self {
        self.encoded(Encoding::Json, body)
    }

    pub(crate) fn encoded<T: Serialize>(mut self, encoding: Encoding, body: &T) -> Self {
        self.body = encoding
            .write(body)
            .map(|bytes| Body::Encoded(encoding, bytes));
        self
    }

    pub(crate) fn form(mut self, form: TokenRequest) -> Self {
        self.body = Ok(Body::Form(Box::new(form)));
        self
    }

    /// Bytes as they are, with headers that say what they are.
    pub(crate) fn octets(
        mut self,
        headers: Result<Vec<(&'static str, String)>, RequestError>,
        bytes: Bytes,
    ) -> Self {
        self.body = headers.map(|headers| Body::Octets(headers, bytes));
        self
    }

    /// Sends it and reads the body of the answer.
    pub(crate) async fn answer<T: DeserializeOwned>(
        self,
        client: &Client,
    ) -> Result<T, ClientError> {
        let response = self.send(client).await?;
        let status = response.status();
        let encoding = encoding_of(response.headers()).ok_or_else(|| DecodeError::body(status))?;
        let body = response.bytes().await.map_err(TransportError::new)?;
        Ok(encoding
            .read(&body)
            .ok_or_else(|| DecodeError::body(status))?)
    }

    /// Sends it and takes the body of the answer as it is.
    pub(crate) async fn bytes(self, client: &Client) -> Result<Bytes, ClientError> {
        let response = self.send(client).await?;
        Ok(response.bytes().await.map_err(TransportError::new)?)
    }

    /// Sends it and takes the body of the answer as text.
    pub(crate) async fn text(self, client: &Client) -> Result<String, ClientError> {
        let body = self.bytes(client).await?;
        Ok(String::from_utf8(body.into()).map_err(|_error| DecodeError::Body { status: 200 })?)
    }

    /// Sends it, as often as the retry policy says, until there is an answer of success.
    pub(crate) async fn send(self, client: &Client) -> Result<Response, ClientError> {
        let body = self.body.as_ref().map_err(|error| *error)?;
        let mut attempts = 0;
        loop {
            let sent = self.request(client, body)?.send().await;
            let sent = sent.map_err(TransportError::new);
            attempts += 1;
            let delay = failure_of(&sent)
                .and_then(|failure| client.settings.retry.delay(attempts, failure, self.repeat));
            match delay {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return accept(sent?).await,
            }
        }
    }

    fn request(&self, client: &Client, body: &Body) -> Result<RequestBuilder, RequestError> {
        let request = client
            .request(self.method.clone(), &self.path)?
            .timeout(client.settings.timeout);
        let request = if self.query.is_empty() {
            request
        } else {
            request.query(&self.query)
        };
        let request = match &self.idempotency_key {
            None => request,
            Some(key) => request.header(IDEMPOTENCY_KEY, key),
        };
        Ok(match body {
            Body::Empty => request,
            Body::Form(form) => request.form(form),
            Body::Encoded(encoding, bytes) => request
                .header(CONTENT_TYPE, encoding.media_type())
                .header(ACCEPT, encoding.media_type())
                .body(bytes.clone()),
            Body::Octets(headers, bytes) => headers
                .iter()
                .fold(request, |request, (name, value)| {
                    request.header(*name, value)
                })
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(bytes.clone()),
        })
    }
}

impl Client {
    /// A request with this client's credentials.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
    ) -> Result<RequestBuilder, RequestError> {
        let request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .header(AUTHORIZATION, self.credential());
        let Some(token) = self.identity_token() else {
            return Ok(request);
        };
        let mut value =
            HeaderValue::from_str(token).map_err(|_error| RequestError::IdentityToken)?;
        value.set_sensitive(true);
        Ok(request.header(IDENTITY, value))
    }
}

/// How an attempt failed, if another one may help.
fn failure_of(sent: &Result<Response, TransportError>) -> Option<Failure> {
    match sent {
        // The time that the caller gave is spent.
        Err(error) if error.is_timeout() => None,
        Err(error) => Some(Failure::NoAnswer(error.sent())),
        Ok(response) => match response.status() {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Some(Failure::Busy(retry_after(response.headers())))
            }
            _ => None,
        },
    }
}

/// RFC 9110 section 10.2.3, in seconds; the form with a date is not used by the server.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn encoding_of(headers: &HeaderMap) -> Option<Encoding> {
    Encoding::of_media_type(headers.get(CONTENT_TYPE)?.to_str().ok()?)
}

/// The entry that an answer names.
pub(crate) fn log_entry(headers: &HeaderMap) -> Option<LogEntryId> {
    headers.get(LOG_ENTRY)?.to_str().ok()?.parse().ok()
}

/// Hands on an answer of success; reads the reason from any other.
pub(crate) async fn accept(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let entry = log_entry(response.headers());
    let body = response.bytes().await.map_err(TransportError::new)?;
    Err(refusal(status, &body, entry))
}

fn refusal(status: StatusCode, body: &[u8], entry: Option<LogEntryId>) -> ClientError {
    if let Ok(problem) = serde_json::from_slice::<Problem>(body) {
        return RefusalError::new(problem, entry).into();
    }
    if let Ok(error) = serde_json::from_slice::<TokenError>(body) {
        return TokenRefusal::new(error, entry).into();
    }
    DecodeError::Problem {
        status: status.as_u16(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use strongroom_types::Code;

    use super::*;

    #[test]
    fn refusal_carries_the_problem_and_its_entry() {
        let body = format!(
            r#"{{"type":"about:blank","status":403,"code":"identity_mismatch","title":"t","claims":["sub"],"request_id":"req_{}"}}"#,
            "0".repeat(26)
        );
        let entry = format!("ws_{}/3", "0".repeat(26)).parse().ok();
        let error = refusal(StatusCode::FORBIDDEN, body.as_bytes(), entry);
        assert!(error.is_identity_mismatch());
        let refusal = error.refusal().unwrap();
        assert_eq!(refusal.code(), Code::IdentityMismatch);
        assert_eq!(refusal.claims(), ["sub"]);
        assert_eq!(refusal.log_entry(), entry);
    }

    #[test]
    fn refusal_of_another_program_is_told_apart() {
        let error = refusal(StatusCode::BAD_GATEWAY, b"<html>", None);
        assert!(matches!(
            error,
            ClientError::Decode(DecodeError::Problem { status: 502 })
        ));
    }

    #[test]
    fn refused_exchange_is_a_token_refusal() {
        let error = refusal(
            StatusCode::BAD_REQUEST,
            br#"{"error":"invalid_target"}"#,
            None,
        );
        assert!(
            matches!(error, ClientError::Token(refusal) if refusal.error() == "invalid_target")
        );
    }

    #[test]
    fn retry_after_is_read_in_seconds() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(2)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("soon"));
        assert_eq!(retry_after(&headers), None);
    }
}
