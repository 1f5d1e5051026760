//! An entry as a reader sees it.

use std::collections::BTreeMap;

use strongroom_log::{ContextUses, Entry};
use strongroom_types::body::{EntryContext, EntryView, KeyRef};
use strongroom_types::{ContextId, KeyContext, Kind};

use super::contexts::TookPart;
use super::stored::Stored;
use crate::door::NO_KEY;
use crate::time::format_time;
use crate::workspace::WorkspaceState;

/// Shows an entry: what is public, what its openings show, and the key contexts that took part.
/// Exactly one of them is shown as `key_context`, `key` and `suite`, several as a list.
pub(super) fn view(state: &WorkspaceState, stored: Stored, contexts: &[TookPart]) -> EntryView {
    let maps = maps(state, &stored);
    let Stored {
        index,
        entry,
        private,
    } = stored;
    let mut view = EntryView {
        index,
        time: format_time(entry.time_us),
        operation: entry.operation,
        client: entry.client,
        identity: private.identity,
        key_context: None,
        key_contexts: Vec::new(),
        key: None,
        suite: None,
        count: entry.count,
        outcome: entry.outcome,
        of: entry.of,
        reason: entry.reason,
        facts: facts(&entry),
        request_id: entry.request_id,
        address: private.address,
        user_agent: private.user_agent,
        metadata: private.metadata,
    };
    show_contexts(&mut view, contexts, &maps);
    view
}

fn show_contexts(
    view: &mut EntryView,
    contexts: &[TookPart],
    maps: &BTreeMap<ContextId, KeyContext>,
) {
    if let [one] = contexts {
        view.key_context = maps.get(&one.context).cloned();
        view.suite = one.suite;
        if one.version != NO_KEY {
            view.key = Some(KeyRef {
                id: one.context,
                version: one.version,
            });
        }
        // Without a key and with its map erased, only the list still names it.
        if view.key.is_some() || view.key_context.is_some() {
            return;
        }
    }
    let listed = contexts.iter().take(ContextUses::LIST_MAX);
    view.key_contexts = listed.map(|part| context_view(part, maps)).collect();
}

fn context_view(part: &TookPart, maps: &BTreeMap<ContextId, KeyContext>) -> EntryContext {
    EntryContext {
        kind: part.kind,
        id: part.context,
        key_context: maps.get(&part.context).cloned(),
        version: Some(part.version).filter(|version| *version != NO_KEY),
        suite: part.suite,
        count: part.count,
    }
}

/// The maps of the key contexts by id: in the order of the entry's list, or, where a digest stands
/// for the list, by the id that each map has.
fn maps(state: &WorkspaceState, stored: &Stored) -> BTreeMap<ContextId, KeyContext> {
    let (listed, maps) = (stored.entry.contexts.listed(), stored.private.maps.iter());
    if listed.is_empty() {
        let id = |map| state.context_id(Kind::Context, map);
        return maps.flatten().map(|map| (id(map), map.clone())).collect();
    }
    let pairs = listed.iter().zip(maps);
    pairs
        .filter_map(|(used, map)| Some((used.context, map.clone()?)))
        .collect()
}

fn facts(entry: &Entry) -> BTreeMap<String, String> {
    let facts = entry.facts.iter();
    facts
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use strongroom_types::{KeyVersion, Operation, Outcome, RequestId, Suite};

    use super::*;

    fn empty() -> EntryView {
        EntryView {
            index: 0,
            time: String::new(),
            operation: Operation::Encrypt,
            client: None,
            identity: None,
            key_context: None,
            key_contexts: Vec::new(),
            key: None,
            suite: None,
            count: 1,
            outcome: Outcome::Allowed,
            of: None,
            reason: None,
            facts: BTreeMap::new(),
            request_id: RequestId::from_bytes([0; 16]),
            address: None,
            user_agent: None,
            metadata: None,
        }
    }

    fn part(fill: u8, version: u32) -> TookPart {
        TookPart {
            kind: Kind::Context,
            context: ContextId::from_bytes([fill; 32]),
            version: KeyVersion(version),
            suite: Some(Suite::Aes256Gcm),
            count: 1,
        }
    }

    fn shown(contexts: &[TookPart], maps: &BTreeMap<ContextId, KeyContext>) -> EntryView {
        let mut view = empty();
        show_contexts(&mut view, contexts, maps);
        view
    }

    fn map_of(fill: u8) -> BTreeMap<ContextId, KeyContext> {
        let map = KeyContext::new([("organizationId", "org_acme")]).unwrap();
        BTreeMap::from([(ContextId::from_bytes([fill; 32]), map)])
    }

    #[test]
    fn one_key_context_is_shown_by_itself() {
        let view = shown(&[part(1, 2)], &map_of(1));
        assert!(view.key_context.is_some() && view.key_contexts.is_empty());
        assert_eq!(view.key.map(|key| key.version), Some(KeyVersion(2)));
        assert_eq!(view.suite, Some(Suite::Aes256Gcm));
    }

    #[test]
    fn several_key_contexts_are_a_list() {
        let view = shown(&[part(1, 2), part(2, 1)], &map_of(1));
        assert!(view.key_context.is_none() && view.key.is_none());
        assert_eq!(view.key_contexts.len(), 2);
        assert!(view.key_contexts[0].key_context.is_some());
        assert!(view.key_contexts[1].key_context.is_none());
    }

    #[test]
    fn a_key_context_without_key_and_map_keeps_its_id() {
        let view = shown(&[part(1, 0)], &BTreeMap::new());
        assert_eq!(view.key_contexts[0].id, ContextId::from_bytes([1; 32]));
        assert_eq!(view.key_contexts[0].version, None);
        assert!(shown(&[part(1, 0)], &map_of(1)).key_contexts.is_empty());
    }
}
