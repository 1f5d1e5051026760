//! Hybrid keys, administered: made, listed, rotated, destroyed.

use std::sync::Arc;

use strongroom_crypto::hybrid::HybridKey;
use strongroom_types::body::{ContextState, HybridKeyCreate, HybridKeyInfo, Page};
use strongroom_types::{Bytes, ContextId, HybridAlgorithm, Kind, Operation, Permission};

use super::contexts::{page_begin, page_end};
use super::stores::{ROWS, declared};
use super::{Administration, PageQuery, check_name, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, KeyUse, Stopped};
use crate::fips::Algorithm;
use crate::hybrid::{Found, HybridKeyBody, HybridPlace, PublicVersion, read};
use crate::once::Once;
use crate::ports::{Change, SealedStoreValue, StoreValueRow, Tombstone};
use crate::strongroom::Strongroom;

/// How many versions a hybrid key may have.
const VERSIONS_MAX: usize = 100;
/// Each version's private key is kept under a name of its own, once.
const PRIVATE_KEPT: u64 = 1;

impl Strongroom {
    /// Makes a hybrid key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when there is one of the name.
    pub async fn hybrid_key_create(
        &self,
        ask: &Ask,
        request: HybridKeyCreate,
    ) -> Result<Answered<HybridKeyInfo>, Refused> {
        self.administer(ask, Create(request, Once::new())).await
    }

    /// Lists the hybrid keys that the caller may use. A page that is not full may have a next one.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn hybrid_keys(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<HybridKeyInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Describes a hybrid key, public keys and all.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn hybrid_key_describe(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<HybridKeyInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Gives a hybrid key a new version. What was sealed to those before still opens.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn hybrid_key_rotate(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<HybridKeyInfo>, Refused> {
        self.administer(ask, Rotate(id, Once::new())).await
    }

    /// Destroys a hybrid key with all its versions, public keys too.
    ///
    /// # Errors
    /// As for [`Strongroom::context_destroy`].
    pub async fn hybrid_key_destroy(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<()>, Refused> {
        self.destroy(ask, Destroy(id)).await
    }

    /// Draws a key pair beside the other work.
    async fn draw_hybrid_key(
        &self,
        caller: &Caller,
        algorithm: HybridAlgorithm,
    ) -> Result<Arc<Drawn>, Denial> {
        let entropy = Arc::clone(&self.entropy);
        self.slow
            .run(caller, move || {
                let key = HybridKey::generate(algorithm, &*entropy);
                let key = key.map_err(|_no_entropy| Denial::Unavailable)?;
                Ok(Arc::new(Drawn {
                    public: key.public_key().as_bytes().into(),
                    key,
                }))
            })
            .await?
    }
}

/// A key pair that is not yet anyone's.
struct Drawn {
    key: HybridKey,
    public: Bytes,
}

impl Drawn {
    fn version(&self, room: &Strongroom) -> PublicVersion {
        PublicVersion {
            public_key: self.public.clone(),
            created: room.time.now(),
        }
    }

    /// The change that keeps the private key as this version, under these keys.
    fn keep(
        &self,
        room: &Strongroom,
        caller: &Caller,
        (place, version): (&HybridPlace, u64),
        keys: &ContextKeys,
    ) -> Result<Change, Denial> {
        let bound = place.bound(caller.state.id, version);
        let private = self.key.to_bytes().expose();
        let sealed = keys.seal_for_store(&bound, private, &*room.entropy)?;
        let row = StoreValueRow {
            context: place.context,
            name: place.value_name(&caller.state, version),
            version: 1,
            key_version: sealed.key_version,
            client: caller.client.id,
            created: room.time.now(),
            size: u64::try_from(private.len()).unwrap_or(u64::MAX),
            digest: sealed.digest,
        };
        let value = SealedStoreValue {
            row,
            prefix: sealed.prefix,
            body: sealed.body,
        };
        let keep = PRIVATE_KEPT;
        Ok(Change::PutStoreValue { value, keep })
    }
}

struct Create(HybridKeyCreate, Once<Arc<Drawn>>);

