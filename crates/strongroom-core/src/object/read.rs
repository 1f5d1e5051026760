//! Opening objects, one by one or in batches.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::envelope::Envelope;
use strongroom_crypto::keys::ResolvedLock;
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::body::{Batch, BatchAnswer, ObjectRead, StoredObject};
use strongroom_types::{KeyContext, ObjectId, Operation, Permission, Purpose};

use super::found::{Object, Target};
use super::name::ObjectName;
use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared};
use crate::caller::Caller;
use crate::decrypt::Opening;
use crate::denial::{CiphertextFault, Denial, Invalid, Refused, Thing};
use crate::door::{ItemPermit, KeyUse, Stopped, check_purpose, format_fault};
use crate::ports::SealedVersion;
use crate::strongroom::Strongroom;

/// A version of an object that may be opened once its entry is durable.
pub(crate) struct OpeningObject {
    object: Object,
    version: SealedVersion,
    opening: Opening,
}

/// A version that was opened.
pub(super) struct OpenedObject {
    object: StoredObject,
    pub(super) value: SecretBytes,
    pub(super) lock: Option<ResolvedLock>,
}

impl Strongroom {
    /// Opens a version of an object.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known. An object that is not the caller's
    /// looks like none.
    pub async fn object_read(
        &self,
        ask: &Ask,
        item: ObjectRead,
    ) -> Result<Answered<StoredObject>, Refused> {
        self.enter_single(ask, &item, None).await
    }

    /// Opens many objects, together at most 64 MiB.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn object_read_batch(
        &self,
        ask: &Ask,
        batch: Batch<ObjectRead>,
    ) -> Result<Answered<BatchAnswer<StoredObject>>, Refused> {
        self.enter_batch(ask, batch).await
    }

    /// Prepares the opening of a version: `None` for the newest.
    pub(super) async fn opening_of(
        &self,
        caller: &Caller,
        object: Object,
        version: Option<u64>,
    ) -> Result<OpeningObject, Stopped> {
        let version = version.unwrap_or(object.row.version);
        let stored = self
            .store
            .object_version(caller.state.id, object.row.id, version);
        let stored = stored
            .await?
            .filter(|stored| stored.row.destroyed.is_none());
        let stored = stored.ok_or(Denial::NotFound(Thing::ObjectVersion))?;
        let envelope = envelope(&stored)?;
        check_place(&envelope, &object, version)?;
        let keys = self
            .keys_for_opening(caller, &object.map, &envelope)
            .await?;
        let lock = caller.lock_for_opening(&keys, &envelope.header)?;
        Ok(OpeningObject {
            opening: Opening { keys, lock },
            version: stored,
            object,
        })
    }
}

impl OpeningObject {
    /// The item that the door is asked to permit.
    pub(super) fn prepared(self) -> Result<Prepared<Self>, Denial> {
        let envelope = envelope(&self.version)?;
        let key_use = KeyUse::opening(&self.opening.keys, &envelope);
        let map = Arc::clone(&self.opening.keys.map);
        let digest = self.version.row.digest;
        let object = Some((self.object.row.id, self.version.row.version));
        let holds = self.version.body.len();
        Ok(Prepared {
            object,
            holds,
            ..Prepared::new(self, key_use, &map, digest)
        })
    }

    /// Opens it.
    pub(super) fn open(self, permit: ItemPermit) -> Result<OpenedObject, Denial> {
        let envelope = envelope(&self.version)?;
        let Opening { keys, lock } = self.opening;
        let value = keys.open_object(permit, &envelope, lock.as_ref())?;
        Ok(OpenedObject {
            object: self.object.show(&self.version.row),
            value,
            lock,
        })
    }
}

/// The envelope of a stored version: header and key part from one column, the body from another.
fn envelope(stored: &SealedVersion) -> Result<Envelope<'_>, Denial> {
    let malformed = || Denial::Ciphertext(CiphertextFault::Malformed);
    let parsed = Envelope::parse_prefix(&stored.prefix).map_err(format_fault)?;
    let (mut envelope, rest) = parsed.ok_or_else(malformed)?;
    if !rest.is_empty() {
        return Err(malformed());
    }
    envelope.body = &stored.body;
    Ok(envelope)
}

/// Whether a stored version is in the row that it was sealed for. Opening it in another would show
/// one object's value, or an old one, as another's.
fn check_place(envelope: &Envelope<'_>, object: &Object, version: u64) -> Result<(), Denial> {
    check_purpose(envelope, Purpose::Object)?;
    let header = &envelope.header;
    if header.object != Some((object.row.id, version)) || header.context != object.row.context {
        return Err(Denial::Ciphertext(CiphertextFault::Altered));
    }
    Ok(())
}

/// Which object a request means: by id or by name, not both.
pub(super) fn target(read: &ObjectRead) -> Result<Target, Denial> {
    match (read.id, &read.name) {
        (Some(id), None) => Ok(Target::Id(id)),
        (None, Some(name)) => Ok(Target::Name(ObjectName::new(name)?)),
        _ => Err(Invalid::Field("id".into()).into()),
    }
}

impl ItemUse for ObjectRead {
    const OPERATION: Operation = Operation::ObjectRead;
    const PERMISSION: Permission = Permission::ObjectsRead;
    type Work = OpeningObject;
    type Answer = StoredObject;

    fn key_context(&self) -> Option<&KeyContext> {
        self.key_context.as_ref()
    }

    fn object(&self) -> Option<ObjectId> {
        self.id
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<OpeningObject>, Stopped> {
        let object = room.live_object(caller, &target(self)?).await?;
        if let Some(expected) = &self.key_context {
            caller.require_context(expected)?;
            if *expected != object.map {
                return Err(Denial::ContextMismatch.into());
            }
        }
        let opening = room.opening_of(caller, object, self.version).await?;
        Ok(opening.prepared()?)
    }

    fn finish(
        &self,
        _room: &Strongroom,
        work: OpeningObject,
        permit: ItemPermit,
    ) -> Result<StoredObject, Denial> {
        let opened = work.open(permit)?;
        Ok(StoredObject {
            value: Some(opened.value.into_vec().into()),
            ..opened.object
        })
    }
}
