//! Base32 in Crockford's alphabet, lower case, without padding: ids and API keys.

/// No `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Number of base32 digits of `bytes` bytes.
#[must_use]
pub const fn digits(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

/// Writes bytes, most significant bit first, filled up with zero bits on the right.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = vec![0; digits(bytes.len())];
    encode_into(bytes, &mut text).to_owned()
}

/// [`encode`] into a buffer of at least [`digits`] bytes; returns what was written.
pub(crate) fn encode_into<'a>(bytes: &[u8], buffer: &'a mut [u8]) -> &'a str {
    let mut places = buffer.iter_mut();
    let mut written = 0;
    let mut write = |digit: u32| {
        if let Some(place) = places.next() {
            let digit = usize::try_from(digit & 0x1f).unwrap_or_default();
            *place = ALPHABET.get(digit).copied().unwrap_or(b'0');
            written += 1;
        }
    };
    let (mut acc, mut bits) = (0u32, 0u32);
    for &byte in bytes {
        acc = ((acc & 0x1f) << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            write(acc >> bits);
        }
    }
    if bits > 0 {
        write(acc << (5 - bits));
    }
    let text = buffer.get(..written).unwrap_or_default();
    core::str::from_utf8(text).unwrap_or_default()
}

/// Reads what [`encode`] wrote and nothing else: other digits, a surplus digit and non-zero filling
/// bits are refused, so that everything has one spelling.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut acc, mut bits) = (0u32, 0u32);
    let mut out = Vec::with_capacity(text.len() * 5 / 8);
    for c in text.bytes() {
        let value = ALPHABET.iter().position(|&a| a == c)?;
        acc = ((acc & 0xff) << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((acc >> bits) & 0xff).ok()?);
        }
    }
    let filling = acc & ((1 << bits) - 1);
    (filling == 0 && digits(out.len()) == text.len()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_round_trips() {
        for len in 0..64u8 {
            let bytes: Vec<u8> = (0..len).map(|i| i.wrapping_mul(37)).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn surplus_digits_are_refused() {
        assert_eq!(decode("00"), Some(vec![0]));
        assert_eq!(decode("000"), None);
        assert_eq!(decode("01"), None);
        assert_eq!(decode("0O"), None);
    }
}
