//! `/v1/webhooks`: where events are sent.

use serde::{Deserialize, Serialize};

use super::EventName;
use crate::WebhookId;

/// `POST /v1/webhooks`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookCreate {
    /// Where events are sent: an `https` URL of at most 2,000 bytes.
    pub url: String,
    /// Which events; absent: all, those of later versions too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventName>>,
}

/// The answer to `POST /v1/webhooks`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookCreated {
    /// The webhook.
    pub webhook: WebhookInfo,
    /// What its events are signed with. Shown once.
    pub secret: String,
}

impl core::fmt::Debug for WebhookCreated {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "WebhookCreated({})", self.webhook.id)
    }
}

/// `PATCH /v1/webhooks/{id}`; absent fields stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookUpdate {
    /// Where events are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Which events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventName>>,
    /// Whether it rests. What happens meanwhile is sent once it no longer does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookInfo {
    /// Its id.
    pub id: WebhookId,
    /// Where events are sent.
    pub url: String,
    /// Which events; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventName>>,
    /// Whether it rests.
    pub disabled: bool,
    /// When it was made, RFC 3339 in UTC.
    pub created: String,
    /// How far it has come; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<WebhookProgress>,
}

/// How far a webhook has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookProgress {
    /// The index of the entry whose events are sent next. Events of those before were received, or
    /// are dead letters.
    pub next_entry: u64,
    /// How often the event at hand was sent in vain.
    pub failures: u32,
    /// When it is sent again, where it was sent in vain; RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<String>,
}

/// An event that was given up, because its receiver did not take it in all attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetter {
    /// The index of the entry that it was made of: replaying from it sends it again.
    pub entry: u64,
    /// Its place among the events of that entry, from 0.
    pub part: u32,
    /// The status of the last answer; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// When it was given up, RFC 3339 in UTC.
    pub given_up: String,
}

/// `POST /v1/webhooks/{id}/replay`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookReplay {
    /// Sends the events of this entry and of all after it again. Dead letters from there on are
    /// forgotten: they are sent again too.
    pub from_entry: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_secret() {
        let created = WebhookCreated {
            webhook: WebhookInfo {
                id: WebhookId::from_bytes([1; 16]),
                url: "https://receiver.example/".to_owned(),
                events: None,
                disabled: false,
                created: String::new(),
                progress: None,
            },
            secret: "hunter2".to_owned(),
        };
        assert!(!format!("{created:?}").contains("hunter2"));
    }
}
