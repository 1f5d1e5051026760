//! Keeping and deleting sealed records: all of a request, or nothing.

use std::sync::Arc;

use strongroom_log::map::MapKey;
use strongroom_log::{Hash, sha256};
use strongroom_types::body::{
    LogEntryId, RecordAnswer, RecordSet, RecordVersion, RecordsAnswer, RecordsSet, SealedVersion,
};
use strongroom_types::{Kind, Operation, Permission, StoreName};

use super::map::LoadedMap;
use super::record::{self, Kept};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, Asked, KeyUse, Permit, Planned, Released, Stopped, Use};
use crate::object::Turn;
use crate::ports::{Change, InStore, SealedChange};
use crate::stores::{StoreFamily, StorePlace};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Keeps new versions of records and deletes records, under one new root of the store's map.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when a version that was named is
    /// not the present one, and then nothing has changed.
    pub async fn sealed_set(
        &self,
        ask: &Ask,
        store: StoreName,
        request: RecordsSet,
    ) -> Result<Answered<RecordsAnswer>, Refused> {
        self.enter(ask, &Set { store, request }).await
    }
}

struct Set {
    store: StoreName,
    request: RecordsSet,
}

struct Work {
    answer: RecordsAnswer,
    keys: Arc<ContextKeys>,
    sealed: usize,
    /// The turn at the store, which lasts until the entry is durable.
    _turn: Option<Turn>,
}

/// What a request does to one record.
struct Step {
    /// The version that was there.
    current: u64,
    leaf: Option<Hash>,
    shown: Option<RecordVersion>,
    changes: Vec<Change>,
}

impl Use for Set {
    const OPERATION: Operation = Operation::SealedSet;
    const PERMISSION: Option<Permission> = Some(Permission::StoresWrite);
    type Work = Work;
    type Answer = RecordsAnswer;

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.store)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Work>, Stopped> {
        let records = &self.request.records;
        let names = record::names(records.iter().map(|record| &record.name))?;
        self.check_sizes(room.settings.store_value_bytes_max)?;
        let place = StorePlace::of(caller, StoreFamily::Sealed, &self.store)?;
        let turn = room.turns.take((caller.state.id, place.context)).await;
        let mut map = room
            .load_map(caller.state.id, place.context, &names)
            .await?;
        let keys = room
            .store_keys_for_sealing(caller, (place.context, &place.map))
            .await?;
        let mut account = Account {
            count: u32::try_from(names.len()).unwrap_or(u32::MAX),
            ..Account::default()
        };
        let (mut shown, mut sealed) = (Vec::new(), 0);
        let first = map.row.next_version;
        for (name, asked) in names.iter().zip(records) {
            let seal = Sealing {
                room,
                caller,
                keys: &keys,
                set: self,
                map: &map,
                first,
            };
            let step = seal.step(name, asked).await?;
            let changed = match step.leaf {
                Some(leaf) => map.view.set(*name, Some(leaf)),
                None => map.forget(*name, step.current),
            };
            if let Err(fault) = changed {
                return Err(room.map_fault(caller.state.id, &map.row, fault).await);
            }
            if step.leaf.is_some() {
                sealed += 1;
                account.use_key(KeyUse::sealing(&keys), &keys.map);
            }
            account.changes.extend(step.changes);
            shown.push(step.shown);
        }
        if sealed == 0 {
            account = account.of_kind(Kind::Store, place.context, &place.map);
        }
        let answer = answer(caller, &map, &names, shown)?;
        let account = account
            .fact("sequence", &answer.sequence.to_string())
            .fact("root", &map.view.root().to_string());
        let mut account = with_digest(account, records);
        let change = Change::SealedStore(map.into_change());
        account.changes.push(change);
        let work = Work {
            answer,
            keys,
            sealed,
            _turn: turn,
        };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        mut work: Work,
        permit: Permit,
    ) -> Released<RecordsAnswer> {
        work.answer.rooted = permit.entry();
        work.answer.log_entry = Some(permit.entry());
        for _ in 0..work.sealed {
            work.keys.sealed_one();
        }
        Released::of(Ok(work.answer))
    }
}

/// SHA-256 of the sealed values one after the other's digest.
fn with_digest(mut account: Account, records: &[RecordSet]) -> Account {
    let sealed = records.iter().filter_map(|record| record.sealed.as_ref());
    let digests: Vec<u8> = sealed
        .flat_map(|sealed| *sha256(&sealed.value.0).as_bytes())
        .collect();
    account.output = Some(sha256(&digests)).filter(|_| !digests.is_empty());
    account
}

