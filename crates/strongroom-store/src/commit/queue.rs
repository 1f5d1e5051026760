//! The entries that wait, a lane for each workspace, and the fair share that a batch takes.

use std::collections::{HashMap, VecDeque};

use strongroom_core::ports::{Change, CommitError, Committed, Pending};
use strongroom_types::WorkspaceId;
use tokio::sync::oneshot;

/// The most entries in one transaction.
pub(crate) const ENTRIES_MAX: usize = 4_096;
/// The most bytes of entries, openings, items and objects in one transaction; one entry may exceed
/// it.
const BYTES_MAX: usize = 16 << 20;

/// The most workspaces in one transaction: each has its values in the same statement.
const WORKSPACES_MAX: usize = 256;

/// What a caller is told.
pub(crate) type Answer = Result<Committed, CommitError>;

/// An entry and the caller who waits for it.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) pending: Pending,
    pub(crate) answer: oneshot::Sender<Answer>,
}

impl Waiting {
    fn bytes(&self) -> usize {
        let Pending {
            entry,
            openings,
            items,
            changes,
            ..
        } = &self.pending;
        let openings = openings
            .as_slice()
            .iter()
            .map(|opening| opening.value.len());
        let changes = changes.iter().map(Change::bytes);
        let items = items.as_ref().map_or(0, Vec::len);
        entry.len() + openings.sum::<usize>() + items + changes.sum::<usize>()
    }

    /// Answers; a caller who has gone away is not told.
    pub(crate) fn answer(self, answer: Answer) {
        if self.answer.send(answer).is_err() {
            tracing::debug!("a caller went away before its entry was answered");
        }
    }
}

/// The entries of one workspace in one batch, in order.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) workspace: WorkspaceId,
    pub(crate) entries: Vec<Waiting>,
    /// How often another node held the head when the entries were to be written.
    pub(crate) skips: u8,
}

/// The entries of one workspace that wait, in order.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    skips: u8,
}

impl Lane {
    /// Takes at least one entry, and more as long as they are within the limits.
    fn take(&mut self, workspace: WorkspaceId, entries: usize, bytes: usize) -> Group {
        let mut group = Group {
            workspace,
            entries: Vec::with_capacity(self.waiting.len().min(entries)),
            skips: self.skips,
        };
        let mut taken = 0;
        while let Some(next) = self.waiting.front().map(Waiting::bytes) {
            let full = group.entries.len() >= entries || taken + next > bytes;
            if full && !group.entries.is_empty() {
                break;
            }
            taken += next;
            group.entries.extend(self.waiting.pop_front());
        }
        group
    }
}

/// Everything that waits. Workspaces take turns, each with its share of a batch.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lanes: HashMap<WorkspaceId, Lane>,
    /// The workspaces with a lane; the first has waited longest for its turn.
    turns: VecDeque<WorkspaceId>,
    entries: usize,
}

impl Queue {
    pub(crate) const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Whether what waits fills a batch twice: later callers wait outside.
    pub(crate) const fn is_full(&self) -> bool {
        self.entries >= 2 * ENTRIES_MAX
    }

    pub(crate) fn push(&mut self, waiting: Waiting) {
        self.lane(waiting.pending.workspace)
            .waiting
            .push_back(waiting);
        self.entries += 1;
    }

    /// Puts the entries of a group back before those that came later.
    pub(crate) fn put_back(&mut self, group: Group) {
        self.entries += group.entries.len();
        let lane = self.lane(group.workspace);
        lane.skips = group.skips;
        for waiting in group.entries.into_iter().rev() {
            lane.waiting.push_front(waiting);
        }
    }

    fn lane(&mut self, workspace: WorkspaceId) -> &mut Lane {
        self.lanes.entry(workspace).or_insert_with(|| {
            self.turns.push_back(workspace);
            Lane::default()
        })
    }

    /// Takes the next batch: everything that waits or, when that is too much, an equal share for
    /// each workspace whose turn it is.
    pub(crate) fn take(&mut self) -> Vec<Group> {
        let workspaces = self.turns.len().clamp(1, WORKSPACES_MAX);
        let (entries, bytes) = (ENTRIES_MAX / workspaces, BYTES_MAX / workspaces);
        let mut groups = Vec::with_capacity(workspaces);
        for _ in 0..workspaces {
            groups.extend(self.take_turn(entries, bytes));
        }
        groups
    }

    fn take_turn(&mut self, entries: usize, bytes: usize) -> Option<Group> {
        let workspace = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&workspace)?;
        let group = lane.take(workspace, entries, bytes);
        if lane.waiting.is_empty() {
            self.lanes.remove(&workspace);
        } else {
            self.turns.push_back(workspace);
        }
        self.entries -= group.entries.len();
        Some(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{pending, workspace_id};

    fn push(queue: &mut Queue, workspace: u8, n: u64) {
        push_with_items(queue, workspace, n, None);
    }

    fn push_with_items(queue: &mut Queue, workspace: u8, n: u64, items: Option<Vec<u8>>) {
        let (answer, _) = oneshot::channel();
        let mut pending = pending(workspace_id(workspace), n);
        pending.items = items;
        queue.push(Waiting { pending, answer });
    }

    /// The times of the entries of each group tell which they are.
    fn times(groups: &[Group]) -> Vec<Vec<i64>> {
        let entries = groups.iter().map(|group| group.entries.iter());
        entries
            .map(|entries| {
                entries
                    .map(|waiting| waiting.pending.time - 1_000)
                    .collect()
            })
            .collect()
    }

    #[test]
    fn take_takes_everything_that_fits_in_order() {
        let mut queue = Queue::default();
        for (workspace, n) in [(1, 0), (2, 1), (1, 2), (1, 3), (2, 4)] {
            push(&mut queue, workspace, n);
        }
        assert_eq!(times(&queue.take()), [vec![0, 2, 3], vec![1, 4]]);
        assert!(queue.is_empty());
        assert!(queue.take().is_empty());
    }

    #[test]
    fn a_busy_workspace_leaves_the_others_their_share() {
        let mut queue = Queue::default();
        let most = u64::try_from(ENTRIES_MAX).unwrap();
        for n in 0..2 * most {
            push(&mut queue, 1, n);
        }
        assert!(queue.is_full());
        push(&mut queue, 2, 7);
        let groups = queue.take();
        let sizes: Vec<_> = groups.iter().map(|group| group.entries.len()).collect();
        assert_eq!(sizes, [ENTRIES_MAX / 2, 1]);
        assert_eq!(queue.take().len(), 1);
    }

    #[test]
    fn an_entry_larger_than_a_batch_is_taken_alone() {
        let mut queue = Queue::default();
        push_with_items(&mut queue, 1, 0, Some(vec![0; BYTES_MAX + 1]));
        push(&mut queue, 1, 1);
        assert_eq!(times(&queue.take()), [[0]]);
        assert_eq!(times(&queue.take()), [[1]]);
    }

    #[test]
    fn a_group_put_back_stands_before_what_came_later() {
        let mut queue = Queue::default();
        push(&mut queue, 1, 0);
        push(&mut queue, 1, 1);
        let mut groups = queue.take();
        push(&mut queue, 1, 2);
        let mut group = groups.remove(0);
        group.skips = 2;
        queue.put_back(group);
        let again = queue.take();
        assert_eq!(times(&again), [[0, 1, 2]]);
        assert_eq!(again[0].skips, 2);
    }
}
