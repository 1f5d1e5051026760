//! What happened to a lease, as the log has it.

use strongroom_types::body::EntryView;
use strongroom_types::{LeaseId, Operation, Outcome, Permission};

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::log::EntriesQuery;
use crate::strongroom::Strongroom;

/// What can happen to one, in the order of an answer's search.
const OPERATIONS: [Operation; 4] = [
    Operation::LeaseCreate,
    Operation::LeaseRead,
    Operation::LeaseRenew,
    Operation::LeaseRevoke,
];
/// How many pages of entries of each operation are looked through.
const PAGES_MAX: usize = 2;
/// How many entries a page has.
const PAGE: u32 = 1000;

/// What happened to a lease, oldest first.
#[derive(Debug)]
pub struct LeaseTrail {
    /// The lease.
    pub id: LeaseId,
    /// What happened.
    pub events: Vec<LeaseEvent>,
    /// Whether that is all: of a workspace that has very many leases, only the oldest entries are
    /// looked through.
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
        self.enter(ask, &Trail(id)).await
    }
}

struct Trail(LeaseId);

impl Trail {
    /// Adds what happened by one operation; says whether all of it was looked through.
    async fn gather(
        &self,
        room: &Strongroom,
        caller: &Caller,
        operation: Operation,
        events: &mut Vec<LeaseEvent>,
    ) -> Result<bool, Denial> {
        let mut query = EntriesQuery {
            operation: Some(operation),
            outcome: Some(Outcome::Allowed),
            limit: Some(PAGE),
            ..EntriesQuery::default()
        };
        let id = self.0.to_string();
        for _ in 0..PAGES_MAX {
            let page = room.find_entries(&caller.state, &query).await?;
            let own = page.entries.iter().filter(|entry| {
                let of_lease = entry.facts.get("lease") == Some(&id);
                of_lease && entry.client == Some(caller.client.id)
            });
            events.extend(own.map(event));
            match page.next {
                Some(next) => query.page = Some(next),
                None => return Ok(true),
            }
        }
        Ok(false)
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
    type Work = LeaseTrail;
    type Answer = LeaseTrail;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<LeaseTrail>, Stopped> {
        let _turn = room.slow.turn(caller).await?;
        let (mut events, mut complete) = (Vec::new(), true);
        for operation in OPERATIONS {
            complete &= self.gather(room, caller, operation, &mut events).await?;
        }
        if events.is_empty() && complete {
            return Err(Denial::NotFound(Thing::Lease).into());
        }
        events.sort_by_key(|event| event.index);
        let account = Account::of_changes(Vec::new())
            .fact("read", "lease")
            .fact("lease", &self.0.to_string());
        let work = LeaseTrail {
            id: self.0,
            events,
            complete,
        };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        trail: LeaseTrail,
        _permit: Permit,
    ) -> Released<LeaseTrail> {
        Released::of(Ok(trail))
    }
}
