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
const TRIES: u32 = 32;

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
                written => {
                    written?;
                    return Ok(found.version().saturating_add(1));
                }
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
        self.write(&[write]).await?;
        Ok(if_version.saturating_add(1))
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
        self.write(&[write]).await
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

    /// Changes up to 100 records, all or nothing, and checks that the map has them.
    ///
    /// # Errors
    /// As for [`SealedStore::create`].
    pub async fn write(&self, writes: &[Write<'_>]) -> Result<(), StoreError> {
        let names = self.hashes(writes.iter().map(|write| write.name))?;
        let mut records = Vec::with_capacity(writes.len());
        let mut leaves = Vec::with_capacity(writes.len());
        for (name, write) in names.iter().zip(writes) {
            let (record, leaf) = self.seal(*name, write)?;
            records.push(record);
            leaves.push(leaf);
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
        let mut state = self.lock();
        if let Some(memory) = &mut state.memory {
            for (name, write) in names.iter().zip(writes) {
                let version = write
                    .value
                    .map_or(0, |_| write.if_version.saturating_add(1));
                memory.see_version(*name, version)?;
            }
        }
        Ok(())
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
            let write = |((name, value), found): (&(_, _), &Found)| Write {
                name: *name,
                if_version: found.version(),
                value: *value,
                expires: None,
            };
            let writes: Vec<_> = values.iter().zip(&read.found).map(write).collect();
            match self.write(&writes).await {
                Err(error) if error.is_version_conflict() && tries < TRIES => tries += 1,
                written => return written,
            }
        }
    }

    /// What is sent of a write, and what the map has to have afterwards.
    fn seal(
        &self,
        name: MapKey,
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
        let version = (write.if_version.saturating_add(1), write.expires);
        let record = self.keys.seal(name, version, value, &SystemEntropy)?;
        let leaf = self.keys.leaf(name, &record.state);
        set.sealed = Some(SealedVersion {
            epoch: record.state.epoch,
            expires: record.state.expires.unwrap_or_default(),
            leaf: (*leaf.as_bytes()).into(),
            value: record.sealed.into(),
        });
        Ok((set, Some(leaf)))
    }
}
