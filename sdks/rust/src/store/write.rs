//! Changing what a sealed store has.

use strongroom_crypto::entropy::SystemEntropy;
use strongroom_log::Hash;
use strongroom_log::map::{MapKey, MapProof};
use strongroom_types::body::{RecordSet, RecordsAnswer, RecordsSet, SealedVersion};

use super::fault::{Lie, StoreError};
use super::name::RecordName;
use super::sealed_store::{Found, SealedStore};
use crate::transport::Call;

/// One record of a change that is all or nothing.
#[derive(Debug)]
pub struct Write<'a> {
    /// Which record.
    pub name: &'a RecordName,
    /// The version that is there: 0 for none.
    pub if_version: u64,
    /// The new value; `None` to delete the record with all its versions.
    pub value: Option<&'a [u8]>,
    /// When it expires, microseconds since 1970.
    pub expires: Option<i64>,
}

/// How often a change is tried again when others were first.
pub(super) const TRIES: u32 = 32;

impl SealedStore {
    /// Sets a record, whatever is there.
    ///
    /// # Errors
    /// As for [`SealedStore::get`]; also when others are first again and again.
    pub async fn set(&self, name: &RecordName, value: &[u8]) -> Result<u64, StoreError> {
        self.set_until(name, value, None).await
    }

    /// Sets a record that expires, microseconds since 1970.
    ///
    /// # Errors
    /// As for [`SealedStore::set`].
    pub async fn set_until(
        &self,
        name: &RecordName,
        value: &[u8],
        expires: Option<i64>,
    ) -> Result<u64, StoreError> {
        let mut tries = 0;
        loop {
            let (found, _) = self.get(name).await?;
            let write = Write {
                name,
                if_version: found.version(),
                value: Some(value),
                expires,
            };
            match self.write(&[write]).await {
                Err(error) if error.is_version_conflict() && tries < TRIES => tries += 1,
                written => return written.map(|versions| versions.first().copied().unwrap_or(0)),
            }
        }
    }

    /// Sets a record that is not there.
    ///
    /// # Errors
    /// As for [`SealedStore::set`]; [`StoreError::is_version_conflict`] when it is there.
    pub async fn create(&self, name: &RecordName, value: &[u8]) -> Result<u64, StoreError> {
        self.set_if(name, value, 0).await
    }

    /// Sets a record of which the version named is there, 0 for none; answers the new version.
    ///
    /// # Errors
    /// As for [`SealedStore::create`].
    pub async fn set_if(
        &self,
        name: &RecordName,
        value: &[u8],
        if_version: u64,
    ) -> Result<u64, StoreError> {
        let write = Write {
            name,
            if_version,
            value: Some(value),
            expires: None,
        };
        let versions = self.write(&[write]).await?;
        Ok(versions.first().copied().unwrap_or(0))
    }

    /// Deletes a record with all its versions; nothing if there is none.
    ///
    /// # Errors
    /// As for [`SealedStore::set`].
    pub async fn delete(&self, name: &RecordName) -> Result<(), StoreError> {
        let (found, _) = self.get(name).await?;
        let if_version = found.version();
        if if_version == 0 {
            return Ok(());
        }
        let write = Write {
            name,
            if_version,
            value: None,
            expires: None,
        };
        self.write(&[write]).await.map(drop)
    }

    /// Sets an older version again, as the newest one.
    ///
    /// # Errors
    /// As for [`SealedStore::set`]. `None` if the version is not kept.
    pub async fn restore(
        &self,
        name: &RecordName,
        version: u64,
    ) -> Result<Option<u64>, StoreError> {
        let Some(older) = self.get_version(name, version).await? else {
            return Ok(None);
        };
        self.set(name, older.value.expose()).await.map(Some)
    }

