//! Moving key contexts under the key that their policies want, and what is stored under them to the
//! active versions of their keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strongroom_types::body::ContextState;
use strongroom_types::{ContextId, KeyContext, KeyVersion, Kind};
use tokio::task::JoinSet;

use super::moves::{Move, Moves};
use super::run::{Halt, Job, Slice};
use crate::customer_key::CustomerKeyFault;
use crate::denial::Denial;
use crate::ports::{
    Change, ContextRow, RootError, StaleStoreValue, StaleVersion, StoreError, StoreValuePlace,
    VersionPlace, Wrapper,
};
use crate::stored::{Rewrapped, Stale};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// How many rows a slice looks at.
const ROWS: u32 = 256;
/// How many key contexts a slice moves, at once. Few, so that a slow provider is done in time and
/// little is done in vain.
const MOVES: usize = 8;
/// How many stored values a slice moves.
const STORED: u32 = 256;

/// Where a round stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// The last key context that was looked at.
    after: Option<ContextId>,
    /// Key contexts up to there under which older versions may still hold something.
    stored: Vec<(ContextId, Kind)>,
    /// How far the first of them is.
    within: Option<Within>,
}

/// How far what is stored under a key context was moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Within {
    Objects(VersionPlace),
    Store(StoreValuePlace),
}

impl Cursor {
    fn of(job: &Job) -> Self {
        // One that cannot be read begins anew, which moves nothing twice.
        serde_json::from_str(&job.row.cursor).unwrap_or_default()
    }

    /// Goes on with the key context behind the first.
    fn behind(mut self) -> Self {
        self.within = None;
        if !self.stored.is_empty() {
            self.stored.remove(0);
        }
        self
    }

    fn text(&self) -> Result<String, Denial> {
        serde_json::to_string(self).map_err(|_unserialisable| Denial::Internal)
    }
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
    stored: Vec<Older>,
}

/// How the moves of a slice went.
#[derive(Debug, Default)]
struct Tried {
    moves: Moves,
    failed: u64,
    reason: Option<Denial>,
}

impl Rewrap {
    /// Does the next slice.
    pub(super) async fn slice(&mut self, room: &Strongroom, job: &mut Job) -> Result<Slice, Halt> {
        let cursor = Cursor::of(job);
        if let Some(context) = cursor.stored.first() {
            return stored(room, job, *context, cursor.clone()).await;
        }
        let state = room.state(job.row.workspace).await?;
        let found = look(room, &state, job, cursor.after).await?;
        if found.looked_at == 0 {
            return Ok(Slice::Round);
        }
        let tried = self.move_all(room, &state, found.moves).await?;
        tried.moves.commit(room, job).await?;
        let mut older = found.stored;
        let versions = tried.moves.iter();
        older.extend(versions.map(|one| Older {
            newest: one.successor.key.version,
            ..Older::of(&one.row)
        }));
        let cursor = Cursor {
            after: found.last,
            stored: holding(room, &state, older).await?,
            ..Cursor::default()
        };
        let text = cursor.text()?;
        let next = job.next(&state, room.time.now(), |row, body| {
            row.cursor = text;
            row.done = row.done.saturating_add(found.looked_at);
            row.failed = row.failed.saturating_add(tried.failed);
            if let Some(denial) = &tried.reason {
                body.reason = Some(denial.reason());
            }
        })?;
        *job = room.put(next).await?;
        Ok(Slice::More)
    }

    /// Makes the successors, some at once. What a key refuses, or does not answer, is passed over.
    async fn move_all(
        &mut self,
        room: &Strongroom,
        state: &Arc<WorkspaceState>,
        moves: Vec<(ContextRow, KeyContext, Wrapper)>,
    ) -> Result<Tried, Halt> {
        let mut tried = Tried::default();
        let mut tasks = JoinSet::new();
        for (row, map, to) in moves {
            if let Some(denial) = self.refused.get(&(row.wrapper, to)) {
                tried.pass_over(denial.clone());
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
                Ok(successor) => tried.moves.add(Move {
                    row,
                    map,
                    successor,
                }),
                Err(denial) if passes(&denial) => return Err(denial.into()),
                Err(denial) => {
                    if is_of_the_key(&denial) {
                        self.refused.insert((row.wrapper, to), denial.clone());
                    }
                    tried.pass_over(denial);
                }
            }
        }
        Ok(tried)
    }
}

