//! Named contexts: key contexts that are declared before use, with what is said of their data and the
//! suite that follows from it.
//!
//! ```text
//! named context   key context of the kind `named`, {"context": name} · what is said of the data
//!                 · the suite that was resolved from that, and why
//! ```
//!
//! No use makes one: an unknown name is refused. Only the client's allowed key contexts decide who may
//! use which. The header of a ciphertext names its key context, so that a name in a request is
//! compared with it and never believed.

mod asked;
mod bundle;
mod find;
mod imported;
mod item;
mod open;
mod place;
mod policy;
mod quantum;
mod resolve;
mod rewrap;
mod seal;

pub(crate) use asked::asked_suite;
pub use bundle::KeyBundle;
pub(crate) use find::{NamedContext, NamedContextBody, NamedContextCache};
pub(crate) use imported::{ImportedPlace, RING_BYTES_MAX};
pub use item::{NamedItem, NamedSealed, check_asked};
pub(crate) use place::{map_of, pattern_of};
pub(crate) use policy::check as check_algorithm_policy;
pub(crate) use quantum::{QUANTUM_RESISTANT_BITS, resists_quantum};
pub(crate) use resolve::resolve;
