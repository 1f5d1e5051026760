//! What a reader asks of the log.

use core::iter;

use strongroom_log::Entry;
use strongroom_types::{ContextId, KeyContext, Kind, LeaseId, Operation, Outcome};

use super::contexts::TookPart;
use super::private::Private;
use super::terms::Term;
use crate::door::DENIED_ITEMS;
use crate::ports::Micros;
use crate::workspace::WorkspaceState;

/// Which entries to list. What is absent does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntriesQuery {
    /// From this time on.
    pub from: Option<Micros>,
    /// Up to and without this time.
    pub to: Option<Micros>,
    /// Of this operation.
    pub operation: Option<Operation>,
    /// For identities of this issuer, its `iss`.
    pub issuer: Option<String>,
    /// For this subject, its `sub`.
    pub subject: Option<String>,
    /// With this key context, inside batches too.
    pub key_context: Option<KeyContext>,
    /// The kind of that key context; `context` if absent.
    pub kind: Option<Kind>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// About this lease.
    pub lease: Option<LeaseId>,
    /// At most so many, 1 to 1,000; 100 if absent.
    pub limit: Option<u32>,
    /// The `next` of the page before; the first page if absent.
    pub page: Option<String>,
}

/// A query within a workspace: the filter without the page.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    query: &'a EntriesQuery,
    context: Option<ContextId>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(query: &'a EntriesQuery, state: &WorkspaceState) -> Self {
        let kind = query.kind.unwrap_or(Kind::Context);
        let id = |map| state.context_id(kind, map);
        Self::of(query, query.key_context.as_ref().map(id))
    }

    /// The filter of a query whose key context has this id.
    pub(super) const fn of(query: &'a EntriesQuery, context: Option<ContextId>) -> Self {
        Self { query, context }
    }

    /// The terms that a tile must hold all of.
    pub(super) fn terms(&self) -> Vec<Term<'a>> {
        let query = self.query;
        let terms = [
            query.operation.map(Term::Operation),
            query.outcome.map(Term::Outcome),
            query.issuer.as_deref().map(Term::Issuer),
            query.subject.as_deref().map(Term::Subject),
            self.context.map(Term::Context),
            query.lease.map(Term::Lease),
        ];
        terms.into_iter().flatten().collect()
    }

    /// Whether an entry is asked for, its key contexts aside.
    pub(super) fn admits(&self, entry: &Entry, private: &Private) -> bool {
        let query = self.query;
        let identity = private.identity.as_ref();
        let issuer = identity.map(|identity| identity.issuer.as_str());
        let subject = identity.map(|identity| identity.subject.as_str());
        query.from.is_none_or(|from| entry.time_us >= from)
            && query.to.is_none_or(|to| entry.time_us < to)
            && query
                .operation
                .is_none_or(|operation| entry.operation == operation)
            && query
                .outcome
                .is_none_or(|outcome| outcomes_of(entry).any(|of| of == outcome))
            && query
                .lease
                .is_none_or(|lease| lease_of(entry) == Some(lease))
            && query
                .issuer
                .as_deref()
                .is_none_or(|asked| issuer == Some(asked))
            && query
                .subject
                .as_deref()
                .is_none_or(|asked| subject == Some(asked))
    }

    /// Whether one of an entry's key contexts is asked for.
    pub(super) fn admits_contexts(&self, contexts: &[TookPart]) -> bool {
        self.context
            .is_none_or(|asked| contexts.iter().any(|part| part.context == asked))
    }

    /// The filter as a list of byte strings, equal for equal filters only.
    pub(super) fn parts(&self) -> [Vec<u8>; 8] {
        let query = self.query;
        let text = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
        [
            query.from.map(|time| time.to_be_bytes().to_vec()),
            query.to.map(|time| time.to_be_bytes().to_vec()),
            query
                .operation
                .map(|operation| operation.code().to_be_bytes().to_vec()),
            query
                .outcome
                .map(|outcome| outcome.code().to_be_bytes().to_vec()),
            text(&query.issuer),
            text(&query.subject),
            self.context.map(|context| context.as_bytes().to_vec()),
            query.lease.map(|lease| lease.as_bytes().to_vec()),
        ]
        .map(present)
    }
}

/// How an entry ended: a batch that was allowed was denied too, as far as items of it were.
pub(super) fn outcomes_of(entry: &Entry) -> impl Iterator<Item = Outcome> {
    let denied = entry
        .facts
        .value(DENIED_ITEMS)
        .map(|_items| Outcome::Denied);
    iter::once(entry.outcome).chain(denied)
}

/// The lease that an entry is about.
pub(super) fn lease_of(entry: &Entry) -> Option<LeaseId> {
    entry.facts.value("lease")?.parse().ok()
}

/// Tells an absent value from an empty one.
fn present(part: Option<Vec<u8>>) -> Vec<u8> {
    part.map_or_else(Vec::new, |value| [&[1], value.as_slice()].concat())
}

