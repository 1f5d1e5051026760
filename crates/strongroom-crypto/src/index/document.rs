//! Tokens by which a JSON document is found that contains another.
//!
//! ```text
//! path    = (1 ‖ item(key) | 2)*                                 a member by its key, any item of a list
//! node    = 0                                                    there is something at the path
//!         | 1 | 2 | 3 | 4 ‖ (0|1)                                object, list, null, bool
//!         | 5 ‖ i128 BE | 6 ‖ bits of f64 BE | 7 ‖ UTF-8         whole number, other number, text
//! tokens  = { token(document key, "document-term" ‖ frame(path, node)) : each node, and 0 at each path }
//! ```
//!
//! A document contains another as in PostgreSQL's `jsonb @>`: each scalar of the needle stands at its
//! path, in lists at any place. `1` and `1.0` are one number. Every token of a needle is one of each
//! document that contains it; a document is also found if its lists hold the parts of one needle's
//! item in several of their own items, which is for the client to see.

use serde_json::{Number, Value};

use super::{ColumnKey, TOKENS_MAX, TermError, Token, sorted};
use crate::frame;
use crate::kdf::Prf;
use crate::label::Label;

/// The most objects and lists within each other.
pub const DEPTH_MAX: usize = 128;

/// A step of a path into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The member of an object.
    Member(&'a str),
    /// Any item of a list.
    Item,
}

impl ColumnKey {
    /// The tokens of a document that is kept.
    ///
    /// # Errors
    /// [`TermError::TooLong`], [`TermError::TooDeep`].
    pub fn document(&self, document: &Value) -> Result<Vec<Token>, TermError> {
        self.tokens_of(document, true)
    }

    /// The tokens of a needle: rows that have all of them (`@>`) may contain it.
    ///
    /// # Errors
    /// [`TermError::TooLong`], [`TermError::TooDeep`].
    pub fn document_query(&self, needle: &Value) -> Result<Vec<Token>, TermError> {
        self.tokens_of(needle, false)
    }

    /// The token of documents that have something at a path.
    #[must_use]
    pub fn path_query(&self, path: &[Step<'_>]) -> Token {
        let mut framed = Vec::new();
        for step in path {
            push_step(&mut framed, *step);
        }
        token(&self.term_key(Label::DocumentKey), &framed, &[0])
    }

    fn tokens_of(&self, document: &Value, with_paths: bool) -> Result<Vec<Token>, TermError> {
        let mut walk = Walk {
            key: &self.term_key(Label::DocumentKey),
            with_paths,
            depth: 0,
            path: Vec::new(),
            tokens: Vec::new(),
        };
        walk.visit(document)?;
        Ok(sorted(walk.tokens))
    }
}

/// A document that is gone through, and where in it.
struct Walk<'a> {
    key: &'a Prf,
    with_paths: bool,
    depth: usize,
    path: Vec<u8>,
    tokens: Vec<Token>,
}

impl Walk<'_> {
    fn visit(&mut self, value: &Value) -> Result<(), TermError> {
        if self.with_paths {
            self.push(&[0]);
        }
        self.push(&node(value));
        if self.tokens.len() > TOKENS_MAX {
            let tokens = self.tokens.len();
            return Err(TermError::TooLong { tokens });
        }
        match value {
            Value::Object(members) => members
                .iter()
                .try_for_each(|(key, member)| self.step(Step::Member(key), member)),
            Value::Array(items) => items
                .iter()
                .try_for_each(|item| self.step(Step::Item, item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn step(&mut self, step: Step<'_>, value: &Value) -> Result<(), TermError> {
        if self.depth == DEPTH_MAX {
            return Err(TermError::TooDeep);
        }
        let here = self.path.len();
        push_step(&mut self.path, step);
        self.depth += 1;
        let visited = self.visit(value);
        self.depth -= 1;
        self.path.truncate(here);
        visited
    }

    fn push(&mut self, node: &[u8]) {
        self.tokens.push(token(self.key, &self.path, node));
    }
}

fn token(key: &Prf, path: &[u8], node: &[u8]) -> Token {
    Token::of(&key.mac(Label::DocumentTerm, &[path, node]))
}

fn push_step(path: &mut Vec<u8>, step: Step<'_>) {
    match step {
        Step::Member(key) => {
            path.push(1);
            frame::push_item(path, key.as_bytes());
        }
        Step::Item => path.push(2),
    }
}

fn node(value: &Value) -> Vec<u8> {
    match value {
        Value::Object(_) => vec![1],
        Value::Array(_) => vec![2],
        Value::Null => vec![3],
        Value::Bool(flag) => vec![4, u8::from(*flag)],
        Value::Number(number) => number_node(number),
        Value::String(text) => [&[7], text.as_bytes()].concat(),
    }
}

/// Whole numbers are one kind whether they were written `1`, `1.0` or `1e0`.
fn number_node(number: &Number) -> Vec<u8> {
    if let Some(whole) = whole(number) {
        return [&[5][..], &whole.to_be_bytes()].concat();
    }
    let float = number.as_f64().unwrap_or_default();
    [&[6][..], &float.to_bits().to_be_bytes()].concat()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "a float without a fraction and within ±2^64 is exactly one i128"
)]
fn whole(number: &Number) -> Option<i128> {
    const BOUND: f64 = 18_446_744_073_709_551_616.0;
    if let Some(whole) = number.as_i128() {
        return Some(whole);
    }
    let float = number.as_f64()?;
    (float.trunc() == float && float.abs() <= BOUND).then_some(float as i128)
}
