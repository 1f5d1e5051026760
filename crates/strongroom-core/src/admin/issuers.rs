//! Trusted issuers. Whoever administers them can impersonate identities of the workspace.

use strongroom_types::body::{IssuerCreate, IssuerInfo, IssuerKeys, IssuerUpdate, Page};
use strongroom_types::{ClientId, ContextPattern, IssuerId, Operation, Permission};

use super::{Administration, PageQuery, body_digest, names, page, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::identity::{Issuer, IssuerBody};
use crate::ports::{Change, Micros, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::user::Role;

impl Strongroom {
    /// Lists the workspace's issuers.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn issuers(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<IssuerInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Trusts an issuer. Its `iss` is permanent and never reused.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn issuer_create(
        &self,
        ask: &Ask,
        request: IssuerCreate,
    ) -> Result<Answered<IssuerInfo>, Refused> {
        self.administer(ask, Create(request)).await
    }

    /// Describes an issuer.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn issuer(&self, ask: &Ask, id: IssuerId) -> Result<Answered<IssuerInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Changes an issuer; its `iss` cannot change.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn issuer_update(
        &self,
        ask: &Ask,
        id: IssuerId,
        request: IssuerUpdate,
    ) -> Result<Answered<IssuerInfo>, Refused> {
        self.administer(ask, Update { id, request }).await
    }
}

impl Strongroom {
    /// Lets the identities of an issuer act by themselves as a client of the workspace, or ends that.
    /// Nobody lets them do what it may not do itself.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn issuer_act_as(
        &self,
        ask: &Ask,
        id: IssuerId,
        client: Option<ClientId>,
    ) -> Result<Answered<IssuerInfo>, Refused> {
        self.administer(ask, ActAs { id, client }).await
    }
}

fn known(caller: &Caller, id: IssuerId) -> Result<&Issuer, Denial> {
    caller
        .state
        .issuers
        .by_id(id)
        .ok_or(Denial::NotFound(Thing::Issuer))
}

fn change(
    caller: &Caller,
    id: IssuerId,
    created: Micros,
    body: IssuerBody,
) -> Result<(IssuerInfo, Account), Denial> {
    let state = &caller.state;
    let place = (RecordKind::Issuer, id.to_string(), created);
    let record = record::seal(&state.keys, state.id, place, &body)?;
    let account = Account::of_changes(vec![Change::PutRecord(state.id, record)])
        .fact("issuer", &id.to_string())
        .fact("keys", keys_kind(&body.keys))
        .fact("body", &body_digest(&state.keys, &body)?)
        .fact("disabled", if body.disabled { "true" } else { "false" });
    Ok((Issuer { id, created, body }.info(), account))
}

const fn keys_kind(keys: &IssuerKeys) -> &'static str {
    match keys {
        IssuerKeys::Discovery {} => "discovery",
        IssuerKeys::JwksUrl(_) => "jwks_url",
        IssuerKeys::Jwks(_) => "jwks",
    }
}

/// The fields that an update names.
fn changed(request: &IssuerUpdate) -> String {
    names([
        ("keys", request.keys.is_some()),
        ("audiences", request.audiences.is_some()),
        ("sign_in_audience", request.sign_in_audience.is_some()),
        ("clock_skew_s", request.clock_skew_s.is_some()),
        ("display_claims", request.display_claims.is_some()),
        ("disabled", request.disabled.is_some()),
    ])
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminIssuers);
    type Answer = Page<IssuerInfo>;

    async fn decide(
        &self,
        _room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<IssuerInfo>, Account), Stopped> {
        let limit = self.0.limit()?;
        let after = self.0.after::<IssuerId>()?;
        let mut items: Vec<_> = caller.state.issuers.iter().map(Issuer::info).collect();
        items.sort_by_key(|info| info.id.to_string());
        items.retain(|info| after.is_none_or(|after| info.id.to_string() > after.to_string()));
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok((
            page(items, limit, |info| info.id.to_string()),
            reading("issuers"),
        ))
    }
}

