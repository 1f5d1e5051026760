//! The account of a use: what its entry will say, gathered before it is durable.

use std::collections::BTreeMap;
use std::sync::Arc;

use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_crypto::envelope::Envelope;
use strongroom_log::{
    ContextUse, ContextUses, Entry, Facts, Hash, Items, Opening, Openings, PrivateField,
};
use strongroom_types::body::EntryIdentity;
use strongroom_types::{
    ClientId, ContextId, KeyContext, KeyVersion, Kind, ObjectId, Operation, Outcome, Reason, Suite,
};

use super::keyring::ContextKeys;
use crate::ask::Ask;
use crate::fips::Algorithm;
use crate::identity::Identity;
use crate::ports::{Change, Micros};

/// One use of one context key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyUse {
    pub(crate) context: ContextId,
    pub(crate) kind: Kind,
    pub(crate) version: KeyVersion,
    pub(crate) suite: Option<Suite>,
    /// The version that what it opens is sealed under again.
    pub(crate) moved_to: Option<KeyVersion>,
}

/// The version in an entry that names a key context although no key of it was used.
pub(crate) const NO_KEY: KeyVersion = KeyVersion(0);

/// The fact that says how many items of a batch were denied, if any.
pub(crate) const DENIED_ITEMS: &str = "denied_items";

impl KeyUse {
    /// Naming a key context without using a key of it.
    pub(crate) const fn asking(kind: Kind, context: ContextId) -> Self {
        Self {
            context,
            kind,
            version: NO_KEY,
            suite: None,
            moved_to: None,
        }
    }

    /// Sealing under the active version.
    pub(crate) fn sealing(keys: &ContextKeys) -> Self {
        let suite = Some(keys.suite());
        Self {
            context: keys.id,
            kind: keys.kind,
            version: keys.active,
            suite,
            moved_to: None,
        }
    }

    /// Sealing under the active version, in a suite that is not for the context policy to say.
    pub(crate) fn sealing_in(keys: &ContextKeys, suite: Suite) -> Self {
        Self {
            suite: Some(suite),
            ..Self::sealing(keys)
        }
    }

    /// Opening what the envelope names.
    pub(crate) fn opening(keys: &ContextKeys, envelope: &Envelope<'_>) -> Self {
        let suite = Some(envelope.header.suite);
        Self {
            context: keys.id,
            kind: keys.kind,
            version: envelope.key_part.version,
            suite,
            moved_to: None,
        }
    }

    /// Deriving again under a version.
    pub(crate) fn opening_version(keys: &ContextKeys, version: KeyVersion) -> Self {
        Self {
            context: keys.id,
            kind: keys.kind,
            version,
            suite: None,
            moved_to: None,
        }
    }

    /// Deriving under the active version.
    pub(crate) fn deriving(keys: &ContextKeys) -> Self {
        Self::opening_version(keys, keys.active)
    }

    /// Opening what the envelope names, to seal it under the active version.
    pub(crate) fn moving(keys: &ContextKeys, envelope: &Envelope<'_>) -> Self {
        Self {
            moved_to: Some(keys.active),
            ..Self::opening(keys, envelope)
        }
    }
}

/// What an operation tells the log, and the rows it changes.
#[derive(Debug)]
pub(crate) struct Account {
    /// How it ends: allowed, unless every item of a batch is denied.
    pub(crate) outcome: Outcome,
    /// The uses of keys, in the order in which the permit will allow them.
    pub(crate) uses: Vec<KeyUse>,
    /// The maps of the key contexts used.
    pub(crate) maps: BTreeMap<ContextId, Arc<KeyContext>>,
    /// How many items were asked for.
    pub(crate) count: u32,
    /// SHA-256 of what was sealed.
    pub(crate) output: Option<Hash>,
    /// The item records of a batch.
    pub(crate) items: Option<Items>,
    /// What is used besides the suites of `uses`, as far as NIST does not approve it.
    pub(crate) unapproved: Vec<Algorithm>,
    /// Public facts.
    pub(crate) facts: Facts,
    /// Rows that change with the entry.
    pub(crate) changes: Vec<Change>,
    /// The entry that this one is the outcome of.
    pub(crate) of: Option<u64>,
    /// The identity, where it is not the caller's own.
    pub(crate) identity: Option<Arc<Identity>>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            outcome: Outcome::Allowed,
            uses: Vec::new(),
            maps: BTreeMap::new(),
            count: 0,
            output: None,
            items: None,
            unapproved: Vec::new(),
            facts: Facts::default(),
            changes: Vec::new(),
            of: None,
            identity: None,
        }
    }
}

