//! Reads of the log through the door: permission, entry, answer.

use std::sync::Arc;

use strongroom_types::{Operation, Permission};

use crate::ask::Ask;
use crate::caller::Caller;
use crate::denial::Denial;
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// Something to read from the caller's log.
pub(crate) trait Prepare: Send + Sync {
    /// What the reader gets.
    type Answer: Send;

    /// What the entry says was read; nothing personal.
    fn what(&self) -> String;

    /// Reads it. Nobody gets it before its entry is durable.
    fn prepare(
        &self,
        room: &Strongroom,
        state: &Arc<WorkspaceState>,
    ) -> impl Future<Output = Result<Self::Answer, Denial>> + Send;
}

/// A read of the log as a use: no key context takes part, the entry says what was read.
pub(crate) struct LogRead<P>(pub(crate) P);

impl<P: Prepare> Use for LogRead<P> {
    const OPERATION: Operation = Operation::LogRead;
    const PERMISSION: Option<Permission> = Some(Permission::LogRead);
    type Work = P::Answer;
    type Answer = P::Answer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<P::Answer>, Stopped> {
        let work = self.0.prepare(room, &caller.state).await?;
        let account = Account::of_changes(Vec::new()).fact("read", &self.0.what());
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: P::Answer, _permit: Permit) -> Released<P::Answer> {
        Released::of(Ok(work))
    }
}
