//! Opening values of named contexts.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::foreign::cryptoserve::looks_like;
use strongroom_crypto::secret::SecretBytes;
use strongroom_log::sha256;
use strongroom_types::body::{Batch, BatchAnswer, GuardedOperation};
use strongroom_types::{KeyContext, Kind, Operation, Permission, Purpose};

use super::NamedItem;
use super::imported::Imported;
use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared, Single};
use crate::caller::Caller;
use crate::decrypt::reparse;
use crate::denial::{Denial, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{ItemPermit, KeyUse, Stopped, parse};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Opens one value of the named context that the caller says it is of.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn named_decrypt(
        &self,
        ask: &Ask,
        item: NamedItem,
    ) -> Result<Answered<SecretBytes>, Refused> {
        self.enter(ask, &Single(&Opening(item))).await
    }

    /// Opens many values.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn named_decrypt_batch(
        &self,
        ask: &Ask,
        items: Vec<NamedItem>,
    ) -> Result<Answered<BatchAnswer<SecretBytes>>, Refused> {
        let items = items.into_iter().map(Opening).collect();
        let metadata = None;
        self.enter_batch(ask, Batch { items, metadata }).await
    }
}

struct Opening(NamedItem);

/// What opens it.
enum Work {
    Own(Arc<ContextKeys>),
    Imported(Imported),
}

impl ItemUse for Opening {
    const OPERATION: Operation = Operation::Decrypt;
    const PERMISSION: Permission = Permission::Decrypt;
    type Work = Work;
    type Answer = SecretBytes;

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
    ) -> Result<Prepared<Self::Work>, Stopped> {
        let Self(item) = self;
        let named = room.named_context(&caller.state, &item.name).await?;
        caller.require_context(&item.map)?;
        if looks_like(&item.bytes) {
            let (imported, key_use) = room.find_imported(caller, &named, item).await?;
            let (map, holds) = (Arc::clone(&imported.keys.map), imported.holds);
            let (format, unapproved) = (Some(imported.format), imported.unapproved);
            let (work, digest) = (Work::Imported(imported), sha256(&item.bytes));
            return Ok(Prepared {
                holds,
                format,
                unapproved,
                ..Prepared::new(work, key_use, &map, digest)
            });
        }
        let envelope = parse(&item.bytes, Purpose::Value)?;
        let keys = room
            .named_keys_for_opening(caller, &item.map, &envelope)
            .await?;
        let symmetric = room.wraps_symmetrically(&caller.state, keys.wrapper());
        let of = (GuardedOperation::Decrypt, envelope.header.suite);
        let opening = named.use_now(room, caller, of, symmetric);
        caller.state.guards.admit(&opening)?;
        let key_use = KeyUse::opening(&keys, &envelope);
        let (map, digest) = (Arc::clone(&keys.map), sha256(&item.bytes));
        Ok(Prepared::new(Work::Own(keys), key_use, &map, digest))
    }

    fn finish(
        &self,
        _room: &Strongroom,
        work: Work,
        permit: ItemPermit,
    ) -> Result<SecretBytes, Denial> {
        let keys = match work {
            Work::Own(keys) => keys,
            Work::Imported(imported) => return imported.open(permit, &self.0),
        };
        let envelope = reparse(&self.0.bytes)?;
        keys.open(permit, &envelope, None, self.0.associated_data.as_deref())
    }
}
