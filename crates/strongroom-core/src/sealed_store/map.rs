//! The part of a store's map that some records need.

use strongroom_log::map::{MapChild, MapError, MapKey, MapNode, MapNodeId, MapView};
use strongroom_types::{ContextId, WorkspaceId};

use crate::denial::{Denial, Thing};
use crate::door::Stopped;
use crate::ports::{SealedChange, SealedMapRow, StoreError};
use crate::strongroom::Strongroom;

/// How many levels are read at once: most maps are not deeper, so that one read is enough.
const AHEAD: u16 = 23;

/// A map as it stands, with what some records need of it.
#[derive(Debug)]
pub(super) struct LoadedMap {
    pub(super) row: SealedMapRow,
    pub(super) view: MapView,
}

fn damaged() -> StoreError {
    StoreError::Damaged {
        table: "sealed_map",
    }
}

impl Strongroom {
    /// The map of a store.
    pub(super) async fn sealed_map(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
    ) -> Result<SealedMapRow, Denial> {
        let row = self.store.sealed_map(workspace, context).await?;
        row.ok_or(Denial::NotFound(Thing::Store))
    }

    /// The map with the ways to some records.
    pub(super) async fn load_map(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        keys: &[MapKey],
    ) -> Result<LoadedMap, Stopped> {
        let row = self.sealed_map(workspace, context).await?;
        let root = MapChild::decode(&row.root).map_err(|_malformed| damaged())?;
        let mut view = MapView::new(root);
        loop {
            let wanted = match view.wanted(keys, AHEAD) {
                Ok(wanted) => wanted,
                Err(fault) => return Err(self.map_fault(workspace, &row, fault).await),
            };
            if wanted.is_empty() {
                return Ok(LoadedMap { row, view });
            }
            let ids: Vec<_> = wanted.iter().map(MapNodeId::encode).collect();
            let nodes = self.store.sealed_nodes(workspace, context, &ids);
            for (id, node) in nodes.await? {
                let id = MapNodeId::decode(&id).map_err(|_malformed| damaged())?;
                view.supply(id, MapNode::decode(&node).map_err(|_malformed| damaged())?);
            }
        }
    }

    /// Another write came between the reads, or the rows are damaged.
    pub(super) async fn map_fault(
        &self,
        workspace: WorkspaceId,
        row: &SealedMapRow,
        fault: MapError,
    ) -> Stopped {
        if let Err(stopped) = self.unchanged(workspace, row).await {
            return stopped;
        }
        tracing::error!(%fault, "map of a sealed store is damaged");
        damaged().into()
    }

    /// Whether the map is still the one that was read, so that what was read beside it belongs to it.
    pub(super) async fn unchanged(
        &self,
        workspace: WorkspaceId,
        row: &SealedMapRow,
    ) -> Result<(), Stopped> {
        let now = self.sealed_map(workspace, row.context).await?;
        if now.sequence == row.sequence {
            return Ok(());
        }
        Err(Stopped::Stale)
    }
}

impl LoadedMap {
    /// Takes a record out, of which this is the newest version.
    pub(super) fn forget(&mut self, record: MapKey, version: u64) -> Result<(), MapError> {
        self.row.next_version = self.row.next_version.max(version.saturating_add(1));
        self.view.set(record, None)
    }

    /// The change of rows that the view went through, under the next sequence.
    pub(super) fn into_change(self) -> SealedChange {
        let changes = self.view.into_changes();
        let row = SealedMapRow {
            sequence: self.row.sequence.saturating_add(1),
            root: changes.root.encode(),
            ..self.row
        };
        let put = changes.put.iter();
        SealedChange::PutMap {
            row,
            put: put.map(|(id, node)| (id.encode(), node.encode())).collect(),
            removed: changes.removed.iter().map(MapNodeId::encode).collect(),
        }
    }
}
