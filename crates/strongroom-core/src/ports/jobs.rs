//! What a store keeps of jobs.

use strongroom_types::body::{JobKind, JobState};
use strongroom_types::{JobId, WorkspaceId};

use super::Micros;

/// Long work that goes on beside the requests, and where it stands.
///
/// Whoever works on it holds the lease. A lease only keeps nodes from doing the same twice: what a
/// job changes is right whoever does it, because rows change only if they are as they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// Its state.
    pub state: JobState,
    /// Raised by every change of the row.
    pub revision: u64,
    /// How many things there are to look at.
    pub total: u64,
    /// How many of them it is past in this round.
    pub done: u64,
    /// How many it changed, over all rounds.
    pub moved: u64,
    /// How many it could not change in this round.
    pub failed: u64,
    /// How many stored values it changed.
    pub stored: u64,
    /// How many stored values were still under older versions of their keys when it ended.
    pub remaining: u64,
    /// Where it goes on; its own language.
    pub cursor: String,
    /// Why it was begun and what it is about, sealed.
    pub body: Vec<u8>,
    /// When it was begun.
    pub created: Micros,
    /// When it last advanced.
    pub updated: Micros,
    /// When it goes on.
    pub due: Micros,
    /// Until when somebody works on it.
    pub leased: Micros,
    /// When it ended.
    pub finished: Option<Micros>,
}

impl JobRow {
    /// The next revision, ended by name before the job is done.
    pub(crate) fn cancelled(self, now: Micros) -> Self {
        Self {
            revision: self.revision.saturating_add(1),
            state: JobState::Cancelled,
            updated: now,
            finished: Some(now),
            ..self
        }
    }
}
