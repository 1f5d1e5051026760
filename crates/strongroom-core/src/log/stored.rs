//! Entries as the store keeps them: bundles of group commits, with their openings sealed beside.

use std::collections::BTreeMap;
use std::ops::Range;

use strongroom_log::{Entry, EntryBundle, Hash, Openings, leaf_hash};
use strongroom_types::WorkspaceId;
use strongroom_types::body::EntryIdentity;

use super::private::Private;
use crate::ports::{BatchRow, Micros, StoreError};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// A stored entry with what its openings show.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) index: u64,
    pub(super) entry: Entry,
    pub(super) private: Private,
}

/// A stored entry as the follower sees it.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) index: u64,
    pub(super) entry: Entry,
    pub(super) leaf: Hash,
    pub(super) identity: Option<EntryIdentity>,
}

impl Strongroom {
    /// The entries of a range, with their private fields as far as they are kept.
    pub(super) async fn stored(
        &self,
        state: &WorkspaceState,
        range: Range<u64>,
    ) -> Result<Vec<Stored>, StoreError> {
        let batches = self.store.batches(state.id, range.start, range.end).await?;
        let mut openings = openings(state, &batches);
        entries(&batches, &range)?
            .into_iter()
            .map(|(index, bytes)| {
                let entry = Entry::decode(bytes).map_err(|_layout| damaged())?;
                let openings = openings.remove(&index).unwrap_or_default();
                let private = Private::open(index, &entry, &openings);
                Ok(Stored {
                    index,
                    entry,
                    private,
                })
            })
            .collect()
    }

    /// The entries of a range as far as the follower needs them: whoever else a private field is
    /// about stays sealed.
    pub(super) async fn followed(
        &self,
        state: &WorkspaceState,
        range: Range<u64>,
    ) -> Result<Vec<Followed>, StoreError> {
        let batches = self.store.batches(state.id, range.start, range.end).await?;
        let mut openings = openings(state, &batches);
        let follow = |(index, bytes)| {
            let entry = Entry::decode(bytes).map_err(|_layout| damaged())?;
            let openings = openings.remove(&index).unwrap_or_default();
            let identity = Private::open_identity(&entry, &openings);
            Ok(Followed {
                index,
                leaf: leaf_hash(bytes),
                entry,
                identity,
            })
        };
        entries(&batches, &range)?.into_iter().map(follow).collect()
    }

    /// The leaf hashes of a range.
    pub(super) async fn leaves(
        &self,
        workspace: WorkspaceId,
        range: Range<u64>,
    ) -> Result<Vec<Hash>, StoreError> {
        let batches = self
            .store
            .batches(workspace, range.start, range.end)
            .await?;
        let entries = entries(&batches, &range)?;
        Ok(entries
            .into_iter()
            .map(|(_, bytes)| leaf_hash(bytes))
            .collect())
    }

    /// The entries of a range, without their private fields.
    pub(crate) async fn entries_of(
        &self,
        workspace: WorkspaceId,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Entry)>, StoreError> {
        let batches = self
            .store
            .batches(workspace, range.start, range.end)
            .await?;
        entries(&batches, &range)?
            .into_iter()
            .map(|(index, bytes)| {
                let entry = Entry::decode(bytes).map_err(|_layout| damaged())?;
                Ok((index, entry))
            })
            .collect()
    }

    /// The time of an entry.
    pub(super) async fn time_of(
        &self,
        workspace: WorkspaceId,
        index: u64,
    ) -> Result<Micros, StoreError> {
        let range = index..index.saturating_add(1);
        let batches = self
            .store
            .batches(workspace, range.start, range.end)
            .await?;
        let entry = entries(&batches, &range)?
            .pop()
            .map(|(_, bytes)| Entry::decode(bytes));
        entry
            .and_then(Result::ok)
            .map(|entry| entry.time_us)
            .ok_or_else(damaged)
    }

    /// The entries of a range as one bundle.
    pub(super) async fn bundle(
        &self,
        workspace: WorkspaceId,
        range: Range<u64>,
    ) -> Result<Vec<u8>, StoreError> {
        let batches = self
            .store
            .batches(workspace, range.start, range.end)
            .await?;
        let mut bundle = EntryBundle::default();
        for (_, bytes) in entries(&batches, &range)? {
            bundle.push(bytes).map_err(|_too_long| damaged())?;
        }
        Ok(bundle.into_bytes())
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged { table: "batch" }
}

/// The entries of exactly this range, in order.
fn entries<'a>(
    batches: &'a [BatchRow],
    range: &Range<u64>,
) -> Result<Vec<(u64, &'a [u8])>, StoreError> {
    let mut found = Vec::new();
    for batch in batches {
        for (index, entry) in (batch.first..).zip(EntryBundle::entries(&batch.entries)) {
            let entry = entry.map_err(|_truncated| damaged())?;
            if range.contains(&index) {
                found.push((index, entry));
            }
        }
    }
    let complete = found.iter().map(|(index, _)| *index).eq(range.clone());
    if complete { Ok(found) } else { Err(damaged()) }
}

/// The openings of the batches by index. Those that do not open are reported and left out: what is
/// public stays readable, and the log can always be proven.
fn openings(state: &WorkspaceState, batches: &[BatchRow]) -> BTreeMap<u64, Openings> {
    let mut all = BTreeMap::new();
    for batch in batches.iter().filter(|batch| !batch.openings.is_empty()) {
        match state.keys.open_openings(batch.first, &batch.openings) {
            Ok(row) => all.extend((batch.first..).zip(row.0)),
            Err(error) => {
                let error = &error as &dyn core::error::Error;
                tracing::error!(workspace = %state.id, first = batch.first, error, "openings lost");
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(first: u64, entries: &[&[u8]]) -> BatchRow {
        let mut bundle = EntryBundle::default();
        for entry in entries {
            bundle.push(entry).unwrap();
        }
        let count = entries.len() as u64;
        BatchRow {
            first,
            count,
            entries: bundle.into_bytes(),
            openings: Vec::new(),
        }
    }

    #[test]
    fn a_range_is_cut_out_of_the_batches_that_hold_it() {
        let batches = [batch(3, &[b"three", b"four"]), batch(5, &[b"five", b"six"])];
        let found = entries(&batches, &(4..6)).unwrap();
        assert_eq!(found, [(4, b"four".as_slice()), (5, b"five".as_slice())]);
    }

    #[test]
    fn a_range_with_a_gap_is_damage() {
        let batches = [batch(0, &[b"zero"]), batch(2, &[b"two"])];
        assert!(entries(&batches, &(0..3)).is_err());
        assert!(entries(&batches, &(0..1)).is_ok());
        assert!(entries(&batches, &(2..4)).is_err());
    }

    #[test]
    fn a_truncated_bundle_is_damage() {
        let mut cut = batch(0, &[b"zero", b"one"]);
        cut.entries.pop();
        assert!(entries(&[cut], &(0..2)).is_err());
    }
}
