//! Reading a body strictly: type, size, time, shape.

use core::error::Error;
use core::time::Duration;
use std::borrow::Cow;

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use cbor4ii::core::dec::Read as _;
use cbor4ii::core::utils::SliceReader;
use cbor4ii::serde::Deserializer;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use strongroom_core::{Ask, Denial, Idempotency, Invalid};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::caller::{ask, metadata};
use super::header::{IDEMPOTENCY_KEY, text};
use super::{App, Edge, Problem};
use crate::limits::Reached;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// RFC 8259.
    Json,
    /// RFC 8949.
    Cbor,
}

impl Encoding {
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Cbor => "application/cbor",
        }
    }

    /// Writes into a buffer that has room for `bytes`, so that a large answer is not copied each time
    /// it outgrows its buffer. `None` for what has no such form; no body of ours is.
    pub(crate) fn encode<T: Serialize>(self, value: &T, bytes: usize) -> Option<Vec<u8>> {
        let mut buffer = Vec::with_capacity(bytes);
        match self {
            Self::Json => {
                serde_json::to_writer(&mut buffer, value).ok()?;
                Some(buffer)
            }
            Self::Cbor => cbor4ii::serde::to_vec(buffer, value).ok(),
        }
    }

    pub(super) fn decode<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, Invalid> {
        match self {
            Self::Json => serde_json::from_slice(body).map_err(|error| json_fault(&error)),
            Self::Cbor => decode_cbor(body),
        }
    }
}

/// One CBOR item and nothing behind it.
fn decode_cbor<T: DeserializeOwned>(body: &[u8]) -> Result<T, Invalid> {
    let mut deserializer = Deserializer::new(SliceReader::new(body));
    let value = T::deserialize(&mut deserializer).map_err(|_error| Invalid::Cbor)?;
    let mut rest = deserializer.into_inner();
    match rest.fill(1) {
        Ok(more) if more.as_ref().is_empty() => Ok(value),
        _ => Err(Invalid::Cbor),
    }
}

/// What serde says is wrong, without the values that it quotes.
fn json_fault(error: &serde_json::Error) -> Invalid {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let what = text
        .strip_suffix(&format!(" at line {line} column {column}"))
        .unwrap_or(&text);
    Invalid::Json {
        what: Cow::Owned(without_values(what)),
        line,
        column,
    }
}

/// The most characters of a fault that are worth answering.
const FAULT_CHARS: usize = 200;

/// `invalid type: string "secret", expected u32` quotes the request; `expected u32` does not. Nor does what
/// stands before it: the name of an unknown field is the caller's as well.
fn without_values(what: &str) -> String {
    if what.starts_with("unknown field") {
        // What is expected is ours, and the last that is said.
        let fields = what.rsplit_once(", expected ");
        let fields = fields.filter(|_| !what.ends_with(", there are no fields"));
        let known = fields.map_or("none", |(_, fields)| fields);
        let shown = format!("unknown field, expected {known}");
        return shown.chars().take(FAULT_CHARS).collect();
    }
    let quotes_a_value = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
    ]
    .iter()
    .any(|start| what.starts_with(start));
    let shown = match what.rsplit_once(", expected ") {
        Some((_, expected)) if quotes_a_value => format!("expected {expected}"),
        None if quotes_a_value => "wrong type or value".to_owned(),
        _ => what.to_owned(),
    };
    shown.chars().take(FAULT_CHARS).collect()
}

/// Room for a body, until it is answered.
pub(crate) type Held = Option<OwnedSemaphorePermit>;

/// A request with a JSON body.
#[derive(Debug)]
pub(crate) struct Sent<T> {
    pub(crate) ask: Ask,
    pub(crate) body: T,
    /// Dropped with the request; nobody reads it.
    #[expect(dead_code, reason = "it is there to be dropped")]
    pub(crate) held: Held,
}

/// A request with a JSON body of many items.
#[derive(Debug)]
pub(crate) struct SentLarge<T> {
    pub(crate) ask: Ask,
    pub(crate) body: T,
    /// Dropped with the request; nobody reads it.
    #[expect(dead_code, reason = "it is there to be dropped")]
    pub(crate) held: Held,
}

/// A request with a batch, in JSON or CBOR, answered alike.
#[derive(Debug)]
pub(crate) struct SentBatch<T> {
    pub(crate) ask: Ask,
    pub(crate) body: T,
    pub(crate) encoding: Encoding,
    /// Dropped with the request; nobody reads it.
    #[expect(dead_code, reason = "it is there to be dropped")]
    pub(crate) held: Held,
}

