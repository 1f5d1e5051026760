//! Sealing values under named contexts.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_types::body::{Batch, BatchAnswer};
use strongroom_types::{KeyContext, Kind, Lock, Operation, Permission, Purpose, Suite};

use super::{NamedItem, NamedSealed};
use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared, Single};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::{ContextKeys, SealSpec};
use crate::door::{ItemPermit, KeyUse, Stopped, Withheld};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Seals one value under a named context.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn named_encrypt(
        &self,
        ask: &Ask,
        item: NamedItem,
    ) -> Result<Answered<NamedSealed>, Refused> {
        self.enter(ask, &Single(&Sealing(item))).await
    }

    /// Seals many values under named contexts.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn named_encrypt_batch(
        &self,
        ask: &Ask,
        items: Vec<NamedItem>,
    ) -> Result<Answered<BatchAnswer<NamedSealed>>, Refused> {
        let items = items.into_iter().map(Sealing).collect();
        let metadata = None;
        self.enter_batch(ask, Batch { items, metadata }).await
    }
}

struct Sealing(NamedItem);

/// A value that was sealed, before its entry is durable.
#[derive(Debug)]
struct Sealed {
    ciphertext: Withheld<Vec<u8>>,
    keys: Arc<ContextKeys>,
    suite: Suite,
    warnings: Vec<String>,
}

impl ItemUse for Sealing {
    const OPERATION: Operation = Operation::Encrypt;
    const PERMISSION: Permission = Permission::Encrypt;
    type Work = Sealed;
    type Answer = NamedSealed;

    fn key_context(&self) -> Option<&KeyContext> {
        Some(&self.0.map)
    }

    fn kind(&self) -> Kind {
        Kind::Named
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        entropy: &dyn Entropy,
    ) -> Result<Prepared<Self::Work>, Stopped> {
        let named = room.named_context(&caller.state, &self.0.name).await?;
        let keys = room.named_keys_for_sealing(caller, &self.0.map).await?;
        // A context policy that demands a lock closes what cannot be locked.
        caller.lock_for_sealing(&keys, &Lock::default(), None)?;
        let suite = self.0.suite.unwrap_or(named.body.resolved.suite);
        let symmetric = room.wraps_symmetrically(&caller.state, keys.wrapper());
        let warnings = named.admit_sealing(room, caller, suite, symmetric)?;
        let spec = SealSpec {
            purpose: Purpose::Value,
            lock: None,
            associated_data: self.0.associated_data.as_deref(),
            object: None,
            suite: Some(suite),
            entropy,
        };
        let ciphertext = keys.seal(&spec, &self.0.bytes)?;
        let (key_use, map) = (KeyUse::sealing_in(&keys, suite), Arc::clone(&keys.map));
        let digest = ciphertext.digest();
        let work = Sealed {
            ciphertext,
            keys,
            suite,
            warnings,
        };
        Ok(Prepared::new(work, key_use, &map, digest))
    }

    fn finish(
        &self,
        _room: &Strongroom,
        work: Sealed,
        permit: ItemPermit,
    ) -> Result<NamedSealed, Denial> {
        Ok(NamedSealed {
            ciphertext: work.ciphertext.release(permit)?,
            suite: work.suite,
            key: work.keys.sealed_one(),
            warnings: work.warnings,
        })
    }
}
