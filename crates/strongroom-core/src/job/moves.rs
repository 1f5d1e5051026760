//! Making moves of key contexts durable.

use std::collections::BTreeMap;

use strongroom_log::{Item, ItemId, ItemName, Items};
use strongroom_types::{KeyContext, Operation, Outcome};

use super::run::{Halt, Job};
use crate::denial::Denial;
use crate::door::{Account, NO_KEY, Successor};
use crate::ports::{Change, ContextRow, Wrapper};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// How often a move is tried under the state of the moment. What the provider wrapped is not thrown
/// away because somebody else changed something in the workspace.
const TRIES: u32 = 4;

/// A key context and what follows its active version.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) row: ContextRow,
    pub(super) map: KeyContext,
    pub(super) successor: Successor,
}

/// Moves by what wraps before and after: an entry is about one pair.
#[derive(Debug, Default)]
pub(super) struct Moves(BTreeMap<(Wrapper, Wrapper), Vec<Move>>);

impl Moves {
    pub(super) fn add(&mut self, one: Move) {
        let ends = (one.row.wrapper, one.successor.wrapper());
        self.0.entry(ends).or_default().push(one);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Move> {
        self.0.values().flatten()
    }

    /// Makes them durable, with their entries and the count of the job.
    pub(super) async fn commit(&self, room: &Strongroom, job: &mut Job) -> Result<(), Halt> {
        for (ends, moves) in &self.0 {
            commit(room, job, (*ends, moves)).await?;
        }
        Ok(())
    }
}

async fn commit(
    room: &Strongroom,
    job: &mut Job,
    (ends, moves): ((Wrapper, Wrapper), &[Move]),
) -> Result<(), Halt> {
    let count = u64::try_from(moves.len()).unwrap_or(u64::MAX);
    for _ in 0..TRIES {
        let state = room.state(job.row.workspace).await?;
        if !moves.iter().all(|one| wanted(&state, one)) {
            return Err(Halt::Again);
        }
        // Moves are good whoever has the job by now.
        let ours = room.still_ours(job).await;
        let next = job.next(&state, room.time.now(), |row, body| {
            row.moved = row.moved.saturating_add(count);
            body.attempts = 0;
        })?;
        let mut account = account(ends, moves).fact("job", &job.row.id.to_string());
        if ours.is_ok() {
            account.changes.push(Change::UpdateJob(next.row.clone()));
        }
        let written = room.append_own(&state, Operation::ContextRewrap, account);
        match written.await {
            Err(Denial::Unavailable) => {}
            other => {
                other?;
                ours?;
                *job = next;
                return Ok(());
            }
        }
    }
    Err(Halt::Again)
}

/// Whether the policies still want what was done.
fn wanted(state: &WorkspaceState, one: &Move) -> bool {
    state.policies.rules(&one.map).wrapper() == Ok(one.successor.wrapper())
}

fn account((from, to): (Wrapper, Wrapper), moves: &[Move]) -> Account {
    let mut account = Account {
        count: u32::try_from(moves.len()).unwrap_or(u32::MAX),
        items: Some(Items(moves.iter().map(item).collect())),
        ..Account::default()
    };
    for one in moves {
        account = account.of_kind(one.row.kind, one.row.id, &one.map);
        account.changes.push(one.successor.change().clone());
    }
    account
        .fact("from", &from.to_string())
        .fact("to", &to.to_string())
}

fn item(one: &Move) -> Item {
    let name = ItemName::new(&one.row.id.to_string());
    Item {
        id: name.map_or(ItemId::Position(0), ItemId::Name),
        context: Some((one.row.kind, one.row.id, NO_KEY)),
        moved_to: None,
        outcome: Outcome::Allowed,
        reason: None,
        digest: None,
    }
}
