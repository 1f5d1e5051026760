//! What CryptoServe and its SDK sealed: read, and never written.
//!
//! ```text
//! ciphertext = header length u16 BE ‖ header, a JSON object ‖ body
//! header     = cs-v1         v:1 ctx kid alg nonce
//!            | cs-v2         v:2 ctx kid alg mode nonce
//!            | cs-v3         v:3 ctx kid alg mode nonce kc [aad]
//!            | cs-hybrid-v1  v:1 mode kid nonce kem_ct_len
//!            | cs-sdk-v4     v:4 ctx kid alg nonce local [aad_len]
//! ```
//!
//! Nothing authenticates their headers, and only `cs-v3` commits to its key. So whoever opens compares the
//! header with what is known of the key ([`KeyRing`] says which formats a key ever had) and with what the
//! caller asks for. `docs/formats/cryptoserve.md` has the whole layout.

mod aead;
mod cbc;
mod derive;
mod header;
mod hybrid;
mod open;
mod ring;
mod xts;

pub use derive::{Derivation, MasterKey};
pub use header::{Ciphertext, looks_like};
pub use hybrid::{HybridMode, WrappedKemKey};
pub use open::open_local;
pub use ring::{KeyRing, MalformedRing, RING_BYTES_MAX};
