//! What wraps the seeds of key contexts: the workspace's root, or a customer's own key.
//!
//! A customer's key is asked for the seeds that a use needs and for no others. There is no way from
//! one key to another but [`Strongroom::successor`], which wraps all seeds of a key context anew; a
//! key that does not answer, or says no, closes what it wraps.

use std::sync::Arc;

use strongroom_crypto::keys::{Place, Seed};
use strongroom_types::{ContextId, KeyContext, KeyVersion, Kind, Operation};

use super::keyring::ContextKeys;
use super::{Account, Need};
use crate::customer_key::CustomerKeyFault;
use crate::denial::{Denial, Thing};
use crate::ports::{Change, ContextKeyRow, ContextMove, ContextRow, MovedSeed, Wrapper};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// Where a seed stands, and whose data its key is for.
type Whose<'a> = (&'a Place, &'a KeyContext);

/// What a seed is unwrapped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// To seal or open with what is derived of it.
    Use,
    /// To be wrapped by another key.
    Move,
}

/// What follows the active version of a context key.
#[derive(Debug)]
pub(crate) struct Successor {
    id: ContextId,
    kind: Kind,
    pub(crate) key: ContextKeyRow,
    change: Change,
    wrapper: Wrapper,
    /// Where the seeds come from, if they move.
    moved_from: Option<Wrapper>,
}

impl Successor {
    /// What its entry calls it.
    pub(crate) const fn operation(&self) -> Operation {
        match self.moved_from {
            None => Operation::ContextRotate,
            Some(_) => Operation::ContextRewrap,
        }
    }

    /// What wraps the seeds then.
    pub(crate) const fn wrapper(&self) -> Wrapper {
        self.wrapper
    }

    /// The change of rows.
    pub(crate) const fn change(&self) -> &Change {
        &self.change
    }

    /// The account of it, with its change.
    pub(crate) fn account(&self, map: &KeyContext) -> Account {
        let account = Account::of_changes(vec![self.change.clone()])
            .of_kind(self.kind, self.id, map)
            .fact("version", &self.key.version.to_string());
        match self.moved_from {
            None => account,
            Some(from) => account
                .fact("from", &from.to_string())
                .fact("to", &self.wrapper.to_string()),
        }
    }
}

impl Strongroom {
    /// Unwraps those keys of a row that are needed; of what the workspace's root wraps, all.
    pub(super) async fn unwrap_keys(
        &self,
        state: &WorkspaceState,
        row: ContextRow,
        need: Need,
    ) -> Result<Arc<ContextKeys>, Denial> {
        let mut keys = ContextKeys::of_row(state, &row, self.time.now())?;
        keys.count_on(self.keyring.count_of(state.id, row.id, keys.active));
        match row.wrapper {
            Wrapper::Root(_) => keys.unwrap_by_root(state, &row)?,
            Wrapper::Customer(_) => {
                // Whoever will be refused does not make the provider work.
                if keys.check_open().is_ok() {
                    self.unwrap_by_customer(state, &row, need, &mut keys)
                        .await?;
                }
                keys.is_part_of(row);
            }
        }
        Ok(Arc::new(keys))
    }

    async fn unwrap_by_customer(
        &self,
        state: &WorkspaceState,
        row: &ContextRow,
        need: Need,
        keys: &mut ContextKeys,
    ) -> Result<(), Denial> {
        if let Some(id) = row.wrapper.customer() {
            state.customer_keys.find(id)?.check_use()?;
        }
        if let (Some(former), Some(lifetime)) = (
            self.keyring.former(state, row.id),
            state.lifetime(row.wrapper, &keys.rules),
        ) {
            keys.take_over(&former, lifetime, row);
        }
        let map = Arc::clone(&keys.map);
        let (versions, secret) = keys.lacks(need, row);
        for version in versions {
            let place = Place::ContextKey(state.id, row.id, version);
            let wrapped = row.live_keys().find(|key| key.version == version);
            let wrapped = wrapped.map(|key| key.seed.as_slice()).unwrap_or_default();
            let seed = self
                .unwrap_seed(state, (row.wrapper, For::Use), (&place, &map), wrapped)
                .await?;
            keys.put_version(version, &seed);
        }
        if secret {
            let place = Place::LockSecret(state.id, row.id);
            let wrapped = &row.lock_secret;
            let seed = self
                .unwrap_seed(state, (row.wrapper, For::Use), (&place, &map), wrapped)
                .await?;
            keys.put_lock_secret(&seed);
        }
        Ok(())
    }

