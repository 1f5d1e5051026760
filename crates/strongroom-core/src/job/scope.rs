//! Which key contexts a job is about. A job of one customer's key has nothing to do with those of
//! others, so that nobody's key holds up, or lets fail, the job of another.

use strongroom_types::body::{JobCause, JobKind};
use strongroom_types::{ContextId, KeyContext};

use super::run::Job;
use crate::denial::Denial;
use crate::door::keyring::open_map;
use crate::ports::{ContextRow, Wrapper};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

impl Job {
    /// The next rows to look at.
    pub(super) async fn rows(
        &self,
        room: &Strongroom,
        after: Option<ContextId>,
        limit: u32,
    ) -> Result<Vec<ContextRow>, Denial> {
        let workspace = self.row.workspace;
        match (self.body.context, after) {
            (Some(_), Some(_)) => Ok(Vec::new()),
            (Some(only), None) => {
                let row = room.store.context(workspace, only).await?;
                Ok(row.into_iter().collect())
            }
            (None, after) => Ok(room.store.contexts(workspace, after, limit).await?),
        }
    }

    /// The map of a key context that the job is about.
    pub(super) fn takes(
        &self,
        state: &WorkspaceState,
        row: &ContextRow,
    ) -> Result<Option<KeyContext>, Denial> {
        let map = open_map(state, row)?;
        Ok(self.is_about(state, (row, &map)).then_some(map))
    }

    fn is_about(&self, state: &WorkspaceState, (row, map): (&ContextRow, &KeyContext)) -> bool {
        let wanted = state.policies.rules(map).wrapper().ok();
        match self.body.cause {
            JobCause::Asked if self.row.kind == JobKind::RotateRoot => {
                matches!(wanted, Some(Wrapper::Root(_)))
            }
            JobCause::Asked => true,
            JobCause::Attach | JobCause::Replace | JobCause::Detach => {
                let key = self.body.customer_key;
                let by_key = |wrapper: Wrapper| wrapper.customer() == key;
                by_key(row.wrapper) || wanted.is_some_and(by_key) || self.is_of_policies(state, map)
            }
        }
    }

    /// Whether one of the policies whose key changed matches.
    fn is_of_policies(&self, state: &WorkspaceState, map: &KeyContext) -> bool {
        let matching = state.policies.matching(map);
        let mut ids = matching.iter().map(|policy| policy.id);
        ids.any(|id| self.body.policies.contains(&id))
    }
}
