//! A sealed store that lists its names, for those who want that.
//!
//! ```text
//! page n, n = 0 ..= 15   record "\0strongroom/names/n": JSON list of names, sorted
//! page of a name         first 4 bits of its name hash
//! ```
//!
//! The pages are records like others: sealed by the client, under the same map, so that a name that
//! is left out of a list is a lie that is caught. A name is on its page in the same change that sets
//! its record. The server sees that pages are records that change often, and their length in
//! buckets; nothing more.
//!
//! What is *not* here: names of records that were set without the index, until they are set with
//! it. A record that expired stays listed until it is deleted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fault::{Lie, StoreError};
use super::freshness::Freshness;
use super::name::RecordName;
use super::sealed_store::{Found, Read, SealedStore};
use super::write::{TRIES, Write};

/// How many pages there are: each name that is new writes one of them again.
const PAGES: u8 = 16;
/// What the names of pages begin with.
const RESERVED: &str = "\0strongroom/names/";

/// A sealed store whose names are kept in records of its own.
///
/// Made for up to some 100,000 names: a page is written as a whole, and may have as many bytes as
/// any value.
#[derive(Debug)]
pub struct IndexedStore(SealedStore);

/// The names of one page.
type Page = BTreeSet<String>;

impl SealedStore {
    /// The same store with an index of its names. All who set and delete records must use it.
    #[must_use]
    pub const fn indexed(self) -> IndexedStore {
        IndexedStore(self)
    }
}

impl IndexedStore {
    /// The store itself, to get records from.
    #[must_use]
    pub const fn store(&self) -> &SealedStore {
        &self.0
    }

    /// Sets a record, whatever is there, and lists its name.
    ///
    /// # Errors
    /// As for [`SealedStore::set`]; [`StoreError::Reserved`] for the name of a page.
    pub async fn set(&self, name: &RecordName, value: &[u8]) -> Result<(), StoreError> {
        self.set_all(&[(name, Some(value))]).await
    }

    /// Deletes a record with all its versions, and its name from the list.
    ///
    /// # Errors
    /// As for [`IndexedStore::set`].
    pub async fn delete(&self, name: &RecordName) -> Result<(), StoreError> {
        self.set_all(&[(name, None)]).await
    }

    /// Sets records, or deletes those without a value, and lists their names: all or nothing. With
    /// their pages they are at most 100 records.
    ///
    /// # Errors
    /// As for [`IndexedStore::set`].
    pub async fn set_all(&self, values: &[(&RecordName, Option<&[u8]>)]) -> Result<(), StoreError> {
        if values.iter().any(|(name, _)| is_reserved(name)) {
            return Err(StoreError::Reserved);
        }
        let pages = values.iter().map(|(name, _)| self.page_of(name));
        let pages: BTreeSet<u8> = pages.collect();
        let pages: BTreeMap<u8, RecordName> = pages
            .into_iter()
            .map(|page| Ok((page, page_name(page)?)))
            .collect::<Result<_, StoreError>>()?;
        let mut tries = 0;
        loop {
            match self.try_set_all(values, &pages).await {
                Err(error) if error.is_version_conflict() && tries < TRIES => tries += 1,
                written => return written,
            }
        }
    }

    async fn try_set_all(
        &self,
        values: &[(&RecordName, Option<&[u8]>)],
        pages: &BTreeMap<u8, RecordName>,
    ) -> Result<(), StoreError> {
        let names = values.iter().map(|(name, _)| *name);
        let names: Vec<_> = names.chain(pages.values()).collect();
        let read = self.0.get_all(&names).await?;
        let (records, found_pages) = read.found.split_at(values.len().min(read.found.len()));
        let mut writes = Vec::new();
        for ((name, value), found) in values.iter().zip(records) {
            if value.is_some() || found.version() != 0 {
                writes.push(write(name, found, *value));
            }
        }
        let mut changed = Vec::new();
        for ((page, name), found) in pages.iter().zip(found_pages) {
            let before = names_in(found)?;
            let mut after = before.clone();
            for (record, value) in values {
                if self.page_of(record) == *page {
                    keep(&mut after, record, value.is_some());
                }
            }
            if after != before {
                changed.push((name, found, encode(&after)));
            }
        }
        for (name, found, value) in &changed {
            writes.push(write(name, found, Some(value)));
        }
        if writes.is_empty() {
            return Ok(());
        }
        self.0.write(&writes).await.map(drop)
    }

    /// Lists the names, sorted, as they were at one moment.
    ///
    /// # Errors
    /// As for [`SealedStore::get`].
    pub async fn list(&self) -> Result<(Vec<RecordName>, Freshness), StoreError> {
        let pages = (0..PAGES).map(page_name);
        let pages = pages.collect::<Result<Vec<_>, _>>()?;
        let pages: Vec<_> = pages.iter().collect();
        let Read { found, freshness } = self.0.get_all(&pages).await?;
        let mut names = BTreeSet::new();
        for page in &found {
            names.extend(names_in(page)?);
        }
        let names = names.iter().map(|name| RecordName::new(name));
        Ok((names.collect::<Result<_, _>>()?, freshness))
    }

    fn page_of(&self, name: &RecordName) -> u8 {
        let hash = self.0.keys.name_hash(name);
        hash.as_bytes().first().map_or(0, |first| first >> 4)
    }
}

fn write<'a>(name: &'a RecordName, found: &Found, value: Option<&'a [u8]>) -> Write<'a> {
    Write {
        name,
        if_version: found.version(),
        value,
        expires: None,
    }
}

fn keep(page: &mut Page, name: &RecordName, is_kept: bool) {
    if is_kept {
        page.insert(name.as_str().to_owned());
    } else {
        page.remove(name.as_str());
    }
}

fn page_name(page: u8) -> Result<RecordName, StoreError> {
    Ok(RecordName::new(&format!("{RESERVED}{page}"))?)
}

fn is_reserved(name: &RecordName) -> bool {
    name.as_str().starts_with(RESERVED)
}

/// The names on a page; a page that nobody wrote has none.
fn names_in(found: &Found) -> Result<Page, StoreError> {
    match found {
        Found::Nothing => Ok(Page::new()),
        Found::Value(value) => {
            let names = serde_json::from_slice(value.value.expose());
            Ok(names.map_err(|_no_list| Lie::Altered)?)
        }
        Found::Expired { .. } => Err(Lie::Altered.into()),
    }
}

fn encode(page: &Page) -> Vec<u8> {
    let names = page.iter().map(|name| Value::from(name.as_str()));
    Value::Array(names.collect()).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pages_are_reserved_and_others_are_not() {
        for page in 0..PAGES {
            assert!(is_reserved(&page_name(page).unwrap()));
        }
        let like = RecordName::new("strongroom/names/1").unwrap();
        assert!(!is_reserved(&like));
    }
}
