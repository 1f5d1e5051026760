//! `/v1/contexts`.

use std::time::Duration;

use strongroom_types::body::{ContextCreate, ContextInfo, Page};
use strongroom_types::{ContextId, KeyContext, KeyVersion};

use super::PageQuery;
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Administers key contexts; needs `admin:contexts`.
#[derive(Clone, Copy, Debug)]
pub struct Contexts<'a>(pub(crate) &'a Client);

impl Contexts<'_> {
    /// Lists key contexts.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<ContextInfo>, ClientError> {
        self.0.list("/v1/contexts", query).await
    }

    /// Makes a key context before its first write; the only way to use a destroyed one again.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn create(&self, key_context: KeyContext) -> Result<ContextInfo, ClientError> {
        let body = ContextCreate { key_context };
        self.0.create("/v1/contexts", &body).await
    }

    /// Describes a key context and the versions of its key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: ContextId) -> Result<ContextInfo, ClientError> {
        self.0.read(format!("/v1/contexts/{id}")).await
    }

    /// Gives it a new active key version; the old ones only open from now on.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn rotate(&self, id: ContextId) -> Result<ContextInfo, ClientError> {
        self.act(id, "rotate").await
    }

    /// Suspends it: nothing is sealed or opened.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn disable(&self, id: ContextId) -> Result<ContextInfo, ClientError> {
        self.act(id, "disable").await
    }

    /// Resumes it.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn enable(&self, id: ContextId) -> Result<ContextInfo, ClientError> {
        self.act(id, "enable").await
    }

    /// Destroys its keys and its lock secret at once. What was sealed under it never opens again.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn destroy(&self, id: ContextId) -> Result<ContextInfo, ClientError> {
        self.destroy_later(id, Some(Duration::ZERO)).await
    }

    /// Suspends it, and destroys it after this time, or after that of the server (7 days, if its
    /// operator does not say otherwise). Until then it can be called off.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn destroy_later(
        &self,
        id: ContextId,
        wait: Option<Duration>,
    ) -> Result<ContextInfo, ClientError> {
        Call::post(format!("/v1/contexts/{id}/destroy"))
            .query("wait_s", wait.map(|wait| wait.as_secs()))
            .answer(self.0)
            .await
    }

    /// Calls a destruction off before its time. The key context stays suspended until it is enabled.
    ///
    /// # Errors
    /// It does not wait for its destruction, or the server refused or did not answer.
    pub async fn cancel_destroy(&self, id: ContextId) -> Result<ContextInfo, ClientError> {
        self.act(id, "destroy/cancel").await
    }

    /// Destroys one rotated version of its key.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn destroy_version(
        &self,
        id: ContextId,
        version: KeyVersion,
    ) -> Result<ContextInfo, ClientError> {
        self.0
            .delete(format!("/v1/contexts/{id}/versions/{version}"))
            .await
    }

    async fn act(&self, id: ContextId, action: &str) -> Result<ContextInfo, ClientError> {
        Call::post(format!("/v1/contexts/{id}/{action}"))
            .answer(self.0)
            .await
    }
}
