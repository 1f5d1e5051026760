//! What the tests of this crate share: seeded randomness and a small world of keys.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest;
use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_crypto::envelope::{Header, HeaderLock};
use strongroom_crypto::keys::{ContextKey, LockKey, LockSecret, ResolvedLock, Seed};
use strongroom_types::{
    ClaimValue, ContextId, IssuerId, KeyVersion, Lock, LockTerm, Mode, ObjectId, Purpose, Suite,
    WorkspaceId,
};

/// The same "random" bytes for the same seed.
#[derive(Debug, Default)]
pub(crate) struct SeededEntropy {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededEntropy {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            blocks: AtomicU64::new(0),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyUnavailable> {
        for chunk in out.chunks_mut(32) {
            let block = self.blocks.fetch_add(1, Ordering::Relaxed);
            let input = [self.seed.to_be_bytes(), block.to_be_bytes()].concat();
            let hash = digest::digest(&digest::SHA256, &input);
            let bytes = chunk.iter_mut().zip(hash.as_ref());
            bytes.for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }
}

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([0x11; 16]);
pub(crate) const CONTEXT: ContextId = ContextId::from_bytes([0x22; 32]);
pub(crate) const ISSUER: IssuerId = IssuerId::from_bytes([0x33; 16]);
pub(crate) const OBJECT: ObjectId = ObjectId::from_bytes([0x44; 16]);

pub(crate) fn seed(number: u64) -> Seed {
    Seed::generate(&SeededEntropy::new(number)).unwrap()
}

pub(crate) fn context_key(version: u32) -> ContextKey {
    let seed = seed(u64::from(version));
    ContextKey::derive(&seed, WORKSPACE, CONTEXT, KeyVersion(version))
}

pub(crate) fn lock_secret() -> LockSecret {
    LockSecret::derive(&seed(100), WORKSPACE, CONTEXT)
}

/// A lock on `sub`, met by this person.
pub(crate) fn resolved(sub: &str) -> ResolvedLock {
    let lock = Lock::new(vec![LockTerm::Whole("sub".into())]).unwrap();
    let claims = BTreeMap::from([("sub".to_owned(), ClaimValue::Text(sub.to_owned()))]);
    ResolvedLock::resolve(lock, ISSUER, &claims).unwrap()
}

pub(crate) fn lock_key(purpose: Purpose, sub: &str) -> LockKey {
    lock_secret().lock_key(purpose, &resolved(sub))
}

pub(crate) fn header(purpose: Purpose, suite: Suite, mode: Mode) -> Header {
    Header {
        purpose,
        suite,
        mode,
        workspace: WORKSPACE,
        context: CONTEXT,
        lock: None,
        object: (purpose == Purpose::Object).then_some((OBJECT, 7)),
    }
}

/// The header of something locked to this person.
pub(crate) fn locked_header(purpose: Purpose, suite: Suite, sub: &str) -> Header {
    let (lock, salt) = (resolved(sub), [0x55; 16]);
    Header {
        lock: Some(HeaderLock {
            lock: lock.lock().clone(),
            salt,
            tag: lock_secret().lock_tag(&salt, purpose, &lock),
        }),
        ..header(purpose, suite, Mode::Wrapped)
    }
}
