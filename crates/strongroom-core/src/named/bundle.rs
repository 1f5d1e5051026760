//! The key that clients of a named context get to seal with by themselves, where that is allowed.
//!
//! ```text
//! key = HKDF-Expand(context key vN, "key-of-sdk" ‖ frame(workspace, context id, version))
//! ```
//!
//! Whoever has it opens what is sealed under it without an entry, for as long as it keeps it. So it is a key of
//! its own, under which Strongroom seals nothing; it is given only where an administrator said so; and each time
//! is an entry. Under another version of the context key it is another one.

use std::sync::Arc;

use strongroom_crypto::secret::Secret;
use strongroom_types::body::GuardedOperation;
use strongroom_types::{ContextName, Format, KeyContext, Lock, Operation, Permission, Suite};

use super::imported::bundle_key_id;
use super::map_of;
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, Asked, KeyUse, Permit, Planned, Released, Stopped, Use};
use crate::strongroom::Strongroom;

/// A key for clients of a named context.
#[derive(Debug)]
pub struct KeyBundle {
    /// The key, for AES-256-GCM.
    pub key: Secret<32>,
    /// What its ciphertexts are to call it.
    pub key_id: String,
    /// The version of the context key that it is of.
    pub version: u32,
}

impl Strongroom {
    /// Gives a client the key that it seals with by itself.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also where it is not allowed.
    pub async fn key_bundle(
        &self,
        ask: &Ask,
        name: ContextName,
    ) -> Result<Answered<KeyBundle>, Refused> {
        match map_of(&name) {
            Ok(map) => self.enter(ask, &Give { name, map }).await,
            Err(denial) => Err(Refused::unlogged(denial)),
        }
    }
}

struct Give {
    name: ContextName,
    map: KeyContext,
}

impl Use for Give {
    const OPERATION: Operation = Operation::KeyBundle;
    const PERMISSION: Option<Permission> = Some(Permission::Decrypt);
    type Work = Arc<ContextKeys>;
    type Answer = KeyBundle;

    fn asked(&self) -> Asked {
        Asked {
            named: Some(self.map.clone()),
            ..Asked::default()
        }
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Arc<ContextKeys>>, Stopped> {
        caller.require(Permission::Encrypt)?;
        let named = room.named_context(&caller.state, &self.name).await?;
        caller.require_context(&self.map)?;
        if !named.body.key_bundle {
            return Err(Denial::PermissionMissing(Permission::DataKeys).into());
        }
        let keys = room.named_keys_for_sealing(caller, &self.map).await?;
        // A policy that demands a lock closes what cannot be locked.
        caller.lock_for_sealing(&keys, &Lock::default(), None)?;
        // What is sealed with it must be what may seal, and what opens.
        let symmetric = room.wraps_symmetrically(&caller.state, keys.wrapper());
        named.body.admit(Suite::Aes256Gcm, symmetric)?;
        keys.rules.check_imported(Format::CsSdkV4)?;
        for operation in [GuardedOperation::Encrypt, GuardedOperation::Decrypt] {
            let of = (operation, Suite::Aes256Gcm);
            let guards = &caller.state.guards;
            guards.admit(&named.use_now(room, caller, of, symmetric))?;
        }
        let mut account = Account::of_one();
        account.use_key(KeyUse::deriving(&keys), &keys.map);
        Ok(Planned {
            work: keys,
            account,
        })
    }

    fn release(
        &self,
        _room: &Strongroom,
        keys: Arc<ContextKeys>,
        mut permit: Permit,
    ) -> Released<KeyBundle> {
        let mut give = || {
            let item = permit.item(keys.id)?;
            Ok(KeyBundle {
                key: keys.sdk_key(item)?,
                key_id: bundle_key_id(&keys),
                version: keys.active.0,
            })
        };
        Released::of(give())
    }
}
