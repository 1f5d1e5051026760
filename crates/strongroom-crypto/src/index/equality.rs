//! Terms by which equal values are found.
//!
//! ```text
//! term = first 16 bytes of HMAC-SHA-256(equality key, "equality-term" ‖ frame(value))
//! ```

use super::ColumnKey;
use crate::kdf::MAC_BYTES;
use crate::label::Label;

/// Bytes of an equality term. Two of 2^40 different values have the same one with a chance of 2^-49.
pub const EQUALITY_BYTES: usize = 16;

impl ColumnKey {
    /// The term of a value, byte for byte: whoever wants `Ann` and `ann` to be equal hands in one of
    /// the two for both.
    #[must_use]
    pub fn equality(&self, value: &[u8]) -> [u8; EQUALITY_BYTES] {
        let mac: [u8; MAC_BYTES] = self
            .term_key(Label::EqualityKey)
            .mac(Label::EqualityTerm, &[value]);
        let mut term = [0; EQUALITY_BYTES];
        term.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        term
    }
}
