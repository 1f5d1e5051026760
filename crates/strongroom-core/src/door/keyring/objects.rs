//! Versions of objects: sealed into their rows, opened, moved to another key version.

use strongroom_crypto::envelope::{self, Envelope};
use strongroom_crypto::keys::ResolvedLock;
use strongroom_crypto::secret::SecretBytes;
use strongroom_log::{Hash, sha256};
use strongroom_types::{ClientId, KeyVersion, Operation};

use super::{ContextKeys, ItemPermit, SealSpec, altered};
use crate::denial::Denial;
use crate::ports::{Micros, ObjectVersionRow, SealedVersion};

/// A sealed version of an object on its way into its row. It is not withheld, because it leaves only
/// as a change of rows that commits with the entry of its sealing, or not at all.
#[derive(Debug)]
pub(crate) struct SealedObject {
    pub(crate) key_version: KeyVersion,
    pub(crate) size: u64,
    /// SHA-256 of the body, for the entry and the row.
    pub(crate) digest: Hash,
    prefix: Vec<u8>,
    body: Vec<u8>,
}

impl SealedObject {
    /// The version as its row keeps it.
    pub(crate) fn into_version(
        self,
        version: u64,
        client: ClientId,
        created: Micros,
    ) -> SealedVersion {
        SealedVersion {
            row: ObjectVersionRow {
                version,
                key_version: self.key_version,
                client,
                created,
                size: self.size,
                digest: self.digest,
                destroyed: None,
            },
            prefix: self.prefix,
            body: self.body,
        }
    }
}

impl ContextKeys {
    /// Seals a version of an object under a fresh data key.
    pub(crate) fn seal_object(
        &self,
        spec: &SealSpec<'_>,
        value: &[u8],
    ) -> Result<SealedObject, Denial> {
        let mut prefix = self.sealed(spec, |request| envelope::seal_value(request, value))?;
        let at = Envelope::parse(&prefix).map(|envelope| envelope.prefix_bytes());
        let body = prefix.split_off(at.map_err(|_own| Denial::Internal)?);
        Ok(SealedObject {
            key_version: self.active,
            size: u64::try_from(value.len()).unwrap_or(u64::MAX),
            digest: sha256(&body),
            prefix,
            body,
        })
    }

    /// Opens a version of an object, to give it out or to seal it again as another version.
    pub(crate) fn open_object(
        &self,
        permit: ItemPermit,
        envelope: &Envelope<'_>,
        lock: Option<&ResolvedLock>,
    ) -> Result<SecretBytes, Denial> {
        const READS: [Operation; 2] = [Operation::ObjectRead, Operation::ObjectVersionRestore];
        permit.consume(&READS, self.id)?;
        let (key, lock_key) = self.opening_keys(envelope, lock)?;
        envelope::open(envelope, key, lock_key.as_ref(), None).map_err(altered)
    }
}
