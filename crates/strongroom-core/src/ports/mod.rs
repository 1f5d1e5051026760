//! What the product needs from outside: a store, a root, customers' keys, a clock, and ways to
//! fetch issuers' keys and to send events.
//!
//! Entropy is the fourth port; it is `strongroom_crypto::entropy::Entropy`, because the lower crate
//! draws salts from it.

mod anchor;
mod clock;
mod deliver;
mod fetch;
mod jobs;
mod leases;
mod objects;
mod root;
mod rows;
mod sealed_stores;
mod store;
mod stores;
mod webhooks;
mod wrapper;

pub use anchor::{Anchor, AnchorError, Tombstone};
pub use clock::{Clock, Micros, Reading};
pub use deliver::{Deliver, DeliverError};
pub use fetch::{Fetch, FetchError};
pub use jobs::JobRow;
pub use leases::{LeaseChange, LeaseRow};
pub use objects::{
    DueObject, FoundObject, ObjectRow, ObjectVersionRow, ObjectsFilter, ObjectsRange,
    RewrappedVersion, SealedVersion, StaleVersion, VersionPlace,
};
pub use root::{ConnectError, Outage, Providers, Refusal, Root, RootError};
pub use rows::{
    ApiKeyRow, BatchRow, Change, CheckpointRow, ContextKeyRow, ContextMove, ContextRow,
    Destruction, Head, IdempotencyRow, MovedSeed, Record, RecordKind, Scope, TermRow, TileRow,
    Tiling, UseCount, WorkspaceRow,
};
pub use sealed_stores::{
    DueRecord, Guesses, SealedChange, SealedCounts, SealedMapRow, SealedNode, SealedSlot,
};
pub use store::{CommitError, Committed, Pending, SealOpenings, Store, StoreError};
pub use stores::{
    FoundStore, InStore, RewrappedStoreValue, SealedStoreValue, StaleStoreValue, StoreRow,
    StoreValuePlace, StoreValueRow,
};
pub use webhooks::{DeadLetterRow, DueWebhook, EventPlace, WebhookMove, WebhookRow};
pub use wrapper::{Wrapper, WrapperError};
