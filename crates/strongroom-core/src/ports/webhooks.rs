//! What a store keeps of webhooks beside their records.

use strongroom_types::{WebhookId, WorkspaceId};

use super::Micros;

/// A place among the events of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// The index of the entry that an event is made of.
    pub entry: u64,
    /// Which of the entry's events, from 0.
    pub part: u32,
}

impl EventPlace {
    /// The first event of an entry.
    #[must_use]
    pub const fn first_of(entry: u64) -> Self {
        Self { entry, part: 0 }
    }

    /// The event after this one, if the entry has another.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            entry: self.entry,
            part: self.part.saturating_add(1),
        }
    }
}

/// How far a webhook has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRow {
    /// Its id.
    pub id: WebhookId,
    /// What its events are signed with, sealed.
    pub secret: Vec<u8>,
    /// The event that is sent next.
    pub next: EventPlace,
    /// How often that was sent in vain.
    pub failures: u32,
    /// When there is something to send at the earliest; `None` while it rests.
    pub due: Option<Micros>,
    /// Raised by every claim and change: who holds an older one moves nothing.
    pub turn: u64,
}

/// A webhook that may have something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueWebhook {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// How far it has come.
    pub row: WebhookRow,
}

/// An event that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetterRow {
    /// Which.
    pub place: EventPlace,
    /// The status of the last answer, if there was one.
    pub status: Option<u16>,
    /// When.
    pub given_up: Micros,
}

/// How far the holder of a turn has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookMove {
    /// The webhook.
    pub id: WebhookId,
    /// The turn held; nothing happens if it is not the present one.
    pub turn: u64,
    /// The event that is sent next.
    pub next: EventPlace,
    /// How often that was sent in vain.
    pub failures: u32,
    /// When it is sent at the earliest.
    pub due: Micros,
    /// What was given up.
    pub dead: Option<DeadLetterRow>,
}
