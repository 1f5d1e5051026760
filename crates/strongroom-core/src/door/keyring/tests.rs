//! Whatever opens takes a permit of its own operation and key context, and no other.

use std::collections::BTreeSet;
use std::time::Duration;

use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::foreign::cryptoserve::Ciphertext;
use strongroom_crypto::keys::{KeysetItem, KeysetTag};
use strongroom_crypto::secret::Secret;
use strongroom_types::ClientId;

use super::*;
use crate::door::Permit;
use crate::policy::Policies;
use crate::ports::{Clock, Committed, Reading};

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([9; 16]);
const OWN: ContextId = ContextId::from_bytes([1; 32]);
const OTHER: ContextId = ContextId::from_bytes([2; 32]);
const FIRST: KeyVersion = KeyVersion::FIRST;

const MOVES: [Operation; 3] = [
    Operation::StreamRewrap,
    Operation::ObjectRewrap,
    Operation::StoreRewrap,
];

const UNWRAPS: [Operation; 3] = [
    Operation::DataKeyUnwrap,
    Operation::DataKeyCreate,
    Operation::DataKeyRekey,
];

const OPENS: [Operation; 6] = [
    Operation::StoreGet,
    Operation::SealedGet,
    Operation::Sign,
    Operation::SealedOpen,
    Operation::Decapsulate,
    Operation::LeaseRead,
];

#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn read(&self) -> Reading {
        Reading {
            wall: 0,
            monotonic: Duration::ZERO,
        }
    }
}

/// The permit of an entry that says that this operation uses this key context.
fn permit(operation: Operation, context: ContextId) -> ItemPermit {
    let time = Time::start(Arc::new(Stopped), None);
    let committed = Committed { index: 0, epoch: 0 };
    let mut permit = Permit::of(committed, WORKSPACE, operation, vec![context], &time);
    permit.item(context).unwrap()
}

fn keys() -> ContextKeys {
    let map = KeyContext::new([("organizationId", "acme")]).unwrap();
    let mut keys = ContextKeys {
        id: OWN,
        kind: Kind::Context,
        rules: Policies::new(Vec::new(), FIRST).rules(&map),
        map: Arc::new(map),
        state: ContextState::Active,
        active: FIRST,
        active_since: 0,
        sealed: Arc::default(),
        epoch: 0,
        workspace: WORKSPACE,
        versions: BTreeMap::new(),
        lock_secret: None,
        wrapper: Wrapper::Root(FIRST),
        since: 0,
        until: None,
        row: None,
        wanted_fault: None,
    };
    let seed = Seed::from_secret(Secret::from_bytes([3; 32]));
    keys.put_version(FIRST, &seed);
    keys.put_lock_secret(&seed);
    keys
}

const fn spec(purpose: Purpose) -> SealSpec<'static> {
    SealSpec {
        purpose,
        lock: None,
        associated_data: None,
        object: None,
        suite: None,
        entropy: &SystemEntropy,
    }
}

/// Tries a use under permits of every operation, of this key context and of another one.
fn takes_only<T>(allowed: &[Operation], try_it: impl Fn(ItemPermit) -> Result<T, Denial>) {
    for &operation in Operation::ALL {
        let takes = |context| {
            let tried = try_it(permit(operation, context));
            tried.err() != Some(Denial::Internal)
        };
        assert!(!takes(OTHER), "{operation:?}");
        assert_eq!(takes(OWN), allowed.contains(&operation), "{operation:?}");
    }
}

