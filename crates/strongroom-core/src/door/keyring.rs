//! The keys, and the only functions that use them.
//!
//! Everything that opens consumes an [`ItemPermit`]. What seals gives back something [`Withheld`],
//! which only an [`ItemPermit`] releases, or a [`SealedObject`], which leaves only as rows of its
//! entry's own transaction; or it consumes an [`ItemPermit`] itself. No function hands out a key.

mod objects;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future;
use strongroom_crypto::chunked::{Opener, Sealer};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::envelope::{
    self, Envelope, Header, HeaderLock, RewrapError, SealError, SealRequest,
};
use strongroom_crypto::keys::{
    ContextKey, LOCK_SALT_BYTES, LockKey, LockSecret, Place, ResolvedLock, Seed,
};
use strongroom_crypto::secret::SecretBytes;
use strongroom_log::{Hash, sha256};
use strongroom_types::body::{ContextState, KeyRef, KeyState};
use strongroom_types::{
    ContextId, KeyContext, KeyVersion, Kind, Mode, ObjectId, Operation, Purpose, Suite, WorkspaceId,
};

pub(crate) use objects::SealedObject;

use super::idle::IdleCache;
use super::{ItemPermit, Stopped, Withheld};
use crate::denial::{CiphertextFault, Denial};
use crate::policy::Rules;
use crate::ports::{ContextRow, Micros, StoreError};
use crate::workspace::WorkspaceState;

/// How many key contexts' keys are kept unwrapped, about 6 KiB each.
const CONTEXTS_MAX: u64 = 20_000;
/// How long it is remembered that a load is over when the caller who ran it went away.
const LOADED_MAX: Duration = Duration::from_secs(2);

/// What keys are loaded for. Sealing may make a key context and opening may not, so that neither
/// gets the other's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LoadFor {
    Sealing,
    Opening,
}

/// Unwrapped keys by key context. Dropped keys are wiped.
#[derive(Debug)]
pub(crate) struct Keyring {
    /// What bounds how long unused keys stay also bounds how long another node remembers keys that
    /// were destroyed here.
    kept: IdleCache<(WorkspaceId, ContextId), ContextKeys>,
    /// Loads under way, by epoch: concurrent callers under one state share one load, and none gets
    /// what was loaded under an older state. No key is here: they find it among the kept.
    loading: future::Cache<(WorkspaceId, ContextId, u64, LoadFor), ()>,
}

impl Keyring {
    pub(crate) fn new() -> Self {
        Self {
            kept: IdleCache::new(CONTEXTS_MAX),
            loading: future::Cache::builder()
                .max_capacity(CONTEXTS_MAX)
                .time_to_live(LOADED_MAX)
                .build(),
        }
    }

    /// The keys of a key context as of the state's epoch or later, if they are kept.
    pub(crate) fn kept(&self, state: &WorkspaceState, id: ContextId) -> Option<Arc<ContextKeys>> {
        self.kept
            .get(&(state.id, id))
            .filter(|keys| keys.epoch >= state.epoch)
    }

    /// Loads the keys of a key context under this state.
    pub(crate) async fn load(
        &self,
        state: &WorkspaceState,
        (id, load_for): (ContextId, LoadFor),
        load: impl Future<Output = Result<Arc<ContextKeys>, Stopped>>,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let slot = (state.id, id, state.epoch, load_for);
        let mut own = None;
        let placing = async {
            own = Some(self.keep((state.id, id), load.await?));
            Ok(())
        };
        let loaded = self.loading.try_get_with(slot, placing).await;
        loaded.map_err(|stopped: Arc<Stopped>| Stopped::clone(&stopped))?;
        self.loading.invalidate(&slot).await;
        // What another caller loaded may have been dropped again since: then this one loads.
        own.or_else(|| self.kept(state, id)).ok_or(Stopped::Stale)
    }

    /// Keeps keys unless those of a later state are kept, and gives the later ones.
    fn keep(&self, place: (WorkspaceId, ContextId), keys: Arc<ContextKeys>) -> Arc<ContextKeys> {
        let epoch = keys.epoch;
        self.kept.put(place, keys, |kept| kept.epoch > epoch)
    }

