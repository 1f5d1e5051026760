//! A locally encrypted value in its parts.

use super::leb128;

/// Bytes of the nonce.
pub const IV_BYTES: usize = 12;
/// Bytes of the authentication tag.
pub const TAG_BYTES: usize = 16;

/// The order of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `IV ‖ tag ‖ length ‖ key blob ‖ ciphertext`: Node, Python, Ruby, PHP, Kotlin, Go up to 6.
    A,
    /// `length ‖ key blob ‖ IV ‖ ciphertext ‖ tag`: Go from 7, Rust.
    B,
}

/// One part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The nonce.
    Iv,
    /// The authentication tag.
    Tag,
    /// The length of the key blob.
    Length,
    /// The wrapped data key.
    KeyBlob,
}

impl core::fmt::Display for Part {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Iv => "IV",
            Self::Tag => "tag",
            Self::Length => "length of the key blob",
            Self::KeyBlob => "key blob",
        })
    }
}

/// Bytes that are no value in the layout named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalValueError {
    /// The bytes end within a part.
    #[error("cut within the {part}, at least {missing} bytes are missing")]
    Truncated {
        /// The part.
        part: Part,
        /// How many bytes it lacks at least.
        missing: usize,
    },
    /// The length is written with more bytes than it needs.
    #[error("length of the key blob is not in its shortest form")]
    LengthOverlong,
    /// The length has more than 32 bits.
    #[error("length of the key blob has more than 32 bits")]
    LengthTooLarge,
    /// There is no wrapped key to open it with.
    #[error("key blob is empty")]
    NoKeyBlob,
}

/// A value in its parts, borrowed from where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalValue<'a> {
    /// The nonce.
    pub iv: &'a [u8; IV_BYTES],
    /// The authentication tag.
    pub tag: &'a [u8; TAG_BYTES],
    /// The data key as the server wrapped it.
    pub key_blob: &'a [u8],
    /// What AES-256-GCM made of the plaintext; as long as that.
    pub ciphertext: &'a [u8],
}

impl<'a> LocalValue<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// The first part that cannot be.
    pub fn parse(layout: Layout, bytes: &'a [u8]) -> Result<Self, LocalValueError> {
        match layout {
            Layout::A => {
                let (iv, rest) = first(bytes, Part::Iv)?;
                let (tag, rest) = first(rest, Part::Tag)?;
                let (key_blob, ciphertext) = key_blob(rest)?;
                Ok(Self {
                    iv,
                    tag,
                    key_blob,
                    ciphertext,
                })
            }
            Layout::B => {
                let (key_blob, rest) = key_blob(bytes)?;
                let (iv, rest) = first(rest, Part::Iv)?;
                let (ciphertext, tag) = rest
                    .split_last_chunk()
                    .ok_or_else(|| truncated(Part::Tag, TAG_BYTES, rest))?;
                Ok(Self {
                    iv,
                    tag,
                    key_blob,
                    ciphertext,
                })
            }
        }
    }

    /// Writes the value.
    ///
    /// # Errors
    /// The key blob is empty, or longer than its length can say. Neither is, in what was parsed.
    pub fn encode(&self, layout: Layout) -> Result<Vec<u8>, LocalValueError> {
        if self.key_blob.is_empty() {
            return Err(LocalValueError::NoKeyBlob);
        }
        let length = u32::try_from(self.key_blob.len());
        let length = length.map_err(|_too_long| LocalValueError::LengthTooLarge)?;
        let mut out = Vec::with_capacity(self.bytes_max());
        match layout {
            Layout::A => {
                out.extend_from_slice(self.iv);
                out.extend_from_slice(self.tag);
                leb128::put(length, &mut out);
                out.extend_from_slice(self.key_blob);
                out.extend_from_slice(self.ciphertext);
            }
            Layout::B => {
                leb128::put(length, &mut out);
                out.extend_from_slice(self.key_blob);
                out.extend_from_slice(self.iv);
                out.extend_from_slice(self.ciphertext);
                out.extend_from_slice(self.tag);
            }
        }
        Ok(out)
    }

    const fn bytes_max(&self) -> usize {
        const LENGTH_BYTES_MAX: usize = 5;
        let fixed = IV_BYTES + TAG_BYTES + LENGTH_BYTES_MAX;
        fixed + self.key_blob.len() + self.ciphertext.len()
    }
}

