//! Data keys: 32 bytes to seal with elsewhere.

use strongroom_types::body::{
    Batch, BatchAnswer, DataKeyAnswer, DataKeyCreate, DataKeyItem, DataKeyRewrap, DataKeyUnwrap,
    WrappedKeyItem,
};

use crate::client::Client;
use crate::error::ClientError;

impl Client {
    /// Makes a data key: use the plaintext, keep the wrapped key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn create_data_key(
        &self,
        mut request: DataKeyCreate,
    ) -> Result<DataKeyAnswer, ClientError> {
        self.add_lock(&mut request.lock, request.lock_for.as_ref());
        self.repeatable("/v1/data-keys", &request).await
    }

    /// Opens a wrapped data key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn unwrap_data_key(
        &self,
        request: DataKeyUnwrap,
    ) -> Result<DataKeyAnswer, ClientError> {
        self.repeatable("/v1/data-keys/unwrap", &request).await
    }

    /// Moves a wrapped data key to the active version of its key; the plaintext is not shown.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn rewrap_data_key(
        &self,
        request: DataKeyRewrap,
    ) -> Result<DataKeyAnswer, ClientError> {
        self.repeatable("/v1/data-keys/rewrap", &request).await
    }

    /// Makes up to [`Batch::ITEMS_MAX`](Batch) data keys with one entry of the log. The results are
    /// in the order of the items, each with its own success or error.
    ///
    /// # Errors
    /// The whole batch was refused, or the server did not answer.
    pub async fn create_data_keys(
        &self,
        mut batch: Batch<DataKeyItem>,
    ) -> Result<BatchAnswer<DataKeyAnswer>, ClientError> {
        for item in &mut batch.items {
            self.add_lock(&mut item.lock, item.lock_for.as_ref());
        }
        self.batch("/v1/data-keys/batch", &batch).await
    }

    /// Opens many wrapped data keys, see [`Client::create_data_keys`].
    ///
    /// # Errors
    /// The whole batch was refused, or the server did not answer.
    pub async fn unwrap_data_keys(
        &self,
        batch: Batch<WrappedKeyItem>,
    ) -> Result<BatchAnswer<DataKeyAnswer>, ClientError> {
        self.batch("/v1/data-keys/unwrap/batch", &batch).await
    }

    /// Moves many wrapped data keys, see [`Client::create_data_keys`].
    ///
    /// # Errors
    /// The whole batch was refused, or the server did not answer.
    pub async fn rewrap_data_keys(
        &self,
        batch: Batch<WrappedKeyItem>,
    ) -> Result<BatchAnswer<DataKeyAnswer>, ClientError> {
        self.batch("/v1/data-keys/rewrap/batch", &batch).await
    }
}
