//! Grants of split keys.

use strongroom_types::body::{OwnSplitGrants, Page, SplitGrant, SplitGrantSummary};
use strongroom_types::{ClientId, KeysetId, Operation, Permission};

use super::{account, account_of};
use crate::admin::{Administration, PageQuery, page, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::ports::{Change, Record, RecordKind, StoreError};
use crate::record;
use crate::split::{GrantsBody, grants_id};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Keeps a grant of a share that is there.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the client has one of the
    /// epoch, or the epoch has another share.
    pub async fn split_grant_put(
        &self,
        ask: &Ask,
        keyset: KeysetId,
        grant: SplitGrant,
    ) -> Result<Answered<SplitGrantSummary>, Refused> {
        self.administer(ask, Put { keyset, grant }).await
    }

    /// Gives out the calling client's grants.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when it has none.
    pub async fn split_grants_own(
        &self,
        ask: &Ask,
        keyset: KeysetId,
    ) -> Result<Answered<OwnSplitGrants>, Refused> {
        self.administer(ask, Own(keyset)).await
    }

    /// Lists who has grants.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn split_grants_list(
        &self,
        ask: &Ask,
        keyset: KeysetId,
        query: PageQuery,
    ) -> Result<Answered<Page<SplitGrantSummary>>, Refused> {
        self.administer(ask, List { keyset, query }).await
    }

    /// Takes a client's grants away: ordered by its entry, on all nodes. What the client knows already
    /// it still knows; no share of the server's is derived for it any more.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn split_grant_revoke(
        &self,
        ask: &Ask,
        keyset: KeysetId,
        client: ClientId,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Revoke { keyset, client }).await
    }
}

fn summary(client: ClientId, held: &GrantsBody) -> SplitGrantSummary {
    let epochs = held.grants.iter().map(|grant| grant.epoch);
    SplitGrantSummary {
        client,
        epochs: epochs.collect(),
    }
}

struct Put {
    keyset: KeysetId,
    grant: SplitGrant,
}

impl Administration for Put {
    const OPERATION: Operation = Operation::SplitGrantPut;
    const PERMISSION: Option<Permission> = Some(Permission::AdminSplitKeys);
    type Answer = SplitGrantSummary;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(SplitGrantSummary, Account), Stopped> {
        let (state, grant) = (&caller.state, &self.grant);
        let place = room.split_keyset(caller, self.keyset).await?;
        let epochs = room.split_epochs(state, self.keyset).await?;
        let epochs = epochs.ok_or(Denial::NotFound(Thing::SplitEpoch))?;
        let signed = (grant, epochs.signer.0.as_slice());
        room.check_split_grant(caller, &place, signed).await?;
        if epochs.check(grant.epoch) != Some(&grant.check) {
            return Err(Denial::Conflict(Thing::SplitEpoch).into());
        }
        let held = room
            .split_grants(state, (self.keyset, grant.client))
            .await?;
        let mut held = held.unwrap_or_default();
        if held.grants.iter().any(|one| one.epoch == grant.epoch) {
            return Err(Denial::Conflict(Thing::SplitGrant).into());
        }
        held.grants.push(grant.clone());
        held.grants.sort_by_key(|grant| grant.epoch);
        let id = grants_id(self.keyset, grant.client);
        let change = room.put_split(caller, (RecordKind::SplitGrants, id), &held)?;
        let account = account_of(&place, self.keyset, (grant, vec![change]));
        Ok((summary(grant.client, &held), account))
    }
}

struct Own(KeysetId);

impl Administration for Own {
    const OPERATION: Operation = Operation::SplitGrantGet;
    const PERMISSION: Option<Permission> = Some(Permission::SplitKeysUse);
    type Answer = OwnSplitGrants;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(OwnSplitGrants, Account), Stopped> {
        let client = caller.client.id;
        let place = room.split_keyset(caller, self.0).await?;
        let held = room.split_grants(&caller.state, (self.0, client)).await?;
        let held = held.ok_or(Denial::NotFound(Thing::SplitGrant))?;
        let grants = held.grants;
        let account = account(&place, self.0, Vec::new());
        Ok((OwnSplitGrants { client, grants }, account))
    }
}

struct List {
    keyset: KeysetId,
    query: PageQuery,
}

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminSplitKeys);
    type Answer = Page<SplitGrantSummary>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<SplitGrantSummary>, Account), Stopped> {
        let limit = self.query.limit()?;
        let begin = format!("{}/", self.keyset);
        let after: Option<ClientId> = self.query.after()?;
        let after = match after {
            None => begin.clone(),
            Some(client) => grants_id(self.keyset, client),
        };
        room.split_keyset(caller, self.keyset).await?;
        let (state, kind) = (&caller.state, RecordKind::SplitGrants);
        let rows = room.store.records(state.id, kind, Some(&after), limit);
        let rows = rows.await?;
        let of_keyset = rows.iter().map_while(|row| {
            let client = row.id.strip_prefix(&begin)?;
            Some((client, row))
        });
        let read = |(client, row): (&str, &Record)| {
            let damaged = StoreError::Damaged { table: "record" };
            let client = client.parse().map_err(|_not_an_id| damaged)?;
            let held = record::body(&state.keys, state.id, row)?;
            Ok::<_, Denial>(summary(client, &held))
        };
        let items: Vec<_> = of_keyset.map(read).collect::<Result<_, _>>()?;
        let page = page(items, limit, |item| item.client.to_string());
        Ok((page, reading("grants of split keys")))
    }
}

struct Revoke {
    keyset: KeysetId,
    client: ClientId,
}

impl Administration for Revoke {
    const OPERATION: Operation = Operation::SplitGrantRevoke;
    const PERMISSION: Option<Permission> = Some(Permission::AdminSplitKeys);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let place = room.split_keyset(caller, self.keyset).await?;
        let held = room.split_grants(&caller.state, (self.keyset, self.client));
        if held.await?.is_none() {
            return Err(Denial::NotFound(Thing::SplitGrant).into());
        }
        let id = grants_id(self.keyset, self.client);
        let change = Change::DeleteRecord(RecordKind::SplitGrants, id);
        let account = account(&place, self.keyset, vec![change]);
        let account = account.fact("revoked_from", &self.client.to_string());
        Ok(((), account))
    }
}
