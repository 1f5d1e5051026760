//! Which key contexts took part in an entry.

use strongroom_types::{ContextId, KeyVersion, Kind, Suite};

use crate::bytes::{DecodeError, Reader};
use crate::hash::{Hash, sha256};

/// One key context that took part, with the key that was or would have been used.
///
/// ```text
/// kind u8 ‖ context id 32 bytes ‖ key version u32 ‖ suite u8 ‖ count u32
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextUse {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub context: ContextId,
    /// The version of its key; 0 where no key took part, as when a key context is disabled.
    pub key_version: KeyVersion,
    /// The suite; none (0 in bytes) where no value was sealed or opened.
    pub suite: Option<Suite>,
    /// How many of the entry's items are in it.
    pub count: u32,
}

impl ContextUse {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.kind.code());
        out.extend(self.context.as_bytes());
        out.extend(self.key_version.0.to_be_bytes());
        out.push(self.suite.map_or(0, Suite::code));
        out.extend(self.count.to_be_bytes());
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            kind: r.kind()?,
            context: r.context()?,
            key_version: r.key_version()?,
            suite: r.suite()?,
            count: r.u32()?,
        })
    }
}

/// The key contexts of an entry: up to [`ContextUses::LIST_MAX`] listed, more as a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextUses(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    // INVARIANT: at most `LIST_MAX`.
    List(Vec<ContextUse>),
    // INVARIANT: more than `LIST_MAX`.
    Digest { count: u32, digest: Hash },
}

impl ContextUses {
    /// The most key contexts that an entry lists.
    pub const LIST_MAX: usize = 100;

    /// No key context.
    #[must_use]
    pub const fn none() -> Self {
        Self(Form::List(Vec::new()))
    }

    /// Lists the uses, or states their number and the SHA-256 over their bytes where they are more
    /// than [`ContextUses::LIST_MAX`].
    ///
    /// # Errors
    /// More than 2^32 − 1 uses.
    pub fn new(uses: Vec<ContextUse>) -> Result<Self, DecodeError> {
        if uses.len() <= Self::LIST_MAX {
            return Ok(Self(Form::List(uses)));
        }
        let count = u32::try_from(uses.len())
            .map_err(|_too_many| DecodeError::ContextCount { count: u32::MAX })?;
        let digest = Self::digest_of(&uses);
        Ok(Self(Form::Digest { count, digest }))
    }

    /// SHA-256 over the bytes of the uses, one after the other.
    #[must_use]
    pub fn digest_of(uses: &[ContextUse]) -> Hash {
        let mut bytes = Vec::new();
        for item in uses {
            item.encode(&mut bytes);
        }
        sha256(&bytes)
    }

    /// The uses that are listed; none where there is a digest instead.
    #[must_use]
    pub fn listed(&self) -> &[ContextUse] {
        match &self.0 {
            Form::List(uses) => uses,
            Form::Digest { .. } => &[],
        }
    }

    /// The digest that stands for the list.
    #[must_use]
    pub const fn digest(&self) -> Option<Hash> {
        match self.0 {
            Form::List(_) => None,
            Form::Digest { digest, .. } => Some(digest),
        }
    }

    /// How many key contexts took part.
    #[must_use]
    pub fn count(&self) -> u32 {
        match &self.0 {
            Form::List(uses) => u32::try_from(uses.len()).unwrap_or(u32::MAX),
            Form::Digest { count, .. } => *count,
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Form::List(uses) => {
                out.push(u8::try_from(uses.len()).unwrap_or(u8::MAX));
                for item in uses {
                    item.encode(out);
                }
            }
            Form::Digest { count, digest } => {
                out.extend(count.to_be_bytes());
                out.extend(digest.as_bytes());
            }
        }
    }

    pub(super) fn decode(r: &mut Reader<'_>, is_digest: bool) -> Result<Self, DecodeError> {
        let form = if is_digest {
            Form::Digest {
                count: r.u32()?,
                digest: r.hash()?,
            }
        } else {
            let count = usize::from(r.u8()?);
            let uses = (0..count.min(Self::LIST_MAX + 1)).map(|_| ContextUse::decode(r));
            Form::List(uses.collect::<Result<_, _>>()?)
        };
        let uses = Self(form);
        let listable = usize::try_from(uses.count()).is_ok_and(|count| count <= Self::LIST_MAX);
        if listable == is_digest {
            return Err(DecodeError::ContextCount {
                count: uses.count(),
            });
        }
        Ok(uses)
    }
}