/// A request with a form, `application/x-www-form-urlencoded`.
#[derive(Debug)]
pub(crate) struct SentForm<T> {
    pub(crate) ask: Ask,
    pub(crate) body: T,
}

/// A request whose body is a value as it is, `application/octet-stream`; it may be empty.
#[derive(Debug)]
pub(crate) struct SentOctets {
    pub(crate) ask: Ask,
    pub(crate) body: Bytes,
    /// Dropped with the request; nobody reads it.
    #[expect(dead_code, reason = "it is there to be dropped")]
    pub(crate) held: Held,
}

impl FromRequest<App> for SentOctets {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut ask = ask(&parts);
        match read_octets(&mut ask, &parts, body, app).await {
            Ok((body, held)) => Ok(Self { ask, body, held }),
            Err(fault) => Err(fault.refuse(app, &ask).await),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequest<App> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut ask = ask(&parts);
        let limit = Limit::body(app);
        match read_json(&mut ask, &parts, body, (app, limit)).await {
            Ok((body, held)) => Ok(Self { ask, body, held }),
            Err(fault) => Err(fault.refuse(app, &ask).await),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequest<App> for SentLarge<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut ask = ask(&parts);
        let limit = Limit::batch(app);
        match read_json(&mut ask, &parts, body, (app, limit)).await {
            Ok((body, held)) => Ok(Self { ask, body, held }),
            Err(fault) => Err(fault.refuse(app, &ask).await),
        }
    }
}

pub(super) fn decode_form<T: DeserializeOwned>(body: &[u8]) -> Result<T, Invalid> {
    serde_urlencoded::from_bytes(body).map_err(|_error| Invalid::Field("form".into()))
}

impl<T: DeserializeOwned + Send> FromRequest<App> for SentBatch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut ask = ask(&parts);
        match read_batch(&mut ask, &parts, body, app).await {
            Ok((body, encoding, held)) => Ok(Self {
                ask,
                body,
                encoding,
                held,
            }),
            Err(fault) => Err(fault.refuse(app, &ask).await),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequest<App> for SentForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let ask = ask(&parts);
        match read_form(&ask, &parts, body, app).await {
            Ok(body) => Ok(Self { ask, body }),
            Err(fault) => Err(fault.refuse(app, &ask).await),
        }
    }
}

async fn read_json<T: DeserializeOwned>(
    ask: &mut Ask,
    parts: &Parts,
    body: Body,
    (app, limit): (&Edge, Limit),
) -> Result<(T, Held), Fault> {
    ask.metadata = metadata(&parts.headers)?;
    if media_type(&parts.headers) != Some(Media::Json) {
        return Err(Denial::MediaType.into());
    }
    let (body, held) = read(ask, &parts.headers, body, app, limit).await?;
    let body = not_empty(body)?;
    ask.idempotency = idempotency(parts, &body)?;
    Ok((Encoding::Json.decode(&body)?, held))
}

async fn read_batch<T: DeserializeOwned>(
    ask: &mut Ask,
    parts: &Parts,
    body: Body,
    app: &Edge,
) -> Result<(T, Encoding, Held), Fault> {
    ask.metadata = metadata(&parts.headers)?;
    let encoding = match media_type(&parts.headers) {
        Some(Media::Json) => Encoding::Json,
        Some(Media::Cbor) => Encoding::Cbor,
        Some(Media::Form | Media::Octets) | None => return Err(Denial::MediaType.into()),
    };
    let limit = Limit::batch(app);
    let (body, held) = read(ask, &parts.headers, body, app, limit).await?;
    Ok((encoding.decode(&not_empty(body)?)?, encoding, held))
}

async fn read_octets(
    ask: &mut Ask,
    parts: &Parts,
    body: Body,
    app: &Edge,
) -> Result<(Bytes, Held), Fault> {
    ask.metadata = metadata(&parts.headers)?;
    if media_type(&parts.headers) != Some(Media::Octets) {
        return Err(Denial::MediaType.into());
    }
    read(ask, &parts.headers, body, app, Limit::body(app)).await
}

/// A body of any type, for a surface that reads it in its own way.
pub(crate) async fn read_any(
    ask: &Ask,
    parts: &Parts,
    body: Body,
    app: &Edge,
) -> Result<(Bytes, Held), Problem> {
    match read(ask, &parts.headers, body, app, Limit::body(app)).await {
        Ok(read) => Ok(read),
        Err(fault) => Err(fault.refuse(app, ask).await),
    }
}

