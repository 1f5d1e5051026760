//! What an entry says, as events.

use std::sync::Arc;

use strongroom_crypto::foreign::workos::data_key_id;
use strongroom_log::{Entry, Hash, Item, ItemId};
use strongroom_types::body::{
    DekHandedOut, DekOpened, Denied, Event, EventData, EventId, EventObject, KekNamed, ObjectNamed,
    ObjectOpened, ObjectWritten,
};
use strongroom_types::{ContextId, ObjectId, Operation, Outcome, Reason};

use super::customer_key::failed_its_trial;
use crate::denial::Denial;
use crate::ports::StoreError;
use crate::strongroom::Strongroom;
use crate::time::format_time;
use crate::workspace::WorkspaceState;

/// One thing that an entry is about: of a request, or of one of its items.
#[derive(Clone, Debug, Default)]
struct Subject {
    object: Option<ObjectId>,
    version: Option<u64>,
    context: Option<ContextId>,
    /// SHA-256 of what was sealed or opened.
    digest: Option<Hash>,
    /// Why it was refused, and how often.
    denied: Option<(Reason, u32)>,
}

impl Strongroom {
    /// The events of an entry, always the same and in the same order.
    pub(super) async fn events_of(
        &self,
        state: &Arc<WorkspaceState>,
        index: u64,
        entry: &Entry,
    ) -> Result<Vec<Event>, Denial> {
        let mut events = Vec::new();
        if !tells(entry) {
            return Ok(events);
        }
        for (part, subject) in (0..).zip(self.subjects(state, index, entry).await?) {
            let Some(data) = self.event_about(state, entry, &subject).await? else {
                continue;
            };
            events.push(Event {
                object: EventObject::Event,
                id: EventId {
                    workspace: state.id,
                    entry: index,
                    part,
                },
                data,
                created_at: format_time(entry.time_us),
            });
        }
        Ok(events)
    }

    /// What the entry is about: each of its items, or all of it.
    async fn subjects(
        &self,
        state: &WorkspaceState,
        index: u64,
        entry: &Entry,
    ) -> Result<Vec<Subject>, StoreError> {
        if entry.items.is_none() {
            return Ok(vec![whole(entry)]);
        }
        let items = self.items(state.id, index).await?.unwrap_or_default();
        Ok(items.0.iter().map(part).collect())
    }

    async fn event_about(
        &self,
        state: &Arc<WorkspaceState>,
        entry: &Entry,
        subject: &Subject,
    ) -> Result<Option<EventData>, Denial> {
        if failed_its_trial(entry)
            && let Some(tried) = self.about_customer_key(state, entry).await?
        {
            return Ok(Some(tried));
        }
        if let Some((reason, count)) = subject.denied {
            return Ok(Some(EventData::AccessDenied(Denied {
                actor: self.actor(state, entry.client).await?,
                operation: entry.operation,
                reason,
                count,
            })));
        }
        if entry.outcome == Outcome::Denied {
            return Ok(None);
        }
        if is_of_customer_key(entry.operation) {
            return self.about_customer_key(state, entry).await;
        }
        if entry.operation == Operation::ObjectList {
            let actor = self.actor(state, entry.client).await?;
            return Ok(Some(EventData::NamesListed(actor)));
        }
        match (subject.object, subject.context) {
            (Some(object), _) => self.about_object(state, entry, object, subject).await,
            (None, Some(context)) => {
                let digest = subject.digest;
                self.about_context(state, entry, context, digest).await
            }
            (None, None) => Ok(None),
        }
    }

    async fn about_object(
        &self,
        state: &Arc<WorkspaceState>,
        entry: &Entry,
        object: ObjectId,
        subject: &Subject,
    ) -> Result<Option<EventData>, Denial> {
        let named = ObjectNamed {
            actor: self.actor(state, entry.client).await?,
            kv_name: self.name_of(state, object).await?,
        };
        let created = match (entry.operation, subject.version) {
            (Operation::ObjectDescribe | Operation::ObjectVersions, _) => {
                return Ok(Some(EventData::MetadataRead(named)));
            }
            (Operation::ObjectDelete, _) => return Ok(Some(EventData::DataDeleted(named))),
            (Operation::ObjectRead, _) => return Ok(read(named, subject)),
            (Operation::ObjectCreate, _) | (Operation::ObjectUpsert, Some(1)) => true,
            _ => false,
        };
        let written = self.written(state, named, subject).await?;
        let data = if created {
            EventData::DataCreated
        } else {
            EventData::DataUpdated
        };
        Ok(written.map(data))
    }

    async fn written(
        &self,
        state: &WorkspaceState,
        named: ObjectNamed,
        subject: &Subject,
    ) -> Result<Option<ObjectWritten>, Denial> {
        let Some(context) = subject.context else {
            return Ok(None);
        };
        let map = self.map_of(state, context).await?;
        Ok(map.map(|key_context| ObjectWritten {
            actor: named.actor,
            kv_name: named.kv_name,
            key_id: context.to_string(),
            key_context,
        }))
    }

