//! Sealing and opening values, here and nowhere else.

use strongroom_crypto::entropy::{Entropy as _, SystemEntropy};
use strongroom_crypto::envelope::Envelope;
use strongroom_crypto::secret::SecretBytes;
use strongroom_crypto::split::{
    SPLIT_ID_BYTES, SplitKeyOf, SplitSeal, ValuePlace, open_split, seal_split,
};
use strongroom_types::body::SplitItem;
use strongroom_types::{Bytes, Lock};

use super::derive::ServerShare;
use super::fault::{SplitError, SplitLie};
use super::keyset::SplitKeyset;

/// The id of a value to be sealed.
type Id = [u8; SPLIT_ID_BYTES];

impl SplitKeyset {
    /// Seals a value for its place: an envelope `sr1` to keep there.
    ///
    /// # Errors
    /// The server refused or lied, or did not answer.
    pub async fn seal(&self, place: &ValuePlace<'_>, value: &[u8]) -> Result<Vec<u8>, SplitError> {
        let sealed = self.seal_all(&[(*place, value)]).await?;
        let first = sealed.into_iter().next();
        first.ok_or(SplitError::Lie(SplitLie::Malformed))
    }

    /// Seals many values, each under a key of its own, with one request for each 10,000.
    ///
    /// # Errors
    /// As for one; nothing is sealed where one value cannot be.
    pub async fn seal_all(
        &self,
        values: &[(ValuePlace<'_>, &[u8])],
    ) -> Result<Vec<Vec<u8>>, SplitError> {
        let lock = self.client.lock();
        let mut ids: Vec<Id> = vec![[0; SPLIT_ID_BYTES]; values.len()];
        SystemEntropy.fill(ids.as_flattened_mut())?;
        let items: Vec<_> = ids.iter().map(|id| self.new_item(id, &lock)).collect();
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let shares = self.derive(&items).await?;
        let sealed = values.iter().zip(ids).zip(shares);
        sealed
            .map(|(((place, value), id), share)| self.seal_one((place, value), id, (&lock, share?)))
            .collect()
    }

    fn new_item(&self, id: &Id, lock: &Lock) -> SplitItem {
        SplitItem {
            keyset: self.pin.keyset,
            id: id.to_vec().into(),
            version: None,
            lock: lock.clone(),
            lock_tag: None,
        }
    }

    fn seal_one(
        &self,
        (place, value): (&ValuePlace<'_>, &[u8]),
        id: Id,
        (lock, derived): (&Lock, ServerShare),
    ) -> Result<Vec<u8>, SplitError> {
        let of = SplitKeyOf::new(derived.version, self.epoch, id, place);
        let seal = SplitSeal {
            scope: self.scope(),
            share: self.share(self.epoch)?,
            server_share: &derived.share,
            of: &of,
            place,
            lock: derived.lock_tag.map(|tag| (lock.clone(), tag)),
        };
        Ok(seal_split(&seal, value, &SystemEntropy)?)
    }

    /// Opens a value that is expected at this place.
    ///
    /// # Errors
    /// It belongs to another place, keyset or person, or does not open; the server refused or lied, or
    /// did not answer.
    pub async fn open(
        &self,
        place: &ValuePlace<'_>,
        sealed: &[u8],
    ) -> Result<SecretBytes, SplitError> {
        let opened = self.open_each(&[(*place, sealed)]).await?;
        let first = opened.into_iter().next();
        first.unwrap_or(Err(SplitError::Lie(SplitLie::Malformed)))
    }

    /// Opens many values, each with a result of its own. What is not this keyset's or not of its place
    /// is refused before the server is asked.
    ///
    /// # Errors
    /// The whole request was refused, or the server did not answer.
    pub async fn open_each(
        &self,
        values: &[(ValuePlace<'_>, &[u8])],
    ) -> Result<Vec<Result<SecretBytes, SplitError>>, SplitError> {
        let parsed = values
            .iter()
            .map(|(place, sealed)| self.parse(place, sealed));
        let parsed: Vec<_> = parsed.collect();
        let items = parsed.iter().flatten().map(|(envelope, of)| {
            let held = envelope.header.lock.as_ref();
            SplitItem {
                keyset: self.pin.keyset,
                id: of.id.to_vec().into(),
                version: Some(of.version),
                lock: held.map(|held| held.lock.clone()).unwrap_or_default(),
                lock_tag: held.map(|held| Bytes(held.tag.to_vec())),
            }
        });
        let items: Vec<_> = items.collect();
        let shares = match items.as_slice() {
            [] => Vec::new(),
            items => self.derive(items).await?,
        };
        let mut shares = shares.into_iter();
        let opened = parsed.into_iter().zip(values).map(|(parsed, (place, _))| {
            let (envelope, of) = parsed?;
            let derived = shares.next();
            let derived = derived.unwrap_or(Err(SplitError::Lie(SplitLie::Malformed)))?;
            let shares = (self.share(of.epoch)?, &derived.share);
            let opened = open_split(&envelope, self.scope(), shares, place);
            opened.map_err(|_closed| SplitLie::Altered.into())
        });
        Ok(opened.collect())
    }

    /// A value of this keyset and place, which this client may have a share for.
    fn parse<'a>(
        &self,
        place: &ValuePlace<'_>,
        sealed: &'a [u8],
    ) -> Result<(Envelope<'a>, SplitKeyOf), SplitError> {
        let (envelope, of) = SplitKeyOf::parse(sealed)?;
        let header = &envelope.header;
        if header.workspace != self.scope().workspace || header.context != self.scope().keyset {
            return Err(SplitError::OtherKeyset);
        }
        if !of.is_at(place) {
            return Err(SplitError::OtherPlace);
        }
        self.share(of.epoch)?;
        Ok((envelope, of))
    }
}