async fn read_form<T: DeserializeOwned>(
    ask: &Ask,
    parts: &Parts,
    body: Body,
    app: &Edge,
) -> Result<T, Fault> {
    if media_type(&parts.headers) != Some(Media::Form) {
        return Err(Denial::MediaType.into());
    }
    let (body, _held) = read(ask, &parts.headers, body, app, Limit::body(app)).await?;
    Ok(decode_form(&not_empty(body)?)?)
}

/// Why a body was not read; knows the name of the size limit.
pub(super) struct Fault {
    denial: Denial,
    limit: Option<&'static str>,
}

impl Fault {
    pub(super) fn unlogged(self, ask: &Ask) -> Problem {
        Problem::unlogged(self.denial, ask.origin.request_id).naming(self.limit)
    }

    async fn refuse(self, app: &Edge, ask: &Ask) -> Problem {
        app.refuse(ask, self.denial).await.naming(self.limit)
    }
}

impl From<Denial> for Fault {
    fn from(denial: Denial) -> Self {
        Self {
            denial,
            limit: None,
        }
    }
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        Denial::from(invalid).into()
    }
}

impl From<Reached> for Fault {
    fn from(reached: Reached) -> Self {
        Denial::from(reached).into()
    }
}

impl From<Reached> for Denial {
    fn from(reached: Reached) -> Self {
        Self::RateLimited { limit: reached.0 }
    }
}

/// A limit of a body's size.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    name: &'static str,
    bytes: u64,
}

impl Limit {
    /// For what is read before it is known who asks.
    pub(super) const SMALL: Self = Self {
        name: "small_body_bytes",
        bytes: 64 * 1024,
    };

    fn body(app: &Edge) -> Self {
        Self {
            name: "body_bytes",
            bytes: app.limits.body_bytes,
        }
    }

    fn batch(app: &Edge) -> Self {
        Self {
            name: "batch_bytes",
            bytes: app.limits.batch_bytes,
        }
    }

    fn exceeded(self) -> Fault {
        Fault {
            denial: Denial::TooLarge {
                limit_bytes: self.bytes,
            },
            limit: Some(self.name),
        }
    }
}

/// A body that says that it is longer than this is not waited for, and none is read further.
const DRAINED_BYTES: u64 = 16 << 20;
/// How long the rest of a body is waited for that is refused.
const DRAIN_MAX: Duration = Duration::from_secs(1);

/// Reads on without keeping anything: a connection that is closed with bytes unread takes its last
/// answer with it (RFC 9112, section 9.6).
pub(super) async fn drain(body: Body) {
    let most = usize::try_from(DRAINED_BYTES).unwrap_or(usize::MAX);
    let mut body = Limited::new(body, most);
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    // What is not here by then is not waited for.
    timeout(DRAIN_MAX, rest).await.ok();
}

/// Reads a whole body. Nobody without a credential that counts gets to fill memory or to keep a
/// place among the requests in work, and the room that large bodies take together is bounded; it is
/// held until the permit is dropped.
async fn read(
    ask: &Ask,
    headers: &HeaderMap,
    body: Body,
    app: &Edge,
    limit: Limit,
) -> Result<(Bytes, Held), Fault> {
    if !app.room.knows(ask).await {
        return Err(Denial::Unauthenticated.into());
    }
    let expected = content_length(headers).unwrap_or(limit.bytes);
    if expected > limit.bytes {
        if expected <= DRAINED_BYTES {
            drain(body).await;
        }
        return Err(limit.exceeded());
    }
    let held = app.meter.hold(expected)?;
    Ok((collect(body, app, limit).await?, held))
}

/// Reads a whole body within its limits of size and time.
pub(super) async fn collect(mut body: Body, app: &Edge, limit: Limit) -> Result<Bytes, Fault> {
    let bytes = usize::try_from(limit.bytes).unwrap_or(usize::MAX);
    let within = Limited::new(&mut body, bytes).collect();
    match timeout(app.limits.body_timeout, within).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) => {
            drain(body).await;
            Err(broken(&*error, limit))
        }
        Err(_elapsed) => Err(Reached("body_timeout").into()),
    }
}

pub(super) fn not_empty(body: Bytes) -> Result<Bytes, Invalid> {
    if body.is_empty() {
        return Err(Invalid::Empty);
    }
    Ok(body)
}

fn broken(error: &(dyn Error + 'static), limit: Limit) -> Fault {
    if error.is::<LengthLimitError>() {
        return limit.exceeded();
    }
    Denial::Aborted.into()
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, header::CONTENT_LENGTH)?.parse().ok()
}

