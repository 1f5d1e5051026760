//! Secrets in shares: any `threshold` of `total` give the secret, fewer give nothing (Shamir, 1979).
//!
//! ```text
//! for each byte s of the secret: f(x) = s + c₁·x + … + c₍threshold₋₁₎·x^(threshold−1)   over GF(2⁸)
//! GF(2⁸) = GF(2)[x] / (x⁸ + x⁴ + x³ + x + 1), FIPS 197 section 4
//! share of index i (1 to total) = f(i) for each byte
//! value = version (1) ‖ threshold ‖ total ‖ index ‖ set (16, random) ‖ share ‖ tag (16)
//! tag   = what the caller's tagging says of all before it
//! ```
//!
//! The tag is a MAC under a key that the holders of shares do not have: a false share is told from a
//! true one, and named, before anything is combined. The secret does not depend on it: whoever has
//! enough shares and none of Strongroom interpolates what stands between `set` and `tag`
//! (`docs/formats/shares.md`).
//!
//! Multiplication looks nothing up and branches on no byte of a share.

use zeroize::Zeroizing;

use crate::entropy::{Entropy, EntropyUnavailable};
use crate::kdf;
use crate::secret::{Secret, SecretBytes};

/// Bytes of a share's tag.
pub const TAG_BYTES: usize = 16;
const VERSION: u8 = 1;
const SET_BYTES: usize = 16;
const HEAD_BYTES: usize = 4 + SET_BYTES;
/// The longest secret.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;
/// The most multiplications of one call.
const STEPS_MAX: usize = 4 << 20;

/// What tags a share.
pub type Tagging<'a> = &'a dyn Fn(&[u8]) -> [u8; TAG_BYTES];

/// One share.
#[derive(Debug)]
pub struct Share {
    /// Its index, from 1.
    pub index: u8,
    /// Its bytes.
    pub value: SecretBytes,
}

/// Why a secret is not split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// It is empty or too long.
    #[error("secret is empty or too long")]
    Secret,
    /// Fewer than two shares are needed, or more than there are.
    #[error("threshold is not between 2 and the number of shares")]
    Threshold,
    /// So many shares of so long a secret are too much work.
    #[error("too many shares of too long a secret")]
    Work,
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// Why shares give no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// The share at this position is none that was made here, was altered, or has another index.
    #[error("share {0} is false")]
    False(usize),
    /// The share at this position is of another secret than the first.
    #[error("share {0} is of another secret")]
    Other(usize),
    /// The share at this position was given before.
    #[error("share {0} is a repetition")]
    Repeated(usize),
    /// There are not enough.
    #[error("{threshold} shares are needed")]
    TooFew {
        /// How many are needed.
        threshold: u8,
    },
    /// So many shares of so long a secret are too much work.
    #[error("too many shares")]
    Work,
}

/// Splits a secret.
///
/// # Errors
/// [`SplitError`].
pub fn split(
    secret: &[u8],
    (threshold, total): (u8, u8),
    entropy: &dyn Entropy,
    tagging: Tagging<'_>,
) -> Result<Vec<Share>, SplitError> {
    if !(1..=SECRET_BYTES_MAX).contains(&secret.len()) {
        return Err(SplitError::Secret);
    }
    if threshold < 2 || threshold > total {
        return Err(SplitError::Threshold);
    }
    if secret.len() * usize::from(threshold) * usize::from(total) > STEPS_MAX {
        return Err(SplitError::Work);
    }
    let set = Secret::<SET_BYTES>::generate(entropy)?;
    let mut coefficients = Zeroizing::new(vec![0; secret.len() * usize::from(threshold - 1)]);
    entropy.fill(&mut coefficients)?;
    let share = |index| {
        let mut value = Vec::with_capacity(HEAD_BYTES + secret.len() + TAG_BYTES);
        value.extend_from_slice(&[VERSION, threshold, total, index]);
        value.extend_from_slice(set.expose());
        let own = coefficients.chunks_exact(usize::from(threshold - 1));
        let points = secret.iter().zip(own);
        value.extend(points.map(|(byte, own)| evaluate(*byte, own, index)));
        let tag = tagging(&value);
        value.extend_from_slice(&tag);
        let value = value.into();
        Share { index, value }
    };
    Ok((1..=total).map(share).collect())
}

