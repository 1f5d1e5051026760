//! Names of records.

use core::fmt;

use unicode_normalization::is_nfc;

/// The name of a record: 1 to 1,024 bytes of UTF-8 in Unicode's form NFC.
///
/// A name in another form is refused, not converted: the two spellings of `é` are never two records
/// that look alike, nor one record under two names. There is no case folding, and no character is
/// special.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordName(String);

/// A text that names no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordNameError {
    /// It is empty.
    #[error("the name of a record is empty")]
    Empty,
    /// It is too long.
    #[error(
        "the name of a record has {bytes} bytes, at most {}",
        RecordName::BYTES_MAX
    )]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// It is not in the form NFC.
    #[error("the name of a record is not in Unicode's form NFC")]
    NotNfc,
}

impl RecordName {
    /// The longest name.
    pub const BYTES_MAX: usize = 1024;

    /// Takes a name.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn new(name: &str) -> Result<Self, RecordNameError> {
        match name.len() {
            0 => Err(RecordNameError::Empty),
            bytes if bytes > Self::BYTES_MAX => Err(RecordNameError::TooLong { bytes }),
            _ if !is_nfc(name) => Err(RecordNameError::NotNfc),
            _ => Ok(Self(name.to_owned())),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without the name, which is what a sealed store hides.
impl fmt::Debug for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordName")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alike_spellings_are_refused() {
        assert!(RecordName::new("kéy").is_ok());
        assert_eq!(RecordName::new("ke\u{301}y"), Err(RecordNameError::NotNfc));
        assert_eq!(RecordName::new("\u{212b}"), Err(RecordNameError::NotNfc));
    }

    #[test]
    fn names_are_bounded_and_otherwise_free() {
        assert_eq!(RecordName::new(""), Err(RecordNameError::Empty));
        for name in ["\0", "k\0", "a/b?x=1", "__proto__", "😀", &"x".repeat(1024)] {
            assert_eq!(RecordName::new(name).unwrap().as_str(), name);
        }
        let long = "x".repeat(1025);
        let error = RecordNameError::TooLong { bytes: 1025 };
        assert_eq!(RecordName::new(&long), Err(error));
        assert_eq!(format!("{:?}", RecordName::new("n").unwrap()), "RecordName");
    }
}