/// The content types that are served.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    Cbor,
    Form,
    Octets,
}

/// The type without its parameters, in any case.
pub(super) fn media_type(headers: &HeaderMap) -> Option<Media> {
    let value = text(headers, header::CONTENT_TYPE)?;
    let name = value.split(';').next().unwrap_or(value).trim();
    [
        ("application/json", Media::Json),
        ("application/cbor", Media::Cbor),
        ("application/x-www-form-urlencoded", Media::Form),
        ("application/octet-stream", Media::Octets),
    ]
    .into_iter()
    .find_map(|(known, media)| name.eq_ignore_ascii_case(known).then_some(media))
}

/// The longest Idempotency-Key.
const IDEMPOTENCY_KEY_BYTES: usize = 255;

fn idempotency(parts: &Parts, body: &[u8]) -> Result<Option<Idempotency>, Invalid> {
    if !parts.headers.contains_key(IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    let key = text(&parts.headers, IDEMPOTENCY_KEY)
        .filter(|key| !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_BYTES)
        .ok_or(Invalid::Header("Idempotency-Key"))?;
    Ok(Some(Idempotency {
        key: key.to_owned(),
        request_digest: digest(parts, body),
    }))
}

/// SHA-256(method ‖ 0 ‖ path ‖ 0 ‖ body); neither method nor path can hold a zero byte.
fn digest(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    for part in [parts.method.as_str(), parts.uri.path()] {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    hash.update(body);
    let digest = hash.finish();
    core::array::from_fn(|i| digest.as_ref().get(i).copied().unwrap_or_default())
}

#[cfg(test)]
mod mutations;

#[cfg(test)]
mod tests {
    use strongroom_types::body::{Batch, EncryptItem, EncryptRequest};

    use super::*;

    fn fault(json: &str) -> String {
        let invalid = Encoding::Json.decode::<EncryptRequest>(json.as_bytes());
        invalid.unwrap_err().to_string()
    }

    #[test]
    fn faults_are_located_and_quote_no_value() {
        let secret = fault(r#"{"key_context":{"a":"b"},"plaintext":{"x":"hunter2"}}"#);
        assert!(!secret.contains("hunter2"), "{secret}");
        let wrong = fault(r#"{"key_context":"hunter2","plaintext":""}"#);
        assert!(!wrong.contains("hunter2"), "{wrong}");
        assert!(wrong.contains("expected a key context"), "{wrong}");
        assert!(wrong.contains("line 1"), "{wrong}");
    }

    #[test]
    fn unknown_fields_are_not_repeated_and_duplicate_ones_are_named() {
        let unknown = fault(r#"{"key_context":{"a":"b"},"plaintext":"","hunter2":1}"#);
        assert!(!unknown.contains("hunter2"), "{unknown}");
        assert!(
            unknown.contains("unknown field, expected one of `key_context`"),
            "{unknown}"
        );
        let none = without_values("unknown field `a, expected hunter2`, there are no fields");
        assert_eq!(none, "unknown field, expected none");
        let twice = fault(r#"{"plaintext":"","plaintext":""}"#);
        assert!(twice.contains("duplicate field `plaintext`"), "{twice}");
    }

    #[test]
    fn nothing_may_follow_a_body() {
        let json = br#"{"items":[]}"#;
        assert!(Encoding::Json.decode::<Batch<EncryptItem>>(json).is_ok());
        let trailing = [json.as_slice(), b"{}"].concat();
        assert!(
            Encoding::Json
                .decode::<Batch<EncryptItem>>(&trailing)
                .is_err()
        );
        let cbor = b"\xa1\x65items\x80";
        assert!(Encoding::Cbor.decode::<Batch<EncryptItem>>(cbor).is_ok());
        let trailing = [cbor.as_slice(), b"\x00"].concat();
        assert!(
            Encoding::Cbor
                .decode::<Batch<EncryptItem>>(&trailing)
                .is_err()
        );
    }

    #[test]
    fn media_types_may_have_parameters() {
        let media = |value: &'static str| {
            media_type(&HeaderMap::from_iter([(
                header::CONTENT_TYPE,
                value.parse().unwrap(),
            )]))
        };
        assert!(media("application/json") == Some(Media::Json));
        assert!(media("Application/JSON; charset=utf-8") == Some(Media::Json));
        assert!(media("application/json5").is_none());
        assert!(media("text/plain").is_none());
    }
}
