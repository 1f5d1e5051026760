//! Whether the master key and salts are the right ones: ciphertexts are opened here, before anything is written.
//! No row of theirs says it.

use std::collections::BTreeMap;
use std::path::Path;

use strongroom_crypto::foreign::cryptoserve::{Ciphertext, KeyRing};
use strongroom_types::body::ImportedItem;

use super::ciphertexts::item;
use super::database::is_last;
use super::{CryptoServeImportError as ImportError, Import};
use crate::command::stream::read_whole;
use crate::failure::Failure;

/// Ciphertexts by the name of their key, each with its line.
struct Samples {
    waiting: BTreeMap<String, Vec<(usize, ImportedItem)>>,
    opened: u64,
    closed: Vec<usize>,
}

impl Samples {
    fn of(text: &str) -> Result<Self, ImportError> {
        let mut samples = Self {
            waiting: BTreeMap::new(),
            opened: 0,
            closed: Vec::new(),
        };
        for (line, text) in (1..).zip(text.lines()) {
            let item = item(text.trim(), line)?;
            let key_id = match Ciphertext::parse(&item.ciphertext.0) {
                Ok(ciphertext) => ciphertext.key_id().to_owned(),
                Err(_not_theirs) => {
                    samples.closed.push(line);
                    continue;
                }
            };
            samples
                .waiting
                .entry(key_id)
                .or_default()
                .push((line, item));
        }
        Ok(samples)
    }

    /// Opens those of a key.
    fn open(&mut self, key_id: &str, context: &str, ring: &KeyRing) {
        for (line, item) in self.waiting.remove(key_id).unwrap_or_default() {
            let associated_data = item
                .associated_data
                .as_ref()
                .map(|bytes| bytes.0.as_slice());
            let opens = Ciphertext::parse(&item.ciphertext.0).is_ok_and(|ciphertext| {
                ciphertext.context().is_none_or(|named| named == context)
                    && ring.open(&ciphertext, associated_data).is_ok()
            });
            if opens {
                self.opened += 1;
            } else {
                self.closed.push(line);
            }
        }
    }

    /// How many opened.
    fn verdict(mut self) -> Result<u64, ImportError> {
        let strangers = self.waiting.into_values().flatten();
        self.closed.extend(strangers.map(|(line, _)| line));
        if self.closed.is_empty() {
            return Ok(self.opened);
        }
        self.closed.sort_unstable();
        let lines: Vec<String> = self.closed.iter().map(usize::to_string).collect();
        let (opened, lines) = (self.opened, lines.join(", "));
        Err(ImportError::Closed { opened, lines })
    }
}

impl Import {
    /// Opens the ciphertexts of a file, and says how many there are.
    ///
    /// # Errors
    /// One does not open.
    pub(super) async fn check(&self, path: &Path) -> Result<u64, Failure> {
        let text = read_whole(path).await?;
        let text = String::from_utf8(text).map_err(|_not_text| ImportError::Line { line: 1 })?;
        let mut samples = Samples::of(&text)?;
        let mut after = String::new();
        loop {
            let keys = self.database.keys(&self.tenant, &after).await?;
            for key in &keys {
                after.clone_from(&key.id);
                if samples.waiting.contains_key(&key.id) {
                    samples.open(&key.id, &key.context, &self.ring(key)?);
                }
            }
            if is_last(keys.len()) {
                break;
            }
        }
        after.clear();
        loop {
            let keys = self.database.kem_keys(&self.tenant, &after).await?;
            for key in &keys {
                after.clone_from(&key.id);
                if samples.waiting.contains_key(&key.id)
                    && let Ok(ring) = self.master.kem_ring(&key.row())
                {
                    samples.open(&key.id, &key.context, &ring);
                }
            }
            if is_last(keys.len()) {
                break;
            }
        }
        Ok(samples.verdict()?)
    }
}
