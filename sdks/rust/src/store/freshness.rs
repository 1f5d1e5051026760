//! How new an answer of a sealed store is.

use strongroom_log::{Entry, NoteVerifier};
use strongroom_types::Operation;
use strongroom_types::body::LogEntryId;

use super::fault::{Lie, StoreError};
use super::sealed_store::{SealedStore, Seen};

/// What is known of how new an answer is. Every answer is proven to belong to one state of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The state is not older than the last one that this client saw.
    NotOlderThanSeen,
    /// Nothing was seen before; a checkpoint of the log was asked for, and covers the entries that
    /// state root and answer.
    InLog(Confirmed),
    /// Nothing was seen before: the state may be an old one. [`SealedStore::confirm`] and
    /// [`SealedStore::confirming`] show that it is in the log.
    Unverified,
}

/// A root of the store that the log states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// The sequence of the state.
    pub sequence: u64,
    /// The entry that states it.
    pub entry: u64,
    /// How many entries the checkpoint covers that proves it.
    pub log_size: u64,
    /// When the state was given out as the present one, says the entry of the answer: microseconds since
    /// 1970. An answer that was kept and shown again has the time of its first showing.
    pub at: i64,
}

impl SealedStore {
    /// The same store, which asks for a checkpoint of the log when it has nothing to compare the first
    /// answer with. The client needs `log:read`.
    #[must_use]
    pub fn confirming(mut self, verifier: NoteVerifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Shows that the log states the root that was seen last, and that it was given out as the present
    /// one at a time; needs `log:read`.
    ///
    /// Everyone who reads the log is shown the same. A later root that was hidden from this client
    /// would stand before the entry of the answer, for everyone to see.
    ///
    /// # Errors
    /// The log does not state it, or nothing was seen yet.
    pub async fn confirm(&self, verifier: &NoteVerifier) -> Result<Confirmed, StoreError> {
        let seen = self.lock().last.ok_or(Lie::NotLogged)?;
        self.confirm_seen(&seen, verifier).await
    }

    pub(super) async fn confirm_seen(
        &self,
        seen: &Seen,
        verifier: &NoteVerifier,
    ) -> Result<Confirmed, StoreError> {
        let answered = seen.answered.ok_or(Lie::NotLogged)?;
        if answered.log != seen.rooted.log || answered.index < seen.rooted.index {
            return Err(Lie::NotLogged.into());
        }
        let sequence = seen.sequence.to_string();
        let (rooted, _) = self.proven(seen.rooted, verifier).await?;
        let roots = matches!(
            rooted.operation,
            Operation::SealedStoreCreate | Operation::SealedSet | Operation::SealedPurge
        );
        let root = seen.root.to_string();
        if !roots || !states(&rooted, "sequence", &sequence) || !states(&rooted, "root", &root) {
            return Err(Lie::NotLogged.into());
        }
        let (answer, log_size) = self.proven(answered, verifier).await?;
        let answers = matches!(
            answer.operation,
            Operation::SealedGet | Operation::SealedSet
        );
        if !answers || !states(&answer, "sequence", &sequence) {
            return Err(Lie::NotLogged.into());
        }
        Ok(Confirmed {
            sequence: seen.sequence,
            entry: seen.rooted.index,
            log_size,
            at: answer.time_us,
        })
    }

    /// An entry that the log has, and how many the checkpoint covers that proves it.
    async fn proven(
        &self,
        entry: LogEntryId,
        verifier: &NoteVerifier,
    ) -> Result<(Entry, u64), StoreError> {
        let proven = self.client.log().prove(entry, verifier).await?;
        let entry = Entry::decode(&proven.bytes).map_err(|_malformed| Lie::NotLogged)?;
        Ok((entry, proven.checkpoint.size()))
    }
}

fn states(entry: &Entry, name: &str, value: &str) -> bool {
    entry.facts.value(name) == Some(value)
}
