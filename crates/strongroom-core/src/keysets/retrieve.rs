//! Data keys again, for who shows their tags.

use std::sync::Arc;

use strongroom_crypto::keys::{KEY_MATERIAL_BYTES, KeysetTag};
use strongroom_crypto::secret::Secret;
use strongroom_log::{Item, ItemId, Items, sha256};
use strongroom_types::{Metadata, Operation, Outcome, Permission};

use super::item::{check_count, parse_tag};
use super::policy::PolicyUse;
use super::{KeysetKey, KeysetUse};
use crate::ask::{Answered, Ask};
use crate::batch::give_turn;
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, Asked, KeyUse, Permit, Planned, Released, Stopped, Use};
use crate::strongroom::Strongroom;

/// The material of a data key.
type Material = Secret<KEY_MATERIAL_BYTES>;

impl Strongroom {
    /// Derives data keys again: all of them, or none.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_retrieve(
        &self,
        ask: &Ask,
        asked: KeysetUse,
        keys: Vec<(KeysetKey, Vec<u8>)>,
        metadata: Option<Metadata>,
    ) -> Result<Answered<Vec<Material>>, Refused> {
        let ask = ask.noting(metadata);
        let all = All(Retrieve { asked, keys });
        self.enter(&ask, &all).await
    }

    /// Derives data keys again, each with a result of its own.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one key stands in its result.
    pub async fn keyset_retrieve_each(
        &self,
        ask: &Ask,
        asked: KeysetUse,
        keys: Vec<(KeysetKey, Vec<u8>)>,
        metadata: Option<Metadata>,
    ) -> Result<Answered<Vec<Result<Material, Denial>>>, Refused> {
        let ask = ask.noting(metadata);
        let each = Each(Retrieve { asked, keys });
        self.enter(&ask, &each).await
    }
}

struct Retrieve {
    asked: KeysetUse,
    keys: Vec<(KeysetKey, Vec<u8>)>,
}

/// The keys and, for each item, its use, once the entry is durable. Whose an item is, is looked up
/// again then: ten thousand copies of somebody's claims would be too much to keep.
struct Work {
    keys: Arc<ContextKeys>,
    caller: Caller,
    items: Vec<Result<KeyUse, Denial>>,
}

impl Retrieve {
    async fn prepare(&self, room: &Strongroom, caller: &Caller) -> Result<Work, Stopped> {
        let (_, place) = room.keyset_for_use(caller, &self.asked).await?;
        let tags = self.keys.iter().map(|(_, tag)| parse_tag(tag));
        let tags: Vec<_> = tags.collect();
        let versions = tags.iter().flatten().map(KeysetTag::version).collect();
        let locked = tags.iter().flatten().any(|tag| tag.lock_tag().is_some());
        let keys = room
            .keyset_keys_for_opening(caller, &place, (&versions, locked))
            .await?;
        let mut items = Vec::with_capacity(self.keys.len());
        for (position, ((key, _), tag)) in self.keys.iter().zip(tags).enumerate() {
            give_turn(position).await;
            let prepare = || {
                let tag = tag?;
                keys.check_version(tag.version())?;
                key.for_opening(caller, &keys, &tag)?;
                Ok(KeyUse::opening_version(&keys, tag.version()))
            };
            items.push(prepare());
        }
        let caller = caller.clone();
        Ok(Work {
            keys,
            caller,
            items,
        })
    }

    fn account(&self, work: &Work) -> Account {
        let account = self.asked.account_of(&work.keys.map, self.keys.len());
        let keys = self.keys.iter().map(|(key, _)| key);
        let mut account = PolicyUse::Checked.noted(account, keys);
        account.outcome = Outcome::Denied;
        let mut items = Vec::with_capacity(work.items.len());
        for (position, (prepared, (_, tag))) in work.items.iter().zip(&self.keys).enumerate() {
            items.push(match prepared {
                Ok(key_use) => {
                    account.outcome = Outcome::Allowed;
                    account.use_key(*key_use, &work.keys.map);
                    record(position, *key_use, tag, Ok(()))
                }
                Err(denial) => {
                    let asking = KeyUse::asking(work.keys.kind, work.keys.id);
                    account.use_key(asking, &work.keys.map);
                    record(position, asking, tag, Err(denial))
                }
            });
        }
        account.items = Some(Items(items));
        account
    }

    /// Each key's material, and the items of those that fail only now.
    fn derive(&self, work: Work, mut permit: Permit) -> (Vec<Result<Material, Denial>>, Items) {
        let Work {
            keys,
            caller,
            items,
        } = work;
        let mut failed = Items::default();
        let mut deriver = keys.keyset_deriver();
        let mut results = Vec::with_capacity(items.len());
        for (position, (prepared, (key, tag))) in items.into_iter().zip(&self.keys).enumerate() {
            let mut derive = || {
                let item = permit.item(keys.id)?;
                let tag = parse_tag(tag)?;
                let bound = key.for_opening(&caller, &keys, &tag)?;
                deriver.derive_again(item, &key.item(&bound), &tag)
            };
            results.push(prepared.and_then(|key_use| {
                derive().inspect_err(|denial| {
                    let failing = record(position, key_use, tag, Err(denial));
                    failed.0.push(Item {
                        outcome: Outcome::Failed,
                        digest: None,
                        ..failing
                    });
                })
            }));
        }
        (results, failed)
    }
}

/// The record of an item: an entry's reader finds the value that the key is of by the digest of its
/// tag.
fn record(position: usize, key_use: KeyUse, tag: &[u8], ending: Result<(), &Denial>) -> Item {
    let outcome = match ending {
        Ok(()) => Outcome::Allowed,
        Err(_) => Outcome::Denied,
    };
    Item {
        id: ItemId::Position(u32::try_from(position).unwrap_or(u32::MAX)),
        context: Some((key_use.kind, key_use.context, key_use.version)),
        outcome,
        reason: ending.err().map(Denial::reason),
        digest: ending.is_ok().then(|| sha256(tag)),
        moved_to: None,
    }
}

struct All(Retrieve);

impl Use for All {
    const OPERATION: Operation = Operation::KeysetRetrieve;
    const PERMISSION: Option<Permission> = Some(Permission::KeysetsRetrieve);
    type Work = Work;
    type Answer = Vec<Material>;

    fn asked(&self) -> Asked {
        self.0.asked.asked()
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Work>, Stopped> {
        check_count(self.0.keys.len())?;
        let work = self.0.prepare(room, caller).await?;
        if let Some(Err(denial)) = work.items.iter().find(|item| item.is_err()) {
            return Err(denial.clone().into());
        }
        let account = self.0.account(&work);
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: Work, permit: Permit) -> Released<Vec<Material>> {
        let (results, failed) = self.0.derive(work, permit);
        Released {
            answer: results.into_iter().collect(),
            failed,
        }
    }
}

struct Each(Retrieve);

impl Use for Each {
    const OPERATION: Operation = Operation::KeysetRetrieve;
    const PERMISSION: Option<Permission> = Some(Permission::KeysetsRetrieve);
    type Work = Work;
    type Answer = Vec<Result<Material, Denial>>;

    fn asked(&self) -> Asked {
        self.0.asked.asked()
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Work>, Stopped> {
        check_count(self.0.keys.len())?;
        let work = self.0.prepare(room, caller).await?;
        let account = self.0.account(&work);
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: Work, permit: Permit) -> Released<Self::Answer> {
        let (results, failed) = self.0.derive(work, permit);
        Released {
            answer: Ok(results),
            failed,
        }
    }
}
