//! Tokens by which a number between two others is found: the intervals that it lies in.
//!
//! ```text
//! ordinal(n)   = u64 in the order of the numbers
//! interval     = (level, ordinal >> (64 − 2 level)),  level 0 ..= 32
//! tokens       = { token(range key, "range-term" ‖ frame(level u8 ‖ prefix u64 BE)) : all 33 intervals }
//! query        = tokens of the fewest intervals that together are low ..= high
//! ```
//!
//! The intervals are dyadic, two bits a level: Faber et al., "Rich Queries on Encrypted Data"
//! (ESORICS 2015), section 4.

use core::fmt;

use super::{ColumnKey, TermError, Token, sorted};
use crate::kdf::Prf;
use crate::label::Label;

/// Tokens of a number.
pub const RANGE_TOKENS: usize = LEVELS as usize + 1;

/// Levels below the one interval that holds all.
const LEVELS: u32 = 32;
/// Bits that a level adds.
const LEVEL_BITS: u32 = 2;

/// A number by its place among all numbers of its kind. A column keeps numbers of one kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ordinal(pub(super) u64);

impl Ordinal {
    /// The place of a floating-point number; 0 and −0 have the same.
    ///
    /// # Errors
    /// [`TermError::NotANumber`].
    pub fn from_float(number: f64) -> Result<Self, TermError> {
        if number.is_nan() {
            return Err(TermError::NotANumber);
        }
        let bits = (number + 0.0).to_bits();
        let negative = bits >> 63 == 1;
        Ok(Self(if negative { !bits } else { bits | 1 << 63 }))
    }
}

impl fmt::Debug for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ordinal")
    }
}

impl From<i64> for Ordinal {
    fn from(number: i64) -> Self {
        Self(number.cast_unsigned() ^ (1 << 63))
    }
}

impl From<u64> for Ordinal {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl ColumnKey {
    /// The [`RANGE_TOKENS`] tokens of a number that is kept.
    #[must_use]
    pub fn range(&self, number: Ordinal) -> Vec<Token> {
        let key = self.term_key(Label::RangeKey);
        let intervals = (0..=LEVELS).map(|level| Interval::around(number, level));
        sorted(intervals.map(|interval| interval.token(&key)).collect())
    }

    /// The tokens of a range with both its ends: rows that have any of them (`&&`) lie in it. At
    /// most 188.
    ///
    /// # Errors
    /// [`TermError::EmptyRange`].
    pub fn range_query(&self, low: Ordinal, high: Ordinal) -> Result<Vec<Token>, TermError> {
        if low > high {
            return Err(TermError::EmptyRange);
        }
        let key = self.term_key(Label::RangeKey);
        let tokens = cover(low, high).into_iter();
        Ok(sorted(
            tokens.map(|interval| interval.token(&key)).collect(),
        ))
    }
}

/// An interval of `4^(32 − level)` numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Interval {
    level: u32,
    prefix: u64,
}

impl Interval {
    /// The interval of a level that a number lies in.
    fn around(number: Ordinal, level: u32) -> Self {
        let prefix = number.0.checked_shr(free_bits(level)).unwrap_or(0);
        Self { level, prefix }
    }

    fn token(self, key: &Prf) -> Token {
        let mut message = [0; 9];
        let (level, prefix) = message.split_at_mut(1);
        level.fill(u8::try_from(self.level).unwrap_or(u8::MAX));
        prefix.copy_from_slice(&self.prefix.to_be_bytes());
        Token::of(&key.mac(Label::RangeTerm, &[&message]))
    }

    fn first(self) -> u64 {
        self.prefix.checked_shl(free_bits(self.level)).unwrap_or(0)
    }

    fn last(self) -> u64 {
        let below = u64::MAX.checked_shr(u64::BITS - free_bits(self.level));
        self.first() | below.unwrap_or(0)
    }
}

/// Bits below the prefix of a level.
fn free_bits(level: u32) -> u32 {
    u64::BITS - LEVEL_BITS * level
}

/// The fewest intervals that together are `low ..= high`: from the left, each time the largest that
/// starts here and does not end too late.
fn cover(low: Ordinal, high: Ordinal) -> Vec<Interval> {
    let mut intervals = Vec::new();
    let mut next = Some(low.0);
    while let Some(start) = next.filter(|start| *start <= high.0) {
        let mut levels = (0..=LEVELS).map(|level| Interval::around(Ordinal(start), level));
        let Some(widest) = levels.find(|it| it.first() == start && it.last() <= high.0) else {
            break; // The narrowest is the number itself, so that one is always found.
        };
        intervals.push(widest);
        next = widest.last().checked_add(1);
    }
    intervals
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A number lies in exactly one interval of the cover if it is in the range, else in none.
        #[test]
        fn covers_are_the_range(a: u64, b: u64, inside: u64) {
            let (low, high) = (a.min(b), a.max(b));
            let intervals = cover(Ordinal(low), Ordinal(high));
            let hits = |number: u64| {
                let levels = (0..=LEVELS).map(|level| Interval::around(Ordinal(number), level));
                levels.filter(|it| intervals.contains(it)).count()
            };
            let between = low + inside % (high - low).saturating_add(1).max(1);
            prop_assert_eq!(hits(between), 1);
            prop_assert_eq!((hits(low), hits(high)), (1, 1));
            prop_assert!(low == 0 || hits(low - 1) == 0);
            prop_assert!(high == u64::MAX || hits(high + 1) == 0);
            prop_assert!(intervals.len() <= 188, "{}", intervals.len());
        }

        #[test]
        fn integers_keep_their_order(a: i64, b: i64) {
            prop_assert_eq!(a.cmp(&b), Ordinal::from(a).cmp(&Ordinal::from(b)));
        }

        #[test]
        fn floats_keep_their_order(a: f64, b: f64) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            let ordinal = |number| Ordinal::from_float(number).unwrap();
            prop_assert_eq!(a.partial_cmp(&b), Some(ordinal(a).cmp(&ordinal(b))));
        }
    }

    #[test]
    fn the_widest_and_the_narrowest_ranges_are_one_interval() {
        let everything = cover(Ordinal(0), Ordinal(u64::MAX));
        assert_eq!(
            everything,
            [Interval {
                level: 0,
                prefix: 0
            }]
        );
        assert_eq!(cover(Ordinal(7), Ordinal(7)).len(), 1);
        let worst = cover(Ordinal(1), Ordinal(u64::MAX - 1));
        assert_eq!(
            worst.len(),
            188,
            "three a level on each side, two in all at the first"
        );
    }

    #[test]
    fn both_zeros_are_one_and_nan_is_none() {
        assert!(Ordinal::from_float(0.0) == Ordinal::from_float(-0.0));
        assert!(Ordinal::from_float(f64::NAN).is_err());
    }
}