    /// Changes up to 100 records, all or nothing, and checks that the map has them. Answers the new
    /// versions, 0 for what was deleted.
    ///
    /// # Errors
    /// As for [`SealedStore::create`].
    pub async fn write(&self, writes: &[Write<'_>]) -> Result<Vec<u64>, StoreError> {
        let names: Vec<_> = writes.iter().map(|write| write.name).collect();
        let mut tries = 0;
        loop {
            let next = self.next_version();
            let error = match self.try_write(writes, next).await {
                Err(error) if error.is_version_conflict() && tries < TRIES => error,
                written => return written,
            };
            // Records that are not there may only have another first version than was known.
            let read = self.get_all(&names).await?;
            let as_expected =
                |(write, found): (&Write<'_>, &Found)| write.if_version == found.version();
            let expected = writes.iter().zip(&read.found).all(as_expected);
            if !expected || self.next_version() == next {
                return Err(error);
            }
            tries += 1;
        }
    }

    async fn try_write(&self, writes: &[Write<'_>], next: u64) -> Result<Vec<u64>, StoreError> {
        let names = self.hashes(writes.iter().map(|write| write.name))?;
        let (mut records, mut leaves) = (Vec::new(), Vec::new());
        let mut versions = Vec::with_capacity(writes.len());
        for (name, write) in names.iter().zip(writes) {
            let version = match (write.value, write.if_version) {
                (None, _) => 0,
                (Some(_), 0) => next,
                (Some(_), before) => before.saturating_add(1),
            };
            let (record, leaf) = self.seal(*name, version, write)?;
            records.push(record);
            leaves.push(leaf);
            versions.push(version);
        }
        let set = RecordsSet { records };
        let floor = self.floor();
        let answer: RecordsAnswer = Call::post(self.path("set"))
            .json(&set)
            .answer(&self.client)
            .await?;
        let seen = self.see(&answer, names.len(), floor)?;
        for ((name, leaf), record) in names.iter().zip(leaves).zip(&answer.records) {
            let proof = MapProof::decode(&record.proof.0).map_err(|_malformed| Lie::Malformed)?;
            let proven = proof.verify(*name, leaf, seen.root);
            proven.map_err(|_other| Lie::NotSet)?;
        }
        if let Some(memory) = &mut self.lock().memory {
            for (name, version) in names.iter().zip(&versions) {
                memory.see_version(*name, *version)?;
            }
        }
        Ok(versions)
    }

    /// The first version of a new record, as far as is known.
    fn next_version(&self) -> u64 {
        self.lock().next_version.max(1)
    }

    /// Sets records, or deletes those without a value: up to 100, whatever is there, all or nothing.
    ///
    /// # Errors
    /// As for [`SealedStore::set`].
    pub async fn set_all(&self, values: &[(&RecordName, Option<&[u8]>)]) -> Result<(), StoreError> {
        let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
        let mut tries = 0;
        loop {
            let read = self.get_all(&names).await?;
            let mut writes = Vec::with_capacity(values.len());
            for ((name, value), found) in values.iter().zip(&read.found) {
                writes.push(Write {
                    name,
                    if_version: found.version(),
                    value: *value,
                    expires: None,
                });
            }
            match self.write(&writes).await {
                Err(error) if error.is_version_conflict() && tries < TRIES => tries += 1,
                written => return written.map(drop),
            }
        }
    }

    /// What is sent of a write, and what the map has to have afterwards.
    fn seal(
        &self,
        name: MapKey,
        version: u64,
        write: &Write<'_>,
    ) -> Result<(RecordSet, Option<Hash>), StoreError> {
        let mut set = RecordSet {
            name: (*name.as_bytes()).into(),
            if_version: write.if_version,
            sealed: None,
        };
        let Some(value) = write.value else {
            return Ok((set, None));
        };
        let place = (version, write.expires);
        let record = self.keys.seal(name, place, value, &SystemEntropy)?;
        let leaf = self.keys.leaf(name, &record.state);
        set.sealed = Some(SealedVersion {
            version,
            epoch: record.state.epoch,
            expires: record.state.expires.unwrap_or_default(),
            leaf: (*leaf.as_bytes()).into(),
            value: record.sealed.into(),
        });
        Ok((set, Some(leaf)))
    }
}