    /// Drops the keys of a key context whose row changed: what was destroyed is in no cache.
    pub(crate) fn forget(&self, workspace: WorkspaceId, id: ContextId) {
        self.kept.remove(&(workspace, id));
    }

    /// Drops what was idle for too long; caches do so by themselves only when they are used.
    pub(crate) async fn drop_idle(&self, now: Micros) {
        self.kept.drop_idle(now);
        self.loading.run_pending_tasks().await;
    }
}

/// The keys of one key context, and the rules for their use, at one state epoch.
#[derive(Debug)]
pub(crate) struct ContextKeys {
    pub(crate) id: ContextId,
    pub(crate) kind: Kind,
    pub(crate) map: Arc<KeyContext>,
    pub(crate) rules: Rules,
    pub(crate) state: ContextState,
    pub(crate) active: KeyVersion,
    /// When the active version was made.
    active_since: Micros,
    /// Items that the active version has sealed, as far as this node knows.
    sealed: AtomicU64,
    epoch: u64,
    workspace: WorkspaceId,
    versions: BTreeMap<KeyVersion, ContextKey>,
    /// `None` once destroyed.
    lock_secret: Option<LockSecret>,
}

/// The place of a key context's sealed map.
pub(crate) fn map_place<'a>(workspace: &'a WorkspaceId, id: &'a ContextId) -> [&'a [u8]; 3] {
    [b"context", workspace.as_bytes(), id.as_bytes()]
}

