//! Key contexts, administered: made by name, rotated, suspended, destroyed.

use strongroom_types::body::{
    ContextCreate, ContextInfo, ContextState, KeyState, Page, VersionInfo,
};
use strongroom_types::{ContextId, KeyContext, KeyVersion, Kind, Operation, Permission, base32};

mod destroy;

use super::{Administration, PageQuery, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::keyring::open_map;
use crate::door::{Account, Stopped};
use crate::ports::{Change, ContextKeyRow, ContextRow};
use crate::strongroom::Strongroom;
use crate::time::format_time;

impl Strongroom {
    /// Lists the key contexts that the caller may use, by id. A page that is not full may have a next
    /// one, where the workspace has many key contexts that are not the caller's.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn contexts(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<ContextInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Makes a key context by name, or gives a destroyed one new keys.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn context_create(
        &self,
        ask: &Ask,
        request: ContextCreate,
    ) -> Result<Answered<ContextInfo>, Refused> {
        self.administer(ask, Create(request.key_context)).await
    }

    /// Describes a key context.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn context(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<ContextInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Gives a key context a new active key version; the former opens only.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn context_rotate(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<ContextInfo>, Refused> {
        self.administer(ask, Rotate(id)).await
    }

    /// Suspends a key context: it neither seals nor opens.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn context_disable(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<ContextInfo>, Refused> {
        self.administer(ask, Disable(id)).await
    }

    /// Resumes a key context.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn context_enable(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<ContextInfo>, Refused> {
        self.administer(ask, Enable(id)).await
    }

    /// A key context that the caller names by id; one that is not the caller's is unknown.
    async fn known_context(
        &self,
        caller: &Caller,
        id: ContextId,
    ) -> Result<(ContextRow, KeyContext), Denial> {
        let row = self
            .store
            .context(caller.state.id, id)
            .await?
            .ok_or(Denial::ContextUnknown)?;
        let map = open_map(&caller.state, &row)?;
        caller.require_context(&map)?;
        Ok((row, map))
    }
}

/// Describes a row; the counts are the follower's, up to 255 entries behind the log.
fn info(caller: &Caller, row: &ContextRow, map: KeyContext) -> ContextInfo {
    let newest_first = row.keys.iter().rev();
    ContextInfo {
        id: row.id,
        kind: row.kind,
        policy: caller.state.policies.rules(&map).policy,
        key_context: map,
        state: row.state,
        customer_key: row.wrapper.customer(),
        versions: newest_first.map(version_info).collect(),
        created: format_time(row.created),
        destroy_at: row
            .destruction
            .map(|destruction| format_time(destruction.at)),
        destroy_job: row.destruction.map(|destruction| destruction.job),
        final_after: row.final_after.map(format_time),
    }
}

fn version_info(key: &ContextKeyRow) -> VersionInfo {
    VersionInfo {
        version: key.version,
        state: key.state,
        created: format_time(key.created),
        sealed: key.sealed,
        last_opened: key.last_opened.map(format_time),
    }
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = Page<ContextInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<ContextInfo>, Account), Stopped> {
        let limit = usize::try_from(self.0.limit()?).unwrap_or(usize::MAX);
        let mut after = page_begin(caller, &self.0)?;
        let mut items = Vec::new();
        for _ in 0..ROWS_MAX / ROWS {
            let rows = room.store.contexts(caller.state.id, after, ROWS).await?;
            for row in &rows {
                after = Some(row.id);
                let map = open_map(&caller.state, row)?;
                if caller.may_use(&map) {
                    items.push(info(caller, row, map));
                }
                if items.len() == limit {
                    let next = Some(page_end(caller, row.id)?);
                    return Ok((Page { items, next }, reading("contexts")));
                }
            }
            if rows.len() < ROWS as usize {
                return Ok((Page { items, next: None }, reading("contexts")));
            }
        }
        let next = after.map(|id| page_end(caller, id)).transpose()?;
        Ok((Page { items, next }, reading("contexts")))
    }
}

/// How many rows are read together.
const ROWS: u32 = 200;
/// How many rows are looked through for one page, most of which may be other clients'.
const ROWS_MAX: u32 = 10_000;

/// The place of a sealed page token: of one client, so that it is nobody else's.
fn page_place(caller: &Caller) -> [&[u8]; 3] {
    let (workspace, client) = (&caller.state.id, &caller.client.id);
    [b"contexts page", workspace.as_bytes(), client.as_bytes()]
}

/// Where the next page begins, sealed: the id may be that of a key context that the caller may not
/// know of.
pub(super) fn page_end(caller: &Caller, last: ContextId) -> Result<String, Denial> {
    let sealed = caller.state.keys.seal_body(&page_place(caller), &last)?;
    Ok(base32::encode(&sealed))
}

pub(super) fn page_begin(caller: &Caller, query: &PageQuery) -> Result<Option<ContextId>, Denial> {
    let open = |token: &String| {
        let sealed = base32::decode(token)?;
        let keys = &caller.state.keys;
        keys.open_body("page", &page_place(caller), &sealed).ok()
    };
    query
        .page
        .as_ref()
        .map(|token| open(token).ok_or(Denial::Invalid(Invalid::PageToken)))
        .transpose()
}

