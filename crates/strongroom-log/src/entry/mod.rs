//! Entries: one use of the deployment, as canonical bytes.

mod contexts;
mod facts;
mod layout;

use strongroom_types::{ClientId, Operation, Outcome, Reason, RequestId};

pub use contexts::{ContextUse, ContextUses};
pub use facts::{FactError, Facts};

use crate::bytes::DecodeError;
use crate::commitment::Commitments;
use crate::hash::Hash;

/// One entry of a log. Equal entries have equal bytes and the reverse.
///
/// ```text
/// version u8 = 1 ‖ time i64 ‖ operation u16 ‖ outcome u8 ‖ fields u16
/// [0 reason u16] [1 of u64] [2 client 16 bytes] ‖ request id 16 bytes ‖ count u32
/// contexts: n u8 (0 to 100) ‖ n × use, or [3 n u32 (over 100) ‖ SHA-256 of the uses]
/// [4 output 32 bytes] [5 items 32 bytes]
/// facts: n u8 (0 to 12) ‖ n × (name length u8 ‖ name ‖ value length u16 ‖ value)
/// commitments: [6 identity] [7 key contexts] [8 address] [9 user agent] [10 metadata], 32 bytes each
///
/// use: kind u8 ‖ context id 32 bytes ‖ key version u32 ‖ suite u8 ‖ count u32
/// [k …] is there if bit k of `fields` is set (bit 0 the lowest); numbers are big-endian
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, in microseconds since 1970-01-01T00:00:00Z.
    pub time_us: i64,
    /// What was asked for.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not end well.
    pub reason: Option<Reason>,
    /// The index of the entry that this one is the outcome of.
    pub of: Option<u64>,
    /// Who asked; none is the deployment itself.
    pub client: Option<ClientId>,
    /// In which request.
    pub request_id: RequestId,
    /// How many items the request has, or how many denials a flood entry stands for.
    pub count: u32,
    /// The key contexts that took part.
    pub contexts: ContextUses,
    /// SHA-256 of what was sealed.
    pub output: Option<Hash>,
    /// The Merkle root of the item records, see [`Items`](crate::Items).
    pub items: Option<Hash>,
    /// Public facts of administration.
    pub facts: Facts,
    /// Commitments to the private fields.
    pub commitments: Commitments,
}

impl Entry {
    /// The most bytes of an entry. The limits of its parts keep every entry below it.
    pub const BYTES_MAX: usize = 8192;

    /// The canonical bytes, the leaf of the tree.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        layout::encode(self)
    }

    /// Reads what [`Entry::encode`] wrote, and nothing else.
    ///
    /// # Errors
    /// The rule that the bytes break.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(DecodeError::TooLong { bytes: bytes.len() });
        }
        layout::decode(bytes)
    }
}

#[cfg(test)]
mod tests;
