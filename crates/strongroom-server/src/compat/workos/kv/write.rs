//! Keeping, replacing and deleting objects.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Invalid};
use strongroom_types::ObjectId;
use strongroom_types::body::{ObjectCreate, ObjectDelete, ObjectUpdate};

use super::shape::{Described, ObjectMetadata, shown};
use super::version_id;
use crate::compat::workos::field::{self, Field};
use crate::edge::{
    App, Caller, Document, FromParameters, Parameters, Query, Reply, Sent, Target, created, ok,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    key_context: Field,
    name: Field,
    value: Field,
}

impl Create {
    fn read(&self) -> Result<ObjectCreate, Invalid> {
        let key_context = field::key_context(&self.key_context, "key_context")?;
        let name = field::text(&self.name, "name")?;
        let value = field::text(&self.value, "value")?;
        Ok(ObjectCreate::new(key_context, name, value.into_bytes()))
    }
}

pub(super) async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Create>,
) -> Reply<Document<ObjectMetadata>> {
    let request = match body.read() {
        Ok(request) => request,
        Err(invalid) => return Err(app.refuse(&ask, invalid.into()).await),
    };
    let made = app.room.object_create(&ask, request).await;
    created(&ask, shown(&app, made, ObjectMetadata::of).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    value: Field,
    /// `null` is no check, as if it were absent: some of their clients always send it.
    version_check: Field,
}

impl Update {
    fn read(&self, id: ObjectId) -> Result<ObjectUpdate, Invalid> {
        let value = field::text(&self.value, "value")?;
        let check = field::optional_text(&self.version_check, "version_check")?;
        Ok(ObjectUpdate {
            version_check: check.map(|check| version_id::read(id, &check)),
            ..ObjectUpdate::new(value.into_bytes())
        })
    }
}

pub(super) async fn update(
    State(app): State<App>,
    Target(id): Target<ObjectId>,
    Sent { ask, body, .. }: Sent<Update>,
) -> Reply<Document<Described>> {
    let request = match body.read(id) {
        Ok(request) => request,
        Err(invalid) => return Err(app.refuse(&ask, invalid.into()).await),
    };
    let replaced = app.room.object_update(&ask, id, request).await;
    created(&ask, shown(&app, replaced, Described::of).await)
}

/// The query of a deletion.
pub(super) struct Check(Option<String>);

impl FromParameters for Check {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        parameters.text("version_check").map(Self)
    }
}

/// What is left of an object.
#[derive(Serialize)]
pub(super) struct Removed {
    success: bool,
    name: String,
}

pub(super) async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ObjectId>,
    Query(Check(check)): Query<Check>,
) -> Reply<Document<Removed>> {
    let request = ObjectDelete {
        version_check: check.map(|check| version_id::read(id, &check)),
        purge_in: None,
    };
    let deleted = app.room.object_delete(&ask, id, request).await;
    let removed = deleted.map(|answered| Answered {
        value: Removed {
            success: true,
            name: answered.value.name,
        },
        entry: answered.entry,
    });
    ok(&ask, removed)
}
