//! The keys, and the only functions that use them.
//!
//! Everything that opens consumes an [`ItemPermit`]. What seals gives back something [`Withheld`],
//! which only an [`ItemPermit`] releases, or a [`SealedObject`], which leaves only as rows of its
//! entry's own transaction; or it consumes an [`ItemPermit`] itself. No function hands out a key.

mod imported;
mod keysets;
mod objects;
mod split;
mod stores;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use strongroom_crypto::chunked::{Opener, Sealer};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::envelope::{
    self, Envelope, FormatError, Header, HeaderLock, RewrapError, SealError, SealRequest,
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

pub(crate) use imported::Opener as ImportedOpener;
pub(crate) use keysets::DerivedKey;
pub(crate) use objects::SealedObject;
pub(crate) use split::DerivedShare;

use super::kept::{Need, Opens};
use super::{ItemPermit, Withheld};
use crate::customer_key::CustomerKeyFault;
use crate::denial::{CiphertextFault, Denial};
use crate::policy::Rules;
use crate::ports::{ContextRow, Micros, StoreError, Wrapper};
use crate::time::Time;
use crate::workspace::WorkspaceState;

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
    sealed: Arc<AtomicU64>,
    pub(super) epoch: u64,
    workspace: WorkspaceId,
    versions: BTreeMap<KeyVersion, Arc<ContextKey>>,
    /// `None` once destroyed, or where it is not needed.
    lock_secret: Option<Arc<LockSecret>>,
    /// What wraps them now.
    wrapper: Wrapper,
    /// When the first of them was unwrapped.
    since: Micros,
    /// Until when they may be used; for good where no customer's key has a say.
    pub(super) until: Option<Micros>,
    /// The row, where a customer's key unwraps only what is needed.
    row: Option<Box<ContextRow>>,
    /// Why the customer's key that is to wrap them closes what is under them already.
    wanted_fault: Option<CustomerKeyFault>,
}

/// The place of a key context's sealed map.
pub(crate) fn map_place<'a>(workspace: &'a WorkspaceId, id: &'a ContextId) -> [&'a [u8]; 3] {
    [b"context", workspace.as_bytes(), id.as_bytes()]
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
    /// The suite, where it is not for the context policy to say.
    pub(crate) suite: Option<Suite>,
    pub(crate) entropy: &'a dyn Entropy,
}

impl ContextKeys {
    /// What is known of a row before any of its keys is unwrapped.
    pub(super) fn of_row(
        state: &WorkspaceState,
        row: &ContextRow,
        now: Micros,
    ) -> Result<Self, Denial> {
        let map = open_map(state, row)?;
        let rules = state.policies.rules(&map);
        let active = row
            .keys
            .iter()
            .rev()
            .find(|key| key.state == KeyState::Active);
        let lifetime = state.lifetime(row.wrapper, &rules);
        let wanted = rules.customer_key.map(|(_, key)| key);
        let wanted_fault = wanted.and_then(|key| state.customer_keys.check_use(key).err());
        Ok(Self {
            active_since: active.map_or(0, |key| key.created),
            sealed: Arc::new(AtomicU64::new(active.map_or(0, |key| key.sealed))),
            id: row.id,
            kind: row.kind,
            rules,
            map: Arc::new(map),
            state: row.state,
            active: active.map_or(KeyVersion(0), |key| key.version),
            epoch: state.epoch,
            workspace: state.id,
            versions: BTreeMap::new(),
            lock_secret: None,
            wrapper: row.wrapper,
            since: now,
            until: lifetime.map(|lifetime| now.saturating_add(lifetime)),
            row: None,
            wanted_fault,
        })
    }

    /// Unwraps the keys of a row that the workspace's root wraps. Those of a destroyed key context
    /// or version are not there.
    pub(super) fn unwrap_by_root(
        &mut self,
        state: &WorkspaceState,
        row: &ContextRow,
    ) -> Result<(), StoreError> {
        for key in row.live_keys() {
            let place = Place::ContextKey(state.id, row.id, key.version);
            let seed = state.unwrap_seed(row.wrapper, &place, &key.seed)?;
            self.put_version(key.version, &seed);
        }
        if row.state != ContextState::Destroyed {
            let place = Place::LockSecret(state.id, row.id);
            let seed = state.unwrap_seed(row.wrapper, &place, &row.lock_secret)?;
            self.put_lock_secret(&seed);
        }
        Ok(())
    }

    pub(super) fn put_version(&mut self, version: KeyVersion, seed: &Seed) {
        let key = ContextKey::derive(seed, self.workspace, self.id, version);
        self.versions.insert(version, Arc::new(key));
    }

    pub(super) fn put_lock_secret(&mut self, seed: &Seed) {
        let secret = LockSecret::derive(seed, self.workspace, self.id);
        self.lock_secret = Some(Arc::new(secret));
    }

    /// Takes over what the same customer's key unwrapped lately of the same row, until as long after
    /// that as it may be used: other changes in the workspace do not ask the provider again.
    pub(super) fn take_over(&mut self, former: &Self, lifetime: Micros, row: &ContextRow) {
        let Some(seen) = &former.row else { return };
        let until = former.since.saturating_add(lifetime);
        if seen.wrapper != row.wrapper || until <= self.since {
            return;
        }
        for key in row.live_keys() {
            let same = seen.keys.iter().any(|other| other.seed == key.seed);
            if let Some(kept) = former.versions.get(&key.version).filter(|_| same) {
                self.versions.insert(key.version, Arc::clone(kept));
            }
        }
        if seen.lock_secret == row.lock_secret {
            self.lock_secret.clone_from(&former.lock_secret);
        }
        self.since = former.since;
        self.until = Some(until);
    }

