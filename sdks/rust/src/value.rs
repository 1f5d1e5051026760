//! Sealing, opening and rewrapping values.

use serde::Serialize;
use serde::de::DeserializeOwned;
use strongroom_types::Lock;
use strongroom_types::body::{
    Batch, BatchAnswer, DecryptAnswer, DecryptItem, DecryptRequest, EncryptAnswer, EncryptItem,
    EncryptRequest, LockFor, RewrapAnswer, RewrapItem, RewrapRequest,
};

use crate::client::Client;
use crate::error::{ClientError, DecodeError};
use crate::retry::Repeat;
use crate::transport::Call;

impl Client {
    /// Seals a value. Under a lock context, a request without a lock gets that of the context.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn encrypt(&self, mut request: EncryptRequest) -> Result<EncryptAnswer, ClientError> {
        self.add_lock(&mut request.lock, request.lock_for.as_ref());
        self.repeatable("/v1/encrypt", &request).await
    }

    /// Opens a value.
    ///
    /// # Errors
    /// The server refused or did not answer; [`ClientError::is_identity_mismatch`] tells that the value
    /// is locked to somebody else.
    pub async fn decrypt(&self, request: DecryptRequest) -> Result<DecryptAnswer, ClientError> {
        self.repeatable("/v1/decrypt", &request).await
    }

    /// Moves a ciphertext to the active version of its key, without opening it.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn rewrap(&self, request: RewrapRequest) -> Result<RewrapAnswer, ClientError> {
        self.repeatable("/v1/rewrap", &request).await
    }

    /// Seals up to [`Batch::ITEMS_MAX`](Batch) values with one entry of the log. The results are in
    /// the order of the items, each with its own success or error.
    ///
    /// # Errors
    /// The whole batch was refused, or the server did not answer.
    pub async fn encrypt_batch(
        &self,
        mut batch: Batch<EncryptItem>,
    ) -> Result<BatchAnswer<EncryptAnswer>, ClientError> {
        for item in &mut batch.items {
            self.add_lock(&mut item.lock, item.lock_for.as_ref());
        }
        self.batch("/v1/encrypt/batch", &batch).await
    }

    /// Opens many values, see [`Client::encrypt_batch`].
    ///
    /// # Errors
    /// The whole batch was refused, or the server did not answer.
    pub async fn decrypt_batch(
        &self,
        batch: Batch<DecryptItem>,
    ) -> Result<BatchAnswer<DecryptAnswer>, ClientError> {
        self.batch("/v1/decrypt/batch", &batch).await
    }

    /// Moves many ciphertexts, see [`Client::encrypt_batch`].
    ///
    /// # Errors
    /// The whole batch was refused, or the server did not answer.
    pub async fn rewrap_batch(
        &self,
        batch: Batch<RewrapItem>,
    ) -> Result<BatchAnswer<RewrapAnswer>, ClientError> {
        self.batch("/v1/rewrap/batch", &batch).await
    }

    /// Gives a request the lock of this client's lock context, unless it has one of its own.
    pub(crate) fn add_lock(&self, lock: &mut Lock, lock_for: Option<&LockFor>) {
        if lock.is_empty() && lock_for.is_none() {
            *lock = self.lock();
        }
    }

    /// Posts what may be executed twice without harm.
    pub(crate) async fn repeatable<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        Call::post(path)
            .repeat(Repeat::Harmless)
            .json(body)
            .answer(self)
            .await
    }

    /// Posts a batch, which may be executed twice without harm.
    pub(crate) async fn batch<I: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        batch: &Batch<I>,
    ) -> Result<BatchAnswer<T>, ClientError> {
        let answer: BatchAnswer<T> = Call::post(path)
            .repeat(Repeat::Harmless)
            .encoded(self.settings.encoding, batch)
            .answer(self)
            .await?;
        let (items, results) = (batch.items.len(), answer.results.len());
        if items != results {
            return Err(DecodeError::Results { items, results }.into());
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client::builder("http://127.0.0.1:1")
            .api_key("sr_x")
            .build()
            .unwrap()
    }

    #[test]
    fn lock_context_locks_what_has_no_lock() {
        let mut lock = Lock::default();
        client().add_lock(&mut lock, None);
        assert!(lock.is_empty());
        client().with_lock_context("jwt").add_lock(&mut lock, None);
        assert_eq!(lock.terms().len(), 1);
    }

    #[test]
    fn lock_context_leaves_the_lock_of_others_alone() {
        let other = LockFor {
            issuer: "https://issuer.example".to_owned(),
            claims: serde_json::Map::new(),
        };
        let mut lock = Lock::default();
        client()
            .with_lock_context("jwt")
            .add_lock(&mut lock, Some(&other));
        assert!(lock.is_empty());
    }
}
