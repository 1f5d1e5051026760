//! `/v1/context-policies`.

use reqwest::Method;
use strongroom_types::PolicyId;
use strongroom_types::body::{Page, PolicyBody, PolicyInfo};

use super::PageQuery;
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Administers context policies; needs `admin:policies`.
#[derive(Clone, Copy, Debug)]
pub struct Policies<'a>(pub(crate) &'a Client);

impl Policies<'_> {
    /// Lists context policies.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<PolicyInfo>, ClientError> {
        self.0.list("/v1/context-policies", query).await
    }

    /// Makes a context policy.
    ///
    /// # Errors
    /// It could tie with another, or the server refused or did not answer.
    pub async fn create(&self, body: &PolicyBody) -> Result<PolicyInfo, ClientError> {
        self.0.create("/v1/context-policies", body).await
    }

    /// Describes a context policy.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: PolicyId) -> Result<PolicyInfo, ClientError> {
        self.0.read(format!("/v1/context-policies/{id}")).await
    }

    /// Replaces what a context policy says.
    ///
    /// # Errors
    /// It could tie with another, or the server refused or did not answer.
    pub async fn replace(
        &self,
        id: PolicyId,
        body: &PolicyBody,
    ) -> Result<PolicyInfo, ClientError> {
        let path = format!("/v1/context-policies/{id}");
        self.0.change(Method::PUT, path, body).await
    }

    /// Removes a context policy.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn delete(&self, id: PolicyId) -> Result<(), ClientError> {
        let call = Call::new(Method::DELETE, format!("/v1/context-policies/{id}"));
        call.send(self.0).await.map(drop)
    }
}
