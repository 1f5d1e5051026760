//! A sealed store that is open.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use strongroom_crypto::secret::SecretBytes;
use strongroom_log::map::{MapKey, MapProof};
use strongroom_log::{Hash, NoteVerifier};
use strongroom_types::StoreName;
use strongroom_types::body::{LogEntryId, RecordAnswer, RecordVersion, RecordsAnswer, RecordsGet};

use super::fault::{Lie, StoreError};
use super::freshness::Freshness;
use super::memory::StoreMemory;
use super::name::RecordName;
use super::record::{LeafState, SealedRecord};
use super::root::{StoreKeys, StoreRoot, StoreScope};
use super::stores::{Unlock, hash_of};
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// A version of a record.
#[derive(Debug, PartialEq, Eq)]
pub struct StoreValue {
    /// The value.
    pub value: SecretBytes,
    /// Its version.
    pub version: u64,
    /// When it expires, microseconds since 1970; `None` for never.
    pub expires: Option<i64>,
}

/// What a store has under a name.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A value.
    Value(StoreValue),
    /// Nothing, and the proof says so.
    Nothing,
    /// A value that has expired, says the server; that it expires, and when, is proven.
    Expired {
        /// Its version.
        version: u64,
        /// When, microseconds since 1970.
        at: i64,
    },
}

impl Found {
    /// The value, if there is one.
    #[must_use]
    pub fn value(self) -> Option<StoreValue> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing | Self::Expired { .. } => None,
        }
    }

    /// The version that is there, expired or not; 0 for none.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::Value(value) => value.version,
            Self::Nothing => 0,
            Self::Expired { version, .. } => *version,
        }
    }
}

/// Checked answers, all of one state of the store.
#[derive(Debug)]
pub struct Read {
    /// What is under the names, in the order of the request.
    pub found: Vec<Found>,
    /// What is known of how new it is.
    pub freshness: Freshness,
}

/// A state of the store that an answer is of.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) sequence: u64,
    pub(super) root: Hash,
    /// The entry that states it.
    pub(super) rooted: LogEntryId,
    /// The entry of the answer.
    pub(super) answered: Option<LogEntryId>,
    /// Whether no newer one was seen meanwhile.
    newest: bool,
    pub(super) freshness: Freshness,
}

/// A sealed store that is open: it hashes names, seals and opens values, and believes nothing that is
/// not proven.
#[derive(Debug)]
pub struct SealedStore {
    pub(super) client: Client,
    root: StoreRoot,
    pub(super) keys: StoreKeys,
    pub(super) verifier: Option<NoteVerifier>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) memory: Option<StoreMemory>,
    pub(super) last: Option<Seen>,
    /// The first version of a new record, as far as is known.
    pub(super) next_version: u64,
}

impl core::fmt::Debug for State {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl SealedStore {
    pub(super) fn new(client: Client, root: StoreRoot, scope: StoreScope, epoch: u32) -> Self {
        Self {
            client,
            keys: root.keys(scope, epoch),
            root,
            verifier: None,
            state: Mutex::default(),
        }
    }

    /// The same store with what was remembered of it in an earlier run.
    ///
    /// # Errors
    /// The memory is of another store.
    pub fn remembering(self, memory: StoreMemory) -> Result<Self, StoreError> {
        let scope = self.keys.scope();
        if !memory.is_of(scope.workspace, &scope.store) {
            return Err(Lie::OtherWorkspace.into());
        }
        self.lock().memory = Some(memory);
        Ok(self)
    }

    /// What to keep for a later run; `None` if nothing was seen yet.
    #[must_use]
    pub fn memory(&self) -> Option<StoreMemory> {
        self.lock().memory.clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn path(&self, what: &str) -> String {
        format!("/v1/stores/{}/{what}", self.keys.scope().store)
    }

    /// Gets a record.
    ///
    /// # Errors
    /// The server refused, did not answer or lied.
    pub async fn get(&self, name: &RecordName) -> Result<(Found, Freshness), StoreError> {
        let mut read = self.get_all(&[name]).await?;
        let found = read.found.pop().ok_or(Lie::Malformed)?;
        Ok((found, read.freshness))
    }

    /// Gets up to 100 records as they were at one moment.
    ///
    /// # Errors
    /// As for [`SealedStore::get`].
    pub async fn get_all(&self, names: &[&RecordName]) -> Result<Read, StoreError> {
        let names = self.hashes(names.iter().copied())?;
        let (answer, seen) = self.ask(&names, None).await?;
        let mut found = Vec::with_capacity(names.len());
        for (name, record) in names.iter().zip(&answer.records) {
            found.push(self.check(*name, record, &seen)?);
        }
        let freshness = seen.freshness;
        Ok(Read { found, freshness })
    }

    /// Gets an older version of a record, if it is kept. It is proven to be what was set as that
    /// version of this record; that it is not the newest is clear.
    ///
    /// # Errors
    /// As for [`SealedStore::get`].
    pub async fn get_version(
        &self,
        name: &RecordName,
        version: u64,
    ) -> Result<Option<StoreValue>, StoreError> {
        let name = self.keys.name_hash(name);
        let (answer, seen) = self.ask(&[name], Some(version)).await?;
        let record = answer.records.first().ok_or(Lie::Malformed)?;
        self.check(name, record, &seen)?;
        let Some(older) = &record.older else {
            return Ok(None);
        };
        if older.version != version {
            return Err(Lie::Altered.into());
        }
        Ok(self.open(name, older)?.value())
    }

    /// Adds a slot, or changes what opens one: 32 bytes are wrapped, and no value changes.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn put_slot(
        &self,
        slot: &StoreName,
        unlock: Unlock<'_>,
        replace: bool,
    ) -> Result<(), StoreError> {
        let place = (self.keys.scope(), slot, self.keys.epoch());
        let stores = self.client.stores();
        stores.put_slot(&self.root, place, unlock, replace).await
    }

