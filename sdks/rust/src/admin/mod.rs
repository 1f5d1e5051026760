//! Administration: workspaces, clients, issuers, key contexts, context policies, tenants' own keys and
//! jobs.

mod clients;
mod contexts;
mod customer_keys;
mod issuers;
mod jobs;
mod policies;
mod webhooks;
mod workspaces;

pub use clients::Clients;
pub use contexts::Contexts;
pub use customer_keys::CustomerKeys;
pub use issuers::Issuers;
pub use jobs::Jobs;
pub use policies::Policies;
pub use webhooks::Webhooks;
pub use workspaces::Workspaces;

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use strongroom_types::body::Page;

use crate::client::Client;
use crate::error::ClientError;
use crate::retry::Repeat;
use crate::transport::Call;

/// Which part of a list to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// How many items; the server's default if absent.
    pub limit: Option<u32>,
    /// The `next` of the page before; the first page if absent.
    pub page: Option<String>,
}

impl Client {
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &PageQuery,
    ) -> Result<Page<T>, ClientError> {
        Call::get(path)
            .query("limit", query.limit)
            .query("page", query.page.as_ref())
            .answer(self)
            .await
    }

    async fn read<T: DeserializeOwned>(&self, path: String) -> Result<T, ClientError> {
        Call::get(path).answer(self).await
    }

    pub(crate) async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        Call::post(path).json(body).creates(self).answer(self).await
    }

    /// A change whose second execution changes nothing more.
    pub(crate) async fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: String,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        Call::new(method, path)
            .repeat(Repeat::Harmless)
            .json(body)
            .answer(self)
            .await
    }

    async fn delete<T: DeserializeOwned>(&self, path: String) -> Result<T, ClientError> {
        Call::new(Method::DELETE, path).answer(self).await
    }
}