fn first<const N: usize>(bytes: &[u8], part: Part) -> Result<(&[u8; N], &[u8]), LocalValueError> {
    bytes
        .split_first_chunk()
        .ok_or_else(|| truncated(part, N, bytes))
}

/// `LEB128(length) ‖ key blob`.
fn key_blob(bytes: &[u8]) -> Result<(&[u8], &[u8]), LocalValueError> {
    let (length, rest) = leb128::take(bytes)?;
    if length == 0 {
        return Err(LocalValueError::NoKeyBlob);
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    rest.split_at_checked(length)
        .ok_or_else(|| truncated(Part::KeyBlob, length, rest))
}

const fn truncated(part: Part, needed: usize, found: &[u8]) -> LocalValueError {
    LocalValueError::Truncated {
        part,
        missing: needed.saturating_sub(found.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: LocalValue<'_> = LocalValue {
        iv: &[1; IV_BYTES],
        tag: &[2; TAG_BYTES],
        key_blob: &[3; 200],
        ciphertext: &[4; 5],
    };

    #[test]
    fn the_parts_stand_in_the_order_of_the_layout() {
        let a = VALUE.encode(Layout::A).unwrap();
        let expected = [&[1; 12][..], &[2; 16], &[0xc8, 1], &[3; 200], &[4; 5]].concat();
        assert_eq!(a, expected);
        let b = VALUE.encode(Layout::B).unwrap();
        let expected = [&[0xc8, 1][..], &[3; 200], &[1; 12], &[4; 5], &[2; 16]].concat();
        assert_eq!(b, expected);
    }

    #[test]
    fn what_is_written_is_read_and_an_empty_ciphertext_too() {
        let empty = LocalValue {
            ciphertext: &[],
            ..VALUE
        };
        for layout in [Layout::A, Layout::B] {
            for value in [VALUE, empty] {
                let written = value.encode(layout).unwrap();
                assert_eq!(LocalValue::parse(layout, &written), Ok(value));
            }
        }
    }

    #[test]
    fn a_value_without_its_key_is_refused() {
        let keyless = LocalValue {
            key_blob: &[],
            ..VALUE
        };
        for layout in [Layout::A, Layout::B] {
            let refused = keyless.encode(layout);
            assert_eq!(refused, Err(LocalValueError::NoKeyBlob));
        }
        let a = [&[0; 28][..], &[0], b"text"].concat();
        let refused = LocalValue::parse(Layout::A, &a);
        assert_eq!(refused, Err(LocalValueError::NoKeyBlob));
    }

    #[test]
    fn every_cut_before_the_ciphertext_names_its_part() {
        let a = VALUE.encode(Layout::A).unwrap();
        for cut in 0..230 {
            let (part, missing) = match cut {
                0..12 => (Part::Iv, 12 - cut),
                12..28 => (Part::Tag, 28 - cut),
                28..30 => (Part::Length, 1),
                _ => (Part::KeyBlob, 230 - cut),
            };
            let refused = LocalValue::parse(Layout::A, &a[..cut]);
            assert_eq!(refused, Err(LocalValueError::Truncated { part, missing }));
        }
        let b = VALUE.encode(Layout::B).unwrap();
        for cut in 0..230 {
            let (part, missing) = match cut {
                0..2 => (Part::Length, 1),
                2..202 => (Part::KeyBlob, 202 - cut),
                202..214 => (Part::Iv, 214 - cut),
                _ => (Part::Tag, 230 - cut),
            };
            let refused = LocalValue::parse(Layout::B, &b[..cut]);
            assert_eq!(refused, Err(LocalValueError::Truncated { part, missing }));
        }
    }

    #[test]
    fn a_stated_length_beyond_the_bytes_takes_no_memory() {
        let bytes = [&[0; 28][..], &[0xff, 0xff, 0xff, 0xff, 0x0f]].concat();
        let refused = LocalValue::parse(Layout::A, &bytes);
        let missing = usize::try_from(u32::MAX).unwrap();
        let part = Part::KeyBlob;
        assert_eq!(refused, Err(LocalValueError::Truncated { part, missing }));
    }
}
