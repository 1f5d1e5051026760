//! The key hierarchy: what is bound to what.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(
    dead_code,
    reason = "the support is shared, and each test uses a part of it"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use strongroom_crypto::OpenError;
use strongroom_crypto::keys::{
    AuditKey, ContextIdKey, LockSecret, Place, ResolvedLock, Seed, UnmetTerm, WorkspaceRoot,
    WrappingKey,
};
use strongroom_crypto::secret::Secret;
use strongroom_types::{
    ClaimValue, Claims, ClientId, ContextId, CustomerKeyId, IssuerId, KeyContext, KeyVersion, Kind,
    Lock, LockTerm, Membership, Purpose, WorkspaceId,
};
use support::{CONTEXT, SeededEntropy, WORKSPACE, lock_secret, resolved, seed};

const OTHER: WorkspaceId = WorkspaceId::from_bytes([0x12; 16]);

fn places() -> Vec<Place> {
    let other = ContextId::from_bytes([0x23; 32]);
    vec![
        Place::Deployment("log-signing"),
        Place::Deployment("token"),
        Place::WorkspaceRoot(WORKSPACE, KeyVersion(1)),
        Place::WorkspaceRoot(WORKSPACE, KeyVersion(2)),
        Place::WorkspaceRoot(OTHER, KeyVersion(1)),
        Place::ContextIdKey(WORKSPACE),
        Place::AuditKey(WORKSPACE),
        Place::ContextKey(WORKSPACE, CONTEXT, KeyVersion(1)),
        Place::ContextKey(WORKSPACE, CONTEXT, KeyVersion(2)),
        Place::ContextKey(WORKSPACE, other, KeyVersion(1)),
        Place::ContextKey(OTHER, CONTEXT, KeyVersion(1)),
        Place::LockSecret(WORKSPACE, CONTEXT),
        Place::LockSecret(WORKSPACE, other),
        Place::CustomerKeyProof(WORKSPACE, CustomerKeyId::from_bytes([1; 16])),
        Place::CustomerKeyProof(WORKSPACE, CustomerKeyId::from_bytes([2; 16])),
        Place::CustomerKeyProof(OTHER, CustomerKeyId::from_bytes([1; 16])),
        Place::ApplicationKey(WORKSPACE, ClientId::from_bytes([1; 16]), KeyVersion(1)),
        Place::ApplicationKey(WORKSPACE, ClientId::from_bytes([1; 16]), KeyVersion(2)),
        Place::ApplicationKey(WORKSPACE, ClientId::from_bytes([2; 16]), KeyVersion(1)),
        Place::ApplicationKey(OTHER, ClientId::from_bytes([1; 16]), KeyVersion(1)),
    ]
}

#[test]
fn a_wrapped_seed_opens_in_its_own_place_only() {
    let parent = WrappingKey::new(&Secret::from_bytes([1; 32]));
    for place in places() {
        let wrapped = seed(1)
            .wrap(&parent, &place, &SeededEntropy::new(2))
            .unwrap();
        for other in places() {
            let opened = Seed::unwrap(&parent, &other, &wrapped);
            assert_eq!(opened.is_ok(), place == other, "{place:?} {other:?}");
        }
        let stranger = WrappingKey::new(&Secret::from_bytes([2; 32]));
        assert_eq!(Seed::unwrap(&stranger, &place, &wrapped), Err(OpenError));
    }
}

#[test]
fn every_place_and_key_context_has_a_binding_of_its_own() {
    let context = |pairs: &[(&str, &str)]| KeyContext::new(pairs.iter().copied()).unwrap();
    let contexts = [
        None,
        Some(context(&[("a", "bc")])),
        Some(context(&[("ab", "c")])),
        Some(context(&[("a", "b"), ("c", "")])),
    ];
    let bindings: BTreeSet<[u8; 32]> = places()
        .iter()
        .flat_map(|place| {
            contexts
                .iter()
                .map(|context| place.binding(context.as_ref()))
        })
        .collect();
    assert_eq!(bindings.len(), places().len() * contexts.len());
}

#[test]
fn one_seed_gives_another_key_in_every_place() {
    let keys = places()
        .into_iter()
        .map(|place| *seed(1).derive_key(&place).expose());
    let keys: BTreeSet<_> = keys.collect();
    assert_eq!(keys.len(), places().len());
}

#[test]
fn a_row_opens_at_its_place_and_under_its_root_only() {
    let root = WorkspaceRoot::derive(&seed(1), WORKSPACE, KeyVersion(1));
    let next = WorkspaceRoot::derive(&seed(1), WORKSPACE, KeyVersion(2));
    let place: [&[u8]; 2] = [b"key_contexts", b"7"];
    let sealed = root
        .seal_row(&place, b"map", &SeededEntropy::new(3))
        .unwrap();
    assert_eq!(root.open_row(&place, &sealed).unwrap().expose(), b"map");
    assert!(root.open_row(&[b"key_contexts", b"8"], &sealed).is_err());
    assert!(next.open_row(&place, &sealed).is_err());
}

