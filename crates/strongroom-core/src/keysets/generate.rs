//! New data keys.

use std::sync::Arc;

use strongroom_log::{Item, ItemId, Items};
use strongroom_types::{Metadata, Operation, Outcome, Permission};

use super::item::check_count;
use super::policy::PolicyUse;
use super::{GeneratedKey, KeysetKey, KeysetPolicy, KeysetUse};
use crate::ask::{Answered, Ask};
use crate::batch::give_turn;
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::{ContextKeys, DerivedKey};
use crate::door::{Asked, KeyUse, Permit, Planned, Released, Stopped, Use, Withheld};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Derives new data keys of a keyset: all of them, or none.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_generate(
        &self,
        ask: &Ask,
        asked: KeysetUse,
        keys: Vec<KeysetKey>,
        metadata: Option<Metadata>,
    ) -> Result<Answered<Vec<GeneratedKey>>, Refused> {
        let ask = ask.noting(metadata);
        self.enter(&ask, &Generate { asked, keys }).await
    }
}

struct Generate {
    asked: KeysetUse,
    keys: Vec<KeysetKey>,
}

/// A data key that leaves once its entry is durable.
type Prepared = (Withheld<DerivedKey>, Option<KeysetPolicy>);

impl Use for Generate {
    const OPERATION: Operation = Operation::KeysetGenerate;
    const PERMISSION: Option<Permission> = Some(Permission::KeysetsGenerate);
    type Work = (Arc<ContextKeys>, Vec<Prepared>);
    type Answer = Vec<GeneratedKey>;

    fn asked(&self) -> Asked {
        self.asked.asked()
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        check_count(self.keys.len())?;
        let (keyset, place) = room.keyset_for_use(caller, &self.asked).await?;
        let locked = self.keys.iter().any(KeysetKey::is_locked);
        let keys = room.keyset_keys_for_sealing(caller, &place, locked).await?;
        let key_use = KeyUse::deriving(&keys);
        let account = self.asked.account(&keyset, self.keys.len());
        let mut account = PolicyUse::Bound.noted(account, self.keys.iter());
        let mut items = Vec::with_capacity(self.keys.len());
        let mut work = Vec::with_capacity(self.keys.len());
        for (position, key) in self.keys.iter().enumerate() {
            give_turn(position).await;
            let bound = key.for_sealing(caller, &keys)?;
            let derived = keys.derive_for_keyset(&key.item(&bound))?;
            account.use_key(key_use, &keys.map);
            items.push(Item {
                id: ItemId::Position(u32::try_from(position).unwrap_or(u32::MAX)),
                context: Some((key_use.kind, key_use.context, key_use.version)),
                outcome: Outcome::Allowed,
                reason: None,
                digest: Some(derived.digest()),
                moved_to: None,
            });
            work.push((derived, bound.policy.as_ref().map(KeysetPolicy::from)));
        }
        account.items = Some(Items(items));
        Ok(Planned {
            work: (keys, work),
            account,
        })
    }

    fn release(
        &self,
        _room: &Strongroom,
        (keys, work): Self::Work,
        mut permit: Permit,
    ) -> Released<Self::Answer> {
        let mut release = |(derived, policy): Prepared| {
            let DerivedKey { tag, material } = derived.release(permit.item(keys.id)?)?;
            keys.sealed_one();
            Ok(GeneratedKey {
                material,
                tag,
                policy,
            })
        };
        let released: Result<_, Denial> = work.into_iter().map(&mut release).collect();
        Released::of(released)
    }
}
