//! Key pairs of any kind, administered: made, listed, rotated, destroyed.

use core::marker::PhantomData;
use std::sync::Arc;

use strongroom_types::body::{ContextState, Page};
use strongroom_types::{ContextId, KeyContext, Operation, Permission};

use super::stores::{declared, store_page};
use super::{Administration, PageQuery, check_name, reading};
use crate::caller::Caller;
use crate::denial::{Denial, Thing};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, KeyUse, Stopped};
use crate::key_pair::{Drawn, Found, KeyPairBody, PairKind, Place, PublicVersion, read};
use crate::once::Once;
use crate::ports::{Change, FoundStore, Tombstone};
use crate::strongroom::Strongroom;

/// How many versions a key pair may have.
const VERSIONS_MAX: usize = 100;
/// How many private keys are kept under a name.
const PRIVATE_KEPT: u64 = 1;

impl Strongroom {
    /// Draws a key pair beside the other work: RSA takes seconds.
    async fn draw_key_pair(
        &self,
        caller: &Caller,
        algorithm: impl PairKind,
    ) -> Result<Arc<Drawn>, Denial> {
        let entropy = Arc::clone(&self.entropy);
        self.slow
            .run(caller, move || algorithm.draw(&*entropy).map(Arc::new))
            .await?
    }
}

impl Drawn {
    fn version(&self, room: &Strongroom) -> PublicVersion {
        PublicVersion {
            public_key: self.public.clone(),
            created: room.time.now(),
        }
    }

    /// The change that keeps the private key as this version, under these keys.
    fn keep<K: PairKind>(
        &self,
        room: &Strongroom,
        caller: &Caller,
        (place, version): (&Place<K>, u64),
        keys: &ContextKeys,
    ) -> Result<Change, Denial> {
        let bound = place.bound(caller.state.id, version);
        let private = self.private.expose();
        let sealed = keys.seal_for_store(&bound, private, &*room.entropy)?;
        let (name, (_, version)) = (
            place.value_name(&caller.state, version),
            K::kept_as(version),
        );
        let set = (caller.client.id, room.time.now());
        let value = sealed.into_value((name, version), set, private.len());
        let keep = PRIVATE_KEPT;
        Ok(Change::PutStoreValue { value, keep })
    }
}

pub(super) struct Create<K> {
    pub(super) name: String,
    pub(super) key_context: Option<KeyContext>,
    pub(super) algorithm: K,
    pub(super) drawn: Once<Arc<Drawn>>,
}

impl<K: PairKind> Administration for Create<K> {
    const OPERATION: Operation = K::CREATE;
    const PERMISSION: Option<Permission> = Some(K::ADMINISTER);
    type Answer = K::Info;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(K::Info, Account), Stopped> {
        check_name(&self.name)?;
        room.check_fips(self.algorithm.algorithm())?;
        let place = Place::<K>::of(caller, self.key_context.as_ref(), &self.name)?;
        let (state, id) = (&caller.state, place.context);
        if room.store.store(state.id, id).await?.is_some() {
            return Err(Denial::Conflict(K::THING).into());
        }
        let (context, make) = declared(room, caller, (K::KIND, id), &place.map).await?;
        let keys = room.keys_of_new(caller, &context).await?;
        let drawn = room.draw_key_pair(caller, self.algorithm);
        let drawn = self.drawn.of(drawn, Arc::clone).await?;
        let body = KeyPairBody {
            name: self.name.clone(),
            of: self.key_context.clone(),
            algorithm: self.algorithm,
            versions: vec![drawn.version(room)],
        };
        let changes = vec![
            make(context),
            Change::InsertStore(place.row(state, &body, room.time.now())?),
            drawn.keep(room, caller, (&place, body.newest()), &keys)?,
        ];
        let account = account(&body, &keys, changes);
        Ok((K::info(id, &body), account))
    }

    fn made(answer: &K::Info) -> Option<String> {
        Some(K::id(answer).to_string())
    }

