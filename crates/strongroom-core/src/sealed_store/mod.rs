//! Sealed stores: names and values that the server cannot read, under a map that proves what is there.
//!
//! ```text
//! store        key context of the kind `store`, {"sealed_store": name}
//!   ├─ map     sequence, root; one new root for each entry that sets, and the entry states it
//!   ├─ record  name hash · versions, each sealed by its client and once more by us
//!   └─ slot    the store's root key, wrapped by a client
//! ```
//!
//! A record's leaf is blinded by its client, so that neither a proof nor the database lets anyone test
//! a guess at a record. There is no route that lists names or their hashes.

mod evaluate;
mod get;
mod map;
mod misses;
mod purge;
mod record;
mod set;
mod slot;

pub(crate) use misses::Misses;
