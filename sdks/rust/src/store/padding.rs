//! Padding that hides lengths.
//!
//! ```text
//! padded = length u32 BE ‖ value ‖ 0 … 0      bucket(4 + length) bytes
//! ```
//!
//! The bucket is Padmé's (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
//! Communication with PURBs", 2019): the length rounded up so that its last bits are zero, at least
//! [`BUCKET_MIN`] bytes. A value of `L` bytes grows by at most 12 %, and its length tells
//! O(log log L) bits.

use strongroom_crypto::OpenError;
use strongroom_crypto::secret::SecretBytes;
use zeroize::Zeroizing;

/// The smallest bucket: tokens, passwords and keys all look alike.
const BUCKET_MIN: usize = 256;
const LENGTH_BYTES: usize = 4;

/// The bytes that a message of `length` bytes takes.
pub(super) fn bucket(length: usize) -> usize {
    let length = length.max(BUCKET_MIN);
    // 8 or more, so that both logarithms are defined.
    let exponent = length.ilog2();
    let kept = exponent.ilog2() + 1;
    let mask = (1_usize << exponent.saturating_sub(kept)) - 1;
    length.saturating_add(mask) & !mask
}

/// Pads a value; `None` if its length does not fit 32 bits.
pub(super) fn pad(value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let length = u32::try_from(value.len()).ok()?;
    let total = bucket(value.len().checked_add(LENGTH_BYTES)?);
    let mut padded = Zeroizing::new(Vec::with_capacity(total));
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(value);
    padded.resize(total, 0);
    Some(padded)
}

/// The value in what [`pad`] returned, and in nothing else.
pub(super) fn unpad(padded: &[u8]) -> Result<SecretBytes, OpenError> {
    let (length, rest) = padded.split_first_chunk().ok_or(OpenError)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_too_long| OpenError)?;
    let (value, padding) = rest.split_at_checked(length).ok_or(OpenError)?;
    let total = bucket(length + LENGTH_BYTES);
    if padded.len() != total || padding.iter().any(|byte| *byte != 0) {
        return Err(OpenError);
    }
    Ok(SecretBytes::from(value.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpad_undoes_pad_for_every_length() {
        for length in (0..2000).chain([65_531, 65_532, 65_533, 4 << 20]) {
            let value = vec![7; length];
            let padded = pad(&value).unwrap();
            assert!(unpad(&padded).unwrap().expose() == value);
        }
    }

    #[test]
    fn short_values_have_one_length() {
        let lengths: Vec<_> = (0..=252)
            .map(|length| pad(&vec![1; length]).unwrap().len())
            .collect();
        assert!(lengths.iter().all(|length| *length == 256));
        assert!(pad(&[1; 253]).unwrap().len() > 256);
    }

    #[test]
    fn buckets_are_those_of_padme() {
        // Worked by hand from the paper's algorithm.
        for (length, expected) in [(0, 256), (256, 256), (257, 272), (1000, 1024), (1025, 1088)] {
            assert_eq!(bucket(length), expected, "{length}");
        }
        let mut seen = std::collections::BTreeSet::new();
        for length in 256..(1 << 16) {
            let bucket = bucket(length);
            assert!(bucket >= length && bucket - length <= length * 12 / 100);
            seen.insert(bucket);
        }
        assert!(seen.len() < 200, "{}", seen.len());
    }

    #[test]
    fn unpad_refuses_another_padding() {
        let padded = pad(b"value").unwrap();
        for at in [0, 3, 9, padded.len() - 1] {
            let mut altered = padded.clone();
            altered[at] ^= 1;
            assert!(unpad(&altered).is_err(), "{at}");
        }
        assert!(unpad(&padded[..padded.len() - 1]).is_err());
        assert!(unpad(&[&padded[..], &[0]].concat()).is_err());
        assert!(unpad(&[]).is_err());
        assert!(unpad(&[0xff; 256]).is_err());
    }
}
