//! The words of Strongroom as types: ids, validated names, request and response bodies, and
//! stable error codes.
//!
//! Everything that crosses a crate border or the wire is named here once, so that the server, the
//! clients and the log agree by construction. Parsing is validation: a [`KeyContext`] that exists
//! obeys its limits.
//!
//! What is *not* here: logic, I/O, cryptography. Hashing a key context is `strongroom-crypto`'s,
//! deciding who may use one is `strongroom-core`'s, mapping a [`Code`] to an HTTP status is
//! `strongroom-server`'s.

mod algorithm;
pub mod base32;
pub mod body;

mod bytes;
mod claim;
mod code;
mod coded;
mod context;
mod fips;
mod id;
mod json;
mod keyset;
mod metadata;
mod named_context;
mod operation;
mod permission;
pub mod provider;
mod reason;
#[cfg(feature = "openapi")]
mod schema;
mod store_name;
mod suite;
mod text;

pub use algorithm::{
    DerivationHash, HashAlgorithm, HybridAlgorithm, MacAlgorithm, SigningAlgorithm,
};
pub use bytes::Bytes;
pub use claim::{ClaimError, ClaimValue, Claims, Lock, LockError, LockTerm, Membership};
pub use code::Code;
pub use context::{ContextError, ContextPattern, KeyContext, Kind};
pub use fips::FipsMode;
pub use id::{
    ClientId, ContextId, CustomerKeyId, IdError, InvitationId, IssuerId, JobId, KeyId, KeyVersion,
    LeaseId, ObjectId, PolicyId, RequestId, WebhookId, WorkspaceId,
};
pub use json::{StrictError, parse_strict};
pub use keyset::{KeysetClientId, KeysetId, KeysetName, KeysetNameError, UuidError};
pub use metadata::{Metadata, MetadataError};
pub use named_context::{ContextName, ContextNameError};
pub use operation::{Operation, Outcome};
pub use permission::Permission;
pub use provider::{Credential, ProviderKey};
pub use reason::Reason;
pub use store_name::{StoreName, StoreNameError};
pub use suite::{Format, Mode, Purpose, Suite};
