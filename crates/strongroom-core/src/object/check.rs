//! Whether the stored objects are those that the log tells of.
//!
//! What is sealed cannot be altered piece by piece, but a row can be put back as a whole, with its
//! versions. Its last entry then is not the one that the log has.

use std::collections::BTreeMap;

use strongroom_log::{Entry, ItemId};
use strongroom_types::{ObjectId, Operation, Outcome, WorkspaceId};

use crate::denial::Denial;
use crate::ports::FoundObject;
use crate::strongroom::Strongroom;

/// How many entries are read together.
const ENTRIES: u64 = 4096;
/// How many rows are read together.
const ROWS: u32 = 1000;

/// An object that is not as its last entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("object {object} of {workspace}: {kind}")]
pub struct ObjectFault {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub object: ObjectId,
    /// What is wrong.
    pub kind: ObjectFaultKind,
}

/// What is wrong with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectFaultKind {
    /// An older state was put back.
    #[error("was put back to its state after entry {stored}; entry {logged} changed it since")]
    RolledBack {
        /// The entry that its row says changed it last.
        stored: u64,
        /// The entry that did.
        logged: u64,
    },
    /// Its row says another version than its last entry.
    #[error("has version {stored}, but entry {entry} made version {logged}")]
    OtherVersion {
        /// The version of its row.
        stored: u64,
        /// The version of its entry.
        logged: u64,
        /// The entry.
        entry: u64,
    },
    /// It was erased, and is there.
    #[error("was purged by entry {entry}, but is there")]
    Back {
        /// The entry that erased it.
        entry: u64,
    },
    /// It is gone, and no entry says so.
    #[error("is gone, but entry {entry} says that it is there")]
    Missing {
        /// Its last entry.
        entry: u64,
    },
    /// It is there, and no entry made it.
    #[error("is there, but no entry made it")]
    Unlogged,
}

/// The last entry of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Last {
    entry: u64,
    /// `None` once purged.
    version: Option<u64>,
}

/// The last entry of each object of one log.
#[derive(Debug, Default)]
struct Told(BTreeMap<ObjectId, Last>);

impl Strongroom {
    /// Compares every stored object of every workspace with its last entry. Reads, and opens
    /// nothing.
    ///
    /// # Errors
    /// A log or a row cannot be read.
    pub async fn check_objects(&self) -> Result<Vec<ObjectFault>, Denial> {
        let mut faults = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.workspaces(after, ROWS).await?;
            for workspace in &page {
                faults.extend(self.check_objects_of(workspace.id).await?);
            }
            match page.last() {
                Some(last) => after = Some(last.id),
                None => return Ok(faults),
            }
        }
    }

    async fn check_objects_of(&self, workspace: WorkspaceId) -> Result<Vec<ObjectFault>, Denial> {
        let size = self.log_size(workspace).await?;
        let mut told = self.told(workspace, size).await?;
        let mut faults = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.all_objects(workspace, after, ROWS).await?;
            for found in &page {
                let last = told.0.remove(&found.row.id);
                let kind = compare(found, last, size);
                faults.extend(kind.map(|kind| ObjectFault {
                    workspace,
                    object: found.row.id,
                    kind,
                }));
            }
            match page.last() {
                Some(last) => after = Some(last.row.id),
                None => break,
            }
        }
        faults.extend(told.missing(workspace));
        Ok(faults)
    }

    /// What the log tells of the workspace's objects.
    async fn told(&self, workspace: WorkspaceId, size: u64) -> Result<Told, Denial> {
        let mut told = Told::default();
        let mut from = 0;
        while from < size {
            let to = size.min(from + ENTRIES);
            for (index, entry) in self.entries_of(workspace, from..to).await? {
                if is_purge(&entry) {
                    let items = self.items(workspace, index).await?.unwrap_or_default();
                    for item in &items.0 {
                        told.purged(index, &item.id);
                    }
                } else {
                    told.changed(index, &entry);
                }
            }
            from = to;
        }
        Ok(told)
    }
}

fn is_purge(entry: &Entry) -> bool {
    entry.operation == Operation::ObjectPurge && entry.outcome == Outcome::Allowed
}

/// Whether an entry of the operation changes an object's row.
const fn changes(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::ObjectCreate
            | Operation::ObjectUpdate
            | Operation::ObjectUpsert
            | Operation::ObjectDelete
            | Operation::ObjectRestore
            | Operation::ObjectVersionDestroy
    )
}

impl Told {
    fn changed(&mut self, index: u64, entry: &Entry) {
        if entry.outcome != Outcome::Allowed || !changes(entry.operation) {
            return;
        }
        let object = entry.facts.value("object").and_then(|id| id.parse().ok());
        let version = entry.facts.value("version").and_then(|v| v.parse().ok());
        if let (Some(object), Some(version)) = (object, version) {
            let last = Last {
                entry: index,
                version: Some(version),
            };
            self.0.insert(object, last);
        }
    }

    fn purged(&mut self, index: u64, item: &ItemId) {
        let ItemId::Name(name) = item else { return };
        if let Ok(object) = name.as_str().parse() {
            let last = Last {
                entry: index,
                version: None,
            };
            self.0.insert(object, last);
        }
    }

    /// The objects that no row was found of, although they were not purged.
    fn missing(self, workspace: WorkspaceId) -> impl Iterator<Item = ObjectFault> {
        let left = self.0.into_iter();
        left.filter(|(_, last)| last.version.is_some())
            .map(move |(object, last)| ObjectFault {
                workspace,
                object,
                kind: ObjectFaultKind::Missing { entry: last.entry },
            })
    }
}

/// What is wrong with a row. One that was changed while the log was read is looked at the next time.
fn compare(found: &FoundObject, last: Option<Last>, size: u64) -> Option<ObjectFaultKind> {
    let stored = found.changed;
    if stored >= size {
        return None;
    }
    match last {
        None => Some(ObjectFaultKind::Unlogged),
        Some(Last {
            entry,
            version: None,
        }) => Some(ObjectFaultKind::Back { entry }),
        Some(Last { entry, .. }) if entry != stored => Some(ObjectFaultKind::RolledBack {
            stored,
            logged: entry,
        }),
        Some(Last {
            entry,
            version: Some(logged),
        }) => (logged != found.row.version).then_some(ObjectFaultKind::OtherVersion {
            stored: found.row.version,
            logged,
            entry,
        }),
    }
}
