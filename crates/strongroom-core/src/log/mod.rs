//! The workspaces' logs as a running thing: signed, cut into tiles, searchable, and read.
//!
//! ```text
//! commit ──► dirty ──► tick ─┬─ sign_head   head read back ─ signed ─ stored ─ anchored
//!                            └─ follow      256 entries ─► tile, tiles above, terms, uses
//! ```
//!
//! **Checkpoints.** A deployment signs all its logs with one Ed25519 key, each under its origin as
//! the key's name, as C2SP `tlog-checkpoint` recommends: `<log name>/<workspace>`, and
//! `<log name>/<workspace>/g<generation>` from the second generation on. What is published is the
//! key under the log name; whoever trusts it trusts the same 32 bytes under every name below, so a
//! verifier of one log is that key renamed (`NoteVerifier::with_name`), and no log can pass for
//! another. Only what was read back from a transaction of its own is signed.
//!
//! **Reads** of the log are uses as well: each needs `log:read` and has an entry. What is read is
//! prepared before its entry and given out after, so that a checkpoint, a proof or a page covers
//! what was in the log when it was asked for, not the entry of the question itself.
//!
//! **Private fields** are opened here for two purposes: to make the search terms of the index, which
//! are MACs under the audit key, and to show entries to a reader whose entry is durable.

mod checkpoint;
mod contexts;
mod entries;
mod follow;
mod gather;
mod housekeeping;
mod items;
mod page;
mod private;
mod query;
mod read;
mod rollback;
mod seen;
mod stored;
mod terms;
mod tiles;
mod tombstones;
mod view;

pub(crate) use items::compress_items;
pub use query::EntriesQuery;
pub(crate) use read::{LogRead, Prepare};
pub(crate) use seen::Logs;
