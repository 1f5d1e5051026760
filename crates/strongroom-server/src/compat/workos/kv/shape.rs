//! The bodies of answers about objects.

use serde::Serialize;
use strongroom_core::{Answered, Denial, Refused};
use strongroom_types::body::StoredObject;
use strongroom_types::{ClientId, KeyContext, ObjectId, WorkspaceId};

use super::version_id;
use crate::edge::App;

/// What is known of an object beside its name and value.
#[derive(Serialize)]
pub(super) struct ObjectMetadata {
    id: ObjectId,
    environment_id: WorkspaceId,
    key_id: String,
    updated_at: String,
    updated_by: Author,
    context: KeyContext,
    version_id: String,
}

/// Who made the newest version: a client.
#[derive(Serialize)]
struct Author {
    id: ClientId,
    name: String,
}

/// An object without its value.
#[derive(Serialize)]
pub(super) struct Described {
    id: ObjectId,
    name: String,
    metadata: ObjectMetadata,
}

impl Described {
    pub(super) fn of(object: StoredObject, place: Place) -> Self {
        let name = object.name.clone();
        Self {
            id: object.id,
            name,
            metadata: ObjectMetadata::of(object, place),
        }
    }
}

/// An object with its value.
#[derive(Serialize)]
pub(super) struct Object {
    id: ObjectId,
    name: String,
    value: String,
    metadata: ObjectMetadata,
}

impl Object {
    pub(super) fn of(object: StoredObject, value: String, place: Place) -> Self {
        let described = Described::of(object, place);
        Self {
            id: described.id,
            name: described.name,
            value,
            metadata: described.metadata,
        }
    }
}

/// What an answer says that the object itself does not.
pub(super) struct Place {
    environment: WorkspaceId,
    author: Author,
}

impl Place {
    pub(super) async fn of(app: &App, environment: WorkspaceId, object: &StoredObject) -> Self {
        let id = object.updated_by;
        let name = app.room.author_name(environment, id).await;
        let name = name.unwrap_or_else(|| id.to_string());
        Self {
            environment,
            author: Author { id, name },
        }
    }
}

impl ObjectMetadata {
    pub(super) fn of(object: StoredObject, place: Place) -> Self {
        Self {
            id: object.id,
            environment_id: place.environment,
            key_id: object.key.id.to_string(),
            version_id: version_id::show(object.id, object.version),
            updated_at: object.updated,
            updated_by: place.author,
            context: object.key_context,
        }
    }
}

/// Gives what the core answered their form.
pub(super) async fn shown<T>(
    app: &App,
    answered: Result<Answered<StoredObject>, Refused>,
    show: impl FnOnce(StoredObject, Place) -> T,
) -> Result<Answered<T>, Refused> {
    let Answered { value, entry } = answered?;
    // Every answer about an object has an entry, in the log of its workspace.
    let no_entry = || Refused::unlogged(Denial::Internal);
    let environment = entry.ok_or_else(no_entry)?.log;
    let place = Place::of(app, environment, &value).await;
    Ok(Answered {
        value: show(value, place),
        entry,
    })
}
