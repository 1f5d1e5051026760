//! Customers' keys, administered: registered, verified, changed, suspended, forgotten.

mod attach;
mod which;

use strongroom_crypto::keys::Seed;
use strongroom_types::body::{
    CustomerKeyCreate, CustomerKeyEnable, CustomerKeyInfo, CustomerKeyState, CustomerKeyUpdate,
    EnableFor, Page,
};
use strongroom_types::provider::Exposed;
use strongroom_types::{CustomerKeyId, Operation, Permission, ProviderKey};
use zeroize::Zeroizing;

use super::{Administration, PageQuery, body_digest, check_name, names, page, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::customer_key::{
    CACHE_S_DEFAULT, CACHE_S_MAX, CustomerKey, CustomerKeyFault, CustomerKeyRecord, Proof,
};
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::ports::{Change, Micros, RecordKind, Root, RootError, Wrapper};
use crate::record;
use crate::strongroom::Strongroom;
use crate::time::format_time;

impl Strongroom {
    /// Lists the workspace's customer keys.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_keys(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<CustomerKeyInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Registers a customer's key. It is not used before it is verified.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_key_register(
        &self,
        ask: &Ask,
        request: CustomerKeyCreate,
    ) -> Result<Answered<CustomerKeyInfo>, Refused> {
        self.administer(ask, Register(request)).await
    }

    /// Describes a customer's key, without credentials.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_key(
        &self,
        ask: &Ask,
        id: CustomerKeyId,
    ) -> Result<Answered<CustomerKeyInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Changes what is known of a customer's key.
    ///
    /// # Errors
    /// [`Refused`]: among others when another way does not lead to the key that was verified.
    pub async fn customer_key_update(
        &self,
        ask: &Ask,
        id: CustomerKeyId,
        request: CustomerKeyUpdate,
    ) -> Result<Answered<CustomerKeyInfo>, Refused> {
        self.administer(ask, Update { id, request }).await
    }

    /// Lets a customer's key wrap and unwrap a seed without a use. One that does becomes active.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_key_verify(
        &self,
        ask: &Ask,
        id: CustomerKeyId,
    ) -> Result<Answered<CustomerKeyInfo>, Refused> {
        self.administer(ask, Verify(id)).await
    }

    /// Suspends a customer's key: what is under it is closed at once.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_key_disable(
        &self,
        ask: &Ask,
        id: CustomerKeyId,
    ) -> Result<Answered<CustomerKeyInfo>, Refused> {
        self.administer(ask, Disable(id)).await
    }

    /// Resumes a customer's key, for everything or for moving away from it only.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_key_enable(
        &self,
        ask: &Ask,
        id: CustomerKeyId,
        request: CustomerKeyEnable,
    ) -> Result<Answered<CustomerKeyInfo>, Refused> {
        self.administer(ask, Enable(id, request.purpose)).await
    }

    /// Forgets a customer's key that wraps nothing and is attached to nothing.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_key_delete(
        &self,
        ask: &Ask,
        id: CustomerKeyId,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Delete(id)).await
    }

    async fn info(
        &self,
        caller: &Caller,
        (id, created): (CustomerKeyId, Micros),
        record: &CustomerKeyRecord<'_>,
        key: &ProviderKey,
    ) -> Result<CustomerKeyInfo, Denial> {
        let wrapper = Wrapper::Customer(id);
        let policies = caller.state.policies.iter();
        let attached = policies.filter(|policy| policy.customer_key == Some(id));
        Ok(CustomerKeyInfo {
            id,
            name: record.name.to_owned(),
            key: key.view(),
            state: record.state,
            cache_s: record.cache_s,
            policies: attached.map(|policy| policy.id).collect(),
            contexts: self
                .store
                .contexts_wrapped(caller.state.id, wrapper)
                .await?,
            created: format_time(created),
            verified: record.verified.map(format_time),
        })
    }

    /// Lets a key wrap and unwrap a seed without a use. One that was verified before must also
    /// unwrap what it wrapped then.
    async fn round_trip(
        &self,
        caller: &Caller,
        (root, id): (&dyn Root, CustomerKeyId),
        former: Option<&Proof>,
    ) -> Result<Proof, Denial> {
        let place = CustomerKey::proof_place(caller.state.id, id);
        if let Some(former) = former {
            let seed = root.unwrap(&place, None, &former.wrapped.0).await;
            if !former.is_of(&place, &seed.map_err(other_key)?) {
                return Err(Denial::CustomerKeyTried(CustomerKeyFault::Other));
            }
        }
        let seed = Seed::generate(&*self.entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        let wrapped = root.wrap(&place, None, &seed).await.map_err(provider)?;
        let back = root.unwrap(&place, None, &wrapped).await;
        if back.map_err(provider)? != seed {
            return Err(Denial::CustomerKeyTried(CustomerKeyFault::Other));
        }
        Ok(Proof::new(&place, &seed, wrapped))
    }
}

