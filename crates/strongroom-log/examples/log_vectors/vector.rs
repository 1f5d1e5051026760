//! One test case for all languages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A case: what goes in, and what comes out or which class of failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    /// The name of the case, and of its file.
    pub(crate) name: String,
    /// What is read: `entry`, `bundle`, `tile-path`, `verifier-key`, `checkpoint`, `receipt`,
    /// `inclusion`, `consistency`, `opening`, `openings`, `items`, `map-root` or `map-proof`.
    pub(crate) format: String,
    /// `ok`, or the class of failure.
    pub(crate) expect: String,
    /// The one fault, or what is shown.
    pub(crate) about: String,
    /// What goes in: text, decimal numbers, or hex where the name ends in `_hex`.
    pub(crate) input: BTreeMap<String, String>,
    /// What comes out if it is `ok`, in the same notation.
    pub(crate) output: BTreeMap<String, String>,
}

impl Vector {
    pub(crate) fn new(format: &str, name: &str, expect: &str, about: &str) -> Self {
        Self {
            name: format!("{format}-{name}"),
            format: format.to_owned(),
            expect: expect.to_owned(),
            about: about.to_owned(),
            input: BTreeMap::new(),
            output: BTreeMap::new(),
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "the calls read better without `&`"
    )]
    pub(crate) fn input(mut self, name: &str, value: impl ToString) -> Self {
        self.input.insert(name.to_owned(), value.to_string());
        self
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "the calls read better without `&`"
    )]
    pub(crate) fn output(mut self, name: &str, value: impl ToString) -> Self {
        self.output.insert(name.to_owned(), value.to_string());
        self
    }

    pub(crate) fn file_name(&self) -> String {
        format!("{}.json", self.name)
    }

    /// The bytes of the file.
    pub(crate) fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('?'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('?'));
        text
    })
}
