//! `/v1/objects`: named, versioned values that Strongroom keeps.

use axum::extract::State;
use axum::response::Response;
use strongroom_core::{Ask, Invalid, ObjectsQuery, PageQuery, parse_time};
use strongroom_types::ObjectId;
use strongroom_types::body::{
    Batch, BatchAnswer, ObjectCreate, ObjectDelete, ObjectRead, ObjectUpdate, ObjectUpsert,
    ObjectVersionInfo, ObjectsPage, Order, Page, StoredObject,
};

use super::endpoint::{Endpoint, QueryParameter, Tag, Written, delete, get, post, put};
use super::page::PAGE;
use crate::edge::{
    App, Caller, Document, FromParameters, IfMatch, Parameters, Problem, Query, Reply, Sent,
    SentBatch, SentOctets, Target, created, ok, value,
};

const LIST: &[QueryParameter] = &[
    (
        "name",
        "Only the object with exactly this name.",
        Written::Text,
    ),
    (
        "key_context",
        "Only objects of exactly this key context, a JSON object.",
        Written::Text,
    ),
    (
        "updated_from",
        "Only objects whose newest version was made at or after this time, RFC 3339 in UTC.",
        Written::Text,
    ),
    (
        "updated_to",
        "Only objects whose newest version was made before this time, RFC 3339 in UTC.",
        Written::Text,
    ),
    (
        "deleted",
        "`true` for deleted objects that can be restored, instead of live ones.",
        Written::Flag,
    ),
    (
        "order",
        "`asc` for oldest first, `desc` for newest first; `desc` if absent.",
        Written::Text,
    ),
    (
        "limit",
        "The most objects of the page, 1 to 100; 10 if absent.",
        Written::Number(1, Some(100)),
    ),
    (
        "before",
        "A page's token: gives the page ahead of it.",
        Written::Text,
    ),
    (
        "after",
        "A page's token: gives the page behind it.",
        Written::Text,
    ),
];

const BY_NAME: &[QueryParameter] = &[("name", "The object's name.", Written::Text)];

const VERSION_CHECK: QueryParameter = (
    "version_check",
    "The version that is expected; no check if absent.",
    Written::Number(0, None),
);

const DELETE: &[QueryParameter] = &[
    VERSION_CHECK,
    (
        "purge_in",
        "Seconds until the object is erased; a default of the deployment if absent.",
        Written::Number(0, None),
    ),
];

const RESTORE: &[QueryParameter] = &[VERSION_CHECK];

const IF_MATCH: &[&str] = &["If-Match"];

pub(super) fn endpoints() -> Vec<Endpoint> {
    [objects(), values(), versions()]
        .into_iter()
        .flatten()
        .collect()
}

fn objects() -> Vec<Endpoint> {
    vec![
        get("/v1/objects", list)
            .about(
                Tag::Objects,
                "Lists objects, without values. `before` and `after` of the answer hold one token, \
                 which names the page.",
            )
            .query(LIST)
            .gives::<ObjectsPage>(),
        post("/v1/objects", create)
            .about(Tag::Objects, "Keeps a new object.")
            .takes::<ObjectCreate>()
            .creates::<StoredObject>(),
        put("/v1/objects", upsert)
            .about(
                Tag::Objects,
                "Keeps a new object, or gives the one of this name a new version.",
            )
            .headers(IF_MATCH)
            .takes::<ObjectUpsert>()
            .gives::<StoredObject>(),
        post("/v1/objects/batch", read_batch)
            .about(
                Tag::Objects,
                "Opens up to 10,000 objects, together 64 MiB, under one entry.",
            )
            .takes_batch_of::<ObjectRead>()
            .gives_batch_of::<StoredObject>(),
        get("/v1/objects/by-name", read_by_name)
            .about(Tag::Objects, "Opens the object of this name.")
            .query(BY_NAME)
            .gives::<StoredObject>(),
        get("/v1/objects/{id}", read)
            .about(Tag::Objects, "Opens an object.")
            .gives::<StoredObject>(),
        put("/v1/objects/{id}", update)
            .about(
                Tag::Objects,
                "Gives an object a new version. Its name and key context stay.",
            )
            .headers(IF_MATCH)
            .takes::<ObjectUpdate>()
            .gives::<StoredObject>(),
        delete("/v1/objects/{id}", remove)
            .about(
                Tag::Objects,
                "Deletes an object: its name is free, and it can be restored until it is purged.",
            )
            .headers(IF_MATCH)
            .query(DELETE)
            .gives::<StoredObject>(),
        post("/v1/objects/{id}/restore", restore)
            .about(Tag::Objects, "Brings a deleted object back.")
            .headers(IF_MATCH)
            .query(RESTORE)
            .gives::<StoredObject>(),
        get("/v1/objects/{id}/metadata", describe)
            .about(Tag::Objects, "Describes an object without opening it.")
            .gives::<StoredObject>(),
    ]
}

