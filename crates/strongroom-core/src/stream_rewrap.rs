//! Moving a stored stream to the active version of its key: its prefix is all that changes, and all
//! that is needed. Needs nobody's claims.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_log::sha256;
use strongroom_types::{KeyContext, Operation, Permission};

use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared, Single};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{ItemPermit, KeyUse, Stopped};
use crate::stream::parse_prefix;
use crate::strongroom::Strongroom;

/// The most bytes of header and key part together: a stream's prefix is never longer.
pub const PREFIX_BYTES_MAX: usize = strongroom_crypto::envelope::PREFIX_BYTES_MAX;

/// Header and new key part of a stream, for a body that is kept elsewhere.
#[derive(Debug)]
pub struct MovedPrefix {
    /// The bytes to put in front of the body.
    pub prefix: Vec<u8>,
    /// How many bytes of the stored stream they replace.
    pub replaces: usize,
}

impl Strongroom {
    /// Moves a stream to the active version of its key, by its complete prefix (see
    /// [`prefix_len`](crate::stream::prefix_len)).
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn stream_rewrap(
        &self,
        ask: &Ask,
        key_context: KeyContext,
        prefix: &[u8],
    ) -> Result<Answered<MovedPrefix>, Refused> {
        let moving = Moving {
            key_context,
            prefix,
        };
        self.enter(ask, &Single(&moving)).await
    }
}

struct Moving<'a> {
    key_context: KeyContext,
    prefix: &'a [u8],
}

impl ItemUse for Moving<'_> {
    const OPERATION: Operation = Operation::StreamRewrap;
    const PERMISSION: Permission = Permission::Rewrap;
    type Work = Arc<ContextKeys>;
    type Answer = MovedPrefix;

    fn key_context(&self) -> Option<&KeyContext> {
        Some(&self.key_context)
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Self::Work>, Stopped> {
        caller.require_context(&self.key_context)?;
        let envelope = parse_prefix(self.prefix)?;
        let keys = room
            .keys_for_moving(caller, &self.key_context, &envelope)
            .await?;
        let key_use = KeyUse::moving(&keys, &envelope);
        let (work, digest) = (Arc::clone(&keys), sha256(self.prefix));
        Ok(Prepared::new(work, key_use, &keys.map, digest))
    }

    fn finish(
        &self,
        room: &Strongroom,
        keys: Arc<ContextKeys>,
        permit: ItemPermit,
    ) -> Result<MovedPrefix, Denial> {
        let envelope = parse_prefix(self.prefix)?;
        Ok(MovedPrefix {
            prefix: keys.rewrap_prefix(permit, &envelope, &*room.entropy)?,
            replaces: envelope.prefix_bytes(),
        })
    }
}
