//! Envelopes that open.

use std::collections::{BTreeMap, BTreeSet};

use strongroom_crypto::envelope::{
    Envelope, Header, HeaderLock, SealRequest, begin_stream, rewrap, seal_value, wrap_data_key,
};
use strongroom_crypto::keys::ResolvedLock;
use strongroom_types::{ClaimValue, Claims, Lock, LockTerm, Membership, Mode, Purpose, Suite};

use crate::support::{
    CONTEXT, ISSUER, SeededEntropy, WORKSPACE, context_key, header, lock_secret, seed,
};
use crate::vector::{Vector, hex};

/// A text that is long enough to be seen in a leak.
pub(crate) const PLAINTEXT: &[u8] = b"4111 1111 1111 1111";

/// What is sealed: a header, the claims of a person where it is locked, associated data.
pub(crate) struct Case {
    pub(crate) header: Header,
    pub(crate) claims: Option<(Lock, Claims)>,
    pub(crate) associated_data: Option<&'static [u8]>,
}

impl Case {
    pub(crate) fn new(purpose: Purpose, suite: Suite, mode: Mode) -> Self {
        Self {
            header: header(purpose, suite, mode),
            claims: None,
            associated_data: None,
        }
    }

    pub(crate) fn locked(purpose: Purpose, terms: Vec<LockTerm>, claims: Claims) -> Self {
        let lock = Lock::new(terms).unwrap();
        let resolved = ResolvedLock::resolve(lock.clone(), ISSUER, &claims).unwrap();
        let salt = [0x55; 16];
        let tag = lock_secret().lock_tag(&salt, purpose, &resolved);
        let mut case = Self::new(purpose, Suite::Aes256Gcm, Mode::Wrapped);
        case.header.lock = Some(HeaderLock {
            lock: lock.clone(),
            salt,
            tag,
        });
        case.claims = Some((lock, claims));
        case
    }

    /// The blob, sealed with randomness from `number`.
    pub(crate) fn seal(&self, number: u64, plaintext: &[u8]) -> Vec<u8> {
        let purpose = self.header.purpose;
        let lock_key = self.claims.as_ref().map(|(lock, claims)| {
            let resolved = ResolvedLock::resolve(lock.clone(), ISSUER, claims).unwrap();
            lock_secret().lock_key(purpose, &resolved)
        });
        let request = SealRequest {
            key: &context_key(1),
            header: &self.header,
            associated_data: self.associated_data,
            lock_key: lock_key.as_ref(),
            entropy: &SeededEntropy::new(number),
        };
        match purpose {
            Purpose::DataKey => wrap_data_key(&request, plaintext).unwrap(),
            Purpose::File => {
                let (mut blob, mut sealer) = begin_stream(&request).unwrap();
                sealer.update(plaintext, &mut blob).unwrap();
                sealer.finish(&mut blob).unwrap();
                blob
            }
            _ => seal_value(&request, plaintext).unwrap(),
        }
    }

    /// The vector that opens `blob`.
    pub(crate) fn vector(&self, name: &str, about: &str, blob: &[u8], plaintext: &[u8]) -> Vector {
        let format = match self.header.purpose {
            Purpose::DataKey => "sr1-data-key",
            _ => "sr1",
        };
        let mut vector = Vector::ok(format, name, about)
            .input("context_seed_hex", hex(seed(1).as_secret().expose()))
            .input("workspace_hex", hex(WORKSPACE.as_bytes()))
            .input("context_hex", hex(CONTEXT.as_bytes()))
            .input("key_version", 1)
            .input("blob_hex", hex(blob))
            .output("plaintext_hex", hex(plaintext));
        if let Some(associated_data) = self.associated_data {
            vector = vector.input("associated_data_hex", hex(associated_data));
        }
        if let Some((_, claims)) = &self.claims {
            vector = vector
                .input("lock_seed_hex", hex(seed(100).as_secret().expose()))
                .input("issuer_hex", hex(ISSUER.as_bytes()))
                .input("claims", serde_json::to_string(claims).unwrap());
        }
        vector
    }