    pub(super) fn hashes<'a>(
        &self,
        names: impl Iterator<Item = &'a RecordName>,
    ) -> Result<Vec<MapKey>, StoreError> {
        let mut seen = BTreeSet::new();
        let hashes: Vec<_> = names.map(|name| self.keys.name_hash(name)).collect();
        if hashes.iter().all(|name| seen.insert(*name)) {
            return Ok(hashes);
        }
        Err(StoreError::Twice)
    }

    async fn ask(
        &self,
        names: &[MapKey],
        version: Option<u64>,
    ) -> Result<(RecordsAnswer, Seen), StoreError> {
        let get = RecordsGet {
            names: names.iter().map(|name| (*name.as_bytes()).into()).collect(),
            version,
        };
        let floor = self.floor();
        let answer: Result<RecordsAnswer, ClientError> = Call::post(self.path("get"))
            .json(&get)
            .answer(&self.client)
            .await;
        let answer = answer?;
        let mut seen = self.see(&answer, names.len(), floor)?;
        if let (Freshness::Unverified, Some(verifier)) = (seen.freshness, &self.verifier) {
            let confirmed = self.confirm_seen(&seen, verifier).await;
            if confirmed.is_err() {
                // What could not be confirmed is not what later answers are compared with.
                *self.lock() = State::default();
            }
            seen.freshness = Freshness::InLog(confirmed?);
        }
        Ok((answer, seen))
    }

    /// The sequence of the newest state that was seen.
    pub(super) fn floor(&self) -> Option<u64> {
        self.lock().memory.as_ref().map(StoreMemory::sequence)
    }

    /// Checks an answer's form, compares its state with what was seen before it was asked for, and
    /// remembers it.
    pub(super) fn see(
        &self,
        answer: &RecordsAnswer,
        records: usize,
        floor: Option<u64>,
    ) -> Result<Seen, StoreError> {
        let scope = self.keys.scope();
        if answer.workspace != scope.workspace || answer.rooted.log != scope.workspace {
            return Err(Lie::OtherWorkspace.into());
        }
        if answer.records.len() != records {
            return Err(Lie::Malformed.into());
        }
        let (sequence, root) = (answer.sequence, hash_of(&answer.root)?);
        let mut state = self.lock();
        let memory = state.memory.get_or_insert_with(|| {
            StoreMemory::new(scope.workspace, scope.store.clone(), (sequence, root))
        });
        let newest = memory.see(floor.unwrap_or_default(), sequence, root)?;
        let seen = Seen {
            sequence,
            root,
            rooted: answer.rooted,
            answered: answer.log_entry,
            newest,
            freshness: floor.map_or(Freshness::Unverified, |_| Freshness::NotOlderThanSeen),
        };
        if newest {
            state.last = Some(seen);
            state.next_version = answer.next_version;
        }
        Ok(seen)
    }

    /// Checks what is said of a record against the root, and opens it.
    pub(super) fn check(
        &self,
        name: MapKey,
        said: &RecordAnswer,
        seen: &Seen,
    ) -> Result<Found, StoreError> {
        let proof = MapProof::decode(&said.proof.0).map_err(|_malformed| Lie::Malformed)?;
        let Some(record) = &said.record else {
            let proven = proof.verify(name, None, seen.root);
            proven.map_err(|_other| Lie::FalseAbsence)?;
            self.see_version(name, 0, seen)?;
            return Ok(Found::Nothing);
        };
        let leaf = self.keys.leaf(name, &state_of(record)?);
        let proven = proof.verify(name, Some(leaf), seen.root);
        proven.map_err(|_other| Lie::NotInMap)?;
        self.see_version(name, record.version, seen)?;
        self.open(name, record)
    }

    /// Compares a version with the last one that was seen of the record, unless a newer state of the
    /// store was seen meanwhile.
    fn see_version(&self, name: MapKey, version: u64, seen: &Seen) -> Result<(), StoreError> {
        let mut state = self.lock();
        let memory = state
            .memory
            .as_mut()
            .filter(|memory| seen.newest && memory.sequence() == seen.sequence);
        Ok(memory.map_or(Ok(()), |memory| memory.see_version(name, version))?)
    }

    /// Opens a version at its place.
    fn open(&self, name: MapKey, record: &RecordVersion) -> Result<Found, StoreError> {
        let state = state_of(record)?;
        let (version, expires) = (state.version, state.expires);
        let Some(sealed) = &record.value else {
            let at = expires.ok_or(Lie::FalseAbsence)?;
            return Ok(Found::Expired { version, at });
        };
        let sealed = SealedRecord {
            state,
            sealed: sealed.0.clone(),
        };
        let value = self.keys.open(name, &sealed);
        let value = value.map_err(|_altered| Lie::Altered)?;
        Ok(Found::Value(StoreValue {
            value,
            version,
            expires,
        }))
    }
}

fn state_of(record: &RecordVersion) -> Result<LeafState, Lie> {
    Ok(LeafState {
        version: record.version,
        epoch: record.epoch,
        expires: Some(record.expires).filter(|expires| *expires != 0),
        digest: hash_of(&record.digest)?,
    })
}
