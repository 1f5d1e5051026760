//! Context policies: rules for the key contexts that contain given pairs.

use core::cmp::Reverse;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strongroom_types::body::{PolicyBody, PolicyInfo, Rotation};
use strongroom_types::{
    ContextPattern, CustomerKeyId, Format, KeyContext, KeyVersion, Lock, LockTerm, PolicyId, Suite,
};

use crate::denial::{Denial, Invalid};
use crate::ports::{Micros, Wrapper};
use crate::time::{format_time, micros};

/// Sealed items after which a key is rotated when no policy says otherwise.
const USES_DEFAULT: u64 = 1 << 32;
/// The shortest age in seconds after which a policy may rotate.
const AGE_S_MIN: u64 = 60;

/// A saved policy.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) id: PolicyId,
    pub(crate) created: Micros,
    pub(crate) body: PolicyBody,
    /// The customer's key that was attached to its key contexts.
    pub(crate) customer_key: Option<CustomerKeyId>,
}

impl Policy {
    pub(crate) fn info(&self) -> PolicyInfo {
        PolicyInfo {
            id: self.id,
            policy: self.body.clone(),
            customer_key: self.customer_key,
            created: format_time(self.created),
        }
    }
}

/// The part of a record that is sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct PolicyRecord {
    pub(crate) policy: PolicyBody,
    #[serde(default)]
    pub(crate) customer_key: Option<CustomerKeyId>,
}

/// What holds for one key context: the policy that applies, or the defaults.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) policy: Option<PolicyId>,
    pub(crate) suite: Suite,
    pub(crate) required_lock: Lock,
    pub(crate) accepted: Vec<Format>,
    /// Whether the policy lists them.
    accepted_said: bool,
    pub(crate) rotation: Rotation,
    /// Whether changes of objects must name the version that they replace.
    pub(crate) version_check_required: bool,
    /// The customer's key that wraps its keys, and the policy that says so.
    pub(crate) customer_key: Option<(PolicyId, CustomerKeyId)>,
    /// Why it must have a customer's key, and has none.
    pub(crate) closed: Option<Closed>,
    /// The version of the workspace's root that wraps where no customer's key does.
    root: KeyVersion,
}

/// Why a key context is not used without a customer's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It has a pair of this name, and no key is attached to such pairs.
    Name(String),
    /// A policy that matches it wants one.
    Required(PolicyId),
}

impl Rules {
    fn of(policy: Option<&Policy>, root: KeyVersion) -> Self {
        let body = policy.map(|policy| &policy.body);
        Self {
            policy: policy.map(|policy| policy.id),
            suite: body.and_then(|body| body.suite).unwrap_or_default(),
            required_lock: body
                .map(|body| body.required_lock.clone())
                .unwrap_or_default(),
            accepted: body
                .and_then(|body| body.accepted_formats.clone())
                .unwrap_or_else(|| vec![Format::Sr1]),
            accepted_said: body.is_some_and(|body| body.accepted_formats.is_some()),
            rotation: body.map(|body| body.rotation.clone()).unwrap_or_default(),
            version_check_required: body.is_some_and(|body| body.version_check_required),
            customer_key: None,
            closed: None,
            root,
        }
    }

    /// The key that wraps its keys.
    ///
    /// # Errors
    /// There is none: it must have a customer's key, and has none.
    pub(crate) fn wrapper(&self) -> Result<Wrapper, Denial> {
        self.check_closed()?;
        Ok(self
            .customer_key
            .map_or(Wrapper::Root(self.root), |(_, key)| Wrapper::Customer(key)))
    }

    /// # Errors
    /// It must have a customer's key, and has none.
    pub(crate) const fn check_closed(&self) -> Result<(), Denial> {
        match self.closed {
            Some(_) => Err(Denial::ContextClosed),
            None => Ok(()),
        }
    }

    /// Whether the lock has every required term.
    ///
    /// # Errors
    /// The claims of the terms that are missing.
    pub(crate) fn check_lock(&self, lock: &Lock) -> Result<(), Denial> {
        let missing: Vec<String> = self
            .required_lock
            .terms()
            .iter()
            .filter(|term| !lock.terms().contains(term))
            .map(|term: &LockTerm| term.claim().to_owned())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Denial::LockRequired { claims: missing })
    }

    /// Whether a ciphertext of the format may be opened.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn check_format(&self, format: Format) -> Result<(), Denial> {
        if self.accepted.contains(&format) {
            return Ok(());
        }
        Err(Denial::FormatNotAccepted)
    }

    /// Whether a ciphertext of another product's may be opened. What the context itself accepts is asked beside;
    /// a policy that lists formats has the last word.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn check_imported(&self, format: Format) -> Result<(), Denial> {
        if self.accepted_said {
            return self.check_format(format);
        }
        Ok(())
    }

    /// Whether a key made at `created` that has sealed `sealed` items is due.
    pub(crate) fn rotation_due(&self, created: Micros, sealed: u64, now: Micros) -> bool {
        let too_old = self.rotation.age_s.is_some_and(|age_s| {
            now.saturating_sub(created) >= micros(std::time::Duration::from_secs(age_s))
        });
        too_old || sealed >= self.rotation.uses.unwrap_or(USES_DEFAULT)
    }
}

