//! The map of a sealed store: a sparse Merkle tree over names that are hashes themselves.
//!
//! The tree has its full depth of 256 levels for every record, so that a sibling in a proof is a
//! hash over a whole subtree and never another record's name or leaf. What a record's leaf says is
//! blinded by the store's clients before it comes here; see `docs/formats/sealed-store.md`.
//!
//! Only nodes above two leaves or more are kept: as many rows as records, about. A subtree with one
//! leaf is hashed from that leaf, an empty one is the same everywhere.
//!
//! ```
//! use strongroom_log::map::{MapKey, MapView};
//! use strongroom_log::sha256;
//!
//! let (name, other) = (MapKey::from_bytes([1; 32]), MapKey::from_bytes([2; 32]));
//! let mut map = MapView::default();
//! map.set(name, Some(sha256(b"blinded record")))?;
//! map.set(other, Some(sha256(b"another")))?;
//!
//! let proof = map.prove(name)?;
//! assert!(proof.verify(name, Some(sha256(b"blinded record")), map.root()).is_ok());
//! let absent = MapKey::from_bytes([3; 32]);
//! assert!(map.prove(absent)?.verify(absent, None, map.root()).is_ok());
//! # Ok::<(), strongroom_log::map::MapError>(())
//! ```

mod hash;
mod key;
mod node;
mod proof;
mod view;

pub use key::MapKey;
pub use node::{MapChild, MapNode, MapNodeId, NodeDecodeError};
pub use proof::{MapProof, MapProofError};
pub use view::{MapChanges, MapError, MapView};

/// Levels below the root: as many as a key has bits.
pub const MAP_DEPTH: u16 = 256;
