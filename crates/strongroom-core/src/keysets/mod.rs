//! Keysets: data keys that are derived again, not kept, for clients that seal by themselves.
//!
//! ```text
//! keyset        key context of the kind `keyset`, {"keyset": id} · name · what people call it
//!   └─ grant    to a client of keysets: a UUID that a request names, and no credential
//! ```
//!
//! A data key is a keyed derivation over what its client sends: an initialisation vector, a
//! descriptor, and whose it is. What the client keeps is a tag, which names the version of the key
//! and proves the inputs; who shows tag and inputs again gets the key again, and an entry. The
//! formulas are in `strongroom_crypto::keys`, the text in `docs/formats/keyset.md`.
//!
//! Every request is one entry, with the Merkle root of its items. Claims come only from the caller's
//! verified identity: they are in the derivation, and a tag of its own tells a wrong person from a
//! wrong ciphertext.

mod answer;
mod find;
mod generate;
mod item;
mod load;
mod place;
mod policy;
mod retrieve;

pub use answer::{GeneratedKey, LoadedKeyset};
pub(crate) use find::{
    Keyset, KeysetBody, KeysetCache, KeysetClient, KeysetClientBody, NameBody, ShareBody, grant_id,
    name_id,
};
pub use item::{KeysetKey, KeysetTerm, KeysetUse, WhichKeyset};
pub(crate) use load::info;
pub(crate) use place::KeysetPlace;
pub use policy::{KeysetCondition, KeysetPolicy};