impl Administration for Create {
    const OPERATION: Operation = Operation::HybridKeyCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminHybridKeys);
    type Answer = HybridKeyInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(HybridKeyInfo, Account), Stopped> {
        check_name(&self.0.name)?;
        room.check_fips(Algorithm::Hybrid(self.0.algorithm))?;
        let of = self.0.key_context.as_ref();
        let place = HybridPlace::of(caller, of, &self.0.name)?;
        let (state, id) = (&caller.state, place.context);
        if room.store.store(state.id, id).await?.is_some() {
            return Err(Denial::Conflict(Thing::HybridKey).into());
        }
        let (context, make) = declared(room, caller, (Kind::HybridKey, id), &place.map).await?;
        let keys = room.keys_of_new(caller, &context).await?;
        let drawn = room.draw_hybrid_key(caller, self.0.algorithm);
        let drawn = self.1.of(drawn, Arc::clone).await?;
        let body = HybridKeyBody {
            name: self.0.name.clone(),
            of: self.0.key_context.clone(),
            algorithm: self.0.algorithm,
            versions: vec![drawn.version(room)],
        };
        let changes = vec![
            make(context),
            Change::InsertStore(place.row(state, &body, room.time.now())?),
            drawn.keep(room, caller, (&place, body.newest()), &keys)?,
        ];
        let account = account(&body, &keys, changes);
        Ok((body.info(id), account))
    }

    fn made(answer: &HybridKeyInfo) -> Option<String> {
        Some(answer.id.to_string())
    }

    async fn repeat(
        &self,
        room: &Strongroom,
        caller: &Caller,
        made: String,
    ) -> Result<HybridKeyInfo, Stopped> {
        let id = made.parse().map_err(|_not_an_id| Denial::Internal)?;
        let found = room.hybrid_key(caller, id).await?;
        Ok(found.body.info(id))
    }
}

/// The account of sealing the private key of a version.
fn account(body: &HybridKeyBody, keys: &Arc<ContextKeys>, changes: Vec<Change>) -> Account {
    let mut account = Account::of_changes(changes)
        .using(Algorithm::Hybrid(body.algorithm))
        .fact("algorithm", body.algorithm.name())
        .fact("version", &body.newest().to_string());
    account.use_key(KeyUse::sealing(keys), &keys.map);
    account
}

struct Rotate(ContextId, Once<Arc<Drawn>>);

impl Administration for Rotate {
    const OPERATION: Operation = Operation::HybridKeyRotate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminHybridKeys);
    type Answer = HybridKeyInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(HybridKeyInfo, Account), Stopped> {
        let found = room.hybrid_key(caller, self.0).await?;
        let Found { place, body, .. } = &found;
        room.check_fips(Algorithm::Hybrid(body.algorithm))?;
        if body.versions.len() >= VERSIONS_MAX {
            return Err(Denial::Conflict(Thing::KeyVersion).into());
        }
        let of = (place.context, &place.map);
        let keys = room.store_keys_for_sealing(caller, of).await?;
        let drawn = room.draw_hybrid_key(caller, body.algorithm);
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
        Ok((body.info(self.0), account))
    }
}

struct Describe(ContextId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::SealTo);
    type Answer = HybridKeyInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(HybridKeyInfo, Account), Stopped> {
        let Found { place, body, .. } = room.hybrid_key(caller, self.0).await?;
        let account = reading("hybrid key");
        let account = account.of_kind(Kind::HybridKey, place.context, &place.map);
        Ok((body.info(self.0), account))
    }
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::SealTo);
    type Answer = Page<HybridKeyInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<HybridKeyInfo>, Account), Stopped> {
        let limit = usize::try_from(self.0.limit()?).unwrap_or(usize::MAX);
        let after = page_begin(caller, &self.0)?;
        let rows = room.store.stores(caller.state.id, after, ROWS).await?;
        let (mut items, mut last) = (Vec::new(), None);
        for found in &rows {
            if items.len() == limit {
                break;
            }
            last = Some(found.row.context);
            if let Some(found) = read(caller, found)? {
                items.push(found.body.info(found.place.context));
            }
        }
        let read_all = rows.last().map(|row| row.row.context) == last;
        let ended = read_all && rows.len() < ROWS as usize;
        let next = last.filter(|_| !ended);
        let next = next.map(|id| page_end(caller, id)).transpose()?;
        Ok((Page { items, next }, reading("hybrid keys")))
    }
}

struct Destroy(ContextId);

impl Administration for Destroy {
    const OPERATION: Operation = Operation::HybridKeyDestroy;
    const PERMISSION: Option<Permission> = Some(Permission::AdminHybridKeys);
    type Answer = ((), Tombstone);

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(((), Tombstone), Account), Stopped> {
        let state = &caller.state;
        let found = room.hybrid_key(caller, self.0).await;
        let row = room.store.context(state.id, self.0).await?;
        let unknown = || Denial::NotFound(Thing::HybridKey);
        let mut row = row.ok_or_else(unknown)?;
        if row.kind == Kind::HybridKey && row.state == ContextState::Destroyed {
            // A crash or a full disk may have kept the tombstone from being written.
            let now = room.time.now();
            let until = row.final_after.unwrap_or(now);
            let again = Tombstone::of_context(state.id, &row, now, until);
            room.keep_tombstone(&again).await?;
            return Err(unknown().into());
        }
        let place = found?.place;
        let (account, tombstone) = room.destruction_of(state.id, &mut row, &place.map);
        Ok((((), tombstone), account))
    }
}
