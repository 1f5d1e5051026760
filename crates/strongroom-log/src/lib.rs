//! The Merkle log: what an entry looks like in bytes, the tree over the entries, and everything a
//! reader needs to check that nothing was altered, left out or put in.
//!
//! The tree is that of RFC 6962 section 2.1 with SHA-256; tiles and entry bundles follow C2SP
//! `tlog-tiles`, checkpoints `tlog-checkpoint` over `signed-note`, receipts `tlog-proof`, so that
//! other people's verifiers work. The layouts of our own (entry, commitments, item records) are in
//! `docs/formats/log.md`. The tree of a sealed store, whose roots stand in entries, is [`map`].
//!
//! What is *not* here: I/O, a clock, randomness. Where entries are kept and how an append becomes
//! durable is `strongroom-store`'s; when an entry must be written is `strongroom-core`'s; sealing
//! the openings of private fields is the caller's.
//!
//! ```
//! use strongroom_log::{Checkpoint, Frontier, NoteSigner, leaf_hash};
//!
//! let mut log = Frontier::default();
//! log.push(leaf_hash(b"first entry"))?;
//! let signer = NoteSigner::from_seed("example.com/log", &[7; 32])?;
//! let checkpoint = Checkpoint::new("example.com/log", log.size(), log.root())?;
//! let note = checkpoint.sign(&signer)?.to_string();
//!
//! let read = Checkpoint::verify(&note, &signer.verifier(), "example.com/log")?;
//! assert_eq!(read.root(), log.root());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bundle;
mod bytes;
mod checkpoint;
mod commitment;
mod consistency;
mod entry;
mod frontier;
mod hash;
mod inclusion;
mod items;
pub mod map;
mod note;
mod receipt;
mod tile;
mod tile_set;
mod tree;
mod verify;

pub use bundle::{BundleError, EntryBundle};
pub use bytes::DecodeError;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use commitment::{
    Commitment, Commitments, OpenError, Opening, Openings, PrivateField, RowOpenings,
};
pub use consistency::{prove_consistency, verify_consistency};
pub use entry::{ContextUse, ContextUses, Entry, FactError, Facts};
pub use frontier::{Frontier, FrontierError};
pub use hash::{Hash, empty_root, leaf_hash, node_hash, sha256};
pub use inclusion::{prove_inclusion, verify_inclusion};
pub use items::{Item, ItemId, ItemName, Items, verify_item};
pub use note::{NoteError, NoteSignature, NoteSigner, NoteVerifier, SignedNote};
pub use receipt::{Receipt, ReceiptError};
pub use tile::{Tile, TileError, TileKind};
pub use tile_set::{TileSet, tiles_for_consistency, tiles_for_inclusion, tiles_for_root};
pub use tree::{HashReader, LeafHashes, MissingNode, ProofError, ProveError, tree_root};
pub use verify::{LogVerifier, VerifyError};
