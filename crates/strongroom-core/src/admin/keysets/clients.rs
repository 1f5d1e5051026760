//! Clients of keysets.

use strongroom_crypto::secret::{Secret, SecretBytes};
use strongroom_types::body::KeysetClientInfo;
use strongroom_types::{Bytes, KeysetClientId, KeysetId, KeysetName, Kind, Operation, Permission};

use super::check_description;
use super::grants::put_grant;
use crate::admin::{Administration, check_name, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::{Account, Stopped};
use crate::keysets::{
    KeysetBody, KeysetClient, KeysetClientBody, KeysetPlace, ShareBody, WhichKeyset, grant_id,
};
use crate::ports::{Change, RecordKind, StoreError};
use crate::record;
use crate::strongroom::Strongroom;

/// A client of keysets to be made.
#[derive(Clone, Debug)]
pub struct KeysetClientCreate {
    /// The keyset that it uses where it names none; at home is the workspace's first one.
    pub keyset: WhichKeyset,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
}

/// A client of keysets that was made.
#[derive(Debug)]
pub struct KeysetClientCreated {
    /// What is said of it.
    pub info: KeysetClientInfo,
    /// What it shares with all clients of keysets of the workspace, for what they derive by
    /// themselves.
    pub share: Secret<32>,
}

impl Strongroom {
    /// Makes a client of keysets. The first one makes the workspace's first keyset.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_client_create(
        &self,
        ask: &Ask,
        request: KeysetClientCreate,
    ) -> Result<Answered<KeysetClientCreated>, Refused> {
        self.administer(ask, Create(request)).await
    }

    /// Lists the clients of keysets; of one keyset, where it is named.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_clients(
        &self,
        ask: &Ask,
        keyset: Option<WhichKeyset>,
    ) -> Result<Answered<Vec<KeysetClientInfo>>, Refused> {
        self.administer(ask, List(keyset)).await
    }

    /// Removes a client of keysets, and all that was granted to it.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_client_delete(
        &self,
        ask: &Ask,
        id: KeysetClientId,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Delete(id)).await
    }

    /// A new client of a keyset, its grant, and the rows of both.
    pub(super) async fn new_keyset_client(
        &self,
        caller: &Caller,
        request: &KeysetClientCreate,
        home: KeysetId,
    ) -> Result<NewKeysetClient, Denial> {
        check_name(&request.name)?;
        check_description(&request.description)?;
        let state = &caller.state;
        let id = KeysetClientId::from_random(self.generate_id()?);
        let body = KeysetClientBody {
            name: request.name.clone(),
            description: request.description.clone(),
            created_by: caller.client.id,
            home,
        };
        let place = (RecordKind::KeysetClient, id.to_string(), self.time.now());
        let record = record::seal(&state.keys, state.id, place, &body)?;
        let mut changes = vec![Change::PutRecord(state.id, record)];
        changes.push(put_grant(self, caller, (id, home))?);
        let (share, made) = self.keyset_share(caller).await?;
        changes.extend(made);
        let info = client_info(&KeysetClient { id, body }, vec![home]);
        let created = KeysetClientCreated { info, share };
        Ok(NewKeysetClient { created, changes })
    }

    /// What the workspace's clients of keysets share, and the row of it if it is made now. Two that
    /// make it at once are ordered by the epoch.
    async fn keyset_share(&self, caller: &Caller) -> Result<(Secret<32>, Option<Change>), Denial> {
        let state = &caller.state;
        let kind = RecordKind::KeysetShare;
        if let Some(row) = self.store.record(state.id, kind, SHARE).await? {
            let body = record::keyset_share(&state.keys, state.id, &row)?;
            let kept = SecretBytes::from(body.secret.0);
            let damaged = StoreError::Damaged { table: "record" };
            let secret = kept.expose().try_into().map_err(|_length| damaged)?;
            return Ok((Secret::from_bytes(secret), None));
        }
        let secret =
            Secret::<32>::generate(&*self.entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        let body = ShareBody {
            secret: Bytes(secret.expose().to_vec()),
        };
        let place = (kind, SHARE.to_owned(), self.time.now());
        let record = record::seal(&state.keys, state.id, place, &body);
        // Wiped with what it was copied to for the row.
        drop(SecretBytes::from(body.secret.0));
        Ok((secret, Some(Change::PutRecord(state.id, record?))))
    }

    /// The keysets that a client of keysets may use.
    async fn granted(
        &self,
        caller: &Caller,
        client: KeysetClientId,
    ) -> Result<Vec<KeysetId>, Denial> {
        const PAGE: u32 = 1000;
        let begin = format!("{client}/");
        let mut after = begin.clone();
        let mut granted = Vec::new();
        loop {
            let kind = RecordKind::KeysetGrant;
            let rows = self
                .store
                .records(caller.state.id, kind, Some(&after), PAGE)
                .await?;
            let keysets = rows.iter().map_while(|row| row.id.strip_prefix(&begin));
            let before = granted.len();
            for keyset in keysets {
                let damaged = StoreError::Damaged { table: "record" };
                granted.push(keyset.parse().map_err(|_not_an_id| damaged)?);
            }
            let ended = granted.len() - before < PAGE as usize;
            match rows.last() {
                Some(last) if !ended => after.clone_from(&last.id),
                _ => return Ok(granted),
            }
        }
    }
}

