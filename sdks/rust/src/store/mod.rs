//! Sealed stores: names and values that the server cannot read.
//!
//! ```text
//! client secret, or passphrase ── Argon2id ── OPRF          one for each person or machine
//!   └─ slot: the store's root, wrapped                      kept by the server
//!        └─ root, 32 random bytes
//!             ├─ name key    record name → name hash
//!             ├─ value key   seals values, padded
//!             └─ leaf key    blinds what the store's map says
//! ```
//!
//! The formulas are in `docs/formats/sealed-store.md`.

mod fault;
mod freshness;
mod indexed;
mod memory;
mod name;
mod padding;
mod passphrase;
mod record;
mod root;
mod sealed_store;
mod secret;
mod slot;
mod stores;
mod write;

pub use fault::{Lie, StoreError};
pub use freshness::{Confirmed, Freshness};
pub use indexed::IndexedStore;
pub use memory::StoreMemory;
pub use name::{RecordName, RecordNameError};
pub use passphrase::{PassphraseError, Stretched};
pub use record::{LeafState, SealedRecord, ValueError};
pub use root::{StoreKeys, StoreRoot, StoreScope};
pub use sealed_store::{Found, Read, SealedStore, StoreValue};
pub use secret::{ClientSecret, ClientSecretError};
pub use slot::WrappedRoot;
pub use stores::{Stores, Unlock};
pub use write::Write;
