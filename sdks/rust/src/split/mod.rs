//! Split keys: values that clients seal by themselves, under keys that the server does not know.
//!
//! ```text
//! server share   derived by the server for who has a grant, each time with an entry
//! client share   32 random bytes of the keyset's clients, which the server never learns
//!   └─ grant     sealed to one client's public key, signed with the keyset's granting key
//! data key       one for each value, of both shares
//! ```
//!
//! A client trusts what its [`SplitCredential`] pins: the granting key and the check value of the
//! share. It came from the granting client, not from the server, as the fingerprint of its own key went
//! the other way. The formulas are in `docs/formats/split-key.md`.

mod administer;
mod credential;
mod derive;
mod fault;
mod granting;
mod index_key;
mod key_pair;
mod keyset;
mod model;
mod pin;
mod text;
mod value;

pub use administer::SplitKeys;
pub use credential::SplitCredential;
pub use fault::{SplitError, SplitLie};
pub use granting::GrantingKey;
pub use key_pair::{ClientFingerprint, SplitKeyPair};
pub use keyset::SplitKeyset;
pub use model::SealedFields;
pub use pin::KeysetPin;
pub use strongroom_crypto::split::ValuePlace;
pub use text::SplitTextError;
