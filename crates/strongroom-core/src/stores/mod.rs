//! Stores: values under names that only their clients know.
//!
//! ```text
//! store         key context of the kind `store`, {"store": name} · what people call it
//!   └─ value    name (hash) · version · header ‖ key part · body
//! ```
//!
//! Clients send names that they hashed with a secret of theirs, and values that they sealed. Each value
//! is sealed once more, under a data key of its own and bound to its place: workspace, store, name
//! and version. A row that is put in another's place does not open. In the database and in entries
//! a name is an HMAC under keys of the workspace: one name has another one in each store, and nobody
//! without those keys can tell which it is.

mod place;
mod rewrap;
mod value;

pub(crate) use place::{StoreFamily, StorePlace, tag};
pub(crate) use value::envelope;