    /// What of a need is not there yet: versions, and whether the lock secret.
    pub(super) fn lacks(&self, need: Need, row: &ContextRow) -> (Vec<KeyVersion>, bool) {
        let live = row.live_keys().map(|key| key.version);
        let wanted = live.filter(|version| match need.opens {
            _ if need.active && *version == self.active => true,
            Opens::Nothing => false,
            Opens::One(one) => *version == one,
            Opens::Every => true,
        });
        let lacking = wanted.filter(|version| !self.versions.contains_key(version));
        let secret = need.lock_secret && self.lock_secret.is_none();
        (
            lacking.collect(),
            secret && row.state != ContextState::Destroyed,
        )
    }

    /// Counts on where this node was, whatever the row says: it is behind.
    pub(super) fn count_on(&mut self, count: Arc<AtomicU64>) {
        count.fetch_max(self.sealed.load(Ordering::Relaxed), Ordering::Relaxed);
        self.sealed = count;
    }

    /// Notes that only what is needed was unwrapped of a row.
    pub(super) fn is_part_of(&mut self, row: ContextRow) {
        self.row = Some(Box::new(row));
    }

    /// Whether all that is needed was unwrapped, as far as it is there.
    pub(super) fn covers(&self, need: Need) -> bool {
        // Of what is closed nothing is unwrapped, and whoever comes is refused.
        self.check_open().is_err()
            || self.row.as_ref().is_none_or(|row| {
                let (versions, secret) = self.lacks(need, row);
                versions.is_empty() && !secret
            })
    }

    /// Whether they may be used now for the need.
    pub(super) fn serve(&self, need: Need, time: &Time) -> bool {
        self.until
            .is_none_or(|until| time.now() < until && self.covers(need))
    }

    /// Whether they serve whoever loaded them, and nobody else.
    pub(super) fn is_for_once(&self) -> bool {
        self.until.is_some_and(|until| until <= self.since)
    }

    /// What wraps them now.
    pub(crate) const fn wrapper(&self) -> Wrapper {
        self.wrapper
    }

    /// Whether another key wraps them than the one that policies want.
    pub(crate) fn stray(&self) -> bool {
        self.rules.wrapper() != Ok(self.wrapper)
    }

    /// Whether it may be used: it is active, and the customer's key that it must have, or is to have,
    /// may be used too. So disabling a key closes what its job has not moved yet.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check_open(&self) -> Result<(), Denial> {
        self.rules.check_closed()?;
        if let Some(fault) = self.wanted_fault {
            return Err(fault.into());
        }
        match self.state {
            ContextState::Active => Ok(()),
            ContextState::Disabled => Err(Denial::KeyDisabled),
            ContextState::Destroyed => Err(Denial::ContextDestroyed),
        }
    }

    /// Whether the key context may seal now.
    ///
    /// # Errors
    /// It is disabled, destroyed or closed.
    pub(crate) fn check_sealing(&self) -> Result<(), Denial> {
        self.check_open()
    }

    /// Whether there must be another version before the next item is sealed: the context policy wants
    /// it, there is no active one, or another key is to wrap it.
    pub(crate) fn rotation_due(&self, now: Micros) -> bool {
        if self.active == KeyVersion(0) || self.stray() {
            return true;
        }
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
    /// It is disabled, destroyed, closed or never was.
    pub(crate) fn check_opening(&self, envelope: &Envelope<'_>) -> Result<(), Denial> {
        match self.check_open() {
            Err(Denial::ContextDestroyed) => {
                return Err(Denial::Ciphertext(CiphertextFault::Destroyed));
            }
            other => other?,
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

    /// Moves the prefix, header and key part, of a stream or of something stored to the active version.
    /// Needs nobody's claims.
    pub(crate) fn rewrap_prefix(
        &self,
        permit: ItemPermit,
        prefix: &Envelope<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Denial> {
        const MOVES: [Operation; 3] = [
            Operation::StreamRewrap,
            Operation::ObjectRewrap,
            Operation::StoreRewrap,
        ];
        permit.consume(&MOVES, self.id)?;
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
            .map(AsRef::as_ref)
            .ok_or(Denial::Ciphertext(CiphertextFault::KeyVersion))
    }

    fn lock_secret(&self) -> Result<&LockSecret, Denial> {
        self.lock_secret
            .as_deref()
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
            suite: spec.suite.unwrap_or_else(|| self.suite()),
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

fn altered(_: strongroom_crypto::OpenError) -> Denial {
    Denial::Ciphertext(CiphertextFault::Altered)
}

fn rewrap_fault(error: RewrapError) -> Denial {
    match error {
        RewrapError::Open(error) => altered(error),
        RewrapError::Seal(error) => seal_fault(error),
    }
}

/// What was sealed is of our own making, so that only a lack of entropy, and what the suite does not
/// take, is not a fault of ours.
fn seal_fault(error: SealError) -> Denial {
    match error {
        SealError::Entropy(_) => Denial::Unavailable,
        SealError::DataKeyLength { .. } => {
            Denial::Invalid(crate::denial::Invalid::Field("bytes".into()))
        }
        SealError::TooLong(too_long) => Denial::TooLargeForSuite {
            suite: too_long.suite,
            limit_bytes: u64::try_from(too_long.most).unwrap_or(u64::MAX),
        },
        SealError::Header(FormatError::NotChunked { suite }) => {
            Denial::Invalid(crate::denial::Invalid::NotChunked(suite))
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

#[cfg(test)]
mod tests;
