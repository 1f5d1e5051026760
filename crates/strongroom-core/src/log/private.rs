//! The private fields of an entry, opened.

use serde::de::DeserializeOwned;
use strongroom_log::{Entry, Opening, Openings, PrivateField};
use strongroom_types::body::EntryIdentity;
use strongroom_types::{KeyContext, Metadata};

/// What the openings of an entry show; empty where they were erased.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Private {
    pub(super) identity: Option<EntryIdentity>,
    /// In the order of the key contexts that the entry lists.
    pub(super) maps: Vec<Option<KeyContext>>,
    pub(super) address: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) metadata: Option<Metadata>,
}

impl Private {
    /// Opens what the entry commits to. An opening that is not the entry's shows nothing.
    pub(super) fn open(index: u64, entry: &Entry, openings: &Openings) -> Self {
        let mut private = Self::default();
        for opening in openings.as_slice() {
            match opening.open(entry) {
                Ok(value) => private.take(opening, value),
                Err(error) => tracing::error!(index, %error, "opening is not the entry's"),
            }
        }
        private
    }

    /// Opens only who the identity is: all that the search index needs to know.
    pub(super) fn open_identity(entry: &Entry, openings: &Openings) -> Option<EntryIdentity> {
        let mut identity = openings.as_slice().iter();
        let opening = identity.find(|opening| opening.field == PrivateField::Identity)?;
        json(opening.open(entry).ok()?)
    }

    fn take(&mut self, opening: &Opening, value: &[u8]) {
        match opening.field {
            PrivateField::Identity => self.identity = json(value),
            PrivateField::KeyContexts => self.maps = json(value).unwrap_or_default(),
            PrivateField::Address => self.address = text(value),
            PrivateField::UserAgent => self.user_agent = text(value),
            PrivateField::Metadata => self.metadata = json(value),
        }
    }
}

fn json<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    serde_json::from_slice(value).ok()
}

fn text(value: &[u8]) -> Option<String> {
    String::from_utf8(value.to_vec()).ok()
}
