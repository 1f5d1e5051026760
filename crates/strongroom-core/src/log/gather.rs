//! Many entries at once, for what is made of them: an export, or numbers.

use strongroom_types::body::{EntriesPage, EntryView};

use super::query::EntriesQuery;
use super::read::{LogRead, Prepare};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::strongroom::Strongroom;

/// The most entries.
const ENTRIES_MAX: usize = 5000;
/// The most pages: each looks through so many tiles at most.
const PAGES_MAX: usize = 8;
/// Entries of a page.
const PAGE: u32 = 1000;

impl Strongroom {
    /// Gathers entries of the caller's log, oldest first. There is a next page where not all of them
    /// were gathered.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn log_gather(
        &self,
        ask: &Ask,
        query: EntriesQuery,
    ) -> Result<Answered<EntriesPage>, Refused> {
        self.enter(ask, &LogRead::of(Gather(query))).await
    }
}

struct Gather(EntriesQuery);

impl Prepare for Gather {
    type Answer = EntriesPage;

    fn what(&self) -> String {
        "many entries".to_owned()
    }

    async fn prepare(&self, room: &Strongroom, caller: &Caller) -> Result<EntriesPage, Denial> {
        let state = &caller.state;
        let _turn = room.slow.turn(caller).await?;
        let mut query = EntriesQuery {
            limit: Some(PAGE),
            ..self.0.clone()
        };
        let mut entries: Vec<EntryView> = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = room.find_entries(state, &query).await?;
            entries.extend(page.entries);
            query.page = page.next;
            if query.page.is_none() || entries.len() >= ENTRIES_MAX {
                break;
            }
        }
        let next = query.page;
        Ok(EntriesPage { entries, next })
    }
}
