//! Keys, pins and fingerprints as texts that tell a mistyped one from a right one.

use strongroom_crypto::label::Label;
use strongroom_log::sha256;
use strongroom_types::base32;
use zeroize::Zeroizing;

/// A text that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitTextError {
    /// It has another form.
    #[error("not a text that begins with `{prefix}`, or cut")]
    Malformed {
        /// What it should begin with.
        prefix: &'static str,
    },
    /// A character is wrong.
    #[error("the text that begins with `{prefix}` is mistyped")]
    Mistyped {
        /// What it begins with.
        prefix: &'static str,
    },
}

const CHECK_BYTES: usize = 4;

/// `prefix ‖ base32(bytes ‖ check)`, where check is `SHA-256("text-of-split-credential" ‖ prefix ‖
/// bytes)`, first 4 bytes.
pub(super) fn write(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let whole = Zeroizing::new([bytes, &check(prefix, bytes)].concat());
    let digits = Zeroizing::new(base32::encode(&whole));
    Zeroizing::new([prefix, &digits].concat())
}

/// The bytes of a text, `expected` of them.
pub(super) fn read(
    prefix: &'static str,
    text: &str,
    expected: usize,
) -> Result<Zeroizing<Vec<u8>>, SplitTextError> {
    let malformed = SplitTextError::Malformed { prefix };
    let digits = text.trim().strip_prefix(prefix).ok_or(malformed)?;
    let mut bytes = Zeroizing::new(base32::decode(digits).ok_or(malformed)?);
    if bytes.len() != expected.saturating_add(CHECK_BYTES) {
        return Err(malformed);
    }
    let (body, given) = bytes.split_at_checked(expected).ok_or(malformed)?;
    if check(prefix, body)[..] != *given {
        return Err(SplitTextError::Mistyped { prefix });
    }
    bytes.truncate(expected);
    Ok(bytes)
}

fn check(prefix: &str, bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let label = Label::SplitText.as_bytes();
    let message = Zeroizing::new([label, prefix.as_bytes(), bytes].concat());
    let [a, b, c, d, ..] = *sha256(&message).as_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistyped_character_is_noticed() {
        let text = write("skx_", &[9; 32]);
        assert_eq!(*read("skx_", &text, 32).unwrap(), [9; 32]);
        assert!(read("sky_", &text, 32).is_err());
        assert!(read("skx_", &text, 31).is_err());
        for at in 4..text.len() {
            let mut typed = text.as_bytes().to_vec();
            typed[at] = if typed[at] == b'7' { b'8' } else { b'7' };
            let typed = String::from_utf8(typed).unwrap();
            assert!(read("skx_", &typed, 32).is_err(), "{at}");
            assert!(read("skx_", text.get(..at).unwrap(), 32).is_err());
        }
    }

    #[test]
    fn a_hundred_thousand_altered_texts_are_refused() {
        let text = write("skx_", &[9; 32]);
        // Marsaglia's xorshift64, from a seed.
        let mut number = 0x5eed_u64;
        let mut below = |bound: usize| {
            number ^= number << 13;
            number ^= number >> 7;
            number ^= number << 17;
            usize::try_from(number % u64::try_from(bound).unwrap()).unwrap()
        };
        for _ in 0..100_000 {
            let mut typed: Vec<char> = text.chars().collect();
            for _ in 0..=below(3) {
                let at = below(typed.len());
                let other = ['0', 'z', 'u', ' ', 'é', '\0'][below(6)];
                match below(3) {
                    0 => typed.truncate(at.max(1)),
                    1 => typed.insert(at, other),
                    _ => typed[at] = other,
                }
            }
            let typed: String = typed.into_iter().collect();
            if typed.trim() != *text {
                assert!(read("skx_", &typed, 32).is_err(), "{typed}");
            }
        }
    }
}
