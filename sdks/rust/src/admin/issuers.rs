//! `/v1/issuers`.

use reqwest::Method;
use strongroom_types::IssuerId;
use strongroom_types::body::{IssuerCreate, IssuerInfo, IssuerUpdate, Page};

use super::PageQuery;
use crate::client::Client;
use crate::error::ClientError;

/// Administers trusted issuers; needs `admin:issuers`. Whoever does this can impersonate the
/// workspace's identities.
#[derive(Clone, Copy, Debug)]
pub struct Issuers<'a>(pub(crate) &'a Client);

impl Issuers<'_> {
    /// Lists issuers.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<IssuerInfo>, ClientError> {
        self.0.list("/v1/issuers", query).await
    }

    /// Trusts an issuer.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn create(&self, body: &IssuerCreate) -> Result<IssuerInfo, ClientError> {
        self.0.create("/v1/issuers", body).await
    }

    /// Describes an issuer.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: IssuerId) -> Result<IssuerInfo, ClientError> {
        self.0.read(format!("/v1/issuers/{id}")).await
    }

    /// Changes an issuer; its `iss` stays.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn update(
        &self,
        id: IssuerId,
        body: &IssuerUpdate,
    ) -> Result<IssuerInfo, ClientError> {
        let path = format!("/v1/issuers/{id}");
        self.0.change(Method::PATCH, path, body).await
    }
}