/// New seeds for a key context, wrapped for its row.
pub(crate) struct NewSeeds {
    pub(crate) lock_secret: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

impl NewSeeds {
    /// Draws a lock secret and the first key of a key context.
    pub(crate) fn generate(
        state: &WorkspaceState,
        id: ContextId,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<Self, Denial> {
        let lock_secret = new_seed(state, &Place::LockSecret(state.id, id), entropy)?;
        Ok(Self {
            lock_secret,
            key: new_key(state, id, version, entropy)?,
        })
    }
}

/// Draws a seed for another version of a context key and wraps it for its row.
pub(crate) fn new_key(
    state: &WorkspaceState,
    id: ContextId,
    version: KeyVersion,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Denial> {
    new_seed(state, &Place::ContextKey(state.id, id, version), entropy)
}

fn new_seed(
    state: &WorkspaceState,
    place: &Place,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Denial> {
    Seed::generate(entropy)
        .and_then(|seed| seed.wrap(state.keys.root.wrapping_key(), place, entropy))
        .map_err(|_no_entropy| Denial::Unavailable)
}

/// Opens the map of a key context's row.
pub(crate) fn open_map(state: &WorkspaceState, row: &ContextRow) -> Result<KeyContext, StoreError> {
    state
        .keys
        .open_body("context", &map_place(&state.id, &row.id), &row.map)
}

/// What sealing gives: bytes whose digest stands in the entry.
trait Sealed {
    fn digest(&self) -> Hash;
}

impl Sealed for Vec<u8> {
    fn digest(&self) -> Hash {
        sha256(self)
    }
}

/// The first bytes of a stream, and its sealer.
impl Sealed for (Vec<u8>, Sealer) {
    fn digest(&self) -> Hash {
        sha256(&self.0)
    }
}

/// What to seal, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealSpec<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) lock: Option<&'a ResolvedLock>,
    pub(crate) associated_data: Option<&'a [u8]>,
    /// Which object, and which version of it, for purpose object.
    pub(crate) object: Option<(ObjectId, u64)>,
    pub(crate) entropy: &'a dyn Entropy,
}

impl ContextKeys {
    /// Unwraps the keys of a row. Those of a destroyed key context or version are not there.
    pub(crate) fn unwrap(state: &WorkspaceState, row: &ContextRow) -> Result<Self, Denial> {
        let map = open_map(state, row)?;
        let mut versions = BTreeMap::new();
        for key in row
            .keys
            .iter()
            .filter(|key| key.state != KeyState::Destroyed)
        {
            let seed = unwrap_seed(
                state,
                &Place::ContextKey(state.id, row.id, key.version),
                &key.seed,
            )?;
            let derived = ContextKey::derive(&seed, state.id, row.id, key.version);
            versions.insert(key.version, derived);
        }
        let active = row
            .keys
            .iter()
            .rev()
            .find(|key| key.state == KeyState::Active);
        Ok(Self {
            active_since: active.map_or(0, |key| key.created),
            sealed: AtomicU64::new(active.map_or(0, |key| key.sealed)),
            id: row.id,
            kind: row.kind,
            rules: state.policies.rules(&map),
            map: Arc::new(map),
            state: row.state,
            active: active.map_or(KeyVersion(0), |key| key.version),
            epoch: state.epoch,
            workspace: state.id,
            versions,
            lock_secret: unwrap_lock_secret(state, row)?,
        })
    }

    /// Whether the key context may seal now.
    ///
    /// # Errors
    /// It is disabled or destroyed.
    pub(crate) fn check_sealing(&self) -> Result<(), Denial> {
        match self.state {
            ContextState::Active => Ok(()),
            ContextState::Disabled => Err(Denial::KeyDisabled),
            ContextState::Destroyed => Err(Denial::ContextDestroyed),
        }
    }

    /// Whether the context policy wants another version before the next item is sealed.
    pub(crate) fn rotation_due(&self, now: Micros) -> bool {
        let sealed = self.sealed.load(Ordering::Relaxed);
        self.rules.rotation_due(self.active_since, sealed, now)
    }

    /// Counts an item that was sealed and given out, and names its key.
    pub(crate) fn sealed_one(&self) -> KeyRef {
        self.sealed.fetch_add(1, Ordering::Relaxed);
        KeyRef {
            id: self.id,
            version: self.active,
        }
    }

    /// Whether the ciphertext's key is there and may open now.
    ///
    /// # Errors
    /// It is disabled, destroyed or never was.
    pub(crate) fn check_opening(&self, envelope: &Envelope<'_>) -> Result<(), Denial> {
        match self.state {
            ContextState::Active => {}
            ContextState::Disabled => return Err(Denial::KeyDisabled),
            ContextState::Destroyed => {
                return Err(Denial::Ciphertext(CiphertextFault::Destroyed));
            }
        }
        self.version(envelope.key_part.version).map(drop)
    }

    /// Whether the identity is the one that the value is locked to: compares the lock tag, so that
    /// a wrong person is refused before any key is used. The derivation refuses as well.
    pub(crate) fn meets_lock(&self, header: &Header, lock: &ResolvedLock) -> bool {
        if cfg!(feature = "danger-skip-lock-tag") {
            return true;
        }
        let (Some(secret), Some(held)) = (&self.lock_secret, &header.lock) else {
            return false;
        };
        secret.verify_tag(&held.salt, &held.tag, header.purpose, lock)
    }

    /// Seals a value.
    pub(crate) fn seal(
        &self,
        spec: &SealSpec<'_>,
        plaintext: &[u8],
    ) -> Result<Withheld<Vec<u8>>, Denial> {
        self.with_request(Operation::Encrypt, spec, |request| {
            envelope::seal_value(request, plaintext)
        })
    }

    /// Starts a stream: its first bytes and the sealer of what follows.
    pub(crate) fn begin_stream(
        &self,
        spec: &SealSpec<'_>,
    ) -> Result<Withheld<(Vec<u8>, Sealer)>, Denial> {
        self.with_request(Operation::StreamEncrypt, spec, envelope::begin_stream)
    }

    /// Wraps a data key.
    pub(crate) fn wrap_data_key(
        &self,
        spec: &SealSpec<'_>,
        data_key: &[u8],
    ) -> Result<Withheld<Vec<u8>>, Denial> {
        self.with_request(Operation::DataKeyCreate, spec, |request| {
            envelope::wrap_data_key(request, data_key)
        })
    }

    /// Wraps a data key that another key context's permit of the same entry unwrapped.
    pub(crate) fn rekey_data_key(
        &self,
        permit: ItemPermit,
        spec: &SealSpec<'_>,
        data_key: &[u8],
    ) -> Result<Vec<u8>, Denial> {
        permit.consume(&[Operation::DataKeyRekey], self.id)?;
        self.sealed(spec, |request| envelope::wrap_data_key(request, data_key))
    }

    /// Opens a value.
    pub(crate) fn open(
        &self,
        permit: ItemPermit,
        envelope: &Envelope<'_>,
        lock: Option<&ResolvedLock>,
        associated_data: Option<&[u8]>,
    ) -> Result<SecretBytes, Denial> {
        permit.consume(&[Operation::Decrypt], self.id)?;
        let (key, lock_key) = self.opening_keys(envelope, lock)?;
        envelope::open(envelope, key, lock_key.as_ref(), associated_data).map_err(altered)
    }

    /// Opens the key part of a stream.
    pub(crate) fn open_stream(
        &self,
        permit: ItemPermit,
        prefix: &Envelope<'_>,
        lock: Option<&ResolvedLock>,
        associated_data: Option<&[u8]>,
    ) -> Result<Opener, Denial> {
        permit.consume(&[Operation::StreamDecrypt], self.id)?;
        let (key, lock_key) = self.opening_keys(prefix, lock)?;
        envelope::open_stream(prefix, key, lock_key.as_ref(), associated_data).map_err(altered)
    }

    /// Unwraps a data key: for who shows it, who repeats the request that made it, or to wrap it for
    /// another key context.
    pub(crate) fn unwrap_data_key(
        &self,
        permit: ItemPermit,
        wrapped: &Envelope<'_>,
        lock: Option<&ResolvedLock>,
    ) -> Result<SecretBytes, Denial> {
        const UNWRAPS: [Operation; 3] = [
            Operation::DataKeyUnwrap,
            Operation::DataKeyCreate,
            Operation::DataKeyRekey,
        ];
        permit.consume(&UNWRAPS, self.id)?;
        let (key, lock_key) = self.opening_keys(wrapped, lock)?;
        envelope::unwrap_data_key(wrapped, key, lock_key.as_ref()).map_err(altered)
    }

    /// Moves a ciphertext or a wrapped data key to the active version. Needs nobody's claims.
    pub(crate) fn rewrap(
        &self,
        permit: ItemPermit,
        envelope: &Envelope<'_>,
        associated_data: Option<&[u8]>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Denial> {
        permit.consume(&[Operation::Rewrap, Operation::DataKeyRewrap], self.id)?;
        let (old, new) = self.moving_keys(envelope)?;
        envelope::rewrap(envelope, old, new, associated_data, entropy).map_err(rewrap_fault)
    }

    /// Moves the prefix of a stream to the active version. Needs nobody's claims.
    pub(crate) fn rewrap_stream(
        &self,
        permit: ItemPermit,
        prefix: &Envelope<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Denial> {
        permit.consume(&[Operation::StreamRewrap], self.id)?;
        let (old, new) = self.moving_keys(prefix)?;
        envelope::rewrap_prefix(prefix, old, new, entropy).map_err(rewrap_fault)
    }

    /// The version that the ciphertext names, and the active one.
    fn moving_keys(&self, envelope: &Envelope<'_>) -> Result<(&ContextKey, &ContextKey), Denial> {
        let old = self.version(envelope.key_part.version)?;
        Ok((old, self.version(self.active)?))
    }

    fn opening_keys(
        &self,
        envelope: &Envelope<'_>,
        lock: Option<&ResolvedLock>,
    ) -> Result<(&ContextKey, Option<LockKey>), Denial> {
        let key = self.version(envelope.key_part.version)?;
        let lock_key = match lock {
            None => None,
            Some(lock) => Some(self.lock_secret()?.lock_key(envelope.header.purpose, lock)),
        };
        Ok((key, lock_key))
    }

    fn version(&self, version: KeyVersion) -> Result<&ContextKey, Denial> {
        self.versions
            .get(&version)
            .ok_or(Denial::Ciphertext(CiphertextFault::KeyVersion))
    }

    fn lock_secret(&self) -> Result<&LockSecret, Denial> {
        self.lock_secret
            .as_ref()
            .ok_or(Denial::Ciphertext(CiphertextFault::Destroyed))
    }

    /// Seals something that is withheld until the permit of the operation.
    fn with_request<T: Sealed>(
        &self,
        operation: Operation,
        spec: &SealSpec<'_>,
        seal: impl FnOnce(&SealRequest<'_>) -> Result<T, SealError>,
    ) -> Result<Withheld<T>, Denial> {
        let sealed = self.sealed(spec, seal)?;
        Ok(Withheld::new((operation, self.id), sealed.digest(), sealed))
    }

    /// Builds the header and seals under the active version.
    fn sealed<T>(
        &self,
        spec: &SealSpec<'_>,
        seal: impl FnOnce(&SealRequest<'_>) -> Result<T, SealError>,
    ) -> Result<T, Denial> {
        let key = self.version(self.active)?;
        let header = self.header(spec)?;
        let lock_key = match spec.lock {
            None => None,
            Some(lock) => Some(self.lock_secret()?.lock_key(spec.purpose, lock)),
        };
        let request = SealRequest {
            key,
            header: &header,
            associated_data: spec.associated_data,
            lock_key: lock_key.as_ref(),
            entropy: spec.entropy,
        };
        seal(&request).map_err(seal_fault)
    }

    fn header(&self, spec: &SealSpec<'_>) -> Result<Header, Denial> {
        let derived = spec.purpose == Purpose::Value && spec.lock.is_none();
        Ok(Header {
            purpose: spec.purpose,
            suite: self.suite(),
            mode: if derived {
                Mode::Derived
            } else {
                Mode::Wrapped
            },
            workspace: self.workspace,
            context: self.id,
            lock: spec
                .lock
                .map(|lock| self.header_lock(spec, lock))
                .transpose()?,
            object: spec.object,
        })
    }

    fn header_lock(&self, spec: &SealSpec<'_>, lock: &ResolvedLock) -> Result<HeaderLock, Denial> {
        let mut salt = [0; LOCK_SALT_BYTES];
        spec.entropy
            .fill(&mut salt)
            .map_err(|_no_entropy| Denial::Unavailable)?;
        let tag = self.lock_secret()?.lock_tag(&salt, spec.purpose, lock);
        Ok(HeaderLock {
            lock: lock.lock().clone(),
            salt,
            tag,
        })
    }

    /// The suite that seals, by the context policy.
    pub(crate) const fn suite(&self) -> Suite {
        self.rules.suite
    }
}

fn unwrap_seed(state: &WorkspaceState, place: &Place, wrapped: &[u8]) -> Result<Seed, StoreError> {
    Seed::unwrap(state.keys.root.wrapping_key(), place, wrapped).map_err(|_altered| {
        StoreError::Damaged {
            table: "context_key",
        }
    })
}

fn unwrap_lock_secret(
    state: &WorkspaceState,
    row: &ContextRow,
) -> Result<Option<LockSecret>, StoreError> {
    if row.state == ContextState::Destroyed {
        return Ok(None);
    }
    let seed = unwrap_seed(
        state,
        &Place::LockSecret(state.id, row.id),
        &row.lock_secret,
    )?;
    Ok(Some(LockSecret::derive(&seed, state.id, row.id)))
}

fn altered(_: strongroom_crypto::OpenError) -> Denial {
    Denial::Ciphertext(CiphertextFault::Altered)
}

fn rewrap_fault(error: RewrapError) -> Denial {
    match error {
        RewrapError::Open(error) => altered(error),
        RewrapError::Seal(error) => seal_fault(error),
    }
}

/// What was sealed is of our own making, so that only a lack of entropy is not a fault of ours.
fn seal_fault(error: SealError) -> Denial {
    match error {
        SealError::Entropy(_) => Denial::Unavailable,
        SealError::DataKeyLength { .. } => {
            Denial::Invalid(crate::denial::Invalid::Field("bytes".into()))
        }
        SealError::Header(_)
        | SealError::ForeignKey
        | SealError::LockKey
        | SealError::Purpose { .. } => {
            tracing::error!(%error, "nothing was sealed");
            Denial::Internal
        }
    }
}