/// What the map says of the records after the change.
fn answer(
    caller: &Caller,
    map: &LoadedMap,
    names: &[MapKey],
    shown: Vec<Option<RecordVersion>>,
) -> Result<RecordsAnswer, Stopped> {
    let mut records = Vec::with_capacity(names.len());
    for (name, record) in names.iter().zip(shown) {
        // The way to each of them is at hand.
        let proof = map.view.prove(*name).map_err(|_missing| Denial::Internal)?;
        records.push(RecordAnswer {
            proof: proof.encode().into(),
            record,
            older: None,
        });
    }
    Ok(RecordsAnswer {
        workspace: caller.state.id,
        epoch: map.row.epoch,
        next_version: map.row.next_version,
        sequence: map.row.sequence.saturating_add(1),
        root: (*map.view.root().as_bytes()).into(),
        // Known when the entry is durable.
        rooted: LogEntryId {
            log: caller.state.id,
            index: map.row.changed,
        },
        records,
        log_entry: None,
    })
}

impl Set {
    fn check_sizes(&self, limit_bytes: u64) -> Result<(), Denial> {
        let sealed = |record: &RecordSet| record.sealed.as_ref().map(|sealed| sealed.value.0.len());
        let sizes = self.request.records.iter().filter_map(sealed);
        let total: usize = sizes.sum();
        if u64::try_from(total).is_ok_and(|bytes| bytes <= limit_bytes) {
            return Ok(());
        }
        Err(Denial::TooLarge { limit_bytes })
    }
}

/// What one record of a request is sealed with.
struct Sealing<'a> {
    room: &'a Strongroom,
    caller: &'a Caller,
    keys: &'a ContextKeys,
    set: &'a Set,
    map: &'a LoadedMap,
    /// The first version of a new record, before the request.
    first: u64,
}

impl Sealing<'_> {
    async fn step(&self, name: &MapKey, asked: &RecordSet) -> Result<Step, Stopped> {
        let (state, context) = (&self.caller.state, self.map.row.context);
        let hash = record::hash(state, context, name);
        let newest = self
            .room
            .store
            .store_value_version(state.id, context, &hash);
        let current = match newest.await? {
            InStore::NoStore => return Err(Stopped::Stale),
            InStore::NoValue => 0,
            InStore::Value(version) => version,
        };
        if current != asked.if_version {
            // Another write may have come between; then all is read again.
            self.room
                .unchanged(self.caller.state.id, &self.map.row)
                .await?;
            return Err(Denial::VersionConflict { current }.into());
        }
        match &asked.sealed {
            None => {
                let forget = Change::SealedStore(SealedChange::ForgetValue {
                    context,
                    record: name.as_bytes().to_vec(),
                    name: hash,
                    version: current,
                });
                let there = current > 0;
                Ok(Step {
                    current,
                    leaf: None,
                    shown: None,
                    changes: there.then_some(forget).into_iter().collect(),
                })
            }
            Some(sealed) => {
                let version = match current {
                    0 => self.first,
                    current => current.saturating_add(1),
                };
                if sealed.version != version {
                    // Records were deleted since the client looked.
                    self.room
                        .unchanged(self.caller.state.id, &self.map.row)
                        .await?;
                    return Err(Denial::VersionConflict { current }.into());
                }
                self.seal(name, hash, (current, version), sealed)
            }
        }
    }

    fn seal(
        &self,
        name: &MapKey,
        hash: Vec<u8>,
        (current, version): (u64, u64),
        given: &SealedVersion,
    ) -> Result<Step, Stopped> {
        let now = self.room.time.now();
        if given.epoch != self.map.row.epoch {
            return Err(Denial::from(Invalid::Field("epoch".into())).into());
        }
        if given.expires != 0 && given.expires <= now {
            return Err(Denial::from(Invalid::Field("expires".into())).into());
        }
        let leaf: [u8; Hash::LEN] = given
            .leaf
            .0
            .as_slice()
            .try_into()
            .map_err(|_length| Denial::from(Invalid::Field("leaf".into())))?;
        let kept = Kept {
            epoch: given.epoch,
            expires: given.expires,
            sealed: &given.value.0,
        };
        let mut shown = kept.show(version, now);
        shown.value = None;
        let bound = record::bound(&self.caller.state, &self.set.store, (name, version));
        let sealed = self
            .keys
            .seal_for_store(&bound, &kept.encode(), &*self.room.entropy)?;
        let set = (self.caller.client.id, now);
        let value = sealed.into_value((hash, version), set, given.value.0.len());
        let keep = self.map.row.keep.into();
        let mut changes = vec![Change::PutStoreValue { value, keep }];
        if given.expires != 0 {
            changes.push(Change::SealedStore(SealedChange::PutExpiry {
                context: self.map.row.context,
                record: name.as_bytes().to_vec(),
                version,
                due: given.expires,
            }));
        }
        Ok(Step {
            current,
            leaf: Some(Hash::from_bytes(leaf)),
            shown: Some(shown),
            changes,
        })
    }
}