fn provider(error: RootError) -> Denial {
    Denial::CustomerKeyTried(CustomerKeyFault::Provider(error))
}

/// What the verified key wrapped does not open under another.
fn other_key(error: RootError) -> Denial {
    match error {
        RootError::WrongRoot { .. } => Denial::CustomerKeyTried(CustomerKeyFault::Other),
        other => provider(other),
    }
}

fn known(caller: &Caller, id: CustomerKeyId) -> Result<&CustomerKey, Denial> {
    let found = caller.state.customer_keys.find(id);
    let key = found.map_err(|_unknown| Denial::NotFound(Thing::CustomerKey))?;
    Ok(key)
}

/// What a key's record says, with its credentials.
fn record_of<'a>(
    key: &'a CustomerKey,
    exposed: &'a ProviderKey<Exposed<'a>>,
) -> CustomerKeyRecord<'a> {
    CustomerKeyRecord {
        name: &key.body.name,
        key: exposed,
        state: key.body.state,
        cache_s: key.body.cache_s,
        revision: key.body.revision,
        proof: key.body.proof.as_ref(),
        verified: key.body.verified,
    }
}

/// More than the JSON of a description is long, so that the text does not move while it grows: what
/// it leaves behind would not be wiped.
const JSON_BYTES: usize = 128 * 1024;

fn put(
    caller: &Caller,
    (id, created): (CustomerKeyId, Micros),
    record: &CustomerKeyRecord<'_>,
) -> Result<Account, Denial> {
    let mut json = Zeroizing::new(Vec::with_capacity(JSON_BYTES));
    serde_json::to_writer(&mut *json, record).map_err(|_unserialisable| Denial::Internal)?;
    let state = &caller.state;
    let place = (RecordKind::CustomerKey, id.to_string(), created);
    let record_row = record::seal_json(&state.keys, state.id, place, &json)?;
    let account = Account::of_changes(vec![Change::PutRecord(state.id, record_row)])
        .fact("customer_key", &id.to_string())
        .fact("provider", record.key.kind())
        .fact("state", record.state.name());
    Ok(account)
}

fn check_cache(cache_s: u32) -> Result<u32, Denial> {
    if cache_s > CACHE_S_MAX {
        return Err(Invalid::Field("cache_s".into()).into());
    }
    Ok(cache_s)
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = Page<CustomerKeyInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<CustomerKeyInfo>, Account), Stopped> {
        let limit = self.0.limit()?;
        let after = self.0.after::<CustomerKeyId>()?;
        let mut keys: Vec<_> = caller.state.customer_keys.iter().collect();
        keys.sort_by_key(|key| key.id.to_string());
        keys.retain(|key| after.is_none_or(|after| key.id.to_string() > after.to_string()));
        keys.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            items.push(describe(room, caller, key).await?);
        }
        Ok((
            page(items, limit, |info| info.id.to_string()),
            reading("customer keys"),
        ))
    }
}