impl Tried {
    fn pass_over(&mut self, denial: Denial) {
        self.failed = self.failed.saturating_add(1);
        self.reason = Some(denial);
    }
}

/// Whether it has to do with neither key nor key context, so that nothing can be done now.
const fn passes(denial: &Denial) -> bool {
    matches!(
        denial,
        Denial::StoreUnavailable | Denial::LogUnavailable | Denial::Unavailable
    )
}

/// Whether the key would say the same of any other seed.
const fn is_of_the_key(denial: &Denial) -> bool {
    match denial {
        Denial::CustomerKey(CustomerKeyFault::Provider(RootError::WrongRoot { .. })) => false,
        Denial::CustomerKey(_) => true,
        _ => false,
    }
}

/// Looks at the next rows: which key contexts are under another key than their policies want.
async fn look(
    room: &Strongroom,
    state: &WorkspaceState,
    job: &Job,
    after: Option<ContextId>,
) -> Result<Found, Halt> {
    let mut found = Found::default();
    for row in job.rows(room, after, ROWS).await? {
        if found.moves.len() == MOVES {
            break;
        }
        found.looked_at += 1;
        found.last = Some(row.id);
        if row.state == ContextState::Destroyed {
            continue;
        }
        let Some(map) = job.takes(state, &row)? else {
            continue;
        };
        match state.policies.rules(&map).wrapper() {
            Ok(wanted) if wanted != row.wrapper => found.moves.push((row, map, wanted)),
            // As it should be, or closed: then it is not opened either.
            Ok(_) | Err(_) => found.stored.extend(with_older(&row)),
        }
    }
    Ok(found)
}

/// A key context that may have something stored under an older version than its newest.
#[derive(Clone, Copy, Debug)]
struct Older {
    context: ContextId,
    kind: Kind,
    newest: KeyVersion,
}

impl Older {
    fn of(row: &ContextRow) -> Self {
        let newest = row.live_keys().map(|key| key.version).max();
        Self {
            context: row.id,
            kind: row.kind,
            newest: newest.unwrap_or(KeyVersion::FIRST),
        }
    }
}

/// The key context, if it has older versions.
fn with_older(row: &ContextRow) -> Option<Older> {
    (row.live_keys().count() > 1).then(|| Older::of(row))
}

/// Those of the key contexts under whose older versions something is stored.
async fn holding(
    room: &Strongroom,
    state: &WorkspaceState,
    contexts: Vec<Older>,
) -> Result<Vec<(ContextId, Kind)>, Halt> {
    let mut holding = Vec::new();
    for older in contexts {
        let count = count_older(room, state, older).await;
        if count.map_err(Denial::from)? > 0 {
            holding.push((older.context, older.kind));
        }
    }
    Ok(holding)
}

/// Moves some of what is stored under a key context.
async fn stored(
    room: &Strongroom,
    job: &mut Job,
    (context, kind): (ContextId, Kind),
    cursor: Cursor,
) -> Result<Slice, Halt> {
    let (done, next) = match (kind, cursor.within.clone()) {
        (
            Kind::Store | Kind::SigningKey | Kind::HybridKey | Kind::Named,
            Some(Within::Store(after)),
        ) => move_some::<StaleStoreValue>(room, job, (context, &cursor), Some(after)).await,
        (Kind::Store | Kind::SigningKey | Kind::HybridKey | Kind::Named, _) => {
            move_some::<StaleStoreValue>(room, job, (context, &cursor), None).await
        }
        (_, Some(Within::Objects(after))) => {
            move_some::<StaleVersion>(room, job, (context, &cursor), Some(after)).await
        }
        (_, _) => move_some::<StaleVersion>(room, job, (context, &cursor), None).await,
    };
    let (next, refused) = match done {
        Ok(true) => (next, None),
        Ok(false) => (next, Some(None)),
        Err(denial) if passes(&denial) => return Err(denial.into()),
        // Suspended or destroyed meanwhile: what is stored opens with its version, or never again.
        Err(Denial::KeyDisabled | Denial::ContextDestroyed | Denial::ContextClosed) => {
            (None, Some(None))
        }
        Err(denial) => (None, Some(Some(denial))),
    };
    if let Some(next) = next {
        *job = next;
    }
    if let Some(refused) = refused {
        *job = leave(room, job, (context, cursor.behind()), refused).await?;
    }
    Ok(Slice::More)
}

