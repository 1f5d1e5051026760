//! `/v1/customer-keys`.

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use strongroom_types::body::{
    CustomerKeyAttach, CustomerKeyCreate, CustomerKeyDetach, CustomerKeyEnable, CustomerKeyInfo,
    CustomerKeyMoves, CustomerKeyReplace, CustomerKeyUpdate, EnableFor, Page, WhichKey,
    WhichKeyRequest,
};
use strongroom_types::{ContextPattern, CustomerKeyId, KeyContext, PolicyId};

use super::PageQuery;
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Administers tenants' own keys; needs `admin:customer-keys`.
#[derive(Clone, Copy, Debug)]
pub struct CustomerKeys<'a>(pub(crate) &'a Client);

impl CustomerKeys<'_> {
    /// Lists customer keys, without credentials.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<CustomerKeyInfo>, ClientError> {
        self.0.list("/v1/customer-keys", query).await
    }

    /// Registers a key. It is not used before it is verified.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn register(&self, key: &CustomerKeyCreate) -> Result<CustomerKeyInfo, ClientError> {
        self.0.create("/v1/customer-keys", &key.expose()).await
    }

    /// Describes a key, without credentials.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: CustomerKeyId) -> Result<CustomerKeyInfo, ClientError> {
        self.0.read(format!("/v1/customer-keys/{id}")).await
    }

    /// Changes what is known of a key. Another way must lead to the same key.
    ///
    /// # Errors
    /// It is another key, or the server refused or did not answer.
    pub async fn update(
        &self,
        id: CustomerKeyId,
        change: &CustomerKeyUpdate,
    ) -> Result<CustomerKeyInfo, ClientError> {
        let path = format!("/v1/customer-keys/{id}");
        self.0.change(Method::PATCH, path, &change.expose()).await
    }

    /// Lets a key wrap and unwrap a seed without a use; then it is active.
    ///
    /// # Errors
    /// The key does not do so, or the server refused or did not answer.
    pub async fn verify(&self, id: CustomerKeyId) -> Result<CustomerKeyInfo, ClientError> {
        let call = Call::post(format!("/v1/customer-keys/{id}/verify"));
        call.answer(self.0).await
    }

    /// Puts all key contexts that contain these pairs under a key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn attach(
        &self,
        id: CustomerKeyId,
        matches: ContextPattern,
    ) -> Result<CustomerKeyMoves, ClientError> {
        self.act(id, "attach", &CustomerKeyAttach { matches }).await
    }

    /// Puts another key in the place of one.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn replace(
        &self,
        id: CustomerKeyId,
        by: CustomerKeyId,
    ) -> Result<CustomerKeyMoves, ClientError> {
        self.act(id, "replace", &CustomerKeyReplace { by }).await
    }

    /// Takes a key away from its policies, or from one of them.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn detach(
        &self,
        id: CustomerKeyId,
        policy: Option<PolicyId>,
    ) -> Result<CustomerKeyMoves, ClientError> {
        self.act(id, "detach", &CustomerKeyDetach { policy }).await
    }

    /// Suspends a key: what is under it is closed at once.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn disable(&self, id: CustomerKeyId) -> Result<CustomerKeyInfo, ClientError> {
        let call = Call::post(format!("/v1/customer-keys/{id}/disable"));
        call.answer(self.0).await
    }

    /// Resumes a key, for everything or for moving away from it only.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn enable(
        &self,
        id: CustomerKeyId,
        purpose: EnableFor,
    ) -> Result<CustomerKeyInfo, ClientError> {
        self.act(id, "enable", &CustomerKeyEnable { purpose }).await
    }

    /// Forgets a key that wraps nothing and is attached to nothing.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn delete(&self, id: CustomerKeyId) -> Result<(), ClientError> {
        let call = Call::new(Method::DELETE, format!("/v1/customer-keys/{id}"));
        call.send(self.0).await.map(drop)
    }

    /// Says which key a key context would use, and why. Nothing is used.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn which_key(&self, key_context: KeyContext) -> Result<WhichKey, ClientError> {
        Call::post("/v1/customer-keys/which-key")
            .json(&WhichKeyRequest { key_context })
            .answer(self.0)
            .await
    }

    async fn act<T: DeserializeOwned>(
        &self,
        id: CustomerKeyId,
        action: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        Call::post(format!("/v1/customer-keys/{id}/{action}"))
            .json(body)
            .answer(self.0)
            .await
    }
}
