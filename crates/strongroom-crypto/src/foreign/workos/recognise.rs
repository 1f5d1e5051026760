//! Telling the layouts apart, as far as that can be.
//!
//! Nothing in a value says which layout it has. A value in layout A begins with a random IV, and
//! half of all IVs read as the length of a key blob in layout B; where the value is long enough for
//! that, both readings are possible. What decides then is the key blob: one that begins as a
//! wrapped key is known to begin stands in one reading only, but for an accident of one in 2^64.

use super::value::{Layout, LocalValue, LocalValueError};
use crate::envelope::Envelope;

/// How the wrapped keys of WorkOS begin.
const WORKOS_MAGIC: &[u8] = b"WOS.EKM.v1\0";

/// Bytes whose layout cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognised {
    /// It is a value in neither layout.
    #[error("not layout A ({a}), and not layout B ({b})")]
    Neither {
        /// Why it is not in layout A.
        a: LocalValueError,
        /// Why it is not in layout B.
        b: LocalValueError,
    },
    /// It could be in either, and its key blob is of a kind that is not known.
    #[error("could be layout A or B: name the one that it is")]
    Either,
}

/// Tells the layout of a value.
///
/// # Errors
/// It has none of the two, or could have both.
pub fn recognise(bytes: &[u8]) -> Result<Layout, Unrecognised> {
    let a = LocalValue::parse(Layout::A, bytes);
    let b = LocalValue::parse(Layout::B, bytes);
    match (a, b) {
        (Err(a), Err(b)) => Err(Unrecognised::Neither { a, b }),
        (Ok(_), Err(_)) => Ok(Layout::A),
        (Err(_), Ok(_)) => Ok(Layout::B),
        (Ok(a), Ok(b)) => match (is_known(a.key_blob), is_known(b.key_blob)) {
            (true, false) => Ok(Layout::A),
            (false, true) => Ok(Layout::B),
            (true, true) | (false, false) => Err(Unrecognised::Either),
        },
    }
}

/// Whether it is a wrapped key of ours, or begins as one of WorkOS.
fn is_known(key_blob: &[u8]) -> bool {
    key_blob.starts_with(WORKOS_MAGIC) || Envelope::parse(key_blob).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(iv: &'a [u8; 12], key_blob: &'a [u8]) -> LocalValue<'a> {
        LocalValue {
            iv,
            tag: &[9; 16],
            key_blob,
            ciphertext: &[7; 300],
        }
    }

    #[test]
    fn a_known_key_blob_tells_the_layout_whatever_the_iv() {
        let blob = [WORKOS_MAGIC, &[5; 190]].concat();
        for first in 0..=u8::MAX {
            let iv = [first; 12];
            for layout in [Layout::A, Layout::B] {
                let written = value(&iv, &blob).encode(layout).unwrap();
                assert_eq!(recognise(&written), Ok(layout), "{first}");
            }
        }
    }

    #[test]
    fn an_unknown_key_blob_is_told_only_where_one_reading_is_left() {
        let blob = [5; 200];
        let read_as_both = value(&[40; 12], &blob).encode(Layout::A).unwrap();
        assert_eq!(recognise(&read_as_both), Err(Unrecognised::Either));
        let read_as_a = value(&[0x80; 12], &blob).encode(Layout::A).unwrap();
        assert_eq!(recognise(&read_as_a), Ok(Layout::A));
    }

    #[test]
    fn what_is_in_neither_layout_is_told_why() {
        let refused = recognise(&[0x80]).unwrap_err();
        assert!(matches!(refused, Unrecognised::Neither { .. }));
        assert!(refused.to_string().contains("IV"), "{refused}");
    }
}
