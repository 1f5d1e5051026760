//! The item records of batches: compressed beside their entry, and shown.

use strongroom_log::{Item, ItemId, Items};
use strongroom_types::WorkspaceId;
use strongroom_types::body::{ItemView, ItemsView};

use super::read::{LogRead, Prepare};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::ports::StoreError;
use crate::strongroom::Strongroom;

/// The most bytes of one batch's item records: 10,000 items with names of 1 KiB have 11 MiB.
const BYTES_MAX: u32 = 16 << 20;

/// Compresses item records for their row: LZ4 block format after its uncompressed length.
///
/// ```text
/// length u32 LE ‖ LZ4 block
/// ```
pub(crate) fn compress_items(items: &Items) -> Vec<u8> {
    lz4_flex::block::compress_prepend_size(&items.encode())
}

/// Reads what [`compress_items`] wrote. The length is checked before anything is allocated for it.
pub(super) fn decompress_items(row: &[u8]) -> Result<Items, StoreError> {
    let damaged = || StoreError::Damaged { table: "items" };
    let length = row.first_chunk().map(|length| u32::from_le_bytes(*length));
    if length.is_none_or(|length| length > BYTES_MAX) {
        return Err(damaged());
    }
    let bytes = lz4_flex::block::decompress_size_prepended(row).map_err(|_malformed| damaged())?;
    Items::decode(&bytes).map_err(|_layout| damaged())
}

impl Strongroom {
    /// Reads the item records of a batch's entry.
    ///
    /// # Errors
    /// No such entry, or one without items.
    pub async fn log_items(&self, ask: &Ask, index: u64) -> Result<Answered<ItemsView>, Refused> {
        self.enter(ask, &LogRead::of(ReadItems(index))).await
    }

    /// The item records of an entry; `None` where it is not a batch's.
    pub(crate) async fn items(
        &self,
        workspace: WorkspaceId,
        index: u64,
    ) -> Result<Option<Items>, StoreError> {
        let row = self.store.items(workspace, index).await?;
        row.map(|row| decompress_items(&row)).transpose()
    }
}

struct ReadItems(u64);

impl Prepare for ReadItems {
    type Answer = ItemsView;

    fn what(&self) -> String {
        format!("items/{}", self.0)
    }

    async fn prepare(&self, room: &Strongroom, caller: &Caller) -> Result<ItemsView, Denial> {
        let state = &caller.state;
        let items = room.items(state.id, self.0).await?;
        let Some(items) = items else {
            let is_entry = self.0 < room.log_size(state.id).await?;
            let missing = Denial::NotFound(Thing::Entry);
            return Err(if is_entry { Denial::NotBatch } else { missing });
        };
        let stored = room.stored(state, self.0..self.0.saturating_add(1)).await?;
        let root = stored.first().and_then(|stored| stored.entry.items);
        if root != Some(items.root()) {
            return Err(StoreError::Damaged { table: "items" }.into());
        }
        Ok(view(self.0, &items))
    }
}

fn view(index: u64, items: &Items) -> ItemsView {
    let views = (0..)
        .zip(&items.0)
        .map(|(place, item)| item_view(place, item));
    ItemsView {
        index,
        root: items.root().to_string(),
        items: views.collect(),
    }
}

fn item_view(place: u32, item: &Item) -> ItemView {
    let (position, name) = match &item.id {
        ItemId::Position(position) => (*position, None),
        ItemId::Name(name) => (place, Some(name.as_str().to_owned())),
    };
    ItemView {
        position,
        name,
        context: item.context.map(|(_, context, _)| context),
        version: item.context.map(|(_, _, version)| version),
        moved_to: item.moved_to,
        outcome: item.outcome,
        reason: item.reason,
        digest: item.digest.map(|digest| digest.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use strongroom_log::sha256;
    use strongroom_types::{ContextId, KeyVersion, Kind, Outcome, Reason};

    use super::*;

    fn items() -> Items {
        let allowed = Item {
            id: ItemId::Position(0),
            context: Some((Kind::Context, ContextId::from_bytes([7; 32]), KeyVersion(3))),
            outcome: Outcome::Allowed,
            reason: None,
            digest: Some(sha256(b"sealed")),
            moved_to: Some(KeyVersion(4)),
        };
        let denied = Item {
            id: ItemId::Position(1),
            context: None,
            outcome: Outcome::Denied,
            reason: Some(Reason::LockRequired),
            digest: None,
            moved_to: None,
        };
        Items(vec![allowed, denied])
    }

    #[test]
    fn items_come_back_as_they_were() {
        for items in [items(), Items::default()] {
            assert_eq!(decompress_items(&compress_items(&items)).unwrap(), items);
        }
    }

    #[test]
    fn a_row_that_claims_to_be_huge_is_refused_before_it_is_read() {
        let mut row = compress_items(&items());
        row[..4].copy_from_slice(&(BYTES_MAX + 1).to_le_bytes());
        assert!(decompress_items(&row).is_err());
    }

    #[test]
    fn a_damaged_row_is_refused() {
        let row = compress_items(&items());
        for end in 0..row.len() {
            assert!(decompress_items(&row[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn a_view_shows_the_root_that_the_entry_holds() {
        let view = view(9, &items());
        assert_eq!((view.index, view.root), (9, items().root().to_string()));
        assert_eq!(view.items[0].version, Some(KeyVersion(3)));
        assert_eq!(view.items[0].moved_to, Some(KeyVersion(4)));
        assert_eq!(view.items[1].reason, Some(Reason::LockRequired));
    }
}
