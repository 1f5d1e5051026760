//! Moving key contexts under the key that their policies want, and what is stored under them to the
//! active versions of their keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strongroom_log::{Item, ItemId, ItemName, Items};
use strongroom_types::body::{ContextState, JobCause, JobState};
use strongroom_types::{Code, ContextId, KeyContext, KeyVersion, Kind, Operation, Outcome};
use tokio::task::JoinSet;

use super::run::{Halt, Job, Slice};
use crate::denial::Denial;
use crate::door::keyring::open_map;
use crate::door::{Account, NO_KEY, Successor};
use crate::object::Rewrapped;
use crate::ports::{Change, ContextRow, StoreValuePlace, VersionPlace, Wrapper};
use crate::stores::RewrappedInStore;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// How many rows a slice looks at.
const ROWS: u32 = 256;
/// How many key contexts a slice moves.
const MOVES_MAX: usize = 32;
/// How many key contexts are moved at once.
const MOVES_AT_ONCE: usize = 8;
/// How many stored values a slice moves.
const STORED: u32 = 256;

/// Where a round stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// The last key context that was looked at.
    after: Option<ContextId>,
    /// Key contexts up to there under which older versions may still hold something.
    stored: Vec<ContextId>,
    /// How far the first of them is.
    within: Option<VersionPlace>,
    /// The same, where it is a store's.
    #[serde(default)]
    within_store: Option<StoreValuePlace>,
}

impl Cursor {
    fn of(job: &Job) -> Self {
        // One that cannot be read begins anew, which moves nothing twice.
        serde_json::from_str(&job.row.cursor).unwrap_or_default()
    }

    /// Goes on within the first of the key contexts, or with the one behind it.
    fn within(mut self, place: Option<Within>) -> Self {
        (self.within, self.within_store) = match place {
            None => (None, None),
            Some(Within::Objects(place)) => (Some(place), None),
            Some(Within::Store(place)) => (None, Some(place)),
        };
        let over = self.within.is_none() && self.within_store.is_none();
        if over && !self.stored.is_empty() {
            self.stored.remove(0);
        }
        self
    }

    fn text(&self) -> Result<String, Denial> {
        serde_json::to_string(self).map_err(|_unserialisable| Denial::Internal)
    }
}

/// How far what is stored under a key context was moved.
enum Within {
    Objects(VersionPlace),
    Store(StoreValuePlace),
}

/// A turn's work.
#[derive(Debug, Default)]
pub(super) struct Rewrap {
    /// Between which keys nothing moves now: those are not asked again in this turn.
    refused: BTreeMap<(Wrapper, Wrapper), Denial>,
}

/// What a slice has to do, found by looking at rows.
#[derive(Debug, Default)]
struct Found {
    looked_at: u64,
    last: Option<ContextId>,
    moves: Vec<(ContextRow, KeyContext, Wrapper)>,
    /// Key contexts with more than one version.
    stored: Vec<(ContextId, KeyVersion)>,
}

/// How the moves of a slice went.
#[derive(Debug, Default)]
struct Moved {
    successors: Vec<(ContextRow, KeyContext, Successor)>,
    failed: u64,
    reason: Option<Denial>,
    /// What kept the others from being tried.
    trouble: Option<Denial>,
}

impl Rewrap {
    /// Does the next slice.
    pub(super) async fn slice(&mut self, room: &Strongroom, job: &mut Job) -> Result<Slice, Halt> {
        let cursor = Cursor::of(job);
        if let Some(context) = cursor.stored.first() {
            return stored(room, job, *context, cursor.clone()).await;
        }
        let state = room.state(job.row.workspace).await?;
        let found = look(room, &state, cursor.after).await?;
        if found.looked_at == 0 {
            return Ok(Slice::Round);
        }
        let moved = self.move_all(room, &state, found.moves).await?;
        if let Some(denial) = moved.trouble {
            // What was moved stays moved; the round goes on where it was.
            let next = job.next(&state, room.time.now(), |row, _| {
                row.moved = row.moved.saturating_add(count(&moved.successors));
            })?;
            *job = commit(room, &state, next, moved.successors).await?;
            return Err(denial.into());
        }
        let mut older = found.stored;
        let versions = moved.successors.iter();
        older.extend(versions.map(|(row, _, successor)| (row.id, successor.key.version)));
        let cursor = Cursor {
            after: found.last,
            stored: holding(room, &state, older).await?,
            ..Cursor::default()
        };
        let text = cursor.text()?;
        let next = job.next(&state, room.time.now(), |row, body| {
            row.cursor = text;
            row.done = row.done.saturating_add(found.looked_at);
            row.moved = row.moved.saturating_add(count(&moved.successors));
            row.failed = row.failed.saturating_add(moved.failed);
            if let Some(denial) = &moved.reason {
                body.reason = Some(denial.reason());
            } else {
                body.attempts = 0;
            }
        })?;
        *job = commit(room, &state, next, moved.successors).await?;
        Ok(Slice::More)
    }

