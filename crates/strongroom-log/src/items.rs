//! Item records: what became of each item of a batch.

use strongroom_types::{ContextId, KeyVersion, Kind, Outcome, Reason};

use crate::bytes::{DecodeError, Reader};
use crate::frontier::Frontier;
use crate::hash::{Hash, leaf_hash};
use crate::inclusion::{prove_inclusion, verify_inclusion};
use crate::tree::{LeafHashes, MissingNode, ProofError, ProveError};

/// How the caller names an item: by its place in the request, or by a string of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemId {
    /// The place, from 0.
    Position(u32),
    /// A string of theirs.
    Name(ItemName),
}

/// A caller's string for an item: 1 to [`ItemName::BYTES_MAX`] bytes of UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemName(String);

impl ItemName {
    /// The longest name, in bytes of UTF-8.
    pub const BYTES_MAX: usize = 1024;

    /// Takes a caller's string.
    ///
    /// # Errors
    /// It is empty or too long.
    pub fn new(name: &str) -> Result<Self, DecodeError> {
        if !(1..=Self::BYTES_MAX).contains(&name.len()) {
            return Err(DecodeError::ItemId);
        }
        Ok(Self(name.to_owned()))
    }

    /// The string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What became of one item.
///
/// ```text
/// fields u8 ‖ outcome u8 ‖ position u32, or [0 length u16 ‖ name]
/// [1 kind u8 ‖ context id 32 bytes ‖ key version u32] [2 reason u16] [3 digest 32 bytes]
/// [4 key version u32]
/// [k …] is there if bit k of `fields` is set; numbers are big-endian
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which item.
    pub id: ItemId,
    /// Its key context and the version of its key, where they were found out.
    pub context: Option<(Kind, ContextId, KeyVersion)>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not end well.
    pub reason: Option<Reason>,
    /// SHA-256 of what was sealed, or of the ciphertext that was to be opened.
    pub digest: Option<Hash>,
    /// The version of the same key that a ciphertext was moved to.
    pub moved_to: Option<KeyVersion>,
}

const NAME: u8 = 1 << 0;
const CONTEXT: u8 = 1 << 1;
const REASON: u8 = 1 << 2;
const DIGEST: u8 = 1 << 3;
const MOVED_TO: u8 = 1 << 4;

impl Item {
    /// Bytes of a record with a position, a key context and a digest.
    const BYTES_USUAL: usize = 75;

    /// The canonical bytes, a leaf of the tree of item records.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::BYTES_USUAL);
        out.extend([self.fields(), self.outcome.code()]);
        match &self.id {
            ItemId::Position(position) => out.extend(position.to_be_bytes()),
            ItemId::Name(ItemName(name)) => {
                out.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes());
                out.extend(name.as_bytes());
            }
        }
        if let Some((kind, context, key_version)) = &self.context {
            out.push(kind.code());
            out.extend(context.as_bytes());
            out.extend(key_version.0.to_be_bytes());
        }
        if let Some(reason) = self.reason {
            out.extend(reason.code().to_be_bytes());
        }
        if let Some(digest) = &self.digest {
            out.extend(digest.as_bytes());
        }
        if let Some(version) = self.moved_to {
            out.extend(version.0.to_be_bytes());
        }
        out
    }

    /// Reads what [`Item::encode`] wrote.
    ///
    /// # Errors
    /// The rule that the bytes break.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_in(Layout::Moving, bytes)
    }

    fn decode_in(layout: Layout, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let r = &mut reader;
        let fields = r.u8()?;
        if fields & !layout.known() != 0 {
            return Err(DecodeError::Field {
                code: fields.into(),
            });
        }
        let has = |bit: u8| fields & bit != 0;
        let outcome = r.outcome()?;
        let id = if has(NAME) {
            read_name(r)?
        } else {
            ItemId::Position(r.u32()?)
        };
        let item = Self {
            id,
            context: has(CONTEXT).then(|| read_context(r)).transpose()?,
            outcome,
            reason: has(REASON).then(|| r.reason()).transpose()?,
            digest: has(DIGEST).then(|| r.hash()).transpose()?,
            moved_to: has(MOVED_TO).then(|| r.key_version()).transpose()?,
        };
        reader.finish()?;
        Ok(item)
    }

    fn fields(&self) -> u8 {
        let bit = |is_there: bool, bit: u8| if is_there { bit } else { 0 };
        bit(matches!(self.id, ItemId::Name(_)), NAME)
            | bit(self.context.is_some(), CONTEXT)
            | bit(self.reason.is_some(), REASON)
            | bit(self.digest.is_some(), DIGEST)
            | bit(self.moved_to.is_some(), MOVED_TO)
    }
}

