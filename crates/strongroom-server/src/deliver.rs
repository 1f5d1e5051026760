//! Sending events behind the Deliver port: HTTPS, small, quick, to public addresses.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use strongroom_core::ports::{Deliver, DeliverError};
use strongroom_types::FipsMode;

use crate::fetch::{self, ClientError};
use crate::reach::{Reach, acceptable};

/// An attempt takes no longer than this, connecting included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The header with the signature, as WorkOS' libraries look for it.
const SIGNATURE: &str = "WorkOS-Signature";

/// Posts over HTTPS, or over plain HTTP to this machine itself where [`Reach`] permits it. Follows no
/// redirect, knows no proxy, and does not read what the receiver answers.
#[derive(Clone, Debug)]
pub struct HttpDeliver {
    client: Client,
    reach: Reach,
}

impl HttpDeliver {
    /// Builds the client.
    ///
    /// # Errors
    /// The system's certificate store cannot be read.
    pub fn new(reach: Reach, fips: FipsMode) -> Result<Self, ClientError> {
        let client = fetch::client(reach, fips)?
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .build()?;
        Ok(Self { client, reach })
    }

    fn acceptable(&self, url: &str) -> Result<Url, DeliverError> {
        acceptable(url, self.reach).ok_or(DeliverError::Url)
    }
}

#[async_trait]
impl Deliver for HttpDeliver {
    fn check(&self, url: &str) -> Result<(), DeliverError> {
        self.acceptable(url).map(drop)
    }

    async fn post(&self, url: &str, signature: &str, body: Vec<u8>) -> Result<(), DeliverError> {
        let post = self
            .client
            .post(self.acceptable(url)?)
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE, signature)
            .body(body);
        let answer = post.send().await;
        let status = answer.map_err(|_error| DeliverError::Unreachable)?.status();
        if status.is_success() {
            return Ok(());
        }
        let status = status.as_u16();
        Err(DeliverError::Status { status })
    }
}