#[test]
fn openings_and_terms_are_the_workspaces_own() {
    let ours = AuditKey::derive(&seed(1), WORKSPACE);
    let theirs = AuditKey::derive(&seed(1), OTHER);
    let place: [&[u8]; 1] = [b"batch 7"];
    let sealed = ours
        .seal_openings(&place, b"salts", &SeededEntropy::new(3))
        .unwrap();
    assert_eq!(
        ours.open_openings(&place, &sealed).unwrap().expose(),
        b"salts"
    );
    assert!(ours.open_openings(&[b"batch 8"], &sealed).is_err());
    assert!(theirs.open_openings(&place, &sealed).is_err());
    assert_ne!(ours.search_term(&place), theirs.search_term(&place));
    assert_ne!(ours.search_term(&place), ours.identity_tag(&place));
}

#[test]
fn names_of_objects_tell_workspaces_and_spellings_apart() {
    let key = ContextIdKey::derive(&seed(1), WORKSPACE);
    let names = ["a", "A", "\u{e9}", "e\u{301}", "", "a\0"];
    let hashes: BTreeSet<_> = names.iter().map(|name| key.object_name(name)).collect();
    assert_eq!(hashes.len(), names.len());
    let other = ContextIdKey::derive(&seed(1), OTHER);
    assert!(
        names
            .iter()
            .all(|name| !hashes.contains(&other.object_name(name)))
    );
    assert!(hashes.contains(&key.object_name("a")));
}

#[test]
fn context_ids_tell_workspaces_kinds_and_maps_apart() {
    let key = ContextIdKey::derive(&seed(1), WORKSPACE);
    let map = |pairs: &[(&str, &str)]| KeyContext::new(pairs.iter().copied()).unwrap();
    let ours = map(&[("a", "1"), ("b", "2")]);
    let ids = BTreeSet::from([
        key.context_id(Kind::Context, &ours),
        key.context_id(Kind::Named, &ours),
        key.context_id(Kind::Context, &map(&[("a", "1")])),
        key.context_id(Kind::Context, &map(&[("a", "12"), ("b", "")])),
        ContextIdKey::derive(&seed(1), OTHER).context_id(Kind::Context, &ours),
    ]);
    assert_eq!(ids.len(), 5);
    let turned = map(&[("b", "2"), ("a", "1")]);
    assert!(ids.contains(&key.context_id(Kind::Context, &turned)));
}

fn resolve(term: LockTerm, issuer: u8, claims: &Claims) -> Result<ResolvedLock, UnmetTerm> {
    let lock = Lock::new(vec![term]).unwrap();
    ResolvedLock::resolve(lock, IssuerId::from_bytes([issuer; 16]), claims)
}

#[test]
fn lock_tags_tell_everything_apart_that_the_lock_key_binds() {
    let claims = |value: ClaimValue| Claims::from([("c".to_owned(), value)]);
    let whole =
        |issuer, value| resolve(LockTerm::Whole("c".into()), issuer, &claims(value)).unwrap();
    let set = ClaimValue::Set(BTreeSet::from(["1".into()]));
    let member = LockTerm::Has(Membership {
        claim: "c".into(),
        has: "1".into(),
    });
    let locks = [
        whole(1, ClaimValue::Text("1".into())),
        whole(2, ClaimValue::Text("1".into())),
        whole(1, ClaimValue::Integer(1)),
        whole(1, ClaimValue::Bool(true)),
        whole(1, set.clone()),
        resolve(member, 1, &claims(set)).unwrap(),
    ];
    let tags = locks.iter().flat_map(|lock| {
        [Purpose::Value, Purpose::Object].map(|purpose| {
            let salts = [[0; 16], [1; 16]];
            salts.map(|salt| lock_secret().lock_tag(&salt, purpose, lock))
        })
    });
    let tags: BTreeSet<_> = tags.flatten().collect();
    assert_eq!(tags.len(), locks.len() * 2 * 2);
}

#[test]
fn lock_tags_are_the_contexts_own() {
    let (salt, lock) = ([0; 16], resolved("ann"));
    let tag = lock_secret().lock_tag(&salt, Purpose::Value, &lock);
    assert!(lock_secret().verify_tag(&salt, &tag, Purpose::Value, &lock));
    assert!(!lock_secret().verify_tag(&salt, &tag, Purpose::Value, &resolved("bob")));
    let elsewhere = LockSecret::derive(&seed(100), WORKSPACE, ContextId::from_bytes([1; 32]));
    assert!(!elsewhere.verify_tag(&salt, &tag, Purpose::Value, &lock));
}

#[test]
fn an_unmet_term_is_named_without_its_value() {
    let claims = BTreeMap::from([
        ("sub".to_owned(), ClaimValue::Text("ann".into())),
        (
            "groups".to_owned(),
            ClaimValue::Set(BTreeSet::from(["audit".into()])),
        ),
    ]);
    let has = |claim: &str, has: &str| {
        LockTerm::Has(Membership {
            claim: claim.into(),
            has: has.into(),
        })
    };
    let unmet = [
        LockTerm::Whole("org".into()),
        has("groups", "compliance"),
        has("sub", "ann"),
    ];
    for term in unmet {
        let claim = term.claim().to_owned();
        assert_eq!(resolve(term, 1, &claims), Err(UnmetTerm { claim }));
    }
    let met = resolve(has("groups", "audit"), 1, &claims).unwrap();
    assert_eq!(met.values(), [ClaimValue::Text("audit".into())]);
    assert!(!format!("{met:?}").contains("ann"));
}
