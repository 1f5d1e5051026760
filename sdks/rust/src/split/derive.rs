//! The server's shares, asked for one by one or ten thousand at a time.

use strongroom_crypto::keys::LOCK_TAG_BYTES;
use strongroom_crypto::secret::Secret;
use strongroom_types::KeyVersion;
use strongroom_types::body::{Batch, BatchAnswer, ItemResult, SplitDerive, SplitItem, SplitShare};

use super::fault::{SplitError, SplitLie};
use super::keyset::SplitKeyset;

/// What the server derived for one value.
pub(super) struct ServerShare {
    pub(super) share: Secret<32>,
    pub(super) version: KeyVersion,
    pub(super) lock_tag: Option<[u8; LOCK_TAG_BYTES]>,
}

impl SplitKeyset {
    /// A share for each item, in their order. One request for each 10,000, each with one entry.
    pub(super) async fn derive(
        &self,
        items: &[SplitItem],
    ) -> Result<Vec<Result<ServerShare, SplitError>>, SplitError> {
        if let [item] = items {
            let one = match self.derive_one(item).await {
                Ok(answer) => self.read(item, answer),
                Err(SplitError::OtherIdentity) => Err(SplitError::OtherIdentity),
                Err(error) => return Err(error),
            };
            return Ok(vec![one]);
        }
        let mut shares = Vec::with_capacity(items.len());
        for items in items.chunks(Batch::<SplitItem>::ITEMS_MAX) {
            let batch = Batch {
                items: items.to_vec(),
                metadata: None,
            };
            let path = "/v1/split-keys/derive/batch";
            let answer: BatchAnswer<SplitShare> = self.client.batch(path, &batch).await?;
            let results = items.iter().zip(answer.results);
            shares.extend(results.map(|(item, result)| match result {
                ItemResult::Ok(answer) => self.read(item, answer),
                ItemResult::Err { error } => Err(SplitError::of_code(error.code)),
            }));
        }
        Ok(shares)
    }

    async fn derive_one(&self, item: &SplitItem) -> Result<SplitShare, SplitError> {
        let request = SplitDerive {
            keyset: item.keyset,
            id: item.id.clone(),
            version: item.version,
            lock: item.lock.clone(),
            lock_tag: item.lock_tag.clone(),
            metadata: None,
        };
        let path = "/v1/split-keys/derive";
        Ok(self.client.repeatable(path, &request).await?)
    }

    /// What the server derived, if it is about what was asked.
    fn read(&self, item: &SplitItem, answer: SplitShare) -> Result<ServerShare, SplitError> {
        let malformed = SplitError::Lie(SplitLie::Malformed);
        if answer.key.id != self.scope().keyset {
            return Err(SplitLie::OtherKeyset.into());
        }
        let share = <[u8; 32]>::try_from(answer.share.0);
        let lock_tag = answer.lock_tag.map(|tag| tag.0.try_into());
        let (Ok(share), Ok(lock_tag)) = (share, lock_tag.transpose()) else {
            return Err(malformed);
        };
        let version = answer.key.version;
        let is_asked = item.version.is_none_or(|asked| asked == version);
        if !is_asked || lock_tag.is_none() != item.lock.is_empty() {
            return Err(malformed);
        }
        Ok(ServerShare {
            share: Secret::from_bytes(share),
            version,
            lock_tag,
        })
    }
}
