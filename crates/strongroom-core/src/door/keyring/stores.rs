//! Values of stores: sealed into their rows, opened, moved to another key version.

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::envelope::{self, Envelope};
use strongroom_crypto::secret::SecretBytes;
use strongroom_log::{Hash, sha256};
use strongroom_types::{ClientId, ContextId, KeyVersion, Operation, Purpose, Suite};

use super::{ContextKeys, ItemPermit, SealSpec, altered};
use crate::denial::Denial;
use crate::ports::{Micros, SealedStoreValue, StoreValueRow};

/// A sealed value of a store on its way into its row. It is not withheld, because it leaves only as a
/// change of rows that commits with the entry of its sealing, or not at all.
#[derive(Debug)]
pub(crate) struct SealedForStore {
    context: ContextId,
    key_version: KeyVersion,
    /// SHA-256 of the body, for the entry and the row.
    pub(crate) digest: Hash,
    prefix: Vec<u8>,
    body: Vec<u8>,
}

impl SealedForStore {
    /// The version of a name that it is, as a client set it.
    pub(crate) fn into_value(
        self,
        (name, version): (Vec<u8>, u64),
        (client, created): (ClientId, Micros),
        size: usize,
    ) -> SealedStoreValue {
        SealedStoreValue {
            row: StoreValueRow {
                context: self.context,
                name,
                version,
                key_version: self.key_version,
                client,
                created,
                size: u64::try_from(size).unwrap_or(u64::MAX),
                digest: self.digest,
            },
            prefix: self.prefix,
            body: self.body,
        }
    }
}

impl ContextKeys {
    /// Seals a value of a store under a fresh data key, bound to its place.
    pub(crate) fn seal_for_store(
        &self,
        place: &[u8],
        value: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<SealedForStore, Denial> {
        let spec = SealSpec {
            purpose: Purpose::Store,
            lock: None,
            associated_data: Some(place),
            object: None,
            suite: None,
            entropy,
        };
        let mut prefix = self.sealed(&spec, |request| envelope::seal_value(request, value))?;
        let at = Envelope::parse(&prefix).map(|envelope| envelope.prefix_bytes());
        let body = prefix.split_off(at.map_err(|_own| Denial::Internal)?);
        Ok(SealedForStore {
            context: self.id,
            key_version: self.active,
            digest: sha256(&body),
            prefix,
            body,
        })
    }

    /// Seals the secret of a lease under a fresh data key, bound to its place.
    pub(crate) fn seal_for_lease(
        &self,
        place: &[u8],
        secret: &[u8],
        suite: Suite,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Denial> {
        let spec = SealSpec {
            purpose: Purpose::Store,
            lock: None,
            associated_data: Some(place),
            object: None,
            suite: Some(suite),
            entropy,
        };
        self.sealed(&spec, |request| envelope::seal_value(request, secret))
    }

    /// Opens a value of a store at its place.
    pub(crate) fn open_from_store(
        &self,
        permit: ItemPermit,
        place: &[u8],
        envelope: &Envelope<'_>,
    ) -> Result<SecretBytes, Denial> {
        const OPENS: [Operation; 6] = [
            Operation::StoreGet,
            Operation::SealedGet,
            Operation::Sign,
            Operation::SealedOpen,
            Operation::Decapsulate,
            Operation::LeaseRead,
        ];
        permit.consume(&OPENS, self.id)?;
        let (key, _) = self.opening_keys(envelope, None)?;
        envelope::open(envelope, key, None, Some(place)).map_err(altered)
    }
}
