//! What happened to a lease, as the log has it.

use strongroom_types::body::EntryView;
use strongroom_types::{LeaseId, Operation, Outcome, Permission};

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::log::EntriesQuery;
use crate::once::Once;
use crate::strongroom::Strongroom;

/// What can happen to one.
const OPERATIONS: [Operation; 4] = [
    Operation::LeaseCreate,
    Operation::LeaseRead,
    Operation::LeaseRenew,
    Operation::LeaseRevoke,
];
/// How many pages of entries are looked through.
const PAGES_MAX: usize = 8;
/// How many entries a page has.
const PAGE: u32 = 1000;

/// What happened to a lease, oldest first.
#[derive(Debug)]
pub struct LeaseTrail {
    /// The lease.
    pub id: LeaseId,
    /// What happened.
    pub events: Vec<LeaseEvent>,
    /// Whether that is all: of a lease with very many entries only the oldest are told.
    pub complete: bool,
}

/// Something that happened to a lease.
#[derive(Debug)]
pub struct LeaseEvent {
    /// When.
    pub time: String,
    /// What.
    pub operation: Operation,
    /// The entry.
    pub index: u64,
}

impl Strongroom {
    /// Tells what happened to a lease of the caller's, also to one that is over or revoked.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn lease_trail(
        &self,
        ask: &Ask,
        id: LeaseId,
    ) -> Result<Answered<LeaseTrail>, Refused> {
        self.enter(ask, &Trail(id, Once::new())).await
    }
}

struct Trail(LeaseId, Once<LeaseTrail>);

impl Trail {
    /// The entries about the lease that are the caller's own, by the index of leases.
    async fn gather(&self, room: &Strongroom, caller: &Caller) -> Result<LeaseTrail, Denial> {
        let _turn = room.slow.turn(caller).await?;
        let mut query = EntriesQuery {
            lease: Some(self.0),
            outcome: Some(Outcome::Allowed),
            limit: Some(PAGE),
            ..EntriesQuery::default()
        };
        let mut events = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = room.find_entries(&caller.state, &query).await?;
            let own = page.entries.iter().filter(|entry| {
                OPERATIONS.contains(&entry.operation) && entry.client == Some(caller.client.id)
            });
            events.extend(own.map(event));
            query.page = page.next;
            if query.page.is_none() {
                break;
            }
        }
        if events.is_empty() {
            return Err(Denial::NotFound(Thing::Lease));
        }
        Ok(LeaseTrail {
            id: self.0,
            events,
            complete: query.page.is_none(),
        })
    }
}

fn event(entry: &EntryView) -> LeaseEvent {
    LeaseEvent {
        time: entry.time.clone(),
        operation: entry.operation,
        index: entry.index,
    }
}

impl Use for Trail {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::Leases);
    type Work = ();
    type Answer = LeaseTrail;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        self.1.of(self.gather(room, caller), |_| ()).await?;
        let account = Account::of_one()
            .fact("read", "lease")
            .fact("lease", &self.0.to_string());
        Ok(Planned { work: (), account })
    }

    fn release(&self, _room: &Strongroom, (): (), _permit: Permit) -> Released<LeaseTrail> {
        Released::of(self.1.take())
    }
}