/// Checks each share and combines them.
///
/// # Errors
/// [`CombineError`], which names the first share that is not one.
pub fn combine(shares: &[(u8, &[u8])], tagging: Tagging<'_>) -> Result<SecretBytes, CombineError> {
    let mut read = Vec::with_capacity(shares.len());
    for (position, (index, value)) in shares.iter().enumerate() {
        let share = Read::of(value, tagging).filter(|share| share.index == *index);
        let share = share.ok_or(CombineError::False(position))?;
        share.check(position, &read)?;
        read.push(share);
    }
    let threshold = read.first().map_or(2, |share| share.threshold);
    let few = CombineError::TooFew { threshold };
    let enough = read.get(..usize::from(threshold)).ok_or(few)?;
    let length = enough.first().map_or(0, |share| share.points.len());
    if length * enough.len() > STEPS_MAX {
        return Err(CombineError::Work);
    }
    let mut secret = Zeroizing::new(vec![0; length]);
    for share in enough {
        let weight = weight(share.index, enough);
        let points = secret.iter_mut().zip(share.points);
        points.for_each(|(byte, point)| *byte ^= multiply(*point, weight));
    }
    Ok(core::mem::take(&mut *secret).into())
}

/// A share as it was read.
struct Read<'a> {
    threshold: u8,
    index: u8,
    /// All that shares of one secret have in common.
    common: (&'a [u8], &'a [u8], usize),
    points: &'a [u8],
}

impl<'a> Read<'a> {
    /// `None` for what was not made here.
    fn of(value: &'a [u8], tagging: Tagging<'_>) -> Option<Self> {
        let body = value.len().checked_sub(TAG_BYTES)?;
        let (body, tag) = value.split_at_checked(body)?;
        if !kdf::verify(&tagging(body), tag) {
            return None;
        }
        let (head, points) = body.split_at_checked(HEAD_BYTES)?;
        let (numbers, set) = head.split_at_checked(4)?;
        let [VERSION, threshold, total, index] = *numbers else {
            return None;
        };
        let is_one = (1..=total).contains(&index) && (2..=total).contains(&threshold);
        let common = (numbers.get(1..3)?, set, points.len());
        (is_one && !points.is_empty()).then_some(Self {
            threshold,
            index,
            common,
            points,
        })
    }

    /// Whether it goes with those before it.
    fn check(&self, position: usize, before: &[Self]) -> Result<(), CombineError> {
        if before.iter().any(|one| one.common != self.common) {
            return Err(CombineError::Other(position));
        }
        if before.iter().any(|one| one.index == self.index) {
            return Err(CombineError::Repeated(position));
        }
        Ok(())
    }
}

/// `f(x)`, by Horner's rule.
fn evaluate(secret: u8, coefficients: &[u8], x: u8) -> u8 {
    let highest_first = coefficients.iter().rev();
    let sum = highest_first.fold(0, |sum, coefficient| multiply(sum, x) ^ coefficient);
    multiply(sum, x) ^ secret
}