struct Describe(ContextId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = ContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ContextInfo, Account), Stopped> {
        let (row, map) = room.known_context(caller, self.0).await?;
        let account = reading("context").of_kind(row.kind, row.id, &map);
        Ok((info(caller, &row, map), account))
    }
}

struct Create(KeyContext);

impl Administration for Create {
    const OPERATION: Operation = Operation::ContextCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = ContextInfo;

    fn asked(&self) -> Vec<KeyContext> {
        vec![self.0.clone()]
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ContextInfo, Account), Stopped> {
        caller.require_context(&self.0)?;
        let id = caller.state.context_id(Kind::Context, &self.0);
        let (row, change) = match room.store.context(caller.state.id, id).await? {
            None => {
                let version = first_version(room, caller, id)?;
                let row = room
                    .new_context(&caller.state, (Kind::Context, id), &self.0, version)
                    .await?;
                (row.clone(), Change::InsertContext(row))
            }
            Some(old) if old.state == ContextState::Destroyed => {
                let version = old.next_version();
                let version = version.ok_or(Denial::Conflict(Thing::KeyVersion))?;
                let row = room
                    .new_context(&caller.state, (Kind::Context, id), &self.0, version)
                    .await?;
                (row.clone(), Change::RecreateContext(row))
            }
            Some(_) => return Err(Denial::Conflict(Thing::Context).into()),
        };
        let account = Account::of_changes(vec![change]).of_context(id, &self.0);
        Ok((info(caller, &row, self.0.clone()), account))
    }

    async fn repeat(
        &self,
        room: &Strongroom,
        caller: &Caller,
        made: String,
    ) -> Result<ContextInfo, Stopped> {
        let id = made.parse().map_err(|_not_an_id| Denial::Internal)?;
        let (row, map) = room.known_context(caller, id).await?;
        Ok(info(caller, &row, map))
    }

    fn made(answer: &ContextInfo) -> Option<String> {
        Some(answer.id.to_string())
    }
}

/// The first version of a key context that the database does not know: after the last one, if it was
/// destroyed in a database that is gone.
pub(super) fn first_version(
    room: &Strongroom,
    caller: &Caller,
    id: ContextId,
) -> Result<KeyVersion, Denial> {
    let buried = room.logs.buried(caller.state.id, id);
    buried
        .map_or(Some(KeyVersion::FIRST), KeyVersion::next)
        .ok_or(Denial::Conflict(Thing::KeyVersion))
}

struct Rotate(ContextId);

impl Administration for Rotate {
    const OPERATION: Operation = Operation::ContextRotate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = ContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ContextInfo, Account), Stopped> {
        let (mut row, map) = room.known_context(caller, self.0).await?;
        match row.state {
            ContextState::Active => {}
            ContextState::Disabled => return Err(Denial::KeyDisabled.into()),
            ContextState::Destroyed => return Err(Denial::ContextDestroyed.into()),
        }
        let successor = room.successor(&caller.state, &row, &map).await?;
        let account = successor.account(&map);
        let active = row
            .keys
            .iter_mut()
            .filter(|key| key.state == KeyState::Active);
        active.for_each(|key| key.state = KeyState::Rotated);
        row.wrapper = successor.wrapper();
        row.keys.push(successor.key);
        Ok((info(caller, &row, map), account))
    }
}

/// Suspends or resumes: allowed from the other of the two states only.
pub(super) async fn switch(
    room: &Strongroom,
    caller: &Caller,
    id: ContextId,
    (from, to): (ContextState, ContextState),
) -> Result<(ContextInfo, Account), Stopped> {
    let (mut row, map) = room.known_context(caller, id).await?;
    if row.state == ContextState::Destroyed {
        return Err(Denial::ContextDestroyed.into());
    }
    if row.state != from {
        return Err(Denial::Conflict(Thing::Context).into());
    }
    if row.destruction.is_some() {
        // To be called off first, so that nobody uses what is about to go.
        return Err(Denial::Conflict(Thing::Context).into());
    }
    row.state = to;
    let change = Change::SetContextState(row.id, to);
    let account = Account::of_changes(vec![change]).of_kind(row.kind, row.id, &map);
    Ok((info(caller, &row, map), account))
}

struct Disable(ContextId);

impl Administration for Disable {
    const OPERATION: Operation = Operation::ContextDisable;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = ContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ContextInfo, Account), Stopped> {
        let states = (ContextState::Active, ContextState::Disabled);
        switch(room, caller, self.0, states).await
    }
}

struct Enable(ContextId);

impl Administration for Enable {
    const OPERATION: Operation = Operation::ContextEnable;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = ContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ContextInfo, Account), Stopped> {
        let states = (ContextState::Disabled, ContextState::Active);
        switch(room, caller, self.0, states).await
    }
}
