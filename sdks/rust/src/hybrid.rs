//! Hybrid keys, and what is sealed to them.

use reqwest::Method;
use strongroom_types::ContextId;
use strongroom_types::body::{
    DecapsulateAnswer, DecapsulateRequest, EncapsulateAnswer, EncapsulateRequest, HybridKeyCreate,
    HybridKeyInfo, Page, SealToAnswer, SealToRequest, SealedOpenAnswer, SealedOpenRequest,
};

use crate::admin::PageQuery;
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Hybrid keys. Listing and describing needs `seal-to`, all else `admin:hybrid-keys`.
#[derive(Clone, Copy, Debug)]
pub struct HybridKeys<'a>(pub(crate) &'a Client);

impl HybridKeys<'_> {
    /// Lists hybrid keys with their public keys.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<HybridKeyInfo>, ClientError> {
        self.0.list("/v1/kem/keys", query).await
    }

    /// Makes a hybrid key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn create(&self, request: &HybridKeyCreate) -> Result<HybridKeyInfo, ClientError> {
        self.0.create("/v1/kem/keys", request).await
    }

    /// Describes a hybrid key, with the public keys of all versions.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: ContextId) -> Result<HybridKeyInfo, ClientError> {
        Call::get(format!("/v1/kem/keys/{id}")).answer(self.0).await
    }

    /// Gives a hybrid key a new version. What was sealed to those before still opens.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn rotate(&self, id: ContextId) -> Result<HybridKeyInfo, ClientError> {
        Call::post(format!("/v1/kem/keys/{id}/rotate"))
            .answer(self.0)
            .await
    }

    /// Destroys a hybrid key with all its versions.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn destroy(&self, id: ContextId) -> Result<(), ClientError> {
        let call = Call::new(Method::DELETE, format!("/v1/kem/keys/{id}"));
        call.send(self.0).await.map(drop)
    }
}

impl Client {
    /// Hybrid keys.
    #[must_use]
    pub fn hybrid_keys(&self) -> HybridKeys<'_> {
        HybridKeys(self)
    }

    /// Seals to a hybrid key or to a public key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn seal_to(&self, request: &SealToRequest) -> Result<SealToAnswer, ClientError> {
        self.repeatable("/v1/seal", request).await
    }

    /// Opens what was sealed to a hybrid key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn open_sealed(
        &self,
        request: &SealedOpenRequest,
    ) -> Result<SealedOpenAnswer, ClientError> {
        self.repeatable("/v1/seal/open", request).await
    }

    /// Encapsulates a fresh shared secret to a hybrid key or to a public key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn encapsulate(
        &self,
        request: &EncapsulateRequest,
    ) -> Result<EncapsulateAnswer, ClientError> {
        self.repeatable("/v1/kem/encapsulate", request).await
    }

    /// Gets the shared secret that was encapsulated to a hybrid key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn decapsulate(
        &self,
        request: &DecapsulateRequest,
    ) -> Result<DecapsulateAnswer, ClientError> {
        self.repeatable("/v1/kem/decapsulate", request).await
    }
}