#[cfg(test)]
pub(super) mod tests {
    use strongroom_log::{Commitments, ContextUses, Facts};
    use strongroom_types::body::EntryIdentity;
    use strongroom_types::{KeyVersion, RequestId};

    use super::*;

    /// An entry that says nothing but what happened, and when.
    pub(in crate::log) fn entry_of(operation: Operation, outcome: Outcome, time_us: i64) -> Entry {
        Entry {
            time_us,
            operation,
            outcome,
            reason: None,
            of: None,
            client: None,
            request_id: RequestId::from_bytes([0; 16]),
            count: 1,
            contexts: ContextUses::none(),
            output: None,
            items: None,
            facts: Facts::default(),
            commitments: Commitments::default(),
        }
    }

    fn entry() -> Entry {
        entry_of(Operation::Decrypt, Outcome::Denied, 100)
    }

    fn private() -> Private {
        let identity = EntryIdentity {
            issuer: "https://issuer".to_owned(),
            subject: "alice".to_owned(),
            claims: serde_json::Map::new(),
        };
        Private {
            identity: Some(identity),
            ..Private::default()
        }
    }

    fn admits(query: &EntriesQuery) -> bool {
        Filter {
            query,
            context: None,
        }
        .admits(&entry(), &private())
    }

    #[test]
    fn each_condition_decides_by_itself() {
        let none = EntriesQuery::default();
        assert!(admits(&none));
        for query in [
            EntriesQuery {
                from: Some(100),
                to: Some(101),
                ..none.clone()
            },
            EntriesQuery {
                operation: Some(Operation::Decrypt),
                ..none.clone()
            },
            EntriesQuery {
                outcome: Some(Outcome::Denied),
                ..none.clone()
            },
            EntriesQuery {
                issuer: Some("https://issuer".into()),
                ..none.clone()
            },
            EntriesQuery {
                subject: Some("alice".into()),
                ..none.clone()
            },
        ] {
            assert!(admits(&query), "{query:?}");
        }
        for query in [
            EntriesQuery {
                from: Some(101),
                ..none.clone()
            },
            EntriesQuery {
                to: Some(100),
                ..none.clone()
            },
            EntriesQuery {
                lease: Some(LeaseId::from_bytes([7; 16])),
                ..none.clone()
            },
            EntriesQuery {
                operation: Some(Operation::Encrypt),
                ..none.clone()
            },
            EntriesQuery {
                outcome: Some(Outcome::Allowed),
                ..none.clone()
            },
            EntriesQuery {
                issuer: Some("https://other".into()),
                ..none.clone()
            },
            EntriesQuery {
                subject: Some("bob".into()),
                ..none
            },
        ] {
            assert!(!admits(&query), "{query:?}");
        }
    }

    #[test]
    fn a_batch_of_which_items_were_denied_ended_both_ways() {
        let mut batch = entry();
        batch.outcome = Outcome::Allowed;
        batch.facts.insert(DENIED_ITEMS, "2").unwrap();
        for (outcome, admitted) in [
            (Outcome::Allowed, true),
            (Outcome::Denied, true),
            (Outcome::Failed, false),
        ] {
            let query = EntriesQuery {
                outcome: Some(outcome),
                ..EntriesQuery::default()
            };
            let filter = Filter::of(&query, None);
            assert_eq!(filter.admits(&batch, &private()), admitted, "{outcome:?}");
        }
    }

    #[test]
    fn an_erased_identity_is_found_by_no_subject() {
        let query = EntriesQuery {
            subject: Some("alice".into()),
            ..EntriesQuery::default()
        };
        let filter = Filter {
            query: &query,
            context: None,
        };
        assert!(!filter.admits(&entry(), &Private::default()));
    }

    #[test]
    fn any_of_the_key_contexts_is_enough() {
        let query = EntriesQuery::default();
        let part = |fill| TookPart {
            kind: Kind::Context,
            context: ContextId::from_bytes([fill; 32]),
            version: KeyVersion(1),
            suite: None,
            count: 1,
        };
        let asked = Filter {
            query: &query,
            context: Some(ContextId::from_bytes([2; 32])),
        };
        assert!(asked.admits_contexts(&[part(1), part(2)]));
        assert!(!asked.admits_contexts(&[part(1)]));
        assert!(
            Filter {
                query: &query,
                context: None
            }
            .admits_contexts(&[])
        );
    }

    #[test]
    fn an_empty_subject_is_another_filter_than_none() {
        let none = EntriesQuery::default();
        let empty = EntriesQuery {
            subject: Some(String::new()),
            ..none.clone()
        };
        let parts = |query| {
            Filter {
                query,
                context: None,
            }
            .parts()
        };
        assert_ne!(parts(&none), parts(&empty));
    }
}
