//! Fetching issuers' keys behind the Fetch port: HTTPS, small, quick, same host.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Response, Url};
use strongroom_core::ports::{Fetch, FetchError};

/// A document takes no longer than this, connecting included.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest document.
const BYTES_MAX: usize = 256 * 1024;
/// The most redirects, all of them on one host.
const REDIRECTS_MAX: usize = 3;

/// Fetches over HTTPS, or over plain HTTP from this machine itself. Follows redirects only where
/// scheme, host and port stay the same, and knows no proxy.
#[derive(Clone, Debug)]
pub struct HttpFetch {
    client: Client,
}

impl HttpFetch {
    /// Builds the client.
    ///
    /// # Errors
    /// The system's certificate store cannot be read.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(Policy::custom(same_origin))
            .no_proxy()
            .user_agent(concat!("strongroom/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let url = acceptable(url)?;
        let answer = self.client.get(url).send().await;
        let answer = answer.map_err(|_error| FetchError::Unreachable)?;
        match answer.status().as_u16() {
            200 => read(answer).await,
            status => Err(FetchError::Status { status }),
        }
    }
}

/// Reads the body chunk by chunk, so that a false or missing length cannot exceed the limit.
async fn read(mut answer: Response) -> Result<Vec<u8>, FetchError> {
    let mut document = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|_error| FetchError::Unreachable)?
    {
        if document.len() + chunk.len() > BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document)
}

/// HTTPS anywhere; plain HTTP only where no network is crossed.
fn acceptable(url: &str) -> Result<Url, FetchError> {
    let url = Url::parse(url).map_err(|_error| FetchError::Url)?;
    let encrypted = url.scheme() == "https";
    let local = url.scheme() == "http" && url.host_str().is_some_and(is_loopback);
    let anonymous = url.username().is_empty() && url.password().is_none();
    if (encrypted || local) && anonymous {
        return Ok(url);
    }
    Err(FetchError::Url)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Follows a redirect within one origin. One elsewhere is not followed: its 3xx is the answer.
fn same_origin(attempt: Attempt<'_>) -> Action {
    let stays = attempt
        .previous()
        .last()
        .is_some_and(|previous| previous.origin() == attempt.url().origin());
    if stays && attempt.previous().len() <= REDIRECTS_MAX {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_loopback_is_acceptable() {
        for url in [
            "https://issuer.example/keys",
            "http://127.0.0.1:8080/keys",
            "http://[::1]/keys",
            "http://localhost/keys",
        ] {
            assert!(acceptable(url).is_ok(), "{url}");
        }
        for url in [
            "http://issuer.example/keys",
            "http://127.0.0.1.example/keys",
            "http://localhost.example/",
            "ftp://127.0.0.1/keys",
            "file:///etc/passwd",
            "https://user:word@issuer.example/",
            "issuer.example",
        ] {
            assert_eq!(acceptable(url).unwrap_err(), FetchError::Url, "{url}");
        }
    }
}
