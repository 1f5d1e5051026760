//! What the product needs from outside: a store, a root, customers' keys, a clock, and a
//! way to fetch issuers' keys.
//!
//! Entropy is the fourth port; it is `strongroom_crypto::entropy::Entropy`, because the lower crate
//! draws salts from it.

mod anchor;
mod clock;
mod fetch;
mod root;
mod rows;
mod store;

pub use anchor::{Anchor, AnchorError, Tombstone};
pub use clock::{Clock, Micros, Reading};
pub use fetch::{Fetch, FetchError};
pub use root::{ConnectError, Outage, Providers, Refusal, Root, RootError};
pub use rows::{
    ApiKeyRow, BatchRow, Change, CheckpointRow, ContextKeyRow, ContextRow, Head, IdempotencyRow,
    Record, RecordKind, Scope, TermRow, TileRow, Tiling, UseCount, WorkspaceRow,
};
pub use store::{CommitError, Committed, Pending, SealOpenings, Store, StoreError};