#[test]
fn values_streams_and_data_keys_open_under_their_own_permits_only() {
    let keys = keys();
    let (value, stream) = (spec(Purpose::Value), spec(Purpose::File));
    let sealed = keys.sealed(&value, |request| envelope::seal_value(request, b"v"));
    let sealed = sealed.unwrap();
    let sealed = Envelope::parse(&sealed).unwrap();
    takes_only(&[Operation::Decrypt], |permit| {
        keys.open(permit, &sealed, None, None)
    });
    takes_only(&[Operation::Rewrap, Operation::DataKeyRewrap], |permit| {
        keys.rewrap(permit, &sealed, None, &SystemEntropy)
    });
    let (begun, _) = keys.sealed(&stream, envelope::begin_stream).unwrap();
    let begun = Envelope::parse(&begun).unwrap();
    takes_only(&[Operation::StreamDecrypt], |permit| {
        keys.open_stream(permit, &begun, None, None)
    });
    takes_only(&MOVES, |permit| {
        keys.rewrap_prefix(permit, &begun, &SystemEntropy)
    });
    let spec = spec(Purpose::DataKey);
    let wrapped = keys.sealed(&spec, |request| envelope::wrap_data_key(request, &[5; 32]));
    let wrapped = wrapped.unwrap();
    let wrapped = Envelope::parse(&wrapped).unwrap();
    takes_only(&UNWRAPS, |permit| {
        keys.unwrap_data_key(permit, &wrapped, None)
    });
    takes_only(&[Operation::DataKeyRekey], |permit| {
        keys.rekey_data_key(permit, &spec, &[5; 32])
    });
}

#[test]
fn what_is_kept_opens_under_its_own_permits_only() {
    let keys = keys();
    let spec = SealSpec {
        object: Some((ObjectId::from_bytes([6; 16]), 1)),
        ..spec(Purpose::Object)
    };
    let object = keys.sealed(&spec, |request| envelope::seal_value(request, b"v"));
    let object = object.unwrap();
    let object = Envelope::parse(&object).unwrap();
    let reads = [Operation::ObjectRead, Operation::ObjectVersionRestore];
    takes_only(&reads, |permit| keys.open_object(permit, &object, None));
    let kept = keys.seal_for_store(b"place", b"v", &SystemEntropy).unwrap();
    let set = (ClientId::from_bytes([4; 16]), 0);
    let kept = kept.into_value((b"name".to_vec(), 1), set, 1);
    let kept = [kept.prefix, kept.body].concat();
    let kept = Envelope::parse(&kept).unwrap();
    takes_only(&OPENS, |permit| {
        keys.open_from_store(permit, b"place", &kept)
    });
}

#[test]
fn what_is_derived_again_is_given_under_its_own_permits_only() {
    let keys = keys();
    takes_only(&[Operation::KeysetLoad], |permit| {
        keys.keyset_index_key(permit)
    });
    takes_only(&[Operation::SplitDerive], |permit| {
        keys.derive_split(permit, (FIRST, &[7; 16]), None)
    });
    takes_only(&[Operation::KeyBundle], |permit| keys.sdk_key(permit));
    let item = KeysetItem {
        iv: &[8; 16],
        descriptor: "users/email",
        lock: None,
        tags: &BTreeSet::new(),
        values: &BTreeMap::new(),
        policy: None,
    };
    let made = keys.derive_for_keyset(&item).unwrap();
    let made = made
        .release(permit(Operation::KeysetGenerate, OWN))
        .unwrap();
    let tag = KeysetTag::parse(&made.tag).unwrap();
    takes_only(&[Operation::KeysetRetrieve], |permit| {
        keys.keyset_deriver().derive_again(permit, &item, &tag)
    });
}

#[test]
fn what_others_sealed_opens_under_its_own_permits_only() {
    let keys = keys();
    let header = serde_json::json!({
        "v": 4, "ctx": "general", "kid": "k", "alg": "AES-256-GCM", "local": true,
        "nonce": "AAAAAAAAAAAAAAAA",
    });
    let header = header.to_string();
    let length = u16::try_from(header.len()).unwrap().to_be_bytes();
    let theirs = [length.as_slice(), header.as_bytes(), &[0; 32]].concat();
    let theirs = Ciphertext::parse(&theirs).unwrap();
    let opener = ImportedOpener::Bundle(FIRST);
    takes_only(&[Operation::Decrypt], |permit| {
        keys.open_imported(permit, &opener, &theirs, None)
    });
    let spec = spec(Purpose::Value);
    takes_only(&[Operation::ImportedRewrap], |permit| {
        keys.rewrap_imported(permit, &opener, &theirs, (&keys, &spec))
    });
    // Nor is it sealed again for another key context.
    let mut another = self::keys();
    another.id = OTHER;
    let own = permit(Operation::ImportedRewrap, OWN);
    let moved = keys.rewrap_imported(own, &opener, &theirs, (&another, &spec));
    assert_eq!(moved.err(), Some(Denial::Internal));
}