impl Account {
    /// An account of one act, of which nothing more is said yet.
    pub(crate) fn of_one() -> Self {
        Self {
            count: 1,
            ..Self::default()
        }
    }

    /// An account of administration: facts and changed rows.
    pub(crate) fn of_changes(changes: Vec<Change>) -> Self {
        Self {
            changes,
            ..Self::of_one()
        }
    }

    /// Adds a use of a key.
    pub(crate) fn use_key(&mut self, key_use: KeyUse, map: &Arc<KeyContext>) {
        self.uses.push(key_use);
        if self.maps.len() < ContextUses::LIST_MAX {
            self.maps
                .entry(key_use.context)
                .or_insert_with(|| Arc::clone(map));
        }
    }

    /// Says how many items of a batch were denied, by which the batch is found although it was allowed.
    fn count_denied_items(&mut self) {
        let items = self.items.iter().flat_map(|items| &items.0);
        let denied = items.filter(|item| item.outcome == Outcome::Denied).count();
        if denied > 0 {
            let inserted = self.facts.insert(DENIED_ITEMS, &denied.to_string());
            debug_assert!(inserted.is_ok(), "fact {DENIED_ITEMS} does not fit");
        }
    }

    /// Why all items were denied, or failed, if it is one reason.
    fn shared_reason(&self) -> Option<Reason> {
        let mut items = self.items.iter().flat_map(|items| &items.0);
        let first = items.next()?.reason;
        items.all(|item| item.reason == first).then_some(first)?
    }

    /// The key contexts whose keys the permit will allow, in order.
    pub(super) fn permitted(&self) -> Vec<ContextId> {
        let used = self.uses.iter().filter(|key_use| key_use.version != NO_KEY);
        used.map(|key_use| key_use.context).collect()
    }

    /// Adds an algorithm that is used besides the suites of keys.
    #[must_use]
    pub(crate) fn using(mut self, algorithm: Algorithm) -> Self {
        self.unapproved.extend(algorithm.unapproved());
        self
    }

    /// Names the key context that is administered; no key of it is used.
    #[must_use]
    pub(crate) fn of_context(self, context: ContextId, map: &KeyContext) -> Self {
        self.of_kind(Kind::Context, context, map)
    }

    /// The same, of any kind.
    #[must_use]
    pub(crate) fn of_kind(mut self, kind: Kind, context: ContextId, map: &KeyContext) -> Self {
        self.use_key(KeyUse::asking(kind, context), &Arc::new(map.clone()));
        self
    }

    /// Names the stored object and the version of it that is read, made or changed.
    #[must_use]
    pub(crate) fn of_object(self, object: ObjectId, version: u64) -> Self {
        self.fact("object", &object.to_string())
            .fact("version", &version.to_string())
    }

    /// Adds a public fact. Names are ours, so one that does not fit is a fault that a test finds;
    /// values that are too long become digests.
    #[must_use]
    pub(crate) fn fact(mut self, name: &'static str, value: &str) -> Self {
        let inserted = self.facts.insert(name, value);
        debug_assert!(inserted.is_ok(), "fact {name} does not fit");
        self
    }
}

/// Who and what an entry is about, besides its account.
pub(super) struct Header<'a> {
    pub(super) time: Micros,
    pub(super) operation: Operation,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) client: Option<ClientId>,
    pub(super) identity: Option<&'a Identity>,
    pub(super) ask: &'a Ask,
}

