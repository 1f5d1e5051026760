//! Sealing again, as `sr1`, what another product sealed for a named context.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::foreign::cryptoserve::looks_like;
use strongroom_log::sha256;
use strongroom_types::body::{Batch, BatchAnswer};
use strongroom_types::{KeyContext, Kind, Lock, Operation, Permission, Purpose, Suite};

use super::NamedItem;
use super::find::NamedContext;
use super::imported::Imported;
use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared};
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial, Refused};
use crate::door::keyring::{ContextKeys, SealSpec};
use crate::door::{ItemPermit, KeyUse, Stopped};
use crate::fips::Algorithm;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Seals again what another product sealed for a named context. Nobody sees what it is.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn imported_rewrap(
        &self,
        ask: &Ask,
        items: Vec<NamedItem>,
    ) -> Result<Answered<BatchAnswer<Vec<u8>>>, Refused> {
        let items = items.into_iter().map(Rewrapping).collect();
        let metadata = None;
        self.enter_batch(ask, Batch { items, metadata }).await
    }
}

/// The suite that seals, if sealing with it would be in order: what it is for does not matter.
fn sealing_suite(
    room: &Strongroom,
    caller: &Caller,
    (named, keys): (&NamedContext, &ContextKeys),
) -> Result<Suite, Denial> {
    let suite = named.body.resolved.suite;
    room.check_fips(Algorithm::Suite(suite))?;
    let symmetric = room.wraps_symmetrically(&caller.state, keys.wrapper());
    named.admit_sealing(room, caller, suite, symmetric)?;
    Ok(suite)
}

struct Rewrapping(NamedItem);

/// What opens it, and what seals it.
struct Work {
    imported: Imported,
    sealing: Arc<ContextKeys>,
    suite: Suite,
}

impl ItemUse for Rewrapping {
    const OPERATION: Operation = Operation::ImportedRewrap;
    const PERMISSION: Permission = Permission::Rewrap;
    type Work = Work;
    type Answer = Vec<u8>;

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
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Work>, Stopped> {
        let Self(item) = self;
        let named = room.named_context(&caller.state, &item.name).await?;
        caller.require_context(&item.map)?;
        if !looks_like(&item.bytes) {
            return Err(Denial::Ciphertext(CiphertextFault::NotOurs).into());
        }
        let (imported, key_use) = room.find_imported(caller, &named, item).await?;
        // Sealed under the active version, which a policy may want to be another by now.
        let sealing = room.named_keys_for_sealing(caller, &item.map).await?;
        caller.lock_for_sealing(&sealing, &Lock::default(), None)?;
        let suite = sealing_suite(room, caller, (&named, &sealing))?;
        let key_use = KeyUse {
            moved_to: Some(sealing.active),
            suite: Some(suite),
            ..key_use
        };
        let (map, holds) = (Arc::clone(&sealing.map), imported.holds);
        let (format, unapproved) = (Some(imported.format), imported.unapproved);
        let work = Work {
            imported,
            sealing,
            suite,
        };
        Ok(Prepared {
            holds,
            format,
            unapproved,
            ..Prepared::new(work, key_use, &map, sha256(&item.bytes))
        })
    }

    fn finish(&self, room: &Strongroom, work: Work, permit: ItemPermit) -> Result<Vec<u8>, Denial> {
        let spec = SealSpec {
            purpose: Purpose::Value,
            lock: None,
            associated_data: self.0.associated_data.as_deref(),
            object: None,
            suite: Some(work.suite),
            entropy: &*room.entropy,
        };
        let under = (&*work.sealing, &spec);
        let sealed = work.imported.rewrap(permit, &self.0, under)?;
        work.sealing.sealed_one();
        Ok(sealed)
    }
}