struct Describe(IssuerId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminIssuers);
    type Answer = IssuerInfo;

    async fn decide(
        &self,
        _room: &Strongroom,
        caller: &Caller,
    ) -> Result<(IssuerInfo, Account), Stopped> {
        let account = reading("issuer").fact("issuer", &self.0.to_string());
        Ok((known(caller, self.0)?.info(), account))
    }
}

struct Create(IssuerCreate);

impl Administration for Create {
    const OPERATION: Operation = Operation::IssuerCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminIssuers);
    type Answer = IssuerInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(IssuerInfo, Account), Stopped> {
        let body = IssuerBody::from_create(self.0.clone())?;
        check_sign_in(room, caller, &body)?;
        // The epoch keeps this true until the entry is durable, so that no two rows share an `iss`.
        if caller.state.issuers.by_iss(&body.issuer).is_some() {
            return Err(Denial::Conflict(Thing::Issuer).into());
        }
        let id = IssuerId::from_bytes(room.generate_id()?);
        Ok(change(caller, id, room.time.now(), body)?)
    }

    async fn repeat(
        &self,
        _room: &Strongroom,
        caller: &Caller,
        made: String,
    ) -> Result<IssuerInfo, Stopped> {
        let id = made.parse().map_err(|_not_an_id| Denial::Internal)?;
        Ok(known(caller, id)?.info())
    }

    fn made(answer: &IssuerInfo) -> Option<String> {
        Some(answer.id.to_string())
    }
}

struct Update {
    id: IssuerId,
    request: IssuerUpdate,
}

impl Administration for Update {
    const OPERATION: Operation = Operation::IssuerUpdate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminIssuers);
    type Answer = IssuerInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(IssuerInfo, Account), Stopped> {
        let issuer = known(caller, self.id)?;
        if let Some(client) = issuer
            .body
            .acts_as
            .filter(|_| !only_disables(&self.request))
        {
            // Whoever chooses its keys acts as the client.
            check_acting(room, caller, client).await?;
        }
        let body = issuer.body.clone().apply(self.request.clone())?;
        if !only_disables(&self.request) {
            check_sign_in(room, caller, &issuer.body)?;
            check_sign_in(room, caller, &body)?;
        }
        let (info, account) = change(caller, self.id, issuer.created, body)?;
        Ok((info, account.fact("changed", &changed(&self.request))))
    }
}

/// Whether the caller may give away what a client may do.
async fn check_acting(room: &Strongroom, caller: &Caller, client: ClientId) -> Result<(), Denial> {
    caller.require(Permission::AdminClients)?;
    let client = room.known_client(caller, client).await?;
    room.check_within(caller, &client.body)
}

/// Whoever chooses the keys of an issuer that signs users in can be any of them, in all key contexts.
fn check_sign_in(room: &Strongroom, caller: &Caller, body: &IssuerBody) -> Result<(), Denial> {
    if body.sign_in_audience.is_none() {
        return Ok(());
    }
    room.check_grant(caller, &Role::Owner.permissions())?;
    caller.require_patterns(&[ContextPattern::default()])
}

/// Whether an update takes trust away and gives none.
fn only_disables(request: &IssuerUpdate) -> bool {
    request.disabled == Some(true) && changed(request) == "disabled"
}

struct ActAs {
    id: IssuerId,
    client: Option<ClientId>,
}

impl Administration for ActAs {
    const OPERATION: Operation = Operation::IssuerActAs;
    const PERMISSION: Option<Permission> = Some(Permission::AdminIssuers);
    type Answer = IssuerInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(IssuerInfo, Account), Stopped> {
        caller.require(Permission::AdminClients)?;
        if let Some(client) = self.client {
            check_acting(room, caller, client).await?;
        }
        let issuer = known(caller, self.id)?;
        let body = IssuerBody {
            acts_as: self.client,
            ..issuer.body.clone()
        };
        let (info, account) = change(caller, self.id, issuer.created, body)?;
        let client = self.client.map(|client| client.to_string());
        let client = client.as_deref().unwrap_or("none");
        Ok((info, account.fact("acts_as", client)))
    }
}
