//! The server's shares, for who has a grant.

use std::collections::BTreeSet;
use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::keys::ResolvedLock;
use strongroom_crypto::split::SPLIT_ID_BYTES;
use strongroom_log::sha256;
use strongroom_types::body::{Batch, BatchAnswer, KeyRef, SplitDerive, SplitItem, SplitShare};
use strongroom_types::{Bytes, KeyContext, KeyVersion, Operation, Permission};

use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared};
use crate::caller::{Caller, claim_names};
use crate::denial::{Denial, Invalid, Refused};
use crate::door::keyring::{ContextKeys, DerivedShare};
use crate::door::{ItemPermit, KeyUse, Stopped};
use crate::keysets::KeysetPlace;
use crate::strongroom::Strongroom;

/// What somebody's claims may take until the answer; ten thousand of them fit into a batch.
const LOCK_BYTES: usize = 6 << 10;

impl Strongroom {
    /// Derives the server's share of one split key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn split_derive(
        &self,
        ask: &Ask,
        request: SplitDerive,
    ) -> Result<Answered<SplitShare>, Refused> {
        let (item, metadata) = request.into_item();
        self.enter_single(ask, &item, metadata).await
    }

    /// Derives the server's shares of many split keys, of as many keysets as they name.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn split_derive_batch(
        &self,
        ask: &Ask,
        batch: Batch<SplitItem>,
    ) -> Result<Answered<BatchAnswer<SplitShare>>, Refused> {
        self.enter_batch(ask, batch).await
    }

    /// The keyset of an item, if the caller has a grant of it.
    async fn split_place(&self, caller: &Caller, item: &SplitItem) -> Result<KeysetPlace, Denial> {
        let state = &caller.state;
        let keyset = self.keyset(state, item.keyset).await?;
        let place = KeysetPlace::of(caller, keyset.id)?;
        if self
            .has_split_grant(state, caller.client.id, keyset.id)
            .await?
        {
            return Ok(place);
        }
        Err(Denial::KeysetNotGranted)
    }

    /// The keys of a keyset, and the version to derive under.
    async fn split_keys(
        &self,
        caller: &Caller,
        item: &SplitItem,
    ) -> Result<(Arc<ContextKeys>, KeyVersion), Stopped> {
        let place = self.split_place(caller, item).await?;
        let locked = !item.lock.is_empty();
        let Some(version) = item.version else {
            let keys = self.keyset_keys_for_sealing(caller, &place, locked).await?;
            let active = keys.active;
            return Ok((keys, active));
        };
        let versions = BTreeSet::from([version]);
        let keys = self
            .keyset_keys_for_opening(caller, &place, (&versions, locked))
            .await?;
        keys.check_version(version)?;
        Ok((keys, version))
    }
}

/// An item that waits for its permit.
pub(crate) struct Deriving {
    keys: Arc<ContextKeys>,
    version: KeyVersion,
    id: [u8; SPLIT_ID_BYTES],
    lock: Option<ResolvedLock>,
}

impl ItemUse for SplitItem {
    const OPERATION: Operation = Operation::SplitDerive;
    const PERMISSION: Permission = Permission::SplitKeysUse;
    type Work = Deriving;
    type Answer = SplitShare;

    fn key_context(&self) -> Option<&KeyContext> {
        None
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Deriving>, Stopped> {
        let id = check(self)?;
        let (keys, version) = room.split_keys(caller, self).await?;
        let lock = lock(self, (caller, &keys), &id)?;
        let (key_use, map) = (
            KeyUse::opening_version(&keys, version),
            Arc::clone(&keys.map),
        );
        let holds = lock.as_ref().map_or(0, |_| LOCK_BYTES);
        let work = Deriving {
            keys,
            version,
            id,
            lock,
        };
        Ok(Prepared {
            holds,
            ..Prepared::new(work, key_use, &map, sha256(&id))
        })
    }

    fn finish(
        &self,
        _room: &Strongroom,
        work: Deriving,
        permit: ItemPermit,
    ) -> Result<SplitShare, Denial> {
        let Deriving { keys, version, .. } = &work;
        let of = (*version, &work.id);
        let DerivedShare { share, lock_tag } = keys.derive_split(permit, of, work.lock.as_ref())?;
        if self.version.is_none() {
            keys.sealed_one();
        }
        Ok(SplitShare {
            share: share.expose().to_vec().into(),
            key: KeyRef {
                id: keys.id,
                version: *version,
            },
            lock_tag: lock_tag.map(Bytes),
            log_entry: None,
        })
    }
}

/// The id of the value, once the parts of the item fit together: what a value says of its owner is
/// shown with its version, and with the claims that it is locked to.
fn check(item: &SplitItem) -> Result<[u8; SPLIT_ID_BYTES], Denial> {
    let wrong = |field: &'static str| Denial::from(Invalid::Field(field.into()));
    let id = <[u8; SPLIT_ID_BYTES]>::try_from(item.id.0.as_slice());
    let id = id.map_err(|_length| wrong("id"))?;
    let is_locked_value = item.version.is_some() && !item.lock.is_empty();
    if item.lock_tag.is_some() == is_locked_value {
        return Ok(id);
    }
    Err(wrong("lock_tag"))
}

/// Whose claims take part: always those of the caller's verified identity.
fn lock(
    item: &SplitItem,
    (caller, keys): (&Caller, &ContextKeys),
    id: &[u8; SPLIT_ID_BYTES],
) -> Result<Option<ResolvedLock>, Denial> {
    let Some(held) = &item.lock_tag else {
        return match item.version {
            // An unlocked value that is there already: no policy is about it any more.
            Some(_) => Ok(None),
            None => caller.lock_for_sealing(keys, &item.lock, None),
        };
    };
    let not_met = || Denial::LockNotMet {
        claims: claim_names(&item.lock),
    };
    let identity = caller.require_identity(&item.lock)?;
    let resolved = identity.resolve(&item.lock).map_err(|_missing| not_met())?;
    if keys.meets_split_lock(id, &resolved, &held.0) {
        Ok(Some(resolved))
    } else {
        Err(not_met())
    }
}
