//! Reads of the log through the door: permission, entry, answer.

use strongroom_types::{Operation, Permission};

use crate::ask::Ask;
use crate::caller::Caller;
use crate::denial::Denial;
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::once::Once;
use crate::strongroom::Strongroom;

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
        caller: &Caller,
    ) -> impl Future<Output = Result<Self::Answer, Denial>> + Send;
}

/// A read of the log as a use: no key context takes part, the entry says what was read.
pub(crate) struct LogRead<P: Prepare> {
    what: P,
    done: Once<P::Answer>,
}

impl<P: Prepare> LogRead<P> {
    pub(crate) const fn of(what: P) -> Self {
        Self {
            what,
            done: Once::new(),
        }
    }
}

impl<P: Prepare> Use for LogRead<P> {
    const OPERATION: Operation = Operation::LogRead;
    const PERMISSION: Option<Permission> = Some(Permission::LogRead);
    type Work = ();
    type Answer = P::Answer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        let read = self.what.prepare(room, caller);
        self.done.of(read, |_| ()).await?;
        let account = Account::of_one().fact("read", &self.what.what());
        Ok(Planned { work: (), account })
    }

    fn release(&self, _room: &Strongroom, (): (), _permit: Permit) -> Released<P::Answer> {
        Released::of(self.done.take())
    }
}
