//! Private fields: an entry commits to them, and whoever has an opening can check and read one.

use core::fmt;

use crate::bytes::{DecodeError, Reader};
use crate::entry::Entry;
use crate::hash::{Hash, sha256};

/// An opening that does not belong to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The entry has no such field.
    #[error("the entry commits to no {field:?}")]
    Absent {
        /// The field.
        field: PrivateField,
    },
    /// The entry commits to something else.
    #[error("the entry commits to another {field:?}")]
    Other {
        /// The field.
        field: PrivateField,
    },
}

/// The fields of an entry that only openings show, in the order of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrivateField {
    /// Who the identity is: issuer, subject and display claims.
    Identity,
    /// The maps of the key contexts.
    KeyContexts,
    /// The caller's network address.
    Address,
    /// The caller's program.
    UserAgent,
    /// The caller's metadata.
    Metadata,
}

impl PrivateField {
    /// All of them, in the order of the layout.
    pub const ALL: [Self; 5] = [
        Self::Identity,
        Self::KeyContexts,
        Self::Address,
        Self::UserAgent,
        Self::Metadata,
    ];

    /// The number in bytes, from 1.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Identity => 1,
            Self::KeyContexts => 2,
            Self::Address => 3,
            Self::UserAgent => 4,
            Self::Metadata => 5,
        }
    }

    /// The field of a number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.code() == code)
    }

    /// The place in the layout, from 0.
    const fn place(self) -> usize {
        self.code() as usize - 1
    }
}

/// What an entry says about a private field: 32 bytes that bind it and tell nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment(Hash);

impl Commitment {
    /// The 32 bytes.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.0
    }
}

/// The commitments of an entry, at most one a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commitments([Option<Commitment>; 5]);

impl Commitments {
    /// The commitment to a field.
    #[must_use]
    pub fn of(&self, field: PrivateField) -> Option<Commitment> {
        self.0.get(field.place()).copied().flatten()
    }

    /// Bit 0 for the first field and so on.
    pub(crate) fn bits(&self) -> u16 {
        let present = self.0.iter().enumerate().filter(|(_, slot)| slot.is_some());
        present.fold(0, |bits, (place, _)| bits | 1 << place)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for commitment in self.0.iter().flatten() {
            out.extend(commitment.0.as_bytes());
        }
    }

    pub(crate) fn decode(r: &mut Reader<'_>, bits: u16) -> Result<Self, DecodeError> {
        let mut commitments = Self::default();
        for (place, slot) in commitments.0.iter_mut().enumerate() {
            if bits >> place & 1 == 1 {
                *slot = Some(Commitment(r.hash()?));
            }
        }
        Ok(commitments)
    }
}

/// A private field with the salt that its commitment was made with.
///
/// Commitment = SHA-256(len(label) u8 ‖ label ‖ field u8 ‖ salt ‖ len(value) u32 ‖ value)
///
/// with the label `strongroom/v1/log-private`. The salt is fresh for each field of each entry: it
/// keeps a reader of the entry from guessing the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// Which field.
    pub field: PrivateField,
    /// 32 random bytes.
    pub salt: [u8; 32],
    /// The field's bytes, at most 2^32 − 1.
    pub value: Vec<u8>,
}

impl Opening {
    const LABEL: &'static [u8; 25] = b"strongroom/v1/log-private";

    /// The commitment that this opens.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        let length = u32::try_from(self.value.len()).unwrap_or(u32::MAX);
        Commitment(sha256(
            &[
                &[25],
                Self::LABEL.as_slice(),
                &[self.field.code()],
                &self.salt,
                &length.to_be_bytes(),
                &self.value,
            ]
            .concat(),
        ))
    }

    /// Hands over the value if it is the one that the entry commits to.
    ///
    /// # Errors
    /// The entry commits to nothing or to something else.
    pub fn open(&self, entry: &Entry) -> Result<&[u8], OpenError> {
        let field = self.field;
        match entry.commitments.of(field) {
            None => Err(OpenError::Absent { field }),
            Some(commitment) if commitment == self.commitment() => Ok(&self.value),
            Some(_) => Err(OpenError::Other { field }),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.field.code());
        out.extend(self.salt);
        out.extend(
            u32::try_from(self.value.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        out.extend(&self.value);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (field, salt, length) = (r.private_field()?, r.array()?, r.u32()?);
        let length = usize::try_from(length).map_err(|_too_long| DecodeError::Truncated)?;
        let value = r.take(length)?.to_owned();
        Ok(Self { field, salt, value })
    }
}

/// Neither value nor salt.
impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({:?}, {} bytes)", self.field, self.value.len())
    }
}

/// The openings of one entry, at most one a field, in the order of the fields.
///
/// ```text
/// n u8 (0 to 5) ‖ n × (field u8 ‖ salt 32 bytes ‖ length u32 ‖ value)
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Openings(
    // INVARIANT: strictly ascending by field.
    Vec<Opening>,
);

impl Openings {
    /// Adds an opening, in place of one of the same field.
    pub fn insert(&mut self, opening: Opening) {
        match self
            .0
            .binary_search_by_key(&opening.field, |held| held.field)
        {
            Ok(place) => self.0.splice(place..=place, [opening]).for_each(drop),
            Err(place) => self.0.insert(place, opening),
        }
    }

    /// The openings in the order of their fields; none once they were erased.
    #[must_use]
    pub fn as_slice(&self) -> &[Opening] {
        &self.0
    }

    /// The commitments for the entry.
    #[must_use]
    pub fn commitments(&self) -> Commitments {
        let mut commitments = Commitments::default();
        for opening in &self.0 {
            if let Some(slot) = commitments.0.get_mut(opening.field.place()) {
                *slot = Some(opening.commitment());
            }
        }
        commitments
    }

    /// Checks each opening against the entry. Fields whose openings were erased are not missed.
    ///
    /// # Errors
    /// The first opening that is not the entry's.
    pub fn open(&self, entry: &Entry) -> Result<&[Opening], OpenError> {
        for opening in &self.0 {
            opening.open(entry)?;
        }
        Ok(&self.0)
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        out.push(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        for opening in &self.0 {
            opening.encode(out);
        }
    }

    fn decode_from(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut openings = Vec::new();
        for _ in 0..r.u8()? {
            let opening = Opening::decode(r)?;
            if openings
                .last()
                .is_some_and(|last: &Opening| last.field >= opening.field)
            {
                return Err(DecodeError::Order);
            }
            openings.push(opening);
        }
        Ok(Self(openings))
    }
}

/// The openings of all entries of one batch row, in the order of the entries: what is sealed under
/// the workspace's audit key, and rewritten when the retention time is over.
///
/// ```text
/// version u8 = 1 ‖ n u32 ‖ n × openings
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowOpenings(pub Vec<Openings>);

impl RowOpenings {
    const VERSION: u8 = 1;

    /// The bytes to seal.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![Self::VERSION];
        out.extend(
            u32::try_from(self.0.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        for openings in &self.0 {
            openings.encode_into(&mut out);
        }
        out
    }

    /// Reads what [`RowOpenings::encode`] wrote.
    ///
    /// # Errors
    /// The rule that the bytes break.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.version(Self::VERSION)?;
        // Not collected at once: the number is not trusted before that many were read.
        let mut rows = Vec::new();
        for _ in 0..reader.u32()? {
            rows.push(Openings::decode_from(&mut reader)?);
        }
        reader.finish()?;
        Ok(Self(rows))
    }
}
