//! Index keys that no server knows: the terms of sealed columns, made by the clients of a keyset.

use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::secret::Secret;
use strongroom_crypto::split::ValuePlace;
use strongroom_types::KeyContext;

use super::fault::{SplitError, SplitLie};
use super::keyset::SplitKeyset;
use crate::index::IndexKey;

/// Where an index key is sealed for: no table of an application.
const PLACE: ValuePlace<'static> = ValuePlace {
    table: "",
    column: "index-key",
    row: None,
};

impl SplitKeyset {
    /// Makes an index key, and seals it like a value: keep that beside the application's settings.
    /// Whoever opens it needs a grant, and each time is an entry.
    ///
    /// # Errors
    /// As for [`SplitKeyset::seal`].
    pub async fn create_index_key(&self) -> Result<(IndexKey, Vec<u8>), SplitError> {
        let secret = Secret::<32>::generate(&SystemEntropy)?;
        let sealed = self.seal(&PLACE, secret.expose()).await?;
        Ok((IndexKey::new(&secret), sealed))
    }

    /// Opens an index key. [`IndexKey::column`] makes of it the key of each table and column, and of a
    /// person where asked, under [`SplitKeyset::key_context`].
    ///
    /// # Errors
    /// As for [`SplitKeyset::open`]; a value is no index key.
    pub async fn index_key(&self, sealed: &[u8]) -> Result<IndexKey, SplitError> {
        let opened = self.open(&PLACE, sealed).await?;
        let secret = opened.expose().try_into();
        let secret = secret.map_err(|_length| SplitLie::Malformed)?;
        Ok(IndexKey::new(&Secret::from_bytes(secret)))
    }

    /// The keyset's key context, which index terms are bound to: `{"keyset": id}`.
    ///
    /// # Errors
    /// None that an id gives rise to.
    pub fn key_context(&self) -> Result<KeyContext, SplitError> {
        let pairs = [("keyset", self.pin.keyset.to_string())];
        KeyContext::new(pairs).map_err(|_too_long| SplitLie::Malformed.into())
    }
}
