//! Objects: named, versioned values that the server keeps.

use bytes::Bytes;
use reqwest::Method;
use strongroom_types::body::{
    Batch, BatchAnswer, ObjectCreate, ObjectDelete, ObjectRead, ObjectUpdate, ObjectUpsert,
    ObjectVersionInfo, ObjectsPage, Order, Page, StoredObject,
};
use strongroom_types::{KeyContext, ObjectId};

use crate::admin::PageQuery;
use crate::client::Client;
use crate::error::{ClientError, RequestError};
use crate::transport::Call;

/// Which objects to list. What is absent does not filter.
#[derive(Clone, Debug, Default)]
pub struct ObjectFilter {
    /// With exactly this name.
    pub name: Option<String>,
    /// Of exactly this key context.
    pub key_context: Option<KeyContext>,
    /// Whose newest version was made at or after this time, RFC 3339 in UTC.
    pub updated_from: Option<String>,
    /// Whose newest version was made before this time, RFC 3339 in UTC.
    pub updated_to: Option<String>,
    /// Deleted ones that can be restored, instead of live ones.
    pub deleted: bool,
    /// In which order of their making; newest first if absent.
    pub order: Option<Order>,
    /// How many; 10 if absent, at most 100.
    pub limit: Option<u32>,
    /// The page ahead of the one with this token.
    pub before: Option<String>,
    /// The page behind the one with this token.
    pub after: Option<String>,
}

/// Keeps objects. A change that names the version it replaces is refused with
/// [`Code::VersionConflict`](strongroom_types::Code::VersionConflict) when another was first;
/// [`RefusalError::current_version`](crate::RefusalError::current_version) tells the present one.
#[derive(Clone, Copy, Debug)]
pub struct Objects<'a>(pub(crate) &'a Client);

impl Objects<'_> {
    /// Keeps a new object. Under a lock context, a request without a lock gets that of the context.
    ///
    /// # Errors
    /// The server refused or did not answer; `conflict` tells that the name is taken.
    pub async fn create(&self, mut request: ObjectCreate) -> Result<StoredObject, ClientError> {
        self.0
            .add_lock(&mut request.lock, request.lock_for.as_ref());
        Call::post("/v1/objects")
            .json(&request)
            .creates(self.0)
            .answer(self.0)
            .await
    }

    /// Keeps a new object, or gives the one of this name a new version.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn upsert(&self, mut request: ObjectUpsert) -> Result<StoredObject, ClientError> {
        self.0
            .add_lock(&mut request.lock, request.lock_for.as_ref());
        Call::new(Method::PUT, "/v1/objects")
            .json(&request)
            .answer(self.0)
            .await
    }

    /// Gives an object a new version.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn update(
        &self,
        id: ObjectId,
        mut request: ObjectUpdate,
    ) -> Result<StoredObject, ClientError> {
        self.0
            .add_lock(&mut request.lock, request.lock_for.as_ref());
        Call::new(Method::PUT, format!("/v1/objects/{id}"))
            .json(&request)
            .answer(self.0)
            .await
    }

    /// Opens an object: by id or by name, the newest version or another.
    ///
    /// # Errors
    /// The server refused or did not answer. An object that is not this client's looks like none.
    pub async fn read(&self, which: &ObjectRead) -> Result<StoredObject, ClientError> {
        let call = match (which.id, &which.name, which.version) {
            (Some(id), None, None) => Call::get(format!("/v1/objects/{id}")),
            (Some(id), None, Some(version)) => {
                Call::get(format!("/v1/objects/{id}/versions/{version}"))
            }
            (None, Some(name), None) => Call::get("/v1/objects/by-name").query("name", Some(name)),
            _ => return Err(RequestError::Object.into()),
        };
        call.answer(self.0).await
    }

    /// Opens many objects, together at most 64 MiB, with one entry of the log. The results are in
    /// the order of the items, each with its own success or error.
    ///
    /// # Errors
    /// The whole batch was refused, or the server did not answer.
    pub async fn read_batch(
        &self,
        batch: Batch<ObjectRead>,
    ) -> Result<BatchAnswer<StoredObject>, ClientError> {
        self.0.batch("/v1/objects/batch", &batch).await
    }

    /// Opens the newest version of an object: its value as it is.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn read_value(&self, id: ObjectId) -> Result<Bytes, ClientError> {
        Call::get(format!("/v1/objects/{id}/value"))
            .bytes(self.0)
            .await
    }

    /// Describes an object without opening it.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: ObjectId) -> Result<StoredObject, ClientError> {
        Call::get(format!("/v1/objects/{id}/metadata"))
            .answer(self.0)
            .await
    }

    /// Lists objects, without values.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, filter: &ObjectFilter) -> Result<ObjectsPage, ClientError> {
        let key_context = filter.key_context.as_ref().map(serde_json::to_string);
        let key_context = key_context
            .transpose()
            .map_err(|_unwritable| RequestError::Body)?;
        Call::get("/v1/objects")
            .query("name", filter.name.as_ref())
            .query("key_context", key_context)
            .query("updated_from", filter.updated_from.as_ref())
            .query("updated_to", filter.updated_to.as_ref())
            .query("deleted", filter.deleted.then_some(true))
            .query("order", filter.order)
            .query("limit", filter.limit)
            .query("before", filter.before.as_ref())
            .query("after", filter.after.as_ref())
            .answer(self.0)
            .await
    }

    /// Deletes an object: its name is free, and it can be restored until it is purged.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn delete(
        &self,
        id: ObjectId,
        request: ObjectDelete,
    ) -> Result<StoredObject, ClientError> {
        Call::new(Method::DELETE, format!("/v1/objects/{id}"))
            .query("version_check", request.version_check)
            .query("purge_in", request.purge_in)
            .answer(self.0)
            .await
    }

    /// Brings a deleted object back.
    ///
    /// # Errors
    /// The server refused or did not answer; `conflict` tells that its name is taken by now.
    pub async fn restore(
        &self,
        id: ObjectId,
        version_check: Option<u64>,
    ) -> Result<StoredObject, ClientError> {
        Call::post(format!("/v1/objects/{id}/restore"))
            .query("version_check", version_check)
            .answer(self.0)
            .await
    }

    /// Lists the versions of an object, newest first.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn versions(
        &self,
        id: ObjectId,
        query: &PageQuery,
    ) -> Result<Page<ObjectVersionInfo>, ClientError> {
        Call::get(format!("/v1/objects/{id}/versions"))
            .query("limit", query.limit)
            .query("page", query.page.as_ref())
            .answer(self.0)
            .await
    }

    /// Makes an old version's value the newest again, as a version of its own.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn restore_version(
        &self,
        id: ObjectId,
        version: u64,
        version_check: Option<u64>,
    ) -> Result<StoredObject, ClientError> {
        Call::post(format!("/v1/objects/{id}/versions/{version}/restore"))
            .query("version_check", version_check)
            .answer(self.0)
            .await
    }

    /// Erases what an old version holds, for good.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn destroy_version(
        &self,
        id: ObjectId,
        version: u64,
    ) -> Result<ObjectVersionInfo, ClientError> {
        Call::new(
            Method::DELETE,
            format!("/v1/objects/{id}/versions/{version}"),
        )
        .answer(self.0)
        .await
    }
}