    /// Makes the successors, some at once. What a key refuses is passed over; when a key does not
    /// answer, no more are tried.
    async fn move_all(
        &mut self,
        room: &Strongroom,
        state: &Arc<WorkspaceState>,
        moves: Vec<(ContextRow, KeyContext, Wrapper)>,
    ) -> Result<Moved, Halt> {
        let mut all = Moved::default();
        let mut moves = moves.into_iter().peekable();
        while moves.peek().is_some() && all.trouble.is_none() {
            let mut tasks = JoinSet::new();
            for (row, map, to) in moves.by_ref().take(MOVES_AT_ONCE) {
                if let Some(denial) = self.refused.get(&(row.wrapper, to)) {
                    all.pass_over(denial.clone());
                    continue;
                }
                let (room, state) = (room.clone(), Arc::clone(state));
                tasks.spawn(async move {
                    let successor = room.successor(&state, &row, &map).await;
                    (row, map, to, successor)
                });
            }
            while let Some(done) = tasks.join_next().await {
                let (row, map, to, successor) = done.map_err(|_panicked| Denial::Internal)?;
                match successor {
                    Ok(successor) => all.successors.push((row, map, successor)),
                    Err(denial) if passes(&denial) => all.trouble = Some(denial),
                    Err(denial) => {
                        self.refused.insert((row.wrapper, to), denial.clone());
                        all.pass_over(denial);
                    }
                }
            }
        }
        Ok(all)
    }
}

impl Moved {
    fn pass_over(&mut self, denial: Denial) {
        self.failed = self.failed.saturating_add(1);
        self.reason = Some(denial);
    }
}

fn count<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// Whether it may pass by itself, for all key contexts alike.
fn passes(denial: &Denial) -> bool {
    matches!(
        denial.code(),
        Code::RootUnavailable | Code::StoreUnavailable | Code::LogUnavailable | Code::Unavailable
    )
}

/// Looks at the next rows: which key contexts are under another key than their policies want.
async fn look(
    room: &Strongroom,
    state: &WorkspaceState,
    after: Option<ContextId>,
) -> Result<Found, Halt> {
    let rows = room.store.contexts(state.id, after, ROWS).await;
    let mut found = Found::default();
    for row in rows.map_err(Denial::from)? {
        if found.moves.len() == MOVES_MAX {
            break;
        }
        found.looked_at += 1;
        found.last = Some(row.id);
        if row.state == ContextState::Destroyed {
            continue;
        }
        let map = open_map(state, &row)?;
        match state.policies.rules(&map).wrapper() {
            Ok(wanted) if wanted != row.wrapper => found.moves.push((row, map, wanted)),
            // As it should be, or closed: then it is not opened either.
            Ok(_) | Err(_) => found.stored.extend(with_older(&row)),
        }
    }
    Ok(found)
}

/// The key context and its active version, if it has older ones.
fn with_older(row: &ContextRow) -> Option<(ContextId, KeyVersion)> {
    let active = row.live_keys().map(|key| key.version).max()?;
    (row.live_keys().count() > 1 && row.state == ContextState::Active).then_some((row.id, active))
}

/// Those of the key contexts under whose older versions something is stored.
async fn holding(
    room: &Strongroom,
    state: &WorkspaceState,
    contexts: Vec<(ContextId, KeyVersion)>,
) -> Result<Vec<ContextId>, Halt> {
    let mut holding = Vec::new();
    for (id, active) in contexts {
        let versions = room.store.stale_versions(state.id, id, active, None, 1);
        let versions = versions.await.map_err(Denial::from)?;
        let values = room.store.stale_store_values(state.id, id, active, None, 1);
        if !versions.is_empty() || !values.await.map_err(Denial::from)?.is_empty() {
            holding.push(id);
        }
    }
    Ok(holding)
}

/// Makes the moves durable, with their entry and how far the job is.
async fn commit(
    room: &Strongroom,
    state: &Arc<WorkspaceState>,
    next: Job,
    moved: Vec<(ContextRow, KeyContext, Successor)>,
) -> Result<Job, Halt> {
    if moved.is_empty() {
        return room.put(next).await;
    }
    let mut account = Account {
        count: u32::try_from(moved.len()).unwrap_or(u32::MAX),
        ..Account::default()
    };
    let mut items = Vec::with_capacity(moved.len());
    let mut ends = None;
    for (row, map, successor) in moved {
        account = account.of_kind(row.kind, row.id, &map);
        items.push(item(&row));
        ends = Some((row.wrapper, successor.wrapper()));
        account.changes.push(successor.into_change());
    }
    account.items = Some(Items(items));
    account.changes.push(Change::UpdateJob(next.row.clone()));
    let account = account.fact("job", &next.row.id.to_string());
    let account = match ends {
        Some((from, to)) => account
            .fact("from", &from.to_string())
            .fact("to", &to.to_string()),
        None => account,
    };
    room.append_own(state, Operation::ContextRewrap, account)
        .await?;
    Ok(next)
}

