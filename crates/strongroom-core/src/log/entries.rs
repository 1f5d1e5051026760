//! Listing entries: candidate tiles by the search index, then each entry exactly.

use std::ops::Range;
use std::sync::Arc;

use strongroom_types::WorkspaceId;
use strongroom_types::body::{EntriesPage, EntryView};

use super::follow::WIDTH;
use super::page::Page;
use super::query::{EntriesQuery, Filter};
use super::read::{LogRead, Prepare};
use super::view::view;
use crate::admin::limit_within;
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::ports::{Micros, StoreError};
use crate::strongroom::Strongroom;
use crate::time::seconds;
use crate::workspace::WorkspaceState;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1000;
/// How many tiles one page looks through, and follows on the way.
const TILES_MAX: usize = 64;
/// How far apart the times of neighbouring entries may be out of order: an entry's time is taken
/// before its commit, and nodes have clocks of their own.
const DISORDER: Micros = seconds(60);

impl Strongroom {
    /// Lists entries of the caller's log, oldest first, with their private fields while they are
    /// kept. A page may hold fewer than asked for and still name a next one: the work of a page is
    /// bounded, not only its length.
    ///
    /// # Errors
    /// The limit is out of range, or the page is of another query.
    pub async fn log_entries(
        &self,
        ask: &Ask,
        query: EntriesQuery,
    ) -> Result<Answered<EntriesPage>, Refused> {
        self.enter(ask, &LogRead::of(ReadEntries(query))).await
    }
}

struct ReadEntries(EntriesQuery);

impl Prepare for ReadEntries {
    type Answer = EntriesPage;

    fn what(&self) -> String {
        "entries".to_owned()
    }

    async fn prepare(&self, room: &Strongroom, caller: &Caller) -> Result<EntriesPage, Denial> {
        let state = &caller.state;
        room.find_entries(state, &self.0).await
    }
}

