//! Public facts of administration: what was changed, in short pairs of strings.

use std::collections::BTreeMap;

use crate::bytes::{DecodeError, Reader};
use crate::hash::sha256;

/// A fact that an entry cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    /// The entry has [`Facts::COUNT_MAX`] facts.
    #[error("an entry has at most {} facts", Facts::COUNT_MAX)]
    TooMany,
    /// The name is not 1 to 32 of `a` to `z`, `0` to `9`, `_`, `.` and `-`.
    #[error("not the name of a fact")]
    Name,
    /// The name is there already.
    #[error("a fact is named twice")]
    Duplicate,
}

/// Pairs of a name and a value, for example `policy` and `pol_…`, sorted by name. Whoever reads the
/// log sees them: nothing personal belongs here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<String, String>);

impl Facts {
    /// The most facts of an entry.
    pub const COUNT_MAX: usize = 12;
    /// The longest name, in bytes.
    pub const NAME_BYTES_MAX: usize = 32;
    /// The longest value that is kept as it is, in bytes of UTF-8.
    pub const VALUE_BYTES_MAX: usize = 256;
    /// What a digest in place of a value starts with.
    pub const DIGEST_PREFIX: &'static str = "sha256:";

    /// Adds a fact. A value that is too long, or that could be taken for a digest, is replaced by
    /// `sha256:` and the hex of its SHA-256.
    ///
    /// # Errors
    /// Too many facts, a bad name, or a name twice.
    pub fn insert(&mut self, name: &str, value: &str) -> Result<(), FactError> {
        let kept = value.len() <= Self::VALUE_BYTES_MAX && !value.starts_with(Self::DIGEST_PREFIX);
        let value = if kept {
            value.to_owned()
        } else {
            format!("{}{}", Self::DIGEST_PREFIX, sha256(value.as_bytes()))
        };
        self.insert_kept(name, value)
    }

    /// The value of a fact.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The facts, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn insert_kept(&mut self, name: &str, value: String) -> Result<(), FactError> {
        if !is_name(name) {
            return Err(FactError::Name);
        }
        if self.0.len() == Self::COUNT_MAX {
            return Err(FactError::TooMany);
        }
        match self.0.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(FactError::Duplicate),
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        for (name, value) in &self.0 {
            out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            out.extend(name.as_bytes());
            out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
            out.extend(value.as_bytes());
        }
    }

    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut facts = Self::default();
        for _ in 0..r.u8()? {
            let name_len = usize::from(r.u8()?);
            let name = text(r.take(name_len)?)?;
            let value_len = usize::from(r.u16()?);
            let value = text(r.take(value_len)?)?;
            let in_order = facts
                .0
                .last_key_value()
                .is_none_or(|(last, _)| last.as_str() < name);
            if !in_order || value.len() > Self::VALUE_BYTES_MAX {
                return Err(DecodeError::Fact);
            }
            let inserted = facts.insert_kept(name, value.to_owned());
            inserted.map_err(|_refused| DecodeError::Fact)?;
        }
        Ok(facts)
    }
}

fn is_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    (1..=Facts::NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

fn text(bytes: &[u8]) -> Result<&str, DecodeError> {
    str::from_utf8(bytes).map_err(|_invalid| DecodeError::Fact)
}
