//! Terms whose bytes are in the order of the numbers, for those who ask for it.
//!
//! ```text
//! digit(i) = u32 BE of the first 4 bytes of HMAC-SHA-256(order key, "order-term" ‖ frame(i u8 ‖ first i bits))
//! term     = for each of the 64 bits b(i), i = 0 ..= 63:  min(digit(i), 2^32 − 2) + b(i),  as u32 BE
//! ```
//!
//! Chenette, Lewi, Weis and Wu, "Practical Order-Revealing Encryption with Limited Leakage" (FSE 2016),
//! section 3.3, the order-preserving form. Numbers that agree in the first `i` bits agree in the
//! first `i` digits; where they first differ, the one with the set bit is larger by one.
//!
//! It leaks by design: the order of all rows, and for any two numbers the first bit in which they
//! differ. With many rows, that is a good deal of each number. [`ColumnKey::range`] leaks less.

use super::ColumnKey;
use super::range::Ordinal;
use crate::kdf::Prf;
use crate::label::Label;

/// Bytes of an order term.
pub const ORDER_BYTES: usize = BITS as usize * DIGIT_BYTES;

const BITS: u32 = u64::BITS;
const DIGIT_BYTES: usize = 4;

impl ColumnKey {
    /// The term of a number: as bytes it is smaller than, equal to or larger than that of another
    /// number as the numbers are.
    #[must_use]
    pub fn order(&self, number: Ordinal) -> [u8; ORDER_BYTES] {
        let key = self.term_key(Label::OrderKey);
        let mut term = [0; ORDER_BYTES];
        for (digit, bit) in term.chunks_exact_mut(DIGIT_BYTES).zip(0..BITS) {
            digit.copy_from_slice(&digit_of(&key, number, bit).to_be_bytes());
        }
        term
    }
}

/// What the bits before this one stand for, and one more if this one is set.
fn digit_of(key: &Prf, number: Ordinal, bit: u32) -> u32 {
    let before = number.0.checked_shr(BITS - bit).unwrap_or(0);
    let set = number.0 >> (BITS - 1 - bit) & 1;
    let position = u8::try_from(bit).unwrap_or(u8::MAX);
    let mac = key.mac(Label::OrderTerm, &[&[position], &before.to_be_bytes()]);
    let mut first = [0; DIGIT_BYTES];
    first.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
    let digit = u32::from_be_bytes(first).min(u32::MAX - 1);
    digit + u32::from(set == 1)
}