/// A workspace's policies.
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    saved: Vec<Arc<Policy>>,
    /// The active version of the workspace's root.
    root: KeyVersion,
}

impl Policies {
    pub(crate) fn new(policies: Vec<Policy>, root: KeyVersion) -> Self {
        Self {
            saved: policies.into_iter().map(Arc::new).collect(),
            root,
        }
    }

    pub(crate) fn find(&self, id: PolicyId) -> Option<&Policy> {
        self.saved
            .iter()
            .map(AsRef::as_ref)
            .find(|policy| policy.id == id)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.saved.iter().map(AsRef::as_ref)
    }

    /// The policies that match a key context, most pairs first. No two have as many, because ties
    /// cannot be saved.
    pub(crate) fn matching(&self, context: &KeyContext) -> Vec<&Policy> {
        let all = self.saved.iter().map(AsRef::as_ref);
        let mut matching: Vec<&Policy> = all
            .filter(|policy| matches(&policy.body, context))
            .collect();
        matching.sort_by_key(|policy| Reverse(policy.body.matches.pairs().len()));
        matching
    }

    /// The rules for a key context: those of the matching policy with most pairs. The customer's key
    /// is that of the matching policy with most pairs that has one, so that a policy about something
    /// else takes no key away.
    pub(crate) fn rules(&self, context: &KeyContext) -> Rules {
        let matching = self.matching(context);
        let mut keyed = matching.iter().copied();
        let keyed = keyed.find_map(|policy| Some((policy.id, policy.customer_key?)));
        let mut required = matching.iter().filter(|_| keyed.is_none());
        let required = required.find(|policy| policy.body.customer_key_required);
        let name = self.closed_name(context, &matching);
        let name = name.map(|name| Closed::Name(name.to_owned()));
        Rules {
            closed: name.or_else(|| required.map(|policy| Closed::Required(policy.id))),
            customer_key: keyed,
            ..Rules::of(matching.first().copied(), self.root)
        }
    }

    /// A name of the key context's pairs that some policy closes, and whose pair no customer's key is
    /// attached to: a misspelt value must not fall to the key of another pair either.
    fn closed_name(&self, context: &KeyContext, matching: &[&Policy]) -> Option<&str> {
        let attached = |name: &str| {
            let keyed = matching
                .iter()
                .filter(|policy| policy.customer_key.is_some());
            let mut pairs = keyed.flat_map(|policy| policy.body.matches.pairs());
            pairs.any(|(key, _)| key == name)
        };
        self.saved
            .iter()
            .flat_map(|policy| &policy.body.closed_names)
            .map(String::as_str)
            .find(|name| context.value(name).is_some() && !attached(name))
    }

    /// Whether the policy could be saved as `id` beside the others.
    ///
    /// # Errors
    /// A limit, or the policy that it would tie with.
    pub(crate) fn check(&self, id: Option<PolicyId>, body: &PolicyBody) -> Result<(), Denial> {
        check_limits(body)?;
        let tie = self
            .saved
            .iter()
            .find(|other| Some(other.id) != id && ties(&other.body, body));
        match tie {
            Some(other) => Err(Invalid::PolicyTie(other.id).into()),
            None => Ok(()),
        }
    }
}

fn check_limits(body: &PolicyBody) -> Result<(), Denial> {
    // Taken literally it would match nothing, and whoever meant any value believes in a lock that nobody demands.
    let mut pairs = body.matches.pairs();
    if pairs.any(|(_, value)| value == ContextPattern::ANY) {
        return Err(Invalid::PolicyAny.into());
    }
    if body.rotation.age_s.is_some_and(|age_s| age_s < AGE_S_MIN) {
        return Err(Invalid::Field("rotation.age_s".into()).into());
    }
    if body.rotation.uses == Some(0) {
        return Err(Invalid::Field("rotation.uses".into()).into());
    }
    if body.accepted_formats.as_ref().is_some_and(Vec::is_empty) {
        return Err(Invalid::Field("accepted_formats".into()).into());
    }
    let names = body.closed_names.iter().map(|name| (name.as_str(), ""));
    if !body.closed_names.is_empty() && KeyContext::new(names).is_err() {
        return Err(Invalid::Field("closed_names".into()).into());
    }
    Ok(())
}