/// Builds the entry and the openings of its private fields.
///
/// # Errors
/// No entropy for the salts.
pub(super) fn entry(
    header: &Header<'_>,
    account: &mut Account,
    entropy: &dyn Entropy,
) -> Result<(Entry, Openings), EntropyUnavailable> {
    account.count_denied_items();
    let (uses, order) = summarise(&account.uses);
    let openings = openings(header, &order, account, entropy)?;
    let entry = Entry {
        time_us: header.time,
        operation: header.operation,
        outcome: header.outcome,
        reason: header.reason.or_else(|| account.shared_reason()),
        of: account.of,
        client: header.client,
        request_id: header.ask.origin.request_id,
        count: account.count,
        contexts: uses,
        output: account.output,
        items: account.items.as_ref().map(Items::root),
        facts: core::mem::take(&mut account.facts),
        commitments: openings.commitments(),
    };
    Ok((entry, openings))
}

/// Counts equal uses, sorted; the sorted order is also that of the maps in the opening.
fn summarise(uses: &[KeyUse]) -> (ContextUses, Vec<ContextId>) {
    let mut counts = BTreeMap::<KeyUse, u32>::new();
    for key_use in uses {
        let count = counts.entry(*key_use).or_default();
        *count = count.saturating_add(1);
    }
    let order = counts.keys().map(|key_use| key_use.context).collect();
    let uses = counts.into_iter().map(|(key_use, count)| ContextUse {
        kind: key_use.kind,
        context: key_use.context,
        key_version: key_use.version,
        suite: key_use.suite,
        count,
    });
    (
        ContextUses::new(uses.collect()).unwrap_or_else(|_| ContextUses::none()),
        order,
    )
}

/// The private fields that are there, each under a salt of its own.
fn openings(
    header: &Header<'_>,
    order: &[ContextId],
    account: &Account,
    entropy: &dyn Entropy,
) -> Result<Openings, EntropyUnavailable> {
    let origin = &header.ask.origin;
    let identity = account.identity.as_deref().or(header.identity);
    let fields = [
        (PrivateField::Identity, identity.map(identity_value)),
        (PrivateField::KeyContexts, maps_value(order, &account.maps)),
        (
            PrivateField::Address,
            origin
                .address
                .as_ref()
                .map(|text| text.clone().into_bytes()),
        ),
        (
            PrivateField::UserAgent,
            origin.user_agent.as_deref().map(user_agent_value),
        ),
        (
            PrivateField::Metadata,
            header.ask.metadata.as_ref().map(|m| json(m.value())),
        ),
    ];
    let mut salts = [[0u8; 32]; 5];
    entropy.fill(salts.as_flattened_mut())?;
    let mut openings = Openings::default();
    for ((field, value), salt) in fields.into_iter().zip(salts) {
        if let Some(value) = value {
            openings.insert(Opening { field, salt, value });
        }
    }
    Ok(openings)
}

/// The most bytes of a user agent that are kept.
const USER_AGENT_BYTES_MAX: usize = 512;

fn user_agent_value(text: &str) -> Vec<u8> {
    let end = text.floor_char_boundary(USER_AGENT_BYTES_MAX);
    text.as_bytes().get(..end).unwrap_or_default().to_vec()
}

fn identity_value(identity: &Identity) -> Vec<u8> {
    json(&EntryIdentity {
        issuer: identity.iss.clone(),
        subject: identity.subject.clone(),
        claims: identity.display.clone(),
    })
}

/// The maps of the uses that the entry lists, in its order: a JSON list, `null` where a map is not
/// known.
fn maps_value(order: &[ContextId], maps: &BTreeMap<ContextId, Arc<KeyContext>>) -> Option<Vec<u8>> {
    if maps.is_empty() {
        return None;
    }
    if order.is_empty() {
        // A denial names the key context that was asked for, although no key was used.
        return Some(json(
            &maps
                .values()
                .take(ContextUses::LIST_MAX)
                .collect::<Vec<_>>(),
        ));
    }
    let listed = order.iter().take(ContextUses::LIST_MAX);
    Some(json(&listed.map(|id| maps.get(id)).collect::<Vec<_>>()))
}

/// JSON of our own types cannot fail: their keys are strings and they hold no floats from outside.
fn json<T: serde::Serialize + ?Sized>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
