//! Listing objects and their versions.

use axum::extract::State;
use serde::Serialize;
use strongroom_core::{Answered, Invalid, ObjectsQuery, PageQuery};
use strongroom_types::ObjectId;
use strongroom_types::body::{ObjectVersionInfo, ObjectsPage, Order, StoredObject};

use super::version_id;
use crate::compat::workos::instant;
use crate::edge::{App, Caller, Document, FromParameters, Parameters, Query, Reply, Target, ok};

/// One page of a list.
#[derive(Serialize)]
pub(super) struct List<T> {
    data: Vec<T>,
    list_metadata: ListMetadata,
}

/// The tokens of the pages beside this one.
#[derive(Serialize)]
struct ListMetadata {
    before: Option<String>,
    after: Option<String>,
}

/// An object in a list.
#[derive(Serialize)]
pub(super) struct Digest {
    id: ObjectId,
    name: String,
    updated_at: String,
}

/// A version in a list.
#[derive(Serialize)]
pub(super) struct Version {
    id: String,
    created_at: String,
    #[serde(rename = "current_version")]
    current: bool,
    size: u64,
    /// Of the sealed value: equal values have different ones.
    etag: String,
}

/// Which objects to list.
pub(super) struct Which(ObjectsQuery);

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        // Node spells it one way, the others another.
        let updated = match parameters.read("updatedAfter", instant::parse)? {
            None => parameters.read("updated_after", instant::parse)?,
            some => some,
        };
        Ok(Self(ObjectsQuery {
            name: parameters.text("search")?,
            // Times are whole microseconds: behind one is at the next or later.
            updated_from: updated.map(|after| after.saturating_add(1)),
            order: parameters.read("order", Order::from_name)?,
            limit: parameters.read("limit", |text| text.parse().ok())?,
            before: parameters.text("before")?,
            after: parameters.text("after")?,
            ..ObjectsQuery::default()
        }))
    }
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(Which(query)): Query<Which>,
) -> Reply<Document<List<Digest>>> {
    let page = app.room.objects(&ask, query).await;
    let listed = page.map(|answered| Answered {
        value: objects(answered.value),
        entry: answered.entry,
    });
    ok(&ask, listed)
}

fn objects(page: ObjectsPage) -> List<Digest> {
    let digest = |object: StoredObject| Digest {
        id: object.id,
        name: object.name,
        updated_at: object.updated,
    };
    List {
        data: page.items.into_iter().map(digest).collect(),
        list_metadata: ListMetadata {
            before: page.before,
            after: page.after,
        },
    }
}

/// Which versions to list: `limit` and `after` are ours.
pub(super) struct Versions(PageQuery);

impl FromParameters for Versions {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        Ok(Self(PageQuery {
            limit: parameters.read("limit", |text| text.parse().ok())?,
            page: parameters.text("after")?,
        }))
    }
}

pub(super) async fn versions(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
    Query(Versions(query)): Query<Versions>,
) -> Reply<Document<List<Version>>> {
    let page = app.room.object_versions(&ask, id, query).await;
    let listed = page.map(|answered| Answered {
        value: List {
            data: live(id, answered.value.items),
            list_metadata: ListMetadata {
                before: None,
                after: answered.value.next,
            },
        },
        entry: answered.entry,
    });
    ok(&ask, listed)
}

/// The versions that hold something: theirs have no word for one that was erased.
fn live(object: ObjectId, versions: Vec<ObjectVersionInfo>) -> Vec<Version> {
    let versions = versions.into_iter();
    versions
        .filter(|version| version.destroyed.is_none())
        .map(|version| Version {
            id: version_id::show(object, version.version),
            created_at: version.created,
            current: version.current,
            size: version.size,
            etag: version.digest,
        })
        .collect()
}