    /// The next version of a context key. Where policies want another key to wrap the seeds, all of
    /// them move, and the new version is one that only the other key ever wrapped.
    ///
    /// # Errors
    /// A name is closed, or a customer's key does not do its duty.
    pub(crate) async fn successor(
        &self,
        state: &WorkspaceState,
        row: &ContextRow,
        map: &KeyContext,
    ) -> Result<Successor, Denial> {
        let wanted = state.policies.rules(map).wrapper()?;
        let version = row.next_version();
        let version = version.ok_or(Denial::Conflict(Thing::KeyVersion))?;
        let moved = if row.wrapper == wanted {
            None
        } else {
            Some(self.moved_seeds(state, (row, map), wanted).await?)
        };
        let key = self.new_key(state, wanted, (row.id, map), version).await?;
        let moved_from = moved.is_some().then_some(row.wrapper);
        let change = match moved {
            None => Change::AddContextKey(row.id, wanted, key.clone()),
            Some((lock_secret, seeds)) => Change::MoveContext(Box::new(ContextMove {
                id: row.id,
                from: row.wrapper,
                to: wanted,
                lock_secret,
                seeds,
                key: key.clone(),
            })),
        };
        Ok(Successor {
            id: row.id,
            kind: row.kind,
            key,
            change,
            wrapper: wanted,
            moved_from,
        })
    }

    /// All seeds of a row, wrapped by another key: the lock secret's, and those of the versions.
    async fn moved_seeds(
        &self,
        state: &WorkspaceState,
        (row, map): (&ContextRow, &KeyContext),
        to: Wrapper,
    ) -> Result<(MovedSeed, Vec<(KeyVersion, MovedSeed)>), Denial> {
        let wrappers = (row.wrapper, to);
        let place = Place::LockSecret(state.id, row.id);
        let lock_secret = self
            .moved_seed(state, wrappers, (&place, map), &row.lock_secret)
            .await?;
        let mut seeds = Vec::new();
        for key in row.live_keys() {
            let place = Place::ContextKey(state.id, row.id, key.version);
            let seed = self
                .moved_seed(state, wrappers, (&place, map), &key.seed)
                .await?;
            seeds.push((key.version, seed));
        }
        Ok((lock_secret, seeds))
    }

    async fn moved_seed(
        &self,
        state: &WorkspaceState,
        (from, to): (Wrapper, Wrapper),
        whose: Whose<'_>,
        wrapped: &[u8],
    ) -> Result<MovedSeed, Denial> {
        let seed = self
            .unwrap_seed(state, (from, For::Move), whose, wrapped)
            .await?;
        Ok(MovedSeed {
            from: wrapped.to_vec(),
            to: self.wrap_seed(state, to, whose, &seed).await?,
        })
    }

    /// Draws a seed and wraps it.
    pub(super) async fn new_seed(
        &self,
        state: &WorkspaceState,
        wrapper: Wrapper,
        whose: Whose<'_>,
    ) -> Result<Vec<u8>, Denial> {
        let seed = Seed::generate(&*self.entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        self.wrap_seed(state, wrapper, whose, &seed).await
    }

    async fn wrap_seed(
        &self,
        state: &WorkspaceState,
        wrapper: Wrapper,
        (place, map): Whose<'_>,
        seed: &Seed,
    ) -> Result<Vec<u8>, Denial> {
        let id = match wrapper {
            Wrapper::Customer(id) => id,
            Wrapper::Root(version) => {
                let root = state.keys.roots.version(version);
                let root = root.ok_or(Denial::Internal)?;
                return seed
                    .wrap(root.wrapping_key(), place, &*self.entropy)
                    .map_err(|_no_entropy| Denial::Unavailable);
            }
        };
        let key = state.customer_keys.find(id)?;
        key.check_use()?;
        let root = self.connect(state.id, key)?;
        let wrapped = root.wrap(place, Some(map), seed).await;
        wrapped.map_err(|error| CustomerKeyFault::Provider(error).into())
    }

    async fn unwrap_seed(
        &self,
        state: &WorkspaceState,
        (wrapper, purpose): (Wrapper, For),
        (place, map): Whose<'_>,
        wrapped: &[u8],
    ) -> Result<Seed, Denial> {
        let Wrapper::Customer(id) = wrapper else {
            return Ok(state.unwrap_seed(wrapper, place, wrapped)?);
        };
        let key = state.customer_keys.find(id)?;
        match purpose {
            For::Use => key.check_use()?,
            For::Move => key.check_move()?,
        }
        let root = self.connect(state.id, key)?;
        let seed = root.unwrap(place, Some(map), wrapped).await;
        seed.map_err(|error| CustomerKeyFault::Provider(error).into())
    }
}