async fn describe(
    room: &Strongroom,
    caller: &Caller,
    key: &CustomerKey,
) -> Result<CustomerKeyInfo, Denial> {
    let exposed = key.body.key.expose();
    let record = record_of(key, &exposed);
    let place = (key.id, key.created);
    room.info(caller, place, &record, &key.body.key).await
}

struct Describe(CustomerKeyId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = CustomerKeyInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(CustomerKeyInfo, Account), Stopped> {
        let key = known(caller, self.0)?;
        let account = reading("customer key").fact("customer_key", &self.0.to_string());
        Ok((describe(room, caller, key).await?, account))
    }
}

struct Register(CustomerKeyCreate);

impl Administration for Register {
    const OPERATION: Operation = Operation::CustomerKeyRegister;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = CustomerKeyInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(CustomerKeyInfo, Account), Stopped> {
        check_name(&self.0.name)?;
        room.providers
            .connect(&self.0.key)
            .map_err(Invalid::Provider)?;
        let place = (
            CustomerKeyId::from_bytes(room.generate_id()?),
            room.time.now(),
        );
        let exposed = self.0.key.expose();
        let record = CustomerKeyRecord {
            name: &self.0.name,
            key: &exposed,
            state: CustomerKeyState::Unverified,
            cache_s: check_cache(self.0.cache_s.unwrap_or(CACHE_S_DEFAULT))?,
            revision: 1,
            proof: None,
            verified: None,
        };
        let body = body_digest(&caller.state.keys, &self.0.key.view())?;
        let account = put(caller, place, &record)?.fact("body", &body);
        let info = room.info(caller, place, &record, &self.0.key).await?;
        Ok((info, account))
    }

    async fn repeat(
        &self,
        room: &Strongroom,
        caller: &Caller,
        made: String,
    ) -> Result<CustomerKeyInfo, Stopped> {
        let id = made.parse().map_err(|_not_an_id| Denial::Internal)?;
        Ok(describe(room, caller, known(caller, id)?).await?)
    }

    fn made(answer: &CustomerKeyInfo) -> Option<String> {
        Some(answer.id.to_string())
    }
}

struct Update {
    id: CustomerKeyId,
    request: CustomerKeyUpdate,
}

impl Update {
    fn changed(&self) -> String {
        names([
            ("name", self.request.name.is_some()),
            ("key", self.request.key.is_some()),
            ("cache_s", self.request.cache_s.is_some()),
        ])
    }
}

impl Administration for Update {
    const OPERATION: Operation = Operation::CustomerKeyUpdate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = CustomerKeyInfo;

