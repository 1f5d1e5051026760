//! Fetching issuers' keys behind the Fetch port: HTTPS, small, quick, same host.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, ClientBuilder, Response};
use strongroom_core::ports::{Fetch, FetchError};
use strongroom_types::FipsMode;

use crate::reach::{Reach, Resolver, acceptable};
use crate::tls;

/// A document takes no longer than this, connecting included.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest document.
const BYTES_MAX: usize = 256 * 1024;
/// The most redirects, all of them on one host.
const REDIRECTS_MAX: usize = 3;

/// Fetches over HTTPS, or over plain HTTP from this machine itself where [`Reach`] permits it.
/// Follows redirects only where scheme, host and port stay the same, and knows no proxy.
#[derive(Clone, Debug)]
pub struct HttpFetch {
    client: Client,
    reach: Reach,
}

impl HttpFetch {
    /// Builds the client.
    ///
    /// # Errors
    /// The system's certificate store cannot be read.
    pub fn new(reach: Reach, fips: FipsMode) -> Result<Self, ClientError> {
        let client = client(reach, fips)?
            .timeout(TIMEOUT)
            .redirect(Policy::custom(same_origin))
            .build()?;
        Ok(Self { client, reach })
    }
}

/// Why connections to others cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The system's certificates cannot be read.
    #[error("tls to others cannot be prepared")]
    Tls(#[from] rustls::Error),
    /// The client cannot be built.
    #[error("client cannot be built")]
    Client(#[from] reqwest::Error),
}

/// A client that knows no proxy, connects to addresses within reach only, and negotiates what FIPS mode
/// permits.
pub(crate) fn client(reach: Reach, fips: FipsMode) -> Result<ClientBuilder, ClientError> {
    let builder = Client::builder()
        .no_proxy()
        .dns_resolver(Arc::new(Resolver(reach)))
        .user_agent(concat!("strongroom/", env!("CARGO_PKG_VERSION")));
    Ok(match tls::outbound(fips)? {
        Some(restricted) => builder.tls_backend_preconfigured(restricted),
        None => builder,
    })
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let url = acceptable(url, self.reach).ok_or(FetchError::Url)?;
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
