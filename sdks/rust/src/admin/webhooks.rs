//! `/v1/webhooks` and `/v1/events`.

use reqwest::Method;
use strongroom_types::WebhookId;
use strongroom_types::body::{
    DeadLetter, EventList, EventName, Page, WebhookCreate, WebhookCreated, WebhookInfo,
    WebhookReplay, WebhookUpdate,
};

use super::PageQuery;
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Administers webhooks; needs `admin:webhooks`, and `log:read` to decide what is sent where.
#[derive(Clone, Copy, Debug)]
pub struct Webhooks<'a>(pub(crate) &'a Client);

impl Webhooks<'_> {
    /// Lists webhooks.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<WebhookInfo>, ClientError> {
        self.0.list("/v1/webhooks", query).await
    }

    /// Has the events from now on sent to a URL. Keep the secret: it is shown once.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn create(&self, body: &WebhookCreate) -> Result<WebhookCreated, ClientError> {
        self.0.create("/v1/webhooks", body).await
    }

    /// Describes a webhook, and how far it has come.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: WebhookId) -> Result<WebhookInfo, ClientError> {
        self.0.read(format!("/v1/webhooks/{id}")).await
    }

    /// Changes a webhook; its secret stays.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn update(
        &self,
        id: WebhookId,
        body: &WebhookUpdate,
    ) -> Result<WebhookInfo, ClientError> {
        let path = format!("/v1/webhooks/{id}");
        self.0.change(Method::PATCH, path, body).await
    }

    /// Removes a webhook.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn delete(&self, id: WebhookId) -> Result<(), ClientError> {
        let call = Call::new(Method::DELETE, format!("/v1/webhooks/{id}"));
        call.send(self.0).await.map(drop)
    }

    /// Sends events again, from an entry on.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn replay(&self, id: WebhookId, from_entry: u64) -> Result<WebhookInfo, ClientError> {
        let path = format!("/v1/webhooks/{id}/replay");
        let body = WebhookReplay { from_entry };
        self.0.change(Method::POST, path, &body).await
    }

    /// Lists the events that were given up.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn dead_letters(
        &self,
        id: WebhookId,
        query: &PageQuery,
    ) -> Result<Page<DeadLetter>, ClientError> {
        let path = format!("/v1/webhooks/{id}/dead-letters");
        self.0.list(&path, query).await
    }

    /// Reads events, oldest first, after the one named.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn events(
        &self,
        names: &[EventName],
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<EventList, ClientError> {
        let names: Vec<&str> = names.iter().map(|name| name.name()).collect();
        Call::get("/v1/events")
            .query("events", (!names.is_empty()).then(|| names.join(",")))
            .query("after", after)
            .query("limit", limit)
            .answer(self.0)
            .await
    }
}
