//! OpenAPI schemas of the types whose JSON form is not their Rust form.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::body::{EventId, LogEntryId};
use crate::provider::{Credential, HexId, Hidden};
use crate::{
    Bytes, ClientId, ContextId, ContextPattern, CustomerKeyId, IssuerId, JobId, KeyContext, KeyId,
    Metadata, ObjectId, PolicyId, RequestId, WebhookId, WorkspaceId,
};

macro_rules! schema {
    ($($name:ident => $build:expr;)+) => {
        $(
            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    $build.into()
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($name))
                }
            }
        )+
    };
}

fn text(pattern: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .build()
        .into()
}

/// One of a closed list of names.
pub(crate) fn names(description: &str, names: &[&str]) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(names.iter().copied()))
        .build()
        .into()
}

fn base64() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .content_encoding("base64")
        .build()
        .into()
}

fn secret() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .write_only(true)
        .build()
        .into()
}

fn strings(description: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .build()
                .into(),
        ))))
        .build()
        .into()
}

fn object(description: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .build()
        .into()
}

schema! {
    WorkspaceId => text("^ws_[0-9a-z]{26}$");
    ClientId => text("^cl_[0-9a-z]{26}$");
    KeyId => text("^key_[0-9a-z]{26}$");
    IssuerId => text("^iss_[0-9a-z]{26}$");
    WebhookId => text("^whk_[0-9a-z]{26}$");
    EventId => text("^event_[0-9a-z]{26}_[0-9]+_[0-9]+$");
    PolicyId => text("^pol_[0-9a-z]{26}$");
    ObjectId => text("^obj_[0-9a-z]{26}$");
    CustomerKeyId => text("^ck_[0-9a-z]{26}$");
    JobId => text("^job_[0-9a-z]{26}$");
    RequestId => text("^req_[0-9a-z]{26}$");
    ContextId => text("^ctx_[0-9a-z]{52}$");
    LogEntryId => text("^ws_[0-9a-z]{26}/[0-9]+$");
    HexId => text("^([0-9a-fA-F]{2})+$");
    Credential => secret();
    Hidden => text("^hidden$");
    Bytes => base64();
    KeyContext => strings("1 to 10 pairs of strings that name whose data this is");
    ContextPattern => strings("pairs that a key context must contain; `*` is any value");
    Metadata => object("the caller's notes, at most 4 KiB as JSON");
}