fn values() -> Vec<Endpoint> {
    vec![
        get("/v1/objects/{id}/value", read_value)
            .about(Tag::Objects, "Opens an object: its value as it is.")
            .gives_octets(),
        put("/v1/objects/{id}/value", update_value)
            .about(
                Tag::Objects,
                "Gives an object a new version: its value as it is, without a lock.",
            )
            .headers(IF_MATCH)
            .takes_octets()
            .gives::<StoredObject>(),
    ]
}

fn versions() -> Vec<Endpoint> {
    vec![
        get("/v1/objects/{id}/versions", list_versions)
            .about(
                Tag::Objects,
                "Lists the versions of an object, newest first.",
            )
            .query(PAGE)
            .gives_page_of::<ObjectVersionInfo>(),
        get("/v1/objects/{id}/versions/{version}", read_version)
            .about(Tag::Objects, "Opens a version of an object.")
            .gives::<StoredObject>(),
        delete("/v1/objects/{id}/versions/{version}", destroy_version)
            .about(
                Tag::Objects,
                "Erases what an old version holds, for good. The newest is replaced first.",
            )
            .gives::<ObjectVersionInfo>(),
        post(
            "/v1/objects/{id}/versions/{version}/restore",
            restore_version,
        )
        .about(
            Tag::Objects,
            "Makes an old version's value the newest again, as a version of its own.",
        )
        .headers(IF_MATCH)
        .query(RESTORE)
        .gives::<StoredObject>(),
    ]
}

/// The version that a request checks, by `If-Match` or by its body or query.
async fn check(
    app: &App,
    ask: &Ask,
    if_match: IfMatch,
    other: Option<u64>,
) -> Result<Option<u64>, Problem> {
    match if_match.check(other) {
        Ok(version) => Ok(version),
        Err(invalid) => Err(app.refuse(ask, invalid.into()).await),
    }
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(query): Query<ObjectsQuery>,
) -> Reply<Document<ObjectsPage>> {
    ok(&ask, app.room.objects(&ask, query).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<ObjectCreate>,
) -> Reply<Document<StoredObject>> {
    created(&ask, app.room.object_create(&ask, body).await).map(Document::tagged)
}

async fn upsert(
    State(app): State<App>,
    if_match: IfMatch,
    Sent { ask, mut body, .. }: Sent<ObjectUpsert>,
) -> Reply<Document<StoredObject>> {
    body.version_check = check(&app, &ask, if_match, body.version_check).await?;
    ok(&ask, app.room.object_upsert(&ask, body).await).map(Document::tagged)
}

async fn read_batch(
    State(app): State<App>,
    sent: SentBatch<Batch<ObjectRead>>,
) -> Reply<Document<BatchAnswer<StoredObject>>> {
    let SentBatch { ask, body, .. } = sent;
    let answered = app.room.object_read_batch(&ask, body).await;
    ok(&ask, answered).map(|answer| answer.batch(sent.encoding))
}

async fn read_by_name(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(Name(name)): Query<Name>,
) -> Reply<Document<StoredObject>> {
    let read = app.room.object_read(&ask, ObjectRead::by_name(name));
    ok(&ask, read.await).map(Document::tagged)
}

async fn read(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
) -> Reply<Document<StoredObject>> {
    let read = app.room.object_read(&ask, ObjectRead::by_id(id));
    ok(&ask, read.await).map(Document::tagged)
}

async fn update(
    State(app): State<App>,
    Target(id): Target<ObjectId>,
    if_match: IfMatch,
    Sent { ask, mut body, .. }: Sent<ObjectUpdate>,
) -> Reply<Document<StoredObject>> {
    body.version_check = check(&app, &ask, if_match, body.version_check).await?;
    ok(&ask, app.room.object_update(&ask, id, body).await).map(Document::tagged)
}

async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
    if_match: IfMatch,
    Query(mut query): Query<ObjectDelete>,
) -> Reply<Document<StoredObject>> {
    query.version_check = check(&app, &ask, if_match, query.version_check).await?;
    ok(&ask, app.room.object_delete(&ask, id, query).await)
}

