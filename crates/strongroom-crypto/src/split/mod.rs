//! Split keys: a data key of two shares, of which the server has one and the clients the other.
//!
//! ```text
//! server share = HMAC-SHA-256(authority vN, "split-share" ‖ frame(id, context id, lock))
//! data key     = HKDF-SHA-256(salt = server share, ikm = client share S,
//!                  info = "split-data-key" ‖ frame(workspace, context id, epoch, version, id))
//! check value  = HMAC-SHA-256(S, "split-check" ‖ frame(workspace, context id, epoch))
//! grant        = X-Wing seal of S to one client · Ed25519 signature of the keyset's granting client
//! ```
//!
//! The server's half is in [`crate::keys`]. What is here is done by clients; the server only checks
//! that a grant is well formed. The whole format is in `docs/formats/split-key.md`.

mod client_share;
mod grant;
mod place;
mod signing;
mod value;

pub use client_share::{CHECK_BYTES, ClientShare};
pub use grant::{Grant, GrantFault, GrantPlace};
pub use place::{SplitScope, ValuePlace};
pub use signing::{GrantSigner, SIGNATURE_BYTES, SIGNER_BYTES, SignerSeedError, fingerprint};
pub use value::{SPLIT_ID_BYTES, SPLIT_PART_BYTES, SplitKeyOf, SplitSeal, open_split, seal_split};
