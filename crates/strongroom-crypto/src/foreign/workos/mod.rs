//! What the client libraries of WorkOS Vault make when they encrypt locally, and the signature that
//! they expect on webhooks.
//!
//! Each value is sealed under a fresh data key with AES-256-GCM; the data key travels beside it,
//! wrapped by the server. The libraries agree on the parts and not on their order:
//!
//! ```text
//! A   IV (12) ‖ tag (16) ‖ LEB128(length) ‖ key blob ‖ ciphertext
//! B   LEB128(length) ‖ key blob ‖ IV (12) ‖ ciphertext ‖ tag (16)
//! ```
//!
//! A is that of Node, Python, Ruby, PHP and Kotlin, and of Go up to 6; B that of Go from 7 and of
//! Rust. Neither carries a version, a length of the ciphertext or a check of its own: what was cut
//! within the ciphertext is found by the tag alone, with the key. Moving a value from one layout to
//! the other needs no key.
//!
//! [`WebhookKey`] signs and verifies webhooks as the same libraries do.

mod data_key_id;
mod leb128;
mod recognise;
mod value;
mod webhook;

pub use data_key_id::data_key_id;
pub use recognise::{Unrecognised, recognise};
pub use value::{IV_BYTES, Layout, LocalValue, LocalValueError, Part, TAG_BYTES};
pub use webhook::{SignatureError, TOLERANCE_MS, WebhookKey};