async fn restore(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
    if_match: IfMatch,
    Query(VersionCheck(version)): Query<VersionCheck>,
) -> Reply<Document<StoredObject>> {
    let version = check(&app, &ask, if_match, version).await?;
    ok(&ask, app.room.object_restore(&ask, id, version).await).map(Document::tagged)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
) -> Reply<Document<StoredObject>> {
    let described = app.room.object_describe(&ask, ObjectRead::by_id(id));
    ok(&ask, described.await).map(Document::tagged)
}

async fn read_value(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
) -> Reply<Response> {
    let read = app.room.object_read(&ask, ObjectRead::by_id(id));
    value(&ask, read.await)
}

async fn update_value(
    State(app): State<App>,
    Target(id): Target<ObjectId>,
    if_match: IfMatch,
    SentOctets { ask, body, .. }: SentOctets,
) -> Reply<Document<StoredObject>> {
    let update = ObjectUpdate {
        version_check: check(&app, &ask, if_match, None).await?,
        ..ObjectUpdate::new(Vec::from(body))
    };
    ok(&ask, app.room.object_update(&ask, id, update).await).map(Document::tagged)
}

async fn list_versions(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<ObjectVersionInfo>>> {
    ok(&ask, app.room.object_versions(&ask, id, page).await)
}

async fn read_version(
    State(app): State<App>,
    Caller(ask): Caller,
    Target((id, version)): Target<(ObjectId, u64)>,
) -> Reply<Document<StoredObject>> {
    let read = ObjectRead {
        version: Some(version),
        ..ObjectRead::by_id(id)
    };
    ok(&ask, app.room.object_read(&ask, read).await).map(Document::tagged)
}

async fn destroy_version(
    State(app): State<App>,
    Caller(ask): Caller,
    Target((id, version)): Target<(ObjectId, u64)>,
) -> Reply<Document<ObjectVersionInfo>> {
    let destroyed = app.room.object_version_destroy(&ask, id, version);
    ok(&ask, destroyed.await)
}

async fn restore_version(
    State(app): State<App>,
    Caller(ask): Caller,
    Target((id, version)): Target<(ObjectId, u64)>,
    if_match: IfMatch,
    Query(VersionCheck(expected)): Query<VersionCheck>,
) -> Reply<Document<StoredObject>> {
    let expected = check(&app, &ask, if_match, expected).await?;
    let restored = app
        .room
        .object_version_restore(&ask, id, version, expected)
        .await;
    ok(&ask, restored).map(Document::tagged)
}

/// `?name=…`.
struct Name(String);

impl FromParameters for Name {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let name = parameters.text("name")?;
        name.map(Self).ok_or(Invalid::Parameter("name"))
    }
}

/// `?version_check=N`.
struct VersionCheck(Option<u64>);

impl FromParameters for VersionCheck {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let version = parameters.read("version_check", |text| text.parse().ok())?;
        Ok(Self(version))
    }
}

impl FromParameters for ObjectDelete {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        Ok(Self {
            version_check: parameters.read("version_check", |text| text.parse().ok())?,
            purge_in: parameters.read("purge_in", |text| text.parse().ok())?,
        })
    }
}

impl FromParameters for ObjectsQuery {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        Ok(Self {
            name: parameters.text("name")?,
            key_context: parameters.read("key_context", |text| serde_json::from_str(text).ok())?,
            updated_from: parameters.read("updated_from", parse_time)?,
            updated_to: parameters.read("updated_to", parse_time)?,
            deleted: parameters
                .read("deleted", |text| text.parse().ok())?
                .unwrap_or_default(),
            order: parameters.read("order", Order::from_name)?,
            limit: parameters.read("limit", |text| text.parse().ok())?,
            before: parameters.text("before")?,
            after: parameters.text("after")?,
        })
    }
}
