//! Reading events: page by page, from an event or a time on.

use std::ops::Range;
use std::sync::Arc;

use strongroom_log::Entry;
use strongroom_types::WorkspaceId;
use strongroom_types::body::{Event, EventId, EventList, EventListPlace, EventName, ListObject};

use crate::admin::limit_within;
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::log::{LogRead, Prepare};
use crate::ports::{EventPlace, Micros};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

const LIMIT_DEFAULT: u32 = 10;
const LIMIT_MAX: u32 = 100;
/// How many entries are read together.
const ENTRIES_AT_ONCE: u64 = 256;
/// How many entries one page looks through.
const ENTRIES_MAX: u64 = 16_384;

/// Which events. What is absent does not filter.
#[derive(Clone, Debug, Default)]
pub struct EventsQuery {
    /// Of these names.
    pub events: Vec<EventName>,
    /// After this one.
    pub after: Option<String>,
    /// At most so many, 1 to 100; 10 if absent.
    pub limit: Option<u32>,
    /// Of entries made at this time or later.
    pub from: Option<Micros>,
    /// Of entries made before this time.
    pub to: Option<Micros>,
}

impl Strongroom {
    /// Reads events, oldest first. A page may hold fewer than asked for and still name a next one:
    /// the work of a page is bounded, not only its length.
    ///
    /// # Errors
    /// The limit is out of range, or `after` is no event of this workspace.
    pub async fn events(
        &self,
        ask: &Ask,
        query: EventsQuery,
    ) -> Result<Answered<EventList>, Refused> {
        self.enter(ask, &LogRead::of(Read(query))).await
    }
}

struct Read(EventsQuery);

impl Prepare for Read {
    type Answer = EventList;

    fn what(&self) -> String {
        "events".to_owned()
    }

    async fn prepare(&self, room: &Strongroom, caller: &Caller) -> Result<EventList, Denial> {
        let state = &caller.state;
        let limit = limit_within(self.0.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut place = match &self.0.after {
            Some(after) => behind(after, state.id)?,
            None => EventPlace::first_of(0),
        };
        if let Some(from) = self.0.from {
            let begin = room.first_entry_from(state.id, place.entry, from).await?;
            if begin > place.entry {
                place = EventPlace::first_of(begin);
            }
        }
        let wanted =
            |event: &Event| self.0.events.is_empty() || self.0.events.contains(&event.data.name());
        let timely = |entry: &Entry| {
            self.0.from.is_none_or(|from| entry.time_us >= from)
                && self.0.to.is_none_or(|to| entry.time_us < to)
        };
        let mut bound = room.log_size(state.id).await?;
        if let Some(to) = self.0.to {
            bound = room.last_entry_until(state.id, bound, to).await?;
        }
        let places = place..EventPlace::first_of(bound);
        let found = room.look_for(state, places, limit, timely, wanted).await?;
        Ok(page(state.id, found, limit))
    }
}

/// The place behind an event.
fn behind(after: &str, workspace: WorkspaceId) -> Result<EventPlace, Denial> {
    let id: EventId = after
        .parse()
        .map_err(|_not_an_id| Denial::Invalid(Invalid::PageToken))?;
    if id.workspace != workspace {
        return Err(Invalid::PageToken.into());
    }
    let EventId { entry, part, .. } = id;
    Ok(EventPlace { entry, part }.next())
}

/// Where an event is.
pub(super) const fn place(event: &Event) -> EventPlace {
    EventPlace {
        entry: event.id.entry,
        part: event.id.part,
    }
}

/// Events that were found, and how far the log was looked through.
pub(super) struct Found {
    pub(super) events: Vec<Event>,
    /// Nothing before it is left.
    pub(super) looked: u64,
    /// Where the looking was to end.
    pub(super) bound: u64,
}

fn page(workspace: WorkspaceId, found: Found, limit: usize) -> EventList {
    let last = found.events.last().map(|event| event.id);
    let after = if found.events.len() >= limit {
        last
    } else {
        // The work was bounded: behind all events of the last entry that was looked at.
        let more = found.looked < found.bound;
        let entry = found.looked.checked_sub(1).filter(|_| more);
        entry.map(|entry| EventId {
            workspace,
            entry,
            part: u32::MAX,
        })
    };
    EventList {
        object: ListObject::List,
        data: found.events,
        list_metadata: EventListPlace { after },
    }
}

impl Strongroom {
    /// Looks for events from a place on, up to the first of the end's entry.
    pub(super) async fn look_for(
        &self,
        state: &Arc<WorkspaceState>,
        places: Range<EventPlace>,
        limit: usize,
        timely: impl Fn(&Entry) -> bool + Send + Sync,
        wanted: impl Fn(&Event) -> bool + Send + Sync,
    ) -> Result<Found, Denial> {
        let (begin, bound) = (places.start, places.end.entry);
        let end = bound.min(begin.entry.saturating_add(ENTRIES_MAX));
        let mut found = Found {
            events: Vec::new(),
            looked: begin.entry.min(bound),
            bound,
        };
        while found.looked < end && found.events.len() < limit {
            let range = found.looked..end.min(found.looked + ENTRIES_AT_ONCE);
            for (index, entry) in self.entries_of(state.id, range).await? {
                if timely(&entry) {
                    let events = self.events_of(state, index, &entry).await?;
                    let events = events
                        .into_iter()
                        .filter(|event| place(event) >= begin && wanted(event));
                    let room_left = limit.saturating_sub(found.events.len());
                    found.events.extend(events.take(room_left));
                }
                found.looked = index + 1;
                if found.events.len() >= limit {
                    break;
                }
            }
        }
        Ok(found)
    }
}
