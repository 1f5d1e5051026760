//! Unsigned LEB128 numbers of 32 bits: seven bits a byte, the lowest first, and a high bit where
//! another byte follows.

use super::value::{LocalValueError, Part};

/// The most bytes of a number.
const BYTES_MAX: usize = 5;
/// What the last of five bytes may hold: bits 28 to 31.
const LAST_MAX: u8 = 0x0f;

/// Takes a number off the front.
///
/// # Errors
/// The bytes end within it, it has 33 bits or more, or it could be written with fewer bytes.
pub(super) fn take(bytes: &[u8]) -> Result<(u32, &[u8]), LocalValueError> {
    let mut number = 0;
    let mut shift = 0;
    for (position, &byte) in bytes.iter().take(BYTES_MAX).enumerate() {
        if position == BYTES_MAX - 1 && byte > LAST_MAX {
            return Err(LocalValueError::LengthTooLarge);
        }
        number |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            if byte == 0 && position > 0 {
                return Err(LocalValueError::LengthOverlong);
            }
            let rest = bytes.get(position + 1..).unwrap_or_default();
            return Ok((number, rest));
        }
    }
    Err(LocalValueError::Truncated {
        part: Part::Length,
        missing: 1,
    })
}

/// Appends a number in its one shortest form.
pub(super) fn put(mut number: u32, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_each_length_are_read_as_written() {
        for (number, bytes) in [
            (0, 1),
            (127, 1),
            (128, 2),
            (16_383, 2),
            (16_384, 3),
            (2_097_151, 3),
            (2_097_152, 4),
            (268_435_455, 4),
            (268_435_456, 5),
            (u32::MAX, 5),
        ] {
            let mut written = Vec::new();
            put(number, &mut written);
            assert_eq!(written.len(), bytes, "{number}");
            written.push(0xee);
            assert_eq!(take(&written), Ok((number, &[0xee][..])));
        }
    }

    #[test]
    fn a_number_has_one_spelling_and_32_bits() {
        let overlong = Err(LocalValueError::LengthOverlong);
        assert_eq!(take(&[0x80, 0x00]), overlong);
        assert_eq!(take(&[0xff, 0x80, 0x80, 0x80, 0x00]), overlong);
        let too_large = Err(LocalValueError::LengthTooLarge);
        assert_eq!(take(&[0xff, 0xff, 0xff, 0xff, 0x10]), too_large);
        assert_eq!(take(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x01]), too_large);
    }

    #[test]
    fn a_number_that_does_not_end_is_truncated() {
        let truncated = Err(LocalValueError::Truncated {
            part: Part::Length,
            missing: 1,
        });
        for bytes in [&[][..], &[0x80], &[0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(take(bytes), truncated, "{bytes:?}");
        }
    }
}
