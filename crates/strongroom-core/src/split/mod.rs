//! Split keys: the server has one share of each data key, the keyset's clients the other.
//!
//! ```text
//! keyset         declared, as in `keysets`
//!   ├─ epochs    the granting key's public half, and a check value for each share of the clients
//!   └─ grants    to clients of the workspace: the clients' share, sealed to their public keys
//! ```
//!
//! The server derives its share for whoever has a grant, each request an entry; it keeps what clients
//! sealed and signed for each other, and cannot open it. The formulas are in
//! `strongroom_crypto::split`, the text in `docs/formats/split-key.md`.

mod derive;
mod find;

pub(crate) use find::{EpochsBody, GrantCache, GrantsBody, PublicKeyBody, grants_id};
