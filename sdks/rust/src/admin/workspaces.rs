//! `/v1/workspaces`.

use reqwest::Method;
use strongroom_types::WorkspaceId;
use strongroom_types::body::{
    Page, WorkspaceCreate, WorkspaceCreated, WorkspaceInfo, WorkspaceUpdate,
};

use super::PageQuery;
use crate::client::Client;
use crate::error::ClientError;

/// Administers workspaces; for clients of the system workspace with `admin:workspaces`.
#[derive(Clone, Copy, Debug)]
pub struct Workspaces<'a>(pub(crate) &'a Client);

impl Workspaces<'_> {
    /// Lists workspaces.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<WorkspaceInfo>, ClientError> {
        self.0.list("/v1/workspaces", query).await
    }

    /// Makes a workspace. The answer shows the API key of its first administrator, once.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn create(&self, body: &WorkspaceCreate) -> Result<WorkspaceCreated, ClientError> {
        self.0.create("/v1/workspaces", body).await
    }

    /// Describes a workspace.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: WorkspaceId) -> Result<WorkspaceInfo, ClientError> {
        self.0.read(format!("/v1/workspaces/{id}")).await
    }

    /// Changes a workspace.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn update(
        &self,
        id: WorkspaceId,
        body: &WorkspaceUpdate,
    ) -> Result<WorkspaceInfo, ClientError> {
        let path = format!("/v1/workspaces/{id}");
        self.0.change(Method::PATCH, path, body).await
    }
}