    fn customer_key(&self) -> Option<CustomerKeyId> {
        Some(self.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(CustomerKeyInfo, Account), Stopped> {
        let key = known(caller, self.id)?;
        room.connections.forget(caller.state.id, self.id);
        let name = self.request.name.as_ref().unwrap_or(&key.body.name);
        check_name(name)?;
        let way = self.request.key.as_ref().unwrap_or(&key.body.key);
        let mut revision = key.body.revision;
        let mut proof = key.body.proof.clone();
        if self.request.key.is_some() {
            let root = room.providers.connect(way).map_err(Invalid::Provider)?;
            if proof.is_some() {
                let fresh = room.round_trip(caller, (&*root, self.id), proof.as_ref());
                proof = Some(fresh.await?);
            }
            revision = revision.saturating_add(1);
        }
        let exposed = way.expose();
        let record = CustomerKeyRecord {
            name,
            cache_s: check_cache(self.request.cache_s.unwrap_or(key.body.cache_s))?,
            revision,
            proof: proof.as_ref(),
            ..record_of(key, &exposed)
        };
        let place = (key.id, key.created);
        let account = put(caller, place, &record)?.fact("changed", &self.changed());
        Ok((room.info(caller, place, &record, way).await?, account))
    }
}

struct Verify(CustomerKeyId);

impl Administration for Verify {
    const OPERATION: Operation = Operation::CustomerKeyVerify;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = CustomerKeyInfo;

    fn customer_key(&self) -> Option<CustomerKeyId> {
        Some(self.0)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(CustomerKeyInfo, Account), Stopped> {
        let key = known(caller, self.0)?;
        let root = room
            .connect(caller.state.id, key)
            .map_err(Denial::CustomerKeyTried)?;
        let proof = room
            .round_trip(caller, (&*root, key.id), key.body.proof.as_ref())
            .await?;
        let exposed = key.body.key.expose();
        let state = match key.body.state {
            CustomerKeyState::Unverified => CustomerKeyState::Active,
            other => other,
        };
        let record = CustomerKeyRecord {
            state,
            proof: Some(&proof),
            verified: Some(room.time.now()),
            ..record_of(key, &exposed)
        };
        let place = (key.id, key.created);
        let account = put(caller, place, &record)?;
        Ok((
            room.info(caller, place, &record, &key.body.key).await?,
            account,
        ))
    }
}

/// Gives a verified key another state.
async fn switch(
    room: &Strongroom,
    caller: &Caller,
    id: CustomerKeyId,
    to: CustomerKeyState,
) -> Result<(CustomerKeyInfo, Account), Stopped> {
    let key = known(caller, id)?;
    room.connections.forget(caller.state.id, id);
    if key.body.state == CustomerKeyState::Unverified {
        return Err(Denial::CustomerKeyTried(CustomerKeyFault::Unverified).into());
    }
    if key.body.state == to {
        return Err(Denial::Conflict(Thing::CustomerKey).into());
    }
    let exposed = key.body.key.expose();
    let record = CustomerKeyRecord {
        state: to,
        ..record_of(key, &exposed)
    };
    let place = (key.id, key.created);
    let account = put(caller, place, &record)?;
    let info = room.info(caller, place, &record, &key.body.key).await?;
    Ok((info, account))
}

struct Disable(CustomerKeyId);

impl Administration for Disable {
    const OPERATION: Operation = Operation::CustomerKeyDisable;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = CustomerKeyInfo;

    fn customer_key(&self) -> Option<CustomerKeyId> {
        Some(self.0)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(CustomerKeyInfo, Account), Stopped> {
        switch(room, caller, self.0, CustomerKeyState::Disabled).await
    }
}

struct Enable(CustomerKeyId, EnableFor);

impl Administration for Enable {
    const OPERATION: Operation = Operation::CustomerKeyEnable;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = CustomerKeyInfo;

    fn customer_key(&self) -> Option<CustomerKeyId> {
        Some(self.0)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(CustomerKeyInfo, Account), Stopped> {
        let to = match self.1 {
            EnableFor::Use => CustomerKeyState::Active,
            EnableFor::Rewrap => CustomerKeyState::RewrapOnly,
        };
        switch(room, caller, self.0, to).await
    }
}

struct Delete(CustomerKeyId);

impl Administration for Delete {
    const OPERATION: Operation = Operation::CustomerKeyDelete;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = ();

    fn customer_key(&self) -> Option<CustomerKeyId> {
        Some(self.0)
    }

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let provider = known(caller, self.0)?.body.key.kind();
        let mut policies = caller.state.policies.iter();
        let attached = policies.any(|policy| policy.customer_key == Some(self.0));
        let wrapper = Wrapper::Customer(self.0);
        let wraps = room
            .store
            .contexts_wrapped(caller.state.id, wrapper)
            .await?;
        if attached || wraps > 0 {
            return Err(Denial::Conflict(Thing::CustomerKey).into());
        }
        room.connections.forget(caller.state.id, self.0);
        let change = Change::DeleteRecord(RecordKind::CustomerKey, self.0.to_string());
        let account = Account::of_changes(vec![change]);
        let account = account.fact("customer_key", &self.0.to_string());
        Ok(((), account.fact("provider", provider)))
    }
}
