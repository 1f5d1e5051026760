//! Signing keys, and signatures of theirs.

use reqwest::Method;
use strongroom_types::ContextId;
use strongroom_types::body::{
    DeriveAnswer, DeriveRequest, HashAnswer, HashRequest, MacAnswer, MacRequest, Page, SignAnswer,
    SignRequest, SigningKeyCreate, SigningKeyInfo, VerifyAnswer, VerifyRequest,
};

use crate::admin::PageQuery;
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Signing keys. Listing and describing needs `verify`, all else `admin:signing-keys`.
#[derive(Clone, Copy, Debug)]
pub struct SigningKeys<'a>(pub(crate) &'a Client);

impl SigningKeys<'_> {
    /// Lists signing keys with their public keys.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<SigningKeyInfo>, ClientError> {
        self.0.list("/v1/signing-keys", query).await
    }

    /// Makes a signing key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn create(&self, request: &SigningKeyCreate) -> Result<SigningKeyInfo, ClientError> {
        self.0.create("/v1/signing-keys", request).await
    }

    /// Describes a signing key, with the public keys of all versions.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: ContextId) -> Result<SigningKeyInfo, ClientError> {
        Call::get(format!("/v1/signing-keys/{id}"))
            .answer(self.0)
            .await
    }

    /// Gives a signing key a new version, and erases the private key of the one before.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn rotate(&self, id: ContextId) -> Result<SigningKeyInfo, ClientError> {
        Call::post(format!("/v1/signing-keys/{id}/rotate"))
            .answer(self.0)
            .await
    }

    /// Destroys a signing key, with the public keys of all versions.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn destroy(&self, id: ContextId) -> Result<(), ClientError> {
        let call = Call::new(Method::DELETE, format!("/v1/signing-keys/{id}"));
        call.send(self.0).await.map(drop)
    }
}

impl Client {
    /// Signing keys.
    #[must_use]
    pub fn signing_keys(&self) -> SigningKeys<'_> {
        SigningKeys(self)
    }

    /// Signs a message with the newest version of a signing key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn sign(&self, request: &SignRequest) -> Result<SignAnswer, ClientError> {
        self.repeatable("/v1/sign", request).await
    }

    /// Says whether a signature holds, and under which version.
    ///
    /// # Errors
    /// The server refused or did not answer; not that the signature does not hold.
    pub async fn verify(&self, request: &VerifyRequest) -> Result<VerifyAnswer, ClientError> {
        self.repeatable("/v1/verify", request).await
    }

    /// Hashes.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn hash(&self, request: &HashRequest) -> Result<HashAnswer, ClientError> {
        self.repeatable("/v1/hash", request).await
    }

    /// Authenticates under a key that the caller brings.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn mac(&self, request: &MacRequest) -> Result<MacAnswer, ClientError> {
        self.repeatable("/v1/mac", request).await
    }

    /// Derives from a key or password that the caller brings.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn derive(&self, request: &DeriveRequest) -> Result<DeriveAnswer, ClientError> {
        self.repeatable("/v1/derive", request).await
    }
}
