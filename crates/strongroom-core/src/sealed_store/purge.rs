//! Erasing sealed records that expired.

use std::collections::BTreeMap;
use std::sync::Arc;

use strongroom_log::map::MapKey;
use strongroom_types::{ContextId, KeyContext, Kind, Operation, WorkspaceId};

use super::record;
use crate::denial::Denial;
use crate::door::keyring::map_place;
use crate::door::{Account, Stopped};
use crate::ports::{Change, DueRecord, InStore, Micros, SealedChange, StoreError};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// How many versions are erased at once.
const AT_ONCE: u32 = 64;
/// How often the housekeeping goes on before the requests have a turn.
const ROUNDS: u32 = 16;

/// A store with versions that have expired.
type Due = BTreeMap<(WorkspaceId, ContextId), Vec<(MapKey, u64)>>;

impl Strongroom {
    /// Erases what has expired, as entries of the deployment.
    pub(crate) async fn purge_records(&self, now: Micros) {
        for _ in 0..ROUNDS {
            match self.purge_some_records(now).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(denial) => {
                    tracing::error!(%denial, "sealed records not purged");
                    return;
                }
            }
        }
    }

    /// Erases some, and says whether there may be more.
    async fn purge_some_records(&self, now: Micros) -> Result<bool, Denial> {
        let due = self.store.due_records(now, AT_ONCE).await?;
        let mut more = due.len() == AT_ONCE as usize;
        for ((workspace, context), versions) in by_store(due)? {
            let state = self.state(workspace).await?;
            match self.purge_of_store(&state, context, &versions).await {
                // A writer was first, or another node: the next round sees.
                Ok(()) | Err(Stopped::Stale | Stopped::Denied(Denial::Unavailable)) => {}
                // The other stores are tended all the same.
                Err(Stopped::Denied(denial)) => {
                    tracing::error!(%workspace, %context, %denial, "sealed records not purged");
                    more = false;
                }
            }
        }
        Ok(more)
    }

    /// Erases expired versions of a store. A record of which the newest version expired is gone from
    /// the map with all its versions; of another one, only the version goes.
    async fn purge_of_store(
        &self,
        state: &Arc<WorkspaceState>,
        context: ContextId,
        versions: &[(MapKey, u64)],
    ) -> Result<(), Stopped> {
        let found = self.store.store(state.id, context).await?;
        // Destroyed meanwhile: what it held goes with it.
        let Some(found) = found else { return Ok(()) };
        let place = map_place(&state.id, &context);
        let about: KeyContext = state.keys.open_body("context", &place, &found.map)?;
        let records: Vec<_> = versions.iter().map(|(record, _)| *record).collect();
        let mut map = self.load_map(state.id, context, &records).await?;
        let (mut changes, mut gone) = (Vec::new(), 0_u32);
        for (record, version) in versions {
            let name = record::hash(state, context, record);
            let newest = self
                .store
                .store_value_version(state.id, context, &name)
                .await?;
            let (record_bytes, version) = (record.as_bytes().to_vec(), *version);
            changes.push(Change::SealedStore(
                if matches!(newest, InStore::Value(newest) if newest == version) {
                    gone = gone.saturating_add(1);
                    if let Err(fault) = map.forget(*record, version) {
                        return Err(self.map_fault(state.id, &map.row, fault).await);
                    }
                    SealedChange::ForgetValue {
                        context,
                        record: record_bytes,
                        name,
                        version,
                    }
                } else {
                    SealedChange::PurgeVersion {
                        context,
                        record: record_bytes,
                        name,
                        version,
                    }
                },
            ));
        }
        self.unchanged(state.id, &map.row).await?;
        let sequence = map.row.sequence.saturating_add(1);
        let account = Account {
            count: u32::try_from(versions.len()).unwrap_or(u32::MAX),
            ..Account::default()
        }
        .of_kind(Kind::Store, context, &about)
        .fact("sequence", &sequence.to_string())
        .fact("root", &map.view.root().to_string())
        .fact("records", &gone.to_string());
        changes.push(Change::SealedStore(map.into_change()));
        let account = Account { changes, ..account };
        self.append_own(state, Operation::SealedPurge, account)
            .await?;
        Ok(())
    }
}

fn by_store(due: Vec<DueRecord>) -> Result<Due, StoreError> {
    let mut stores = Due::new();
    for found in due {
        let record: [u8; MapKey::LEN] =
            found
                .record
                .as_slice()
                .try_into()
                .map_err(|_length| StoreError::Damaged {
                    table: "sealed_expiry",
                })?;
        let versions = stores.entry((found.workspace, found.context)).or_default();
        versions.push((MapKey::from_bytes(record), found.version));
    }
    Ok(stores)
}
