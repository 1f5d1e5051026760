//! Events: what the entries of a log say, in the words of those who subscribe to it.
//!
//! The log is the outbox. An event is made of its entry when somebody reads it or it is sent, and
//! never kept: what is kept is how far each webhook has come. Events are in the order of their
//! entries, each is sent until its receiver takes it or all attempts are over, and reading events
//! from an earlier entry on gives the same ones again.
//!
//! Reading them is a read of the log: it needs `log:read`, and it is an entry. So is sending them,
//! before the first is sent.

mod customer_key;
mod deliver;
mod list;
mod names;
mod tell;
mod webhook;

pub use list::EventsQuery;
pub(crate) use webhook::{Webhook, WebhookBody, draw_secret};