fn read_name(r: &mut Reader<'_>) -> Result<ItemId, DecodeError> {
    let length = usize::from(r.u16()?);
    let name = str::from_utf8(r.take(length)?).map_err(|_invalid| DecodeError::ItemId)?;
    ItemName::new(name).map(ItemId::Name)
}

fn read_context(r: &mut Reader<'_>) -> Result<(Kind, ContextId, KeyVersion), DecodeError> {
    Ok((r.kind()?, r.context()?, r.key_version()?))
}

/// The layouts of a list, by its version. Each list has one: that of the records in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// No record says what it was moved to.
    Plain,
    /// At least one does.
    Moving,
}

impl Layout {
    const fn version(self) -> u8 {
        match self {
            Self::Plain => 1,
            Self::Moving => 2,
        }
    }

    /// The fields that a record may have.
    const fn known(self) -> u8 {
        let plain = NAME | CONTEXT | REASON | DIGEST;
        match self {
            Self::Plain => plain,
            Self::Moving => plain | MOVED_TO,
        }
    }

    fn of(items: &[Item]) -> Self {
        if items.iter().any(|item| item.moved_to.is_some()) {
            Self::Moving
        } else {
            Self::Plain
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.u8()? {
            1 => Ok(Self::Plain),
            2 => Ok(Self::Moving),
            version => Err(DecodeError::Version { version }),
        }
    }
}

/// The item records of one entry, in the order of the request. The entry holds their number and
/// their Merkle root, by the hashing of RFC 6962.
///
/// ```text
/// version u8 ‖ n u32 ‖ n × (length u16 ‖ record)
/// version 2: at least one record has field 4; version 1: none has
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items(pub Vec<Item>);

impl Items {
    /// The root for the entry's `items`.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut tree = Frontier::default();
        for leaf in self.leaves() {
            // A list in memory is far from 2^64 − 1 items long.
            let _never_full = tree.push(leaf);
        }
        tree.root()
    }

    /// The proof that the item at `position` is in the list, for [`verify_item`].
    ///
    /// # Errors
    /// There is no such item.
    pub fn prove(&self, position: u32) -> Result<Vec<Hash>, ProveError<MissingNode>> {
        let leaves = self.leaves();
        let size = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
        prove_inclusion(&LeafHashes(&leaves), position.into(), size)
    }

    /// The bytes to keep.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(5 + self.0.len() * (2 + Item::BYTES_USUAL));
        out.push(Layout::of(&self.0).version());
        out.extend(
            u32::try_from(self.0.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        for record in self.0.iter().map(Item::encode) {
            out.extend(
                u16::try_from(record.len())
                    .unwrap_or(u16::MAX)
                    .to_be_bytes(),
            );
            out.extend(record);
        }
        out
    }

    /// Reads what [`Items::encode`] wrote.
    ///
    /// # Errors
    /// The rule that the bytes break.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let layout = Layout::decode(&mut reader)?;
        // Not collected at once: the number is not trusted before that many were read.
        let mut items = Vec::new();
        for _ in 0..reader.u32()? {
            let length = usize::from(reader.u16()?);
            items.push(Item::decode_in(layout, reader.take(length)?)?);
        }
        reader.finish()?;
        if Layout::of(&items) != layout {
            return Err(DecodeError::Version {
                version: layout.version(),
            });
        }
        Ok(Self(items))
    }

    fn leaves(&self) -> Vec<Hash> {
        self.0
            .iter()
            .map(|item| leaf_hash(&item.encode()))
            .collect()
    }
}

/// Checks that `item` is at `position` of the `count` items whose root an entry holds.
///
/// # Errors
/// The rule of the proof that does not hold.
pub fn verify_item(
    item: &Item,
    position: u32,
    count: u32,
    path: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    let leaf = leaf_hash(&item.encode());
    verify_inclusion(leaf, position.into(), count.into(), path, root)
}
