//! Which key contexts took part in an entry: as it lists them, or from the item records.

use std::collections::BTreeMap;

use strongroom_log::{Entry, Items};
use strongroom_types::{ContextId, KeyVersion, Kind, Suite};

use crate::ports::StoreError;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// One key context of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TookPart {
    pub(super) kind: Kind,
    pub(super) context: ContextId,
    pub(super) version: KeyVersion,
    /// Known only where the entry lists it.
    pub(super) suite: Option<Suite>,
    pub(super) count: u32,
}

impl Strongroom {
    /// The key contexts of an entry. Where it lists none but has items (a batch over more than 100
    /// of them, or the failures of a batch), they are counted from the item records. What only says how
    /// another entry ended is about that one's.
    pub(super) async fn contexts_of(
        &self,
        state: &WorkspaceState,
        index: u64,
        entry: &Entry,
    ) -> Result<Vec<TookPart>, StoreError> {
        let own = self.own_contexts_of(state, index, entry).await?;
        let Some(of) = entry.of.filter(|_| own.is_empty()) else {
            return Ok(own);
        };
        let named = self.entries_of(state.id, of..of.saturating_add(1)).await?;
        match named.first() {
            Some((of, entry)) => self.own_contexts_of(state, *of, entry).await,
            None => Ok(own),
        }
    }

    async fn own_contexts_of(
        &self,
        state: &WorkspaceState,
        index: u64,
        entry: &Entry,
    ) -> Result<Vec<TookPart>, StoreError> {
        let listed = listed(entry);
        if !listed.is_empty() || entry.items.is_none() {
            return Ok(listed);
        }
        let items = self.items(state.id, index).await?;
        Ok(counted(&items.unwrap_or_default()))
    }
}

fn listed(entry: &Entry) -> Vec<TookPart> {
    let listed = entry.contexts.listed().iter();
    listed
        .map(|used| TookPart {
            kind: used.kind,
            context: used.context,
            version: used.key_version,
            suite: used.suite,
            count: used.count,
        })
        .collect()
}

fn counted(items: &Items) -> Vec<TookPart> {
    let mut counts = BTreeMap::<(ContextId, Kind, KeyVersion), u32>::new();
    for (kind, context, version) in items.0.iter().filter_map(|item| item.context) {
        let count = counts.entry((context, kind, version)).or_default();
        *count = count.saturating_add(1);
    }
    counts
        .into_iter()
        .map(|((context, kind, version), count)| TookPart {
            kind,
            context,
            version,
            suite: None,
            count,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use strongroom_log::{Item, ItemId};
    use strongroom_types::Outcome;

    use super::*;

    fn item(position: u32, context: Option<u8>) -> Item {
        let context = context.map(|fill| {
            (
                Kind::Context,
                ContextId::from_bytes([fill; 32]),
                KeyVersion(u32::from(fill)),
            )
        });
        let id = ItemId::Position(position);
        Item {
            id,
            context,
            outcome: Outcome::Allowed,
            reason: None,
            digest: None,
            moved_to: None,
        }
    }

    #[test]
    fn items_are_counted_by_key_context_and_version() {
        let items = Items(vec![
            item(0, Some(2)),
            item(1, None),
            item(2, Some(1)),
            item(3, Some(2)),
        ]);
        let counted = counted(&items);
        let seen: Vec<_> = counted
            .iter()
            .map(|part| (part.version.0, part.count))
            .collect();
        assert_eq!(seen, [(1, 1), (2, 2)]);
    }
}
