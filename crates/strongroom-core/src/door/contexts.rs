//! Which keys a key context means: made by the first write, found for everything else.

use std::sync::Arc;

use strongroom_crypto::envelope::{Envelope, FormatError};
use strongroom_crypto::keys::Place;
use strongroom_types::body::{ContextState, KeyState};
use strongroom_types::{ContextId, Format, KeyContext, KeyVersion, Kind, Operation, Purpose};

use super::keyring::{ContextKeys, map_place, open_map};
use super::{Account, Need, Stopped};
use crate::ask::Ask;
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial};
use crate::ports::{Change, ContextKeyRow, ContextRow, Wrapper};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

impl Strongroom {
    /// The keys to seal under, made now if this is the key context's first write.
    pub(crate) async fn keys_for_sealing(
        &self,
        (caller, ask): (&Caller, &Ask),
        map: &KeyContext,
        need: Need,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        caller.require_unnamed()?;
        caller.require_context(map)?;
        let id = caller.state.context_id(Kind::Context, map);
        let kept = self.keyring.kept(&caller.state, id, need, &self.time);
        let keys = if let Some(keys) = kept {
            keys
        } else {
            // Boxed, so that the common case does not carry the rare one's state about.
            let load = Box::pin(self.load_or_create((caller, ask), id, map, need));
            Box::pin(
                self.keyring
                    .load((&caller.state, &self.time), (id, need), load),
            )
            .await?
        };
        keys.check_sealing()?;
        if keys.rotation_due(self.time.now()) {
            Box::pin(self.rotate_by_policy(caller, id, map)).await?;
            return Err(Stopped::Stale);
        }
        Ok(keys)
    }

    /// Gives a key context the version that its policy wants, under the key that it wants. The
    /// deployment does it, not the caller. Whoever loses a race finds the new version when it
    /// authorises again.
    pub(super) async fn rotate_by_policy(
        &self,
        caller: &Caller,
        id: ContextId,
        map: &KeyContext,
    ) -> Result<(), Stopped> {
        // What was kept may be older than the row.
        self.keyring.forget(caller.state.id, id);
        let row = self
            .store
            .context(caller.state.id, id)
            .await?
            .ok_or(Denial::ContextUnknown)?;
        let successor = self.successor(&caller.state, &row, map).await?;
        let account = successor.account(map).fact("because", "policy");
        match self
            .append_own(&caller.state, successor.operation(), account)
            .await
        {
            Ok(_) | Err(Denial::Conflict(_) | Denial::Unavailable) => Ok(()),
            Err(denial) => Err(denial.into()),
        }
    }

    /// The keys to open with: those of the key context that the caller named, if the ciphertext is
    /// of it. The order of the checks decides what a caller can learn; see the error table in
    /// `docs/api.md`.
    pub(crate) async fn keys_for_opening(
        &self,
        caller: &Caller,
        named: &KeyContext,
        envelope: &Envelope<'_>,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        caller.require_unnamed()?;
        let named = (Kind::Context, named);
        self.keys_for(caller, named, envelope, Need::opening(envelope))
            .await
    }

    /// The keys to move a ciphertext to the active version with.
    pub(crate) async fn keys_for_moving(
        &self,
        caller: &Caller,
        named: &KeyContext,
        envelope: &Envelope<'_>,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        caller.require_unnamed()?;
        let named = (Kind::Context, named);
        self.keys_for(caller, named, envelope, Need::moving(envelope))
            .await
    }

    pub(super) async fn keys_for(
        &self,
        caller: &Caller,
        (kind, named): (Kind, &KeyContext),
        envelope: &Envelope<'_>,
        need: Need,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let header = &envelope.header;
        if header.workspace != caller.state.id {
            return Err(Denial::Ciphertext(CiphertextFault::OtherWorkspace).into());
        }
        let id = caller.state.context_id(kind, named);
        if header.context != id {
            let other = (kind, header.context);
            return Err(Box::pin(self.mismatch(caller, other)).await.into());
        }
        let keys = self.known_keys(&caller.state, id, need).await?;
        keys.rules.check_format(Format::Sr1)?;
        keys.check_opening(envelope)?;
        Ok(keys)
    }

    /// The keys to open with where the caller names no key context: those of the one that the
    /// ciphertext says it is of, if it is the caller's. All refusals look alike.
    pub(crate) async fn keys_it_names(
        &self,
        caller: &Caller,
        envelope: &Envelope<'_>,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        caller.require_unnamed()?;
        let header = &envelope.header;
        if header.workspace != caller.state.id {
            return Err(Denial::Ciphertext(CiphertextFault::OtherWorkspace).into());
        }
        let (id, need) = (header.context, Need::opening(envelope));
        let keys = match self.keyring.kept(&caller.state, id, need, &self.time) {
            Some(keys) => keys,
            None => Box::pin(self.load_own(caller, id, need)).await?,
        };
        if keys.kind != Kind::Context || !caller.may_use(&keys.map) {
            return Err(Denial::Ciphertext(CiphertextFault::OtherContext).into());
        }
        keys.rules.check_format(Format::Sr1)?;
        keys.check_opening(envelope)?;
        Ok(keys)
    }

    /// Loads the keys of a key context that the caller may use. Nobody makes a customer's key unwrap
    /// what is not the caller's.
    async fn load_own(
        &self,
        caller: &Caller,
        id: ContextId,
        need: Need,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let row = self.store.context(caller.state.id, id).await?;
        let row = row.ok_or(Denial::Ciphertext(CiphertextFault::KeyVersion))?;
        if !caller.may_use(&open_map(&caller.state, &row)?) {
            return Err(Denial::Ciphertext(CiphertextFault::OtherContext).into());
        }
        self.known_keys(&caller.state, id, need).await
    }

