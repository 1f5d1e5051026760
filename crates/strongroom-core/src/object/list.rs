//! Listing objects.

use strongroom_types::body::{ObjectsPage, Order, StoredObject};
use strongroom_types::{KeyContext, Kind, Operation, Permission};

use super::act::{Act, Decided};
use super::found::Object;
use super::name::ObjectName;
use super::page::{Begin, PagePlace};
use crate::admin::limit_within;
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::{Account, Asked, Stopped};
use crate::ports::{Micros, ObjectsFilter, ObjectsRange};
use crate::strongroom::Strongroom;

/// Which objects to list. What is absent does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectsQuery {
    /// With exactly this name.
    pub name: Option<String>,
    /// Of exactly this key context.
    pub key_context: Option<KeyContext>,
    /// Whose newest version was made at this time or later.
    pub updated_from: Option<Micros>,
    /// Whose newest version was made before this time.
    pub updated_to: Option<Micros>,
    /// Deleted ones that can be restored, instead of live ones.
    pub deleted: bool,
    /// In which order of their making; newest first if absent, or that of the page named.
    pub order: Option<Order>,
    /// At most so many, 1 to 100; 10 if absent.
    pub limit: Option<u32>,
    /// The page ahead of the one with this token.
    pub before: Option<String>,
    /// The page behind the one with this token.
    pub after: Option<String>,
}

const LIMIT_DEFAULT: u32 = 10;
const LIMIT_MAX: u32 = 100;
/// How many rows are read together.
const ROWS: u32 = 200;
/// How many rows are looked through for one page, most of which may be of other clients' key
/// contexts.
const ROWS_MAX: u32 = 10_000;

impl Strongroom {
    /// Lists objects that the caller may know of, without values. A page that is not full may have a
    /// next one: the work of a page is bounded, not only its length.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn objects(
        &self,
        ask: &Ask,
        query: ObjectsQuery,
    ) -> Result<Answered<ObjectsPage>, Refused> {
        self.act(ask, List(query)).await
    }
}

struct List(ObjectsQuery);

impl Act for List {
    const OPERATION: Operation = Operation::ObjectList;
    const PERMISSION: Permission = Permission::ObjectsList;
    type Answer = ObjectsPage;

    fn asked(&self) -> Asked {
        Asked {
            contexts: self.0.key_context.iter().cloned().collect(),
            ..Asked::default()
        }
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Decided<ObjectsPage>, Stopped> {
        let filter = filter(room, caller, &self.0)?;
        let limit = limit_within(self.0.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let place = |token: &Option<String>| {
            let read = |token: &String| PagePlace::read(caller, token);
            token.as_ref().map(read).transpose()
        };
        let begin = Begin::new(self.0.order, place(&self.0.before)?, place(&self.0.after)?)?;
        let found = room.look_through(caller, &filter, begin, limit).await?;
        let account = Account::of_one().fact("read", "objects");
        let account = match &self.0.key_context {
            Some(map) => account.of_context(caller.state.context_id(Kind::Context, map), map),
            None => account,
        };
        Ok(Decided::new(found.page(caller, begin)?, account))
    }
}

/// The query as the store knows it. A key context that is not the caller's is refused by name.
fn filter(
    room: &Strongroom,
    caller: &Caller,
    query: &ObjectsQuery,
) -> Result<ObjectsFilter, Denial> {
    if let Some(map) = &query.key_context {
        caller.require_context(map)?;
    }
    let name = query.name.as_deref().map(ObjectName::new).transpose()?;
    Ok(ObjectsFilter {
        name_hash: name.map(|name| name.hash(&caller.state)),
        context: query
            .key_context
            .as_ref()
            .map(|map| caller.state.context_id(Kind::Context, map)),
        updated_from: query.updated_from,
        updated_to: query.updated_to,
        deleted: query.deleted,
        now: room.time.now(),
    })
}

/// What was found for a page, in the order of reading.
#[derive(Default)]
struct Found {
    items: Vec<StoredObject>,
    /// The first place that belongs to the page.
    near: Option<u64>,
    /// The last place that belongs to the page.
    far: Option<u64>,
    /// Whether there is something behind the page in the direction of reading, or may be.
    more: bool,
}

impl Strongroom {
    async fn look_through(
        &self,
        caller: &Caller,
        filter: &ObjectsFilter,
        begin: Begin,
        limit: usize,
    ) -> Result<Found, Denial> {
        let mut found = Found::default();
        let mut behind = begin.behind;
        for _ in 0..ROWS_MAX / ROWS {
            let range = ObjectsRange {
                order: begin.reading(),
                behind,
                limit: ROWS,
            };
            let rows = self.store.objects(caller.state.id, filter, range).await?;
            let last = rows.len() < ROWS as usize;
            for row in rows {
                let made = row.made;
                let object = Object::open(&caller.state, row)?;
                let visible = caller.may_use(&object.map);
                if visible && found.items.len() == limit {
                    found.more = true;
                    return Ok(found);
                }
                if visible {
                    found.items.push(object.show(&object.newest));
                }
                found.near = found.near.or(Some(made));
                found.far = Some(made);
                behind = Some(made);
            }
            if last {
                return Ok(found);
            }
        }
        found.more = true;
        Ok(found)
    }
}

impl Found {
    /// The page as the caller gets it: both fields name it, each where there is a neighbour. What
    /// lies ahead is not known; new objects may have come.
    fn page(mut self, caller: &Caller, begin: Begin) -> Result<ObjectsPage, Denial> {
        let (Some(near), Some(far)) = (self.near, self.far) else {
            return Ok(ObjectsPage {
                items: Vec::new(),
                before: None,
                after: None,
            });
        };
        if begin.ahead {
            self.items.reverse();
        }
        let token = begin.page(near, far).token(caller)?;
        Ok(ObjectsPage {
            items: self.items,
            before: Some(token.clone()),
            after: (self.more || begin.ahead).then_some(token),
        })
    }
}