fn item(row: &ContextRow) -> Item {
    let name = ItemName::new(&row.id.to_string());
    Item {
        id: name.map_or(ItemId::Position(0), ItemId::Name),
        context: Some((row.kind, row.id, NO_KEY)),
        moved_to: None,
        outcome: Outcome::Allowed,
        reason: None,
        digest: None,
    }
}

/// Moves some of what is stored under a key context; how far the job is commits with it.
async fn stored(
    room: &Strongroom,
    job: &mut Job,
    context: ContextId,
    cursor: Cursor,
) -> Result<Slice, Halt> {
    let mut next = None;
    let mut advance = |state: &WorkspaceState, place: Option<Within>, moved: u64| {
        let further = cursor.clone().within(place);
        let moved = advanced(room, state, job, (&further, moved))?;
        let change = Change::UpdateJob(moved.row.clone());
        next = Some(moved);
        Ok(vec![change])
    };
    let about = ("job", &*job.row.id.to_string());
    let workspace = job.row.workspace;
    let row = room.store.context(workspace, context).await;
    let is_store = row.map_err(Denial::from)?.map(|row| row.kind) == Some(Kind::Store);
    let done = if is_store {
        let beside = |state: &WorkspaceState, done: &RewrappedInStore| {
            advance(state, done.next.clone().map(Within::Store), done.moved)
        };
        let range = (cursor.within_store.clone(), STORED);
        let moved = room.rewrap_store_with(workspace, context, range, about, beside);
        moved.await.map(drop)
    } else {
        let beside = |state: &WorkspaceState, done: &Rewrapped| {
            advance(state, done.next.map(Within::Objects), done.moved)
        };
        let range = (cursor.within, STORED);
        let moved = room.rewrap_objects_with(workspace, context, range, about, beside);
        moved.await.map(drop)
    };
    match done {
        Ok(()) => {}
        Err(denial) if passes(&denial) => return Err(denial.into()),
        // Suspended or destroyed meanwhile: what is stored opens with its version, or never again.
        Err(denial) => {
            tracing::warn!(%context, %denial, "stored values stay under older versions");
            next = None;
        }
    }
    *job = match next {
        Some(next) => next,
        None => pass(room, job, cursor.within(None)).await?,
    };
    Ok(Slice::More)
}

/// Goes on with the next key context, where nothing was moved.
async fn pass(room: &Strongroom, job: &Job, cursor: Cursor) -> Result<Job, Halt> {
    let state = room.state(job.row.workspace).await?;
    room.put(advanced(room, &state, job, (&cursor, 0))?).await
}

fn advanced(
    room: &Strongroom,
    state: &WorkspaceState,
    job: &Job,
    (cursor, stored): (&Cursor, u64),
) -> Result<Job, Denial> {
    let text = cursor.text()?;
    job.next(state, room.time.now(), |row, _| {
        row.cursor = text;
        row.stored = row.stored.saturating_add(stored);
    })
}

impl Strongroom {
    /// Ends a job that is done, with an entry that says so.
    pub(super) async fn finish(&self, job: &mut Job) -> Result<(), Halt> {
        let state = self.state(job.row.workspace).await?;
        let now = self.time.now();
        // What is written meanwhile is under the active versions.
        let versions = self.store.count_all_stale_versions(state.id).await;
        let values = self.store.count_stale_store_values(state.id).await;
        let values = values.map_err(Denial::from)?;
        let remaining = versions.map_err(Denial::from)?.saturating_add(values);
        let next = job.next(&state, now, |row, body| {
            row.state = JobState::Done;
            row.finished = Some(now);
            row.leased = 0;
            row.total = row.done;
            row.remaining = remaining;
            body.reason = None;
        })?;
        let mut account = Account::of_changes(vec![Change::UpdateJob(next.row.clone())])
            .fact("job", &next.row.id.to_string())
            .fact("moved", &next.row.moved.to_string())
            .fact("stored", &next.row.stored.to_string())
            .fact("remaining", &remaining.to_string());
        account.outcome = Outcome::Completed;
        let operation = operation(next.body.cause);
        self.append_own(&state, operation, account).await?;
        *job = next;
        Ok(())
    }
}

/// What began the job, and what its end is called.
pub(crate) const fn operation(cause: JobCause) -> Operation {
    match cause {
        JobCause::Attach => Operation::CustomerKeyAttach,
        JobCause::Replace => Operation::CustomerKeyReplace,
        JobCause::Detach => Operation::CustomerKeyDetach,
        JobCause::Asked => Operation::JobCreate,
    }
}
