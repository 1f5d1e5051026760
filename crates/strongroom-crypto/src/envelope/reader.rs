//! A cursor over bytes from outside.

use super::FormatError;

/// Takes fields off the front; every shortage is [`FormatError::Truncated`].
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let (field, rest) = self.0.split_first_chunk().ok_or(FormatError::Truncated)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn byte(&mut self) -> Result<u8, FormatError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A presence byte: 0 or 1.
    pub(super) fn presence(&mut self, field: &'static str) -> Result<bool, FormatError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            code => Err(FormatError::UnknownCode { field, code }),
        }
    }

    pub(super) fn length(&mut self) -> Result<usize, FormatError> {
        let length = u32::from_be_bytes(self.array()?);
        usize::try_from(length).map_err(|_overflow| FormatError::Truncated)
    }

    /// `u32 length ‖ UTF-8`.
    pub(super) fn text(&mut self) -> Result<String, FormatError> {
        let length = self.length()?;
        let (field, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(FormatError::Truncated)?;
        self.0 = rest;
        let text = core::str::from_utf8(field).map_err(|_invalid| FormatError::Utf8)?;
        Ok(text.to_owned())
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) const fn end(&self) -> Result<(), FormatError> {
        match self.0.len() {
            0 => Ok(()),
            bytes => Err(FormatError::TrailingBytes { bytes }),
        }
    }
}