/// Moves some rows of one kind; how far the job is commits with them. Says whether there may be more,
/// and gives the job as it is then, if something was moved.
async fn move_some<S: Stale>(
    room: &Strongroom,
    job: &Job,
    (context, cursor): (ContextId, &Cursor),
    after: Option<S::Place>,
) -> (Result<bool, Denial>, Option<Job>)
where
    Within: From<S::Place>,
{
    let mut next = None;
    let beside = |state: &WorkspaceState, done: &Rewrapped<S::Place>| {
        let mut further = cursor.clone();
        // The key context is left in a step of its own, which counts what remains.
        if let Some(place) = done.next.clone() {
            further.within = Some(place.into());
        }
        let moved = advanced(room, state, job, (&further, done.moved))?;
        let change = Change::UpdateJob(moved.row.clone());
        next = Some(moved);
        Ok(vec![change])
    };
    let about = ("job", &*job.row.id.to_string());
    let place = (job.row.workspace, context);
    let done = room
        .rewrap_stored::<S>(place, (after, STORED), about, beside)
        .await;
    (done.map(|done| done.next.is_some()), next)
}

impl From<VersionPlace> for Within {
    fn from(place: VersionPlace) -> Self {
        Self::Objects(place)
    }
}

impl From<StoreValuePlace> for Within {
    fn from(place: StoreValuePlace) -> Self {
        Self::Store(place)
    }
}

/// How many stored values are under older versions than the newest.
async fn count_older(
    room: &Strongroom,
    state: &WorkspaceState,
    older: Older,
) -> Result<u64, StoreError> {
    let (context, newest) = (older.context, older.newest);
    if matches!(
        older.kind,
        Kind::Store | Kind::SigningKey | Kind::HybridKey | Kind::Named
    ) {
        let values = room
            .store
            .count_stale_store_values(state.id, context, newest);
        let values = values.await?;
        if older.kind != Kind::Named {
            return Ok(values);
        }
        // They are not moved: they end by themselves, or with the version.
        let now = room.time.now();
        let leases = room
            .store
            .count_stale_leases(state.id, context, newest, now);
        return Ok(values.saturating_add(leases.await?));
    }
    let count = room.store.count_stale_versions(state.id, context, newest);
    count.await
}

/// Goes on with the next key context, and counts what of this one remains. What a key refused is
/// tried again in another round.
async fn leave(
    room: &Strongroom,
    job: &Job,
    (context, cursor): (ContextId, Cursor),
    refused: Option<Denial>,
) -> Result<Job, Halt> {
    let state = room.state(job.row.workspace).await?;
    let row = room.store.context(state.id, context).await;
    let older = row.map_err(Denial::from)?.as_ref().and_then(with_older);
    let remaining = match older {
        Some(older) => count_older(room, &state, older)
            .await
            .map_err(Denial::from)?,
        None => 0,
    };
    let text = cursor.text()?;
    let next = job.next(&state, room.time.now(), |row, body| {
        row.cursor = text;
        row.remaining = row.remaining.saturating_add(remaining);
        if let Some(denial) = refused {
            row.failed = row.failed.saturating_add(1);
            body.reason = Some(denial.reason());
        }
    })?;
    room.put(next).await
}

fn advanced(
    room: &Strongroom,
    state: &WorkspaceState,
    job: &Job,
    (cursor, stored): (&Cursor, u64),
) -> Result<Job, Denial> {
    let text = cursor.text()?;
    job.next(state, room.time.now(), |row, body| {
        row.cursor = text;
        row.stored = row.stored.saturating_add(stored);
        body.attempts = 0;
    })
}
