//! Index terms: what a database may find sealed values by.
//!
//! ```text
//! column key = HKDF-Expand-SHA-256(index key, "column-of-index" ‖ frame(context, table, column, scope))
//! context    = frame of the key context
//! scope      = empty | issuer 16 bytes ‖ count u32 BE ‖ (term ‖ value)*
//! term key   = HKDF-Expand-SHA-256(column key, label of the kind of term ‖ frame())
//! token      = i64 BE of the first 8 bytes of HMAC-SHA-256(term key, label ‖ frame(…))
//! ```
//!
//! Terms are made where plaintext is: in the client. They are numbers and bytes, so that a database
//! needs no extension: `bigint[]` columns with a GIN index, `bytea` columns with a B-tree.
//!
//! | Term | Finds | Column in PostgreSQL | What whoever reads the column learns |
//! |---|---|---|---|
//! | [`ColumnKey::equality`] | the same value | `bytea`, B-tree or hash | which rows of the column are equal, and how often each value occurs |
//! | [`ColumnKey::text`] | a text with this part | `bigint[]`, GIN, `@>` | which rows share trigrams, how many distinct ones a text has, and how often each occurs |
//! | [`ColumnKey::range`] | a number between two | `bigint[]`, GIN, `&&` | how many leading bits, in steps of two, any two numbers share; not which is larger, until queries show which intervals lie together |
//! | [`ColumnKey::document`] | a JSON document that contains this one | `bigint[]`, GIN, `@>` | which rows share a value at a path, or the path; how many there are |
//! | [`ColumnKey::order`] | numbers in their order | `bytea`, B-tree | the order of all rows, and for any two numbers the first bit in which they differ |
//!
//! Whoever sees queries learns, of each, which terms it asks for and which rows it finds. Terms of
//! two columns, tables, key contexts or scopes share nothing. Frequencies tell much about values
//! that few people share a guess about, such as a diagnosis: a scope keeps the terms of one person
//! apart from those of all others, at the price of searching within one person's rows only.
//!
//! All but [`ColumnKey::equality`] and [`ColumnKey::order`] may find rows too many (never too few),
//! which the client sees when it has opened them.
//!
//! What is *not* here: hiding which terms a query asks for, or the terms of rows that are not found.

mod document;
mod equality;
mod order;
mod range;
mod text;

pub use document::{DEPTH_MAX, Step};
pub use equality::EQUALITY_BYTES;
pub use order::ORDER_BYTES;
pub use range::{Ordinal, RANGE_TOKENS};
pub use text::TRIGRAM_SCALARS;

use core::fmt;

use strongroom_types::KeyContext;

use crate::frame;
use crate::kdf::Prf;
use crate::keys::ResolvedLock;
use crate::label::Label;
use crate::secret::Secret;

/// The most tokens of one value: larger ones are refused, not cut.
pub const TOKENS_MAX: usize = 65_536;

/// Why a value or a query has no terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// A needle of fewer scalars than a trigram has.
    #[error("a text is found by {TRIGRAM_SCALARS} characters or more; these are {scalars}")]
    ShortNeedle {
        /// Unicode scalar values of the needle, when normalised.
        scalars: usize,
    },
    /// More than [`TOKENS_MAX`].
    #[error("a value has at most {TOKENS_MAX} tokens, this one {tokens} or more")]
    TooLong {
        /// Tokens counted when it was refused.
        tokens: usize,
    },
    /// More than [`DEPTH_MAX`] objects and lists within each other.
    #[error("a document has at most {DEPTH_MAX} levels")]
    TooDeep,
    /// A number without an order.
    #[error("NaN has no order")]
    NotANumber,
    /// The lower end lies above the upper one.
    #[error("the range is empty: its lower end lies above its upper one")]
    EmptyRange,
}

/// One token of a term, for a `bigint` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(i64);

impl Token {
    /// The number that a database keeps.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The first 8 bytes of a MAC, big endian.
    fn of(mac: &[u8; 32]) -> Self {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(mac).for_each(|(to, from)| *to = *from);
        Self(i64::from_be_bytes(bytes))
    }
}

/// A set of tokens in the order of their numbers, which says nothing of where each came from.
fn sorted(mut tokens: Vec<Token>) -> Vec<Token> {
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// The key that all index terms of a key context are derived from.
#[derive(Debug)]
pub struct IndexKey(Prf);

impl IndexKey {
    /// Takes 32 uniformly random bytes: a data key made for this and for nothing else.
    #[must_use]
    pub fn new(secret: &Secret<32>) -> Self {
        Self(Prf::new(secret))
    }

    /// The key of one column, and of one person in it where a scope is given.
    #[must_use]
    pub fn column(&self, column: &Column<'_>) -> ColumnKey {
        let mut context = Vec::new();
        frame::push_context(&mut context, column.key_context);
        let scope = column.scope.map(scope_of).unwrap_or_default();
        let place: [&[u8]; 4] = [
            &context,
            column.table.as_bytes(),
            column.column.as_bytes(),
            &scope,
        ];
        ColumnKey(Prf::new(&self.0.derive(Label::IndexColumn, &place)))
    }
}

/// `issuer ‖ lock`: whose terms these are. Never empty, as "nobody's" is.
fn scope_of(lock: &ResolvedLock) -> Vec<u8> {
    let mut scope = lock.issuer().as_bytes().to_vec();
    scope.extend_from_slice(&lock.framed());
    scope
}

/// Where terms are kept.
#[derive(Clone, Copy)]
pub struct Column<'a> {
    /// Whose rows these are.
    pub key_context: &'a KeyContext,
    /// The table's name.
    pub table: &'a str,
    /// The column's name.
    pub column: &'a str,
    /// The person whose rows alone are to be found, if any.
    pub scope: Option<&'a ResolvedLock>,
}

impl fmt::Debug for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({}.{})", self.table, self.column)
    }
}

/// Makes the terms of one column.
#[derive(Debug)]
pub struct ColumnKey(Prf);

impl ColumnKey {
    /// The key of one kind of term, so that two kinds over one column share no term.
    fn term_key(&self, kind: Label) -> Prf {
        Prf::new(&self.0.derive(kind, &[]))
    }
}

#[cfg(test)]
mod tests;