    async fn repeat(
        &self,
        room: &Strongroom,
        caller: &Caller,
        made: String,
    ) -> Result<K::Info, Stopped> {
        let id = made.parse().map_err(|_not_an_id| Denial::Internal)?;
        let found: Found<K> = room.key_pair(caller, id).await?;
        Ok(K::info(id, &found.body))
    }
}

/// The account of sealing the private key of a version.
fn account<K: PairKind>(
    body: &KeyPairBody<K>,
    keys: &Arc<ContextKeys>,
    changes: Vec<Change>,
) -> Account {
    let algorithm = body.algorithm.algorithm();
    let mut account = Account::of_changes(changes)
        .using(algorithm)
        .fact("algorithm", algorithm.name())
        .fact("version", &body.newest().to_string());
    account.use_key(KeyUse::sealing(keys), &keys.map);
    account
}

pub(super) struct Rotate<K>(
    pub(super) ContextId,
    pub(super) Once<Arc<Drawn>>,
    pub(super) PhantomData<K>,
);

impl<K: PairKind> Administration for Rotate<K> {
    const OPERATION: Operation = K::ROTATE;
    const PERMISSION: Option<Permission> = Some(K::ADMINISTER);
    type Answer = K::Info;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(K::Info, Account), Stopped> {
        let found: Found<K> = room.key_pair(caller, self.0).await?;
        let Found { place, body, .. } = &found;
        room.check_fips(body.algorithm.algorithm())?;
        if body.versions.len() >= VERSIONS_MAX {
            return Err(Denial::Conflict(Thing::KeyVersion).into());
        }
        let of = (place.context, &place.map);
        let keys = room.store_keys_for_sealing(caller, of).await?;
        let drawn = room.draw_key_pair(caller, body.algorithm);
        let drawn = self.1.of(drawn, Arc::clone).await?;
        let mut body = body.clone();
        body.versions.push(drawn.version(room));
        let changes = vec![
            Change::UpdateStore {
                row: place.row(&caller.state, &body, found.created)?,
                seen: found.changed,
            },
            drawn.keep(room, caller, (place, body.newest()), &keys)?,
        ];
        let account = account(&body, &keys, changes);
        Ok((K::info(self.0, &body), account))
    }
}

pub(super) struct Describe<K>(pub(super) ContextId, pub(super) PhantomData<K>);

impl<K: PairKind> Administration for Describe<K> {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(K::READ);
    type Answer = K::Info;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(K::Info, Account), Stopped> {
        let found: Found<K> = room.key_pair(caller, self.0).await?;
        let place = &found.place;
        let account = reading(K::NAME).of_kind(K::KIND, place.context, &place.map);
        Ok((K::info(self.0, &found.body), account))
    }
}

pub(super) struct List<K>(pub(super) PageQuery, pub(super) PhantomData<K>);

impl<K: PairKind> Administration for List<K> {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(K::READ);
    type Answer = Page<K::Info>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<K::Info>, Account), Stopped> {
        let read = |found: &FoundStore| {
            let found = read::<K>(caller, found)?;
            Ok(found.map(|found| K::info(found.place.context, &found.body)))
        };
        let page = store_page(room, caller, &self.0, read).await?;
        Ok((page, reading(K::NAMES)))
    }
}

pub(super) struct Destroy<K>(pub(super) ContextId, pub(super) PhantomData<K>);

impl<K: PairKind> Administration for Destroy<K> {
    const OPERATION: Operation = K::DESTROY;
    const PERMISSION: Option<Permission> = Some(K::ADMINISTER);
    type Answer = ((), Tombstone);

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(((), Tombstone), Account), Stopped> {
        let state = &caller.state;
        let found = room.key_pair::<K>(caller, self.0).await;
        let row = room.store.context(state.id, self.0).await?;
        let unknown = || Denial::NotFound(K::THING);
        let mut row = row.ok_or_else(unknown)?;
        if row.kind == K::KIND && row.state == ContextState::Destroyed {
            room.keep_tombstone_again(state.id, &row).await?;
            return Err(unknown().into());
        }
        let place = found?.place;
        let (account, tombstone) = room.destruction_of(state.id, &mut row, &place.map);
        Ok((((), tombstone), account))
    }
}
