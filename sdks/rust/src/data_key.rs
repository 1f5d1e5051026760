//! Data keys: 32 bytes to seal with elsewhere.

use strongroom_types::body::{DataKeyAnswer, DataKeyCreate, DataKeyRewrap, DataKeyUnwrap};

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
}
