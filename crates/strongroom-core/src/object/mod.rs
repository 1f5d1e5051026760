//! Objects: named, versioned values that Strongroom keeps, each version sealed under a data key of its
//! own.
//!
//! ```text
//! object          name (hash, and sealed) · key context · newest version · expiry, deletion
//!   └─ version N  header ‖ key part · body        header names object and version
//! ```
//!
//! What changes an object is a use like any other: its rows change in the transaction of its entry,
//! so that neither is there without the other. A writer names the entry after which it read the
//! object; if another was first, it decides again, and finds the version that a check is compared
//! with. The row's sealed part repeats what decides who may read what, so that columns cannot be
//! altered one by one; a row that was put back as a whole is found by [`check`].

mod act;
mod author;
mod check;
mod delete;
mod found;
mod list;
mod name;
mod page;
mod purge;
mod read;
mod rewrap;
mod turns;
mod versions;
mod write;

pub use check::{ObjectFault, ObjectFaultKind};
pub use list::ObjectsQuery;
pub(crate) use purge::Purged;
pub(crate) use turns::{Turn, Turns};
