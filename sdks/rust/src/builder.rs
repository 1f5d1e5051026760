//! Setting up a client.

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;

use crate::client::Client;
use crate::encoding::Encoding;
use crate::error::{ClientError, RequestError};
use crate::retry::RetryPolicy;

/// Sets up a [`Client`].
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    url: String,
    credential: Option<String>,
    retry: RetryPolicy,
    encoding: Encoding,
    timeout: Duration,
    allow_plain_http: bool,
}

impl ClientBuilder {
    /// How long a call may take, unless told otherwise.
    const TIMEOUT: Duration = Duration::from_mins(1);

    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            credential: None,
            retry: RetryPolicy::default(),
            encoding: Encoding::default(),
            timeout: Self::TIMEOUT,
            allow_plain_http: false,
        }
    }

    /// Authenticates with an API key, or with an exchanged token in its place.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.credential = Some(key.into());
        self
    }

    /// Decides when a request is sent again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Chooses how the bodies of batches are written.
    pub fn batch_encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Bounds the time of one attempt; streams have no bound. 60 s if not called.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends credentials and values over plain HTTP to another machine than this one, where everyone
    /// on the way can read them. For networks that something else encrypts.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// Makes the client. No connection is opened yet.
    ///
    /// # Errors
    /// The address is not a URL, or is plain HTTP to another machine, or the credential is missing or malformed.
    pub fn build(self) -> Result<Client, ClientError> {
        let url = parse_url(&self.url, self.allow_plain_http)?;
        let key = self.credential.ok_or(RequestError::NoCredential)?;
        let credential = bearer(&key).ok_or(RequestError::Credential)?;
        let http = http_client()?;
        Ok(Client::new(
            http,
            url,
            credential,
            Settings {
                retry: self.retry,
                encoding: self.encoding,
                timeout: self.timeout,
            },
        ))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are given up before the server closes them, after 60 s: a request on one that is
/// just being closed may have arrived, and most must not be sent twice.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);

/// What sends requests. A redirect would carry credentials to another origin.
pub(crate) fn http_client() -> Result<reqwest::Client, RequestError> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(Policy::none())
        .user_agent(concat!("strongroom-client/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_error| RequestError::Setup)
}

/// What the builder decides once for all calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) retry: RetryPolicy,
    pub(crate) encoding: Encoding,
    pub(crate) timeout: Duration,
}

/// Reads an address; paths below it are appended, so it has no slash at its end.
pub(crate) fn parse_url(text: &str, allow_plain_http: bool) -> Result<String, RequestError> {
    let url = Url::parse(text).map_err(|_error| RequestError::Url)?;
    let is_plain = url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err(RequestError::Url);
    }
    let is_open = url.scheme() == "http" && !url.host_str().is_some_and(is_loopback);
    if is_open && !allow_plain_http {
        return Err(RequestError::PlainHttp);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

/// `Bearer <credential>`, marked so that nobody prints it.
pub(crate) fn bearer(credential: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {credential}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_refuses_what_is_no_address() {
        for wrong in ["", "example.com", "ftp://x", "http://x?y=1", "http://"] {
            let built = ClientBuilder::new(wrong).api_key("k").build();
            assert!(
                matches!(built, Err(ClientError::Request(RequestError::Url))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn build_refuses_plain_http_to_another_machine() {
        let builder = |url| ClientBuilder::new(url).api_key("k");
        for open in [
            "http://example.com",
            "http://10.0.0.1:8320",
            "http://localhost.example",
        ] {
            assert!(
                matches!(
                    builder(open).build(),
                    Err(ClientError::Request(RequestError::PlainHttp))
                ),
                "{open}"
            );
            assert!(
                builder(open).allow_plain_http(true).build().is_ok(),
                "{open}"
            );
        }
        for url in [
            "https://example.com",
            "http://localhost:1",
            "http://127.0.0.1:1",
            "http://[::1]:1",
        ] {
            assert!(builder(url).build().is_ok(), "{url}");
        }
    }

    #[test]
    fn build_refuses_a_missing_or_malformed_key() {
        let builder = || ClientBuilder::new("http://127.0.0.1:1");
        assert!(matches!(
            builder().build(),
            Err(ClientError::Request(RequestError::NoCredential))
        ));
        assert!(matches!(
            builder().api_key("a\nb").build(),
            Err(ClientError::Request(RequestError::Credential))
        ));
    }

    #[test]
    fn debug_shows_no_credential() {
        let builder = ClientBuilder::new("http://127.0.0.1:1").api_key("sr_secret");
        assert!(!format!("{builder:?}").contains("secret"));
        let client = builder.build().unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }
}