/// The weight of a share in the interpolation at 0.
fn weight(index: u8, shares: &[Read<'_>]) -> u8 {
    let others = shares.iter().filter(|share| share.index != index);
    others.fold(1, |product, other| {
        let ratio = multiply(other.index, invert(other.index ^ index));
        multiply(product, ratio)
    })
}

/// The product in GF(2⁸), in the same steps for all bytes.
fn multiply(a: u8, b: u8) -> u8 {
    let (mut a, mut product) = (a, 0);
    for bit in 0..8 {
        product ^= a & 0u8.wrapping_sub((b >> bit) & 1);
        let carry = 0u8.wrapping_sub(a >> 7);
        a = (a << 1) ^ (0x1b & carry);
    }
    product
}

/// `a^254`, which is `1/a`; 0 for 0.
fn invert(a: u8) -> u8 {
    let square = |x| multiply(x, x);
    // 254 = 2 + 4 + … + 128.
    let (mut power, mut product) = (a, 1);
    for _ in 0..7 {
        power = square(power);
        product = multiply(product, power);
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    fn tag(bytes: &[u8]) -> [u8; TAG_BYTES] {
        let mac = crate::digest::mac(strongroom_types::MacAlgorithm::HmacSha256, &[7; 32], bytes);
        mac[..TAG_BYTES].try_into().unwrap()
    }

    fn shares(secret: &[u8], threshold: u8, total: u8) -> Vec<Share> {
        split(secret, (threshold, total), &SystemEntropy, &tag).unwrap()
    }

    fn combined(shares: &[&Share]) -> Result<SecretBytes, CombineError> {
        let shares: Vec<_> = shares
            .iter()
            .map(|share| (share.index, share.value.expose()))
            .collect();
        combine(&shares, &tag)
    }

    /// FIPS 197, section 4.2.
    #[test]
    fn products_of_the_standard() {
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
        for a in 1..=255 {
            assert_eq!(multiply(a, invert(a)), 1, "{a}");
            assert_eq!((multiply(a, 1), multiply(a, 0)), (a, 0));
        }
    }

    #[test]
    fn any_shares_that_are_enough_give_the_secret() {
        for (threshold, total) in [(2, 2), (2, 3), (3, 5), (5, 5), (16, 255)] {
            let made = shares(b"a secret", threshold, total);
            let first: Vec<_> = made.iter().take(threshold.into()).collect();
            let last: Vec<_> = made.iter().rev().take(threshold.into()).collect();
            let all: Vec<_> = made.iter().collect();
            for some in [first, last, all] {
                assert_eq!(combined(&some).unwrap().expose(), b"a secret");
            }
            let few: Vec<_> = made
                .iter()
                .skip(1)
                .take(usize::from(threshold) - 1)
                .collect();
            assert_eq!(
                combined(&few),
                Err(CombineError::TooFew { threshold }),
                "{threshold} of {total}"
            );
        }
        assert!(combine(&[], &tag).is_err());
    }

    /// One share less than enough fits every secret: the other one can always be found that gives it.
    #[test]
    fn fewer_than_enough_fit_every_secret() {
        let made = shares(&[42], 2, 2);
        let known = made[0].value.expose()[HEAD_BYTES];
        let mut secrets: Vec<u8> = (0..=255)
            .map(|other| {
                // At 0: 2/(2+1)·f(1) + 1/(1+2)·f(2).
                multiply(known, multiply(2, invert(3))) ^ multiply(other, invert(3))
            })
            .collect();
        secrets.sort_unstable();
        assert_eq!(secrets, (0..=255).collect::<Vec<_>>());
    }

    /// Nobody learns from a share which secret it is of: it is another each time, and any byte.
    #[test]
    fn shares_of_equal_secrets_differ_and_are_any_byte() {
        for position in [0, 1] {
            let drawn = (0..4096).map(|_| {
                let made = shares(&[42], 2, 2);
                made[position].value.expose()[HEAD_BYTES]
            });
            let seen: std::collections::BTreeSet<u8> = drawn.collect();
            // All of 256 but for chance: 4,096 draws leave one out in 30,000 runs.
            assert!(seen.len() >= 250, "{}", seen.len());
        }
    }

    #[test]
    fn a_false_share_is_named() {
        let made = shares(b"secret", 2, 3);
        let (first, third) = (made[0].value.expose(), made[2].value.expose());
        for position in 0..third.len() {
            let mut altered = third.to_vec();
            altered[position] ^= 1;
            let result = combine(&[(1, first), (3, &altered)], &tag);
            assert_eq!(result, Err(CombineError::False(1)), "{position}");
        }
        for (index, value) in [(2, third), (3, &third[..third.len() - 1]), (3, &[][..])] {
            let result = combine(&[(1, first), (index, value)], &tag);
            assert_eq!(result, Err(CombineError::False(1)));
        }
        let others = |bytes: &[u8]| tag(&[b"other", bytes].concat());
        let result = combine(&[(1, first), (3, third)], &others);
        assert_eq!(result, Err(CombineError::False(0)));
    }

    #[test]
    fn shares_of_two_secrets_and_repetitions_are_named() {
        let [one, other] = [0, 1].map(|_| shares(b"secret", 2, 3));
        assert_eq!(combined(&[&one[0], &other[1]]), Err(CombineError::Other(1)));
        let repeated = combined(&[&one[0], &one[1], &one[0]]);
        assert_eq!(repeated, Err(CombineError::Repeated(2)));
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        for (secret, threshold, total, error) in [
            (vec![], 2, 3, SplitError::Secret),
            (vec![1; SECRET_BYTES_MAX + 1], 2, 3, SplitError::Secret),
            (vec![1], 1, 3, SplitError::Threshold),
            (vec![1], 0, 0, SplitError::Threshold),
            (vec![1], 4, 3, SplitError::Threshold),
            (vec![1; 1024], 255, 255, SplitError::Work),
        ] {
            let made = split(&secret, (threshold, total), &SystemEntropy, &tag);
            assert_eq!(made.map(|shares| shares.len()), Err(error));
        }
    }
}
