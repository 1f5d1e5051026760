//! `/v1/clients`.

use reqwest::Method;
use strongroom_types::body::{
    ApiKeyCreated, ClientCreate, ClientCreated, ClientInfo, ClientUpdate, Page,
};
use strongroom_types::{ClientId, KeyId};

use super::PageQuery;
use crate::client::Client;
use crate::error::ClientError;

/// Administers clients and their API keys; needs `admin:clients`.
#[derive(Clone, Copy, Debug)]
pub struct Clients<'a>(pub(crate) &'a Client);

impl Clients<'_> {
    /// Lists clients.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<ClientInfo>, ClientError> {
        self.0.list("/v1/clients", query).await
    }

    /// Makes a client. The answer shows its API key, once.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn create(&self, body: &ClientCreate) -> Result<ClientCreated, ClientError> {
        self.0.create("/v1/clients", body).await
    }

    /// Describes a client.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: ClientId) -> Result<ClientInfo, ClientError> {
        self.0.read(format!("/v1/clients/{id}")).await
    }

    /// Changes a client.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn update(
        &self,
        id: ClientId,
        body: &ClientUpdate,
    ) -> Result<ClientInfo, ClientError> {
        let path = format!("/v1/clients/{id}");
        self.0.change(Method::PATCH, path, body).await
    }

    /// Gives a client a second API key, so that the first can be taken away afterwards. The answer
    /// shows it, once.
    ///
    /// # Errors
    /// The client has two already, or the server refused or did not answer.
    pub async fn create_key(
        &self,
        id: ClientId,
        expires_in: Option<u64>,
    ) -> Result<ApiKeyCreated, ClientError> {
        let body = expires_in.map_or_else(
            || serde_json::json!({}),
            |seconds| serde_json::json!({ "expires_in": seconds }),
        );
        self.0
            .create(&format!("/v1/clients/{id}/keys"), &body)
            .await
    }

    /// Takes an API key away. No request that comes later is let in with it.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn revoke_key(&self, id: ClientId, key: KeyId) -> Result<ClientInfo, ClientError> {
        self.0.delete(format!("/v1/clients/{id}/keys/{key}")).await
    }
}
