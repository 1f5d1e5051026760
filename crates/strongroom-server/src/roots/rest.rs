//! HTTP to key services: one client, one rule about addresses, one reading of failures.

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use reqwest::{Client, Method, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Deserializer, Serialize, de};
use strongroom_core::ports::{ConnectError, Outage, Refusal};
use strongroom_types::FipsMode;
use strongroom_types::provider::Endpoint;
use zeroize::Zeroizing;

use super::guard::ATTEMPT;
use super::remote::Fault;
use crate::fetch::{self, ClientError};
use crate::reach::{self, Reach};

/// The longest answer that is read.
const BYTES_MAX: usize = 64 * 1024;
/// More than any request is long: a seed, a digest, a signed assertion.
const BODY_BYTES: usize = 8 * 1024;

/// A client that connects where it may, and follows no redirect: requests carry tokens.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    client: Client,
    /// Nothing is out of reach of the machine itself.
    reach: Option<Reach>,
}

impl Rest {
    /// A client for addresses that a description names.
    pub(super) fn new(reach: Reach, fips: FipsMode) -> Result<Self, ClientError> {
        Self::build((reach, Some(reach)), fips)
    }

    /// A client for the addresses where a machine finds out who it is, link-local ones over plain
    /// HTTP among them. No description names one of these.
    #[cfg(feature = "aws-kms")]
    pub(super) fn of_machine(fips: FipsMode) -> Result<Self, ClientError> {
        let anywhere = Reach {
            loopback: true,
            private: true,
        };
        Self::build((anywhere, None), fips)
    }

    fn build(
        (resolves, reach): (Reach, Option<Reach>),
        fips: FipsMode,
    ) -> Result<Self, ClientError> {
        let client = fetch::client(resolves, fips)?
            .timeout(ATTEMPT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, reach })
    }

    /// The URL of an address, if it may be connected to.
    pub(super) fn url(
        &self,
        provider: &'static str,
        address: &Endpoint,
    ) -> Result<Url, ConnectError> {
        self.acceptable(address.as_str())
            .ok_or(ConnectError::Address { provider })
    }

    /// The URL, if it may be connected to.
    pub(super) fn acceptable(&self, url: &str) -> Option<Url> {
        match self.reach {
            Some(reach) => reach::acceptable(url, reach),
            None => Url::parse(url).ok(),
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let Request {
            method,
            url,
            headers,
            body,
        } = request;
        let sending = self.client.request(method, url).headers(headers).body(body);
        let mut answer = sending.send().await.map_err(|error| outage(&error))?;
        let status = answer.status().as_u16();
        let headers = core::mem::take(answer.headers_mut());
        let mut body = Zeroizing::new(Vec::with_capacity(1024));
        while let Some(chunk) = answer.chunk().await.map_err(|error| outage(&error))? {
            if body.len() + chunk.len() > BYTES_MAX {
                return Err(Outage::Fault.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

fn outage(error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        Outage::Timeout.into()
    } else {
        Outage::Unreachable.into()
    }
}

/// One request. Its body may hold a seed or a credential.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl core::fmt::Debug for Request {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A JSON document to be posted; the copy made here is wiped when it was sent.
    pub(super) fn post_json(url: Url, body: &impl Serialize) -> Result<Self, Fault> {
        // Room for all of it: what grows leaves copies behind.
        let mut json = Zeroizing::new(Vec::with_capacity(BODY_BYTES));
        serde_json::to_writer(&mut *json, body).map_err(|_unserialisable| Outage::Fault)?;
        Ok(Self::post(url, json, "application/json"))
    }

    /// A form to be posted; the copy made here is wiped when it was sent.
    pub(super) fn post_form(url: Url, form: &impl Serialize) -> Result<Self, Fault> {
        let room = String::with_capacity(BODY_BYTES);
        let mut target = form_urlencoded::Serializer::new(room);
        form.serialize(serde_urlencoded::Serializer::new(&mut target))
            .map_err(|_unserialisable| Outage::Fault)?;
        let form = Zeroizing::new(target.finish().into_bytes());
        Ok(Self::post(url, form, "application/x-www-form-urlencoded"))
    }

    fn post(url: Url, body: Zeroizing<Vec<u8>>, content_type: &'static str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            method: Method::POST,
            url,
            headers,
            body: Bytes::from_owner(body),
        }
    }

    /// A question without a body.
    pub(super) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// One answer.
pub(super) struct Answer {
    pub(super) status: u16,
    #[cfg_attr(
        not(feature = "aws-kms"),
        expect(dead_code, reason = "only the AWS SDK reads headers")
    )]
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl core::fmt::Debug for Answer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Answer {
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The body of a success.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|_shape| Outage::Fault.into())
    }

    /// The body of a failure, as far as it is of the documented shape.
    pub(super) fn read_failure<T: DeserializeOwned + Default>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What a status says that is not about the request: the same at every service.
    pub(super) fn general_fault(&self) -> Fault {
        match self.status {
            401 | 403 => Refusal::AccessDenied.into(),
            404 => Refusal::KeyMissing.into(),
            // A time limit, and a Vault that is a standby without its leader.
            408 | 412 | 472 | 473 => Outage::Fault.into(),
            429 => Outage::Throttled.into(),
            400..=499 => Refusal::KeyKind.into(),
            _ => Outage::Fault.into(),
        }
    }
}

/// A header's value that is never printed.
pub(super) fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Standard base64.
pub(super) fn base64(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(bytes))
}

/// URL-safe base64 without padding.
pub(super) fn base64_url(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// For `#[serde(deserialize_with)]`: bytes in standard base64, wiped when dropped.
pub(super) fn from_base64<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Zeroizing<Vec<u8>>, D::Error> {
    let text = Zeroizing::new(String::deserialize(deserializer)?);
    let bytes = STANDARD.decode(&*text);
    bytes
        .map(Zeroizing::new)
        .map_err(|_error| de::Error::custom("not base64"))
}

/// For `#[serde(deserialize_with)]`: bytes in URL-safe base64 without padding, wiped when dropped.
pub(super) fn from_base64_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Zeroizing<Vec<u8>>, D::Error> {
    let text = Zeroizing::new(String::deserialize(deserializer)?);
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
    bytes
        .map(Zeroizing::new)
        .map_err(|_error| de::Error::custom("not base64"))
}

/// Appends segments to a URL's path.
pub(super) fn under<'a>(mut url: Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
