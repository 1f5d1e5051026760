//! One test case for all languages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A case: what goes in, and what comes out or which class of failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    /// The name of the case, and of its file.
    pub(crate) name: String,
    /// What is read: `sr1`, `sr1-data-key`, `chunked`, `one-shot`, `hybrid`, `kem`, `seal-to`, `seed`,
    /// `context-id`, `lock-tag`, `index`, `split`, `workos` or `cryptoserve`.
    pub(crate) format: String,
    /// `ok`, `malformed` (seen without a key) or `cannot_open`.
    pub(crate) expect: String,
    /// The one fault, or what is shown.
    pub(crate) about: String,
    /// What goes in: text, decimal numbers, JSON, or hex where the name ends in `_hex`.
    pub(crate) input: BTreeMap<String, String>,
    /// What comes out if it is `ok`, in the same notation.
    pub(crate) output: BTreeMap<String, String>,
}

impl Vector {
    pub(crate) fn ok(format: &str, name: &str, about: &str) -> Self {
        Self {
            name: format!("{format}-{name}"),
            format: format.to_owned(),
            expect: "ok".to_owned(),
            about: about.to_owned(),
            input: BTreeMap::new(),
            output: BTreeMap::new(),
        }
    }

    /// The same case with one fault.
    pub(crate) fn fault(&self, name: &str, expect: &str, about: &str) -> Self {
        Self {
            name: format!("{}-{name}", self.format),
            expect: expect.to_owned(),
            about: about.to_owned(),
            output: BTreeMap::new(),
            ..self.clone()
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "reads better where it is called"
    )]
    pub(crate) fn input(mut self, name: &str, value: impl ToString) -> Self {
        self.input.insert(name.to_owned(), value.to_string());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.input.remove(name);
        self
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "reads better where it is called"
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
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('?');
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

/// The bytes of lower-case hex.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