    /// The keys of a key context that is there.
    pub(crate) async fn known_keys(
        &self,
        state: &Arc<WorkspaceState>,
        id: ContextId,
        need: Need,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        if let Some(keys) = self.keyring.kept(state, id, need, &self.time) {
            return Ok(keys);
        }
        let load = Box::pin(self.load_known(state, id, need));
        Box::pin(self.keyring.load((state, &self.time), (id, need), load)).await
    }

    /// Tells a mismatch only to a caller who may use the ciphertext's own key context as well.
    async fn mismatch(&self, caller: &Caller, (kind, id): (Kind, ContextId)) -> Denial {
        let hidden = Denial::Ciphertext(CiphertextFault::OtherContext);
        match self.store.context(caller.state.id, id).await {
            Ok(Some(row)) => match open_map(&caller.state, &row) {
                Ok(map) if row.kind == kind && caller.may_use(&map) => Denial::ContextMismatch,
                Ok(_) => hidden,
                Err(error) => error.into(),
            },
            Ok(None) => hidden,
            Err(error) => error.into(),
        }
    }

    async fn load_known(
        &self,
        state: &Arc<WorkspaceState>,
        id: ContextId,
        need: Need,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let row = self.store.context(state.id, id).await?;
        let row = row.ok_or(Denial::Ciphertext(CiphertextFault::KeyVersion))?;
        Ok(self.unwrap_keys(state, row, need).await?)
    }

    pub(super) async fn load_or_create(
        &self,
        (caller, ask): (&Caller, &Ask),
        id: ContextId,
        map: &KeyContext,
        need: Need,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        if let Some(row) = self.store.context(caller.state.id, id).await? {
            return Ok(self.unwrap_keys(&caller.state, row, need).await?);
        }
        if self.logs.buried(caller.state.id, id).is_some() {
            // The database is older than the key context; only its name brings it back.
            return Err(Denial::ContextDestroyed.into());
        }
        let row = self
            .new_context(&caller.state, (Kind::Context, id), map, KeyVersion::FIRST)
            .await?;
        let account = Account::of_changes(vec![Change::InsertContext(row)]).of_context(id, map);
        match self
            .append(caller, ask, Operation::ContextCreate, account)
            .await
        {
            // On a conflict another node was first; its keys are the ones.
            Ok(_) | Err(Stopped::Denied(Denial::Conflict(_))) => {}
            Err(stopped) => return Err(stopped),
        }
        let row = self.store.context(caller.state.id, id).await?;
        let row = row.ok_or(Denial::StoreUnavailable)?;
        Ok(self.unwrap_keys(&caller.state, row, need).await?)
    }

    /// The row of a new key context, or of a destroyed one that is made again, under the key that
    /// its policies want.
    pub(crate) async fn new_context(
        &self,
        state: &WorkspaceState,
        (kind, id): (Kind, ContextId),
        map: &KeyContext,
        version: KeyVersion,
    ) -> Result<ContextRow, Denial> {
        let wrapper = state.policies.rules(map).wrapper()?;
        let (lock_secret, key) = tokio::try_join!(
            self.new_lock_secret(state, wrapper, (id, map)),
            self.new_key(state, wrapper, (id, map), version),
        )?;
        Ok(ContextRow {
            id,
            kind,
            state: ContextState::Active,
            created: key.created,
            map: state.keys.seal_body(&map_place(&state.id, &id), map)?,
            wrapper,
            lock_secret,
            destruction: None,
            final_after: None,
            keys: vec![key],
        })
    }

    /// The row of a new version of a context key.
    pub(super) async fn new_key(
        &self,
        state: &WorkspaceState,
        wrapper: Wrapper,
        (id, map): (ContextId, &KeyContext),
        version: KeyVersion,
    ) -> Result<ContextKeyRow, Denial> {
        let place = Place::ContextKey(state.id, id, version);
        let seed = self.new_seed(state, wrapper, (&place, map)).await?;
        Ok(ContextKeyRow {
            version,
            state: KeyState::Active,
            created: self.time.now(),
            seed,
            sealed: 0,
            last_opened: None,
        })
    }

    async fn new_lock_secret(
        &self,
        state: &WorkspaceState,
        wrapper: Wrapper,
        (id, map): (ContextId, &KeyContext),
    ) -> Result<Vec<u8>, Denial> {
        let place = Place::LockSecret(state.id, id);
        self.new_seed(state, wrapper, (&place, map)).await
    }
}

/// Reads a ciphertext made for one purpose.
///
/// # Errors
/// It is something else; the entry says what.
pub(crate) fn parse(blob: &[u8], purpose: Purpose) -> Result<Envelope<'_>, Denial> {
    let envelope = Envelope::parse(blob).map_err(format_fault)?;
    check_purpose(&envelope, purpose)?;
    Ok(envelope)
}

/// # Errors
/// The ciphertext was made for another purpose.
pub(crate) fn check_purpose(envelope: &Envelope<'_>, purpose: Purpose) -> Result<(), Denial> {
    if envelope.header.purpose == purpose {
        return Ok(());
    }
    Err(Denial::Ciphertext(CiphertextFault::OtherPurpose))
}

/// What the entry says of a ciphertext that cannot be read.
pub(crate) fn format_fault(error: FormatError) -> Denial {
    Denial::Ciphertext(match error {
        FormatError::UnknownFormat => CiphertextFault::NotOurs,
        _ => CiphertextFault::Malformed,
    })
}