fn matches(policy: &PolicyBody, context: &KeyContext) -> bool {
    policy
        .matches
        .pairs()
        .all(|(key, value)| context.value(key) == Some(value))
}

/// Two policies tie when they have as many pairs and some key context contains the pairs of both:
/// that is, when they agree on every key they share and their union fits into a key context.
fn ties(a: &PolicyBody, b: &PolicyBody) -> bool {
    let (a, b) = (&a.matches, &b.matches);
    if a.pairs().len() != b.pairs().len() {
        return false;
    }
    let mut union = a.pairs().len();
    for (key, value) in b.pairs() {
        match a.pairs().find(|(other, _)| *other == key) {
            Some((_, same)) if same != value => return false,
            Some(_) => {}
            None => union += 1,
        }
    }
    union <= KeyContext::PAIRS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(id: u8, pairs: &[(&str, &str)], suite: Suite) -> Policy {
        let body = PolicyBody {
            suite: Some(suite),
            ..PolicyBody::of(ContextPattern::new(pairs.iter().copied()).unwrap())
        };
        Policy {
            id: PolicyId::from_bytes([id; 16]),
            created: 0,
            body,
            customer_key: None,
        }
    }

    fn context(pairs: &[(&str, &str)]) -> KeyContext {
        KeyContext::new(pairs.iter().copied()).unwrap()
    }

    #[test]
    fn most_pairs_win() {
        let policies = Policies::new(
            vec![
                policy(1, &[], Suite::Aes128Gcm),
                policy(2, &[("org", "acme")], Suite::Aes256GcmSiv),
                policy(
                    3,
                    &[("org", "acme"), ("type", "pii")],
                    Suite::ChaCha20Poly1305,
                ),
            ],
            KeyVersion::FIRST,
        );
        let suite = |pairs: &[(&str, &str)]| policies.rules(&context(pairs)).suite;
        assert_eq!(suite(&[("org", "beta")]), Suite::Aes128Gcm);
        assert_eq!(suite(&[("org", "acme")]), Suite::Aes256GcmSiv);
        assert_eq!(
            suite(&[("org", "acme"), ("type", "pii")]),
            Suite::ChaCha20Poly1305
        );
    }

    #[test]
    fn a_tie_is_refused_when_saved() {
        let policies = Policies::new(
            vec![policy(1, &[("org", "acme")], Suite::Aes256Gcm)],
            KeyVersion::FIRST,
        );
        let check =
            |pairs: &[(&str, &str)]| policies.check(None, &policy(9, pairs, Suite::Aes256Gcm).body);
        let tie = Invalid::PolicyTie(PolicyId::from_bytes([1; 16])).into();
        assert_eq!(check(&[("type", "pii")]), Err(tie));
        assert_eq!(check(&[("org", "beta")]), Ok(()));
        assert_eq!(check(&[("org", "acme"), ("type", "pii")]), Ok(()));
        let same = policy(1, &[("org", "acme")], Suite::Aes128Gcm);
        assert_eq!(policies.check(Some(same.id), &same.body), Ok(()));
    }

    #[test]
    fn any_value_is_not_taken_for_a_value() {
        let policies = Policies::new(Vec::new(), KeyVersion::FIRST);
        let check =
            |pairs: &[(&str, &str)]| policies.check(None, &policy(9, pairs, Suite::Aes256Gcm).body);
        let any = Err(Invalid::PolicyAny.into());
        assert_eq!(check(&[("org", "*")]), any);
        assert_eq!(check(&[("org", "acme"), ("type", "*")]), any);
        assert_eq!(check(&[("org", "**")]), Ok(()));
    }

    #[test]
    fn rotation_is_due_by_age_or_uses() {
        let mut rules = Rules::of(None, KeyVersion::FIRST);
        assert!(!rules.rotation_due(0, USES_DEFAULT - 1, i64::MAX));
        assert!(rules.rotation_due(0, USES_DEFAULT, 0));
        rules.rotation = Rotation {
            age_s: Some(60),
            uses: Some(5),
        };
        assert!(!rules.rotation_due(0, 4, 59_999_999));
        assert!(rules.rotation_due(0, 4, 60_000_000));
        assert!(rules.rotation_due(0, 5, 0));
    }
}
