//! Opening and describing objects.

use axum::extract::State;
use strongroom_core::{Answered, Ask, Invalid, Refused};
use strongroom_types::ObjectId;
use strongroom_types::body::{ObjectRead, StoredObject};

use super::shape::{Described, Object, shown};
use crate::edge::{App, Caller, Document, FromPath, Reply, Target, ok};

/// An object's name in a path, decoded after the path was split: it may hold slashes.
pub(super) struct Name(String);

impl FromPath for Name {
    fn from_path(segments: &[&str]) -> Result<Self, strongroom_core::Thing> {
        let name = segments.first().ok_or(strongroom_core::Thing::Object)?;
        Ok(Self((*name).to_owned()))
    }
}

pub(super) async fn read(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
) -> Reply<Document<Object>> {
    let read = app.room.object_read(&ask, ObjectRead::by_id(id)).await;
    opened(&app, &ask, read).await
}

pub(super) async fn read_by_name(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(Name(name)): Target<Name>,
) -> Reply<Document<Object>> {
    let read = app.room.object_read(&ask, ObjectRead::by_name(name)).await;
    opened(&app, &ask, read).await
}

/// The object with its value, if that is text. One that is not was kept by the native API.
async fn opened(
    app: &App,
    ask: &Ask,
    read: Result<Answered<StoredObject>, Refused>,
) -> Reply<Document<Object>> {
    let mut text = Some(String::new());
    let read = read.map(|mut answered| {
        let value = answered.value.value.take().unwrap_or_default();
        text = String::from_utf8(value.0).ok();
        answered
    });
    let Some(text) = text else {
        return Err(app.refuse(ask, Invalid::NotText.into()).await);
    };
    let show = |object, place| Object::of(object, text, place);
    ok(ask, shown(app, read, show).await)
}

pub(super) async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
) -> Reply<Document<Described>> {
    let described = app.room.object_describe(&ask, ObjectRead::by_id(id)).await;
    ok(&ask, shown(&app, described, Described::of).await)
}
