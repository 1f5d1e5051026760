//! Erasing objects whose time is over: expired ones, and deleted ones that nobody restored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use strongroom_log::{Item, Items};
use strongroom_types::{ContextId, Kind, ObjectId, Operation, Outcome, WorkspaceId};

use super::found::Object;
use crate::batch::object_item;
use crate::denial::Denial;
use crate::door::{Account, NO_KEY, Stopped};
use crate::ports::{Change, Micros};
use crate::strongroom::Strongroom;
use crate::time::{once_in, seconds};
use crate::workspace::WorkspaceState;

/// Objects are looked for once in this time.
const PAUSE: Micros = seconds(1);
/// How many are erased under one entry.
const AT_ONCE: u32 = 64;
/// How often the housekeeping goes on before the requests have a turn.
const ROUNDS: u32 = 16;

/// When this process last looked for objects to erase.
#[derive(Debug, Default)]
pub(crate) struct Purged(AtomicI64);

impl Strongroom {
    /// Erases what is due, objects and sealed records, as entries of the deployment.
    pub(crate) async fn purge_due(&self) {
        let now = self.time.now();
        if !once_in(&self.purged.0, now, PAUSE) {
            return;
        }
        for _ in 0..ROUNDS {
            match self.purge_some(now).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(denial) => {
                    tracing::error!(%denial, "objects not purged");
                    break;
                }
            }
        }
        self.purge_records(now).await;
    }

    /// Erases some, and says whether there may be more.
    async fn purge_some(&self, now: Micros) -> Result<bool, Denial> {
        let due = self.store.due_objects(now, AT_ONCE).await?;
        let more = due.len() == AT_ONCE as usize;
        let mut by_workspace = BTreeMap::<WorkspaceId, Vec<(ObjectId, ContextId)>>::new();
        for found in due {
            let objects = by_workspace.entry(found.workspace).or_default();
            objects.push((found.object, found.context));
        }
        for (workspace, objects) in by_workspace {
            let state = self.state(workspace).await?;
            match self.purge(&state, &objects, now).await {
                // Another node was first, or one was restored: the next round sees.
                Ok(()) | Err(Denial::Unavailable) => {}
                Err(denial) => return Err(denial),
            }
        }
        Ok(more)
    }

    /// Erases an object that expired, so that its name is free now.
    pub(super) async fn purge_expired(
        &self,
        state: &Arc<WorkspaceState>,
        object: &Object,
    ) -> Result<(), Stopped> {
        let object = [(object.row.id, object.row.context)];
        match self.purge(state, &object, self.time.now()).await {
            Ok(()) => Ok(()),
            // Somebody else was first.
            Err(Denial::Unavailable) => Err(Stopped::Stale),
            Err(denial) => Err(denial.into()),
        }
    }

    async fn purge(
        &self,
        state: &Arc<WorkspaceState>,
        objects: &[(ObjectId, ContextId)],
        due: Micros,
    ) -> Result<(), Denial> {
        let change = |(object, _): &(ObjectId, ContextId)| Change::PurgeObject {
            object: *object,
            due,
        };
        let item = |(object, context): &(ObjectId, ContextId)| Item {
            id: object_item(*object, None),
            context: Some((Kind::Context, *context, NO_KEY)),
            outcome: Outcome::Allowed,
            reason: None,
            digest: None,
            moved_to: None,
        };
        let account = Account {
            count: u32::try_from(objects.len()).unwrap_or(u32::MAX),
            items: Some(Items(objects.iter().map(item).collect())),
            changes: objects.iter().map(change).collect(),
            ..Account::default()
        };
        self.append_own(state, Operation::ObjectPurge, account)
            .await
            .map(drop)
    }
}