    pub(crate) fn ok(&self, number: u64, name: &str, about: &str) -> Vector {
        self.vector(name, about, &self.seal(number, PLAINTEXT), PLAINTEXT)
    }
}

/// Claims of every type.
pub(crate) fn claims() -> Claims {
    BTreeMap::from([
        ("sub".into(), ClaimValue::Text("ann".into())),
        ("level".into(), ClaimValue::Integer(-7)),
        ("verified".into(), ClaimValue::Bool(true)),
        (
            "groups".into(),
            ClaimValue::Set(BTreeSet::from(["audit".into(), "compliance".into()])),
        ),
    ])
}

pub(crate) fn whole(claim: &str) -> LockTerm {
    LockTerm::Whole(claim.into())
}

pub(crate) fn all() -> Vec<Vector> {
    let mut all = suites();
    all.extend(purposes());
    all.extend(locks());
    all.push(rewrapped());
    all
}

fn suites() -> Vec<Vector> {
    let pairs = Suite::ALL
        .iter()
        .flat_map(|&suite| Mode::ALL.iter().map(move |&mode| (suite, mode)));
    let make = |(number, (suite, mode)): (u64, (Suite, Mode))| {
        let name = format!("{mode}-{}", suite.name().to_lowercase());
        Case::new(Purpose::Value, suite, mode).ok(number, &name, "a value")
    };
    (1000..).zip(pairs).map(make).collect()
}

fn purposes() -> Vec<Vector> {
    let wrapped = |purpose| Case::new(purpose, Suite::Aes256Gcm, Mode::Wrapped);
    let mut with_data = Case::new(Purpose::Value, Suite::Aes256Gcm, Mode::Derived);
    let empty = with_data.vector("empty", "an empty value", &with_data.seal(1100, b""), b"");
    with_data.associated_data = Some(b"row 7");
    let long = vec![0x5a; 16_384];
    let file = wrapped(Purpose::File);
    let key = [0x66; 32];
    vec![
        empty,
        with_data.ok(1101, "associated-data", "a value with associated data"),
        wrapped(Purpose::Object).ok(1102, "object", "a version of an object"),
        file.vector(
            "file",
            "a stream of two chunks",
            &file.seal(1103, &long),
            &long,
        ),
        wrapped(Purpose::DataKey).vector(
            "unlocked",
            "a data key",
            &wrapped(Purpose::DataKey).seal(1104, &key),
            &key,
        ),
    ]
}

fn locks() -> Vec<Vector> {
    let member = |claim: &str, has: &str| {
        LockTerm::Has(Membership {
            claim: claim.into(),
            has: has.into(),
        })
    };
    let every = ["sub", "level", "verified", "groups"].map(whole).to_vec();
    let data_key = Case::locked(Purpose::DataKey, vec![whole("sub")], claims());
    let key = [0x66; 32];
    let value = |terms| Case::locked(Purpose::Value, terms, claims());
    vec![
        value(vec![whole("sub")]).ok(1200, "locked", "locked to a person"),
        value(every).ok(1201, "locked-types", "a claim of every type"),
        value(vec![member("groups", "compliance")]).ok(
            1202,
            "locked-member",
            "locked to the members of a group",
        ),
        data_key.vector(
            "locked",
            "a locked data key",
            &data_key.seal(1203, &key),
            &key,
        ),
    ]
}

fn rewrapped() -> Vector {
    let case = Case::locked(Purpose::Value, vec![whole("sub")], claims());
    let blob = case.seal(1300, PLAINTEXT);
    let envelope = Envelope::parse(&blob).unwrap();
    let (old, new) = (context_key(1), context_key(2));
    let moved = rewrap(&envelope, &old, &new, None, &SeededEntropy::new(1301)).unwrap();
    case.vector("rewrapped", "moved to version 2", &moved, PLAINTEXT)
        .input("context_seed_hex", hex(seed(2).as_secret().expose()))
        .input("key_version", 2)
}
