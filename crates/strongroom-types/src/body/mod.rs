//! Request and response bodies of the native API: JSON in snake case, bytes as standard base64;
//! batches also as CBOR with byte strings.
//!
//! Requests refuse unknown fields; answers may gain fields.

mod admin;
mod application;
mod compute;
mod customer_key;
mod data_key;
mod event;
mod guard;
mod hybrid;
mod imported;
mod job;
mod keyset;
mod log;
mod named_context;
mod object;
mod problem;
mod sealed_store;
mod signing;
mod split;
mod store;
mod token;
mod value;
mod webhook;

pub use admin::{
    ApiKeyCreated, ApiKeyInfo, ClientCreate, ClientCreated, ClientInfo, ClientUpdate,
    ContextCreate, ContextInfo, ContextState, IssuerActsAs, IssuerCreate, IssuerInfo, IssuerKeys,
    IssuerUpdate, KeyState, Page, PolicyBody, PolicyInfo, Rotation, VersionInfo, WorkspaceCreate,
    WorkspaceCreated, WorkspaceInfo, WorkspaceUpdate,
};
pub use application::{ApplicationInfo, RefreshLine};
pub use compute::{
    DerivationFunction, DeriveAnswer, DeriveRequest, HashAnswer, HashRequest, MacAnswer, MacRequest,
};
pub use customer_key::{
    ConsideredPolicy, CustomerKeyAttach, CustomerKeyCreate, CustomerKeyDetach, CustomerKeyEnable,
    CustomerKeyExposed, CustomerKeyInfo, CustomerKeyMoves, CustomerKeyReplace, CustomerKeyState,
    CustomerKeyUpdate, CustomerKeyUpdateExposed, EnableFor, WhichKey, WhichKeyBecause,
    WhichKeyRequest, WrappingKind,
};
pub use data_key::{
    DataKeyAnswer, DataKeyCreate, DataKeyItem, DataKeyRewrap, DataKeyUnwrap, WrappedKeyItem,
};
pub use event::{
    Actor, ActorSource, ByokKey, ByokKeyVerified, CustomerKeyChanged, DekHandedOut, DekOpened,
    Denied, Event, EventData, EventId, EventList, EventListPlace, EventName, EventObject, KekNamed,
    KeyProvider, ListObject, ObjectNamed, ObjectOpened, ObjectWritten,
};
pub use guard::{GuardBody, GuardFinding, GuardSeverity, GuardedOperation};
pub use hybrid::{
    DecapsulateAnswer, DecapsulateRequest, EncapsulateAnswer, EncapsulateRequest, HybridKeyCreate,
    HybridKeyInfo, HybridKeyVersion, Recipient, RecipientKey, RecipientPublicKey, SealToAnswer,
    SealToRequest, SealedOpenAnswer, SealedOpenRequest,
};
pub use imported::{
    ImportedItem, ImportedKey, ImportedKeysAnswer, ImportedKeysPut, ImportedRewrap, ImportedSealed,
    KeyBundleSetting, NamedContextCreate,
};
pub use job::{JobCause, JobCreate, JobInfo, JobKind, JobState};
pub use keyset::{KeysetClientInfo, KeysetDeclare, KeysetInfo};
pub use log::{
    EntriesPage, EntryContext, EntryIdentity, EntryView, ItemView, ItemsView, LogEntryId,
};
pub use named_context::{
    AccessFrequency, AccessPatterns, AlgorithmPolicy, AskedAlgorithm, AskedCipher, AskedMode,
    DataIdentity, DataUsage, NamedContextConfig, NamedContextInfo, PolicyEnforcement, Regulatory,
    ResolvedSuite, Retention, RetentionPart, Sensitivity, ThreatModel,
};
pub use object::{
    ObjectCreate, ObjectDelete, ObjectRead, ObjectUpdate, ObjectUpsert, ObjectVersionInfo,
    ObjectsPage, Order, StoredObject,
};
pub use problem::Problem;
pub use sealed_store::{
    Evaluate, Evaluated, RecordAnswer, RecordSet, RecordVersion, RecordsAnswer, RecordsGet,
    RecordsSet, SealedStoreCreate, SealedStoreInfo, SealedVersion, SlotInfo, SlotKind, SlotPut,
    SlotSummary,
};
pub use signing::{
    SignAnswer, SignRequest, SigningKeyCreate, SigningKeyInfo, SigningKeyVersion, VerifyAnswer,
    VerifyRequest,
};
pub use split::{
    OwnSplitGrants, SplitDerive, SplitEpochCreate, SplitEpochInfo, SplitGrant, SplitGrantSummary,
    SplitItem, SplitPublicKey, SplitPublicKeyPut, SplitShare,
};
pub use store::{StoreInfo, StoreValue, StoreValueInfo};
pub use token::{TokenAnswer, TokenError, TokenRequest};
pub use value::{
    Batch, BatchAnswer, DecryptAnswer, DecryptItem, DecryptRequest, EncryptAnswer, EncryptItem,
    EncryptRequest, ItemError, ItemResult, KeyRef, LockFor, RewrapAnswer, RewrapItem,
    RewrapRequest,
};
pub use webhook::{
    DeadLetter, WebhookCreate, WebhookCreated, WebhookInfo, WebhookProgress, WebhookReplay,
    WebhookUpdate,
};