impl Strongroom {
    /// Finds entries, for an operation that tells them, or what follows from them, to a caller who
    /// may know.
    pub(crate) async fn find_entries(
        &self,
        state: &Arc<WorkspaceState>,
        query: &EntriesQuery,
    ) -> Result<EntriesPage, Denial> {
        let limit = limit_within(query.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let filter = Filter::new(query, state);
        let page = match &query.page {
            Some(token) => Page::read(token, &state.keys.audit, &filter)?,
            None => Page {
                position: 0,
                bound: self.log_size(state.id).await?,
            },
        };
        let tiles = self.candidates(state, query, &filter, page).await?;
        let (entries, next) = self.scan(state, &filter, page, &tiles, limit).await?;
        let next = next.map(|position| Page { position, ..page });
        let next = next.map(|page| page.token(&state.keys.audit, &filter));
        Ok(EntriesPage { entries, next })
    }

    pub(crate) async fn log_size(&self, workspace: WorkspaceId) -> Result<u64, Denial> {
        let head = self.read_head(workspace, &self.logs.of(workspace)).await?;
        Ok(head.frontier.size())
    }

    /// The tiles from the page's place on that may hold what is asked for: those that the index
    /// names, and all that it has not reached yet.
    async fn candidates(
        &self,
        state: &WorkspaceState,
        query: &EntriesQuery,
        filter: &Filter<'_>,
        page: Page,
    ) -> Result<Vec<u64>, Denial> {
        let indexed = self.follow(state.id, page.bound, TILES_MAX as u64).await?;
        let times = self.tiles_between(state.id, query, page).await?;
        let terms: Vec<_> = filter
            .terms()
            .iter()
            .map(|term| term.mac(&state.keys.audit))
            .collect();
        let mut tiles = match terms.as_slice() {
            [] => (times.start..indexed.min(times.end)).collect(),
            terms => self.store.term_tiles(state.id, terms, times.start).await?,
        };
        tiles.retain(|tile| *tile < indexed.min(times.end));
        // Two pages' worth is enough to know that there is more.
        let tail = indexed.max(times.start)..times.end;
        tiles.extend(tail.take(2 * TILES_MAX));
        Ok(tiles)
    }

    /// The tiles that the page's place and the query's times leave.
    async fn tiles_between(
        &self,
        workspace: WorkspaceId,
        query: &EntriesQuery,
        page: Page,
    ) -> Result<Range<u64>, StoreError> {
        let mut range = page.position / WIDTH..page.bound.div_ceil(WIDTH);
        if let Some(from) = query.from {
            range.start = self.tile_since(workspace, range.clone(), from).await?;
        }
        if let Some(to) = query.to {
            range.end = self.tiles_until(workspace, range.clone(), to).await?;
        }
        Ok(range)
    }

    /// The tile of the range that entries made at `time` or later begin in.
    async fn tile_since(
        &self,
        workspace: WorkspaceId,
        tiles: Range<u64>,
        time: Micros,
    ) -> Result<u64, StoreError> {
        let (start, before) = (tiles.start, time.saturating_sub(DISORDER));
        let later = self.first_tile_from(workspace, tiles, before).await?;
        // The tile before may end with entries of that time.
        Ok(start.max(later.saturating_sub(1)))
    }

    /// The tile of the range that entries made before `time` end before.
    async fn tiles_until(
        &self,
        workspace: WorkspaceId,
        tiles: Range<u64>,
        time: Micros,
    ) -> Result<u64, StoreError> {
        let after = time.saturating_add(DISORDER);
        self.first_tile_from(workspace, tiles, after).await
    }

    /// An entry from `position` on, none of those before which was made at `time` or later.
    pub(crate) async fn first_entry_from(
        &self,
        workspace: WorkspaceId,
        position: u64,
        time: Micros,
    ) -> Result<u64, Denial> {
        let tiles = position / WIDTH..self.log_size(workspace).await?.div_ceil(WIDTH);
        let tile = self.tile_since(workspace, tiles, time).await?;
        Ok(position.max(tile * WIDTH))
    }

    /// An entry up to `bound`, none of those from which on was made before `time`.
    pub(crate) async fn last_entry_until(
        &self,
        workspace: WorkspaceId,
        bound: u64,
        time: Micros,
    ) -> Result<u64, Denial> {
        let tiles = 0..bound.div_ceil(WIDTH);
        let tile = self.tiles_until(workspace, tiles, time).await?;
        Ok(bound.min(tile * WIDTH))
    }

    /// The first tile of the range that begins at `time` or later, by bisection; the range's end if
    /// there is none.
    async fn first_tile_from(
        &self,
        workspace: WorkspaceId,
        mut tiles: Range<u64>,
        time: Micros,
    ) -> Result<u64, StoreError> {
        while tiles.start < tiles.end {
            let middle = tiles.start.midpoint(tiles.end);
            if self.time_of(workspace, middle * WIDTH).await? < time {
                tiles.start = middle + 1;
            } else {
                tiles.end = middle;
            }
        }
        Ok(tiles.end)
    }

    /// Looks through the tiles for what the filter admits, and says where to go on.
    async fn scan(
        &self,
        state: &WorkspaceState,
        filter: &Filter<'_>,
        page: Page,
        tiles: &[u64],
        limit: usize,
    ) -> Result<(Vec<EntryView>, Option<u64>), StoreError> {
        let mut found = Vec::new();
        for (looked, tile) in tiles.iter().enumerate() {
            let start = page.position.max(tile * WIDTH);
            if looked == TILES_MAX {
                return Ok((found, Some(start)));
            }
            let range = start..page.bound.min((tile + 1) * WIDTH);
            for stored in self.stored(state, range).await? {
                if !filter.admits(&stored.entry, &stored.private) {
                    continue;
                }
                let contexts = self.contexts_of(state, stored.index, &stored.entry).await?;
                if !filter.admits_contexts(&contexts) {
                    continue;
                }
                if found.len() == limit {
                    return Ok((found, Some(stored.index)));
                }
                found.push(view(state, stored, &contexts));
            }
        }
        Ok((found, None))
    }
}