/// The id of the one record of what is shared.
const SHARE: &str = "share";

/// A client of keysets that is about to be made.
pub(super) struct NewKeysetClient {
    pub(super) created: KeysetClientCreated,
    pub(super) changes: Vec<Change>,
}

fn client_info(client: &KeysetClient, keysets: Vec<KeysetId>) -> KeysetClientInfo {
    KeysetClientInfo {
        id: client.id,
        name: client.body.name.clone(),
        description: client.body.description.clone(),
        created_by: client.body.created_by,
        home: client.body.home,
        keysets,
    }
}

struct Create(KeysetClientCreate);

impl Create {
    /// The keyset that is named, or the workspace's first one, which is made now if there is none.
    async fn home(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(KeysetId, KeysetPlace, Vec<Change>), Denial> {
        let first = KeysetName::of_default();
        let named = match &self.0.keyset {
            WhichKeyset::Home => {
                let found = room.keyset_named(&caller.state, &first).await?;
                found.map(WhichKeyset::Id)
            }
            named => Some(named.clone()),
        };
        if let Some(named) = named {
            let (keyset, place) = room.administered_keyset(caller, &named).await?;
            return Ok((keyset.id, place, Vec::new()));
        }
        let body = KeysetBody {
            name: first,
            description: "the workspace's first keyset".to_owned(),
            is_default: true,
        };
        let (keyset, place, changes) = room.new_keyset(caller, body).await?;
        Ok((keyset.id, place, changes))
    }
}

impl Administration for Create {
    const OPERATION: Operation = Operation::KeysetClientCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeysets);
    type Answer = KeysetClientCreated;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(KeysetClientCreated, Account), Stopped> {
        let (home, place, mut changes) = self.home(room, caller).await?;
        let made = room.new_keyset_client(caller, &self.0, home).await?;
        changes.extend(made.changes);
        let account = Account::of_changes(changes)
            .of_kind(Kind::Keyset, place.context, &place.map)
            .fact("keyset", &home.to_string())
            .fact("keyset_client", &made.created.info.id.to_string());
        Ok((made.created, account))
    }
}

struct List(Option<WhichKeyset>);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeysets);
    type Answer = Vec<KeysetClientInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Vec<KeysetClientInfo>, Account), Stopped> {
        let of = match &self.0 {
            None => None,
            Some(which) => Some(room.administered_keyset(caller, which).await?.0.id),
        };
        let state = &caller.state;
        let open = |row: &crate::ports::Record| record::keyset_client(&state.keys, state.id, row);
        let kind = RecordKind::KeysetClient;
        let mut listed = Vec::new();
        for client in room.all_records(state.id, kind, open).await? {
            let keysets = room.granted(caller, client.id).await?;
            if of.is_none_or(|id| keysets.contains(&id)) {
                listed.push(client_info(&client, keysets));
            }
        }
        Ok((listed, reading("clients of keysets")))
    }
}

struct Delete(KeysetClientId);

impl Administration for Delete {
    const OPERATION: Operation = Operation::KeysetClientDelete;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeysets);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let client = room.keyset_client(&caller.state, self.0).await?;
        let granted = room.granted(caller, client.id).await?;
        let delete = |keyset: &KeysetId| {
            let id = grant_id(client.id, *keyset);
            Change::DeleteRecord(RecordKind::KeysetGrant, id)
        };
        let mut changes: Vec<_> = granted.iter().map(delete).collect();
        let id = client.id.to_string();
        changes.push(Change::DeleteRecord(RecordKind::KeysetClient, id.clone()));
        let account = Account::of_changes(changes).fact("keyset_client", &id);
        Ok(((), account.fact("grants", &granted.len().to_string())))
    }
}