    async fn about_context(
        &self,
        state: &WorkspaceState,
        entry: &Entry,
        context: ContextId,
        digest: Option<Hash>,
    ) -> Result<Option<EventData>, Denial> {
        let actor = self.actor(state, entry.client).await?;
        if entry.operation == Operation::DataKeyUnwrap {
            let key_id = digest.map(|digest| data_key_id(digest.as_bytes()));
            return Ok(key_id.map(|key_id| EventData::DekDecrypted(DekOpened { actor, key_id })));
        }
        let Some(key_context) = self.map_of(state, context).await? else {
            return Ok(None);
        };
        let kek = |key_name| KekNamed {
            actor: actor.clone(),
            key_name,
            key_id: context.to_string(),
        };
        let named = || serde_json::to_string(&key_context).map(kek);
        let named = || named().map_err(|_unserialisable| Denial::Internal);
        let handed_out = || DekHandedOut {
            actor: actor.clone(),
            key_ids: vec![context.to_string()],
            key_context: key_context.clone(),
        };
        Ok(match entry.operation {
            Operation::ContextCreate => Some(EventData::KekCreated(named()?)),
            Operation::ContextDestroy => Some(EventData::KekDeleted(named()?)),
            Operation::ContextRotate => Some(EventData::KekRotated(named()?)),
            Operation::DataKeyCreate => Some(EventData::DekRead(handed_out())),
            Operation::DataKeyRekey => Some(EventData::DekRekeyed(handed_out())),
            _ => None,
        })
    }
}

/// Whether an entry may have events; many have none, and nothing is looked up for those. Any batch may
/// have refused items.
fn tells(entry: &Entry) -> bool {
    match entry.outcome {
        Outcome::Allowed if entry.items.is_some() => true,
        Outcome::Denied => true,
        Outcome::Failed | Outcome::Completed => false,
        Outcome::Allowed if is_of_customer_key(entry.operation) => true,
        Outcome::Allowed => matches!(
            entry.operation,
            Operation::ObjectCreate
                | Operation::ObjectUpdate
                | Operation::ObjectUpsert
                | Operation::ObjectRead
                | Operation::ObjectDescribe
                | Operation::ObjectVersions
                | Operation::ObjectList
                | Operation::ObjectDelete
                | Operation::ObjectRestore
                | Operation::ObjectVersionRestore
                | Operation::ContextCreate
                | Operation::ContextRotate
                | Operation::ContextDestroy
                | Operation::DataKeyCreate
                | Operation::DataKeyUnwrap
                | Operation::DataKeyRekey
        ),
    }
}

const fn is_of_customer_key(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::CustomerKeyRegister
            | Operation::CustomerKeyVerify
            | Operation::CustomerKeyUpdate
            | Operation::CustomerKeyAttach
            | Operation::CustomerKeyReplace
            | Operation::CustomerKeyDetach
            | Operation::CustomerKeyDisable
            | Operation::CustomerKeyEnable
            | Operation::CustomerKeyDelete
    )
}

fn read(named: ObjectNamed, subject: &Subject) -> Option<EventData> {
    let opened = |context: ContextId| ObjectOpened {
        actor: named.actor,
        kv_name: named.kv_name,
        key_id: context.to_string(),
    };
    subject.context.map(opened).map(EventData::DataRead)
}

/// A request without items. Where it names the key context that something was moved to, that is the
/// one.
fn whole(entry: &Entry) -> Subject {
    let fact = |name| entry.facts.value(name);
    let listed = entry.contexts.listed().first().map(|used| used.context);
    Subject {
        object: fact("object").and_then(|id| id.parse().ok()),
        version: fact("version").and_then(|version| version.parse().ok()),
        context: fact("to").and_then(|id| id.parse().ok()).or(listed),
        digest: entry.output,
        denied: denied(entry.outcome, entry.reason, entry.count),
    }
}

/// One item of a batch.
fn part(item: &Item) -> Subject {
    let (object, version) = named(&item.id);
    Subject {
        object,
        version,
        context: item.context.map(|(_, context, _)| context),
        digest: item.digest,
        denied: denied(item.outcome, item.reason, 1),
    }
}

fn denied(outcome: Outcome, reason: Option<Reason>, count: u32) -> Option<(Reason, u32)> {
    reason
        .filter(|_| outcome == Outcome::Denied)
        .map(|reason| (reason, count))
}

/// The object and version that an item names.
fn named(id: &ItemId) -> (Option<ObjectId>, Option<u64>) {
    let ItemId::Name(name) = id else {
        return (None, None);
    };
    let name = name.as_str();
    let (object, version) = name.split_once('/').unwrap_or((name, ""));
    (object.parse().ok(), version.parse().ok())
}
