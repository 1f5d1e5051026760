//! What a store keeps. Whatever a caller named is sealed or hashed before it becomes a row.

use strongroom_log::{Frontier, Hash};
use strongroom_types::body::{ContextState, KeyState};
use strongroom_types::{
    ClientId, ContextId, JobId, KeyId, KeyVersion, Kind, ObjectId, WebhookId, WorkspaceId,
};

use super::leases::LeaseChange;
use super::objects::{ObjectRow, RewrappedVersion, SealedVersion};
use super::sealed_stores::SealedChange;
use super::stores::{RewrappedStoreValue, SealedStoreValue, StoreRow};
use super::webhooks::{EventPlace, WebhookRow};
use super::{JobRow, Micros, Wrapper};

/// The present end of a workspace's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Right edge of the tree; its size is the next entry's index.
    pub frontier: Frontier,
    /// Raised by every change to clients, issuers, policies, grants or key states.
    pub epoch: u64,
    /// Raised when an operator begins a new generation after a rollback; 1 at first.
    pub generation: u64,
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRow {
    /// Its id.
    pub id: WorkspaceId,
    /// When it was made.
    pub created: Micros,
    /// Its seeds, wrapped by the root provider.
    pub seeds: Vec<u8>,
    /// Its settings, sealed.
    pub body: Vec<u8>,
    /// The most key contexts it may have.
    pub context_quota: u64,
    /// How many key contexts it has.
    pub contexts: u64,
}

/// What a record describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// A client.
    Client,
    /// A trusted issuer.
    Issuer,
    /// A context policy.
    Policy,
    /// A customer's key.
    CustomerKey,
    /// A webhook.
    Webhook,
    /// A keyset.
    Keyset,
    /// What the name of a keyset is looked up by.
    KeysetName,
    /// A client of keysets.
    KeysetClient,
    /// That a client of keysets may use a keyset.
    KeysetGrant,
    /// What all clients of keysets of a workspace share.
    KeysetShare,
    /// The public key that a client gets its grants of split keys sealed to.
    SplitPublicKey,
    /// The epochs of a keyset's split keys.
    SplitEpochs,
    /// A client's grants of a keyset's split keys.
    SplitGrants,
    /// A guard.
    Guard,
    /// A named context.
    NamedContext,
    /// What the name of an application is looked up by.
    ApplicationName,
    /// An invitation to become a user.
    Invitation,
    /// Which user an identity is.
    UserIdentity,
}

impl RecordKind {
    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Issuer => "issuer",
            Self::Policy => "policy",
            Self::CustomerKey => "customer-key",
            Self::Webhook => "webhook",
            Self::Keyset => "keyset",
            Self::KeysetName => "keyset-name",
            Self::KeysetClient => "keyset-client",
            Self::KeysetGrant => "keyset-grant",
            Self::KeysetShare => "keyset-share",
            Self::SplitPublicKey => "split-public-key",
            Self::SplitEpochs => "split-epochs",
            Self::SplitGrants => "split-grants",
            Self::Guard => "guard",
            Self::NamedContext => "named-context",
            Self::ApplicationName => "application-name",
            Self::Invitation => "invitation",
            Self::UserIdentity => "user-identity",
        }
    }
}

/// A client, issuer, policy, customer's key, webhook or keyset: an id in the clear and a sealed body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it describes.
    pub kind: RecordKind,
    /// Its id in text form.
    pub id: String,
    /// When it was made.
    pub created: Micros,
    /// What it says, sealed.
    pub body: Vec<u8>,
}

/// An API key: its id and a keyed hash of its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its id, unique in the deployment.
    pub id: KeyId,
    /// The client's workspace.
    pub workspace: WorkspaceId,
    /// The client.
    pub client: ClientId,
    /// HMAC of the secret under a deployment key.
    pub hash: Vec<u8>,
    /// When it was made.
    pub created: Micros,
    /// When it expires.
    pub expires: Option<Micros>,
}

/// A destruction that waits for its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destruction {
    /// When it is to happen.
    pub at: Micros,
    /// The job that does it.
    pub job: JobId,
}

/// A key context with the versions of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextRow {
    /// Its id: an HMAC, so that the row tells nothing about the map.
    pub id: ContextId,
    /// Its kind.
    pub kind: Kind,
    /// Its state.
    pub state: ContextState,
    /// When it was made (for a re-created one: again).
    pub created: Micros,
    /// The map, sealed.
    pub map: Vec<u8>,
    /// What wraps its seeds, all of them alike.
    pub wrapper: Wrapper,
    /// The lock secret's seed, wrapped; empty once destroyed.
    pub lock_secret: Vec<u8>,
    /// When it is to be destroyed, if it is.
    pub destruction: Option<Destruction>,
    /// Until when copies of destroyed keys may exist in backups.
    pub final_after: Option<Micros>,
    /// The versions of its key, oldest first.
    pub keys: Vec<ContextKeyRow>,
}

impl ContextRow {
    /// The versions that are not destroyed.
    pub(crate) fn live_keys(&self) -> impl Iterator<Item = &ContextKeyRow> {
        let live = |key: &&ContextKeyRow| key.state != KeyState::Destroyed;
        self.keys.iter().filter(live)
    }

    /// The version after the last one; `None` when there can be no more.
    pub(crate) fn next_version(&self) -> Option<KeyVersion> {
        let last = self.keys.iter().map(|key| key.version).max();
        last.map_or(Some(KeyVersion::FIRST), KeyVersion::next)
    }
}

/// One version of a context key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextKeyRow {
    /// The version.
    pub version: KeyVersion,
    /// Its state.
    pub state: KeyState,
    /// When it was made.
    pub created: Micros,
    /// The key's seed, wrapped; empty once destroyed.
    pub seed: Vec<u8>,
    /// Items sealed, as counted by the follower.
    pub sealed: u64,
    /// When it last opened something, as seen by the follower.
    pub last_opened: Option<Micros>,
}

/// A seed that is wrapped by another key than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedSeed {
    /// As the row must have it.
    pub from: Vec<u8>,
    /// As the row gets it.
    pub to: Vec<u8>,
}

/// A key context whose seeds are all wrapped by another key than before, and that gets a new version
/// which only the other key ever wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextMove {
    /// Which.
    pub id: ContextId,
    /// What wrapped its seeds.
    pub from: Wrapper,
    /// What wraps them now.
    pub to: Wrapper,
    /// The lock secret's seed.
    pub lock_secret: MovedSeed,
    /// The seeds of all versions that are not destroyed.
    pub seeds: Vec<(KeyVersion, MovedSeed)>,
    /// The new version.
    pub key: ContextKeyRow,
}

/// Whether a change makes what nodes have cached stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only adds something nobody can have cached, or changes what nobody caches.
    Addition,
    /// Raises the state epoch.
    State,
}

/// A change of rows that commits with its entry, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Inserts a workspace and the empty head of its log.
    InsertWorkspace(WorkspaceRow),
    /// Replaces a workspace's settings and quota.
    UpdateWorkspace {
        /// Its settings, sealed.
        body: Vec<u8>,
        /// Its quota.
        context_quota: u64,
        /// Which workspace; may be another than the entry's (the system workspace administers).
        id: WorkspaceId,
    },
    /// Inserts or replaces a record. `workspace` may be another than the entry's.
    PutRecord(WorkspaceId, Record),
    /// Puts other wrapped seeds in the place of a workspace's, if those are as they were read.
    PutSeeds {
        /// Which workspace; may be another than the entry's.
        id: WorkspaceId,
        /// The seeds as they were read.
        from: Vec<u8>,
        /// The seeds.
        to: Vec<u8>,
    },
    /// Puts another wrapped seed in the place of one of the deployment's, if it is as it was read.
    PutDeployment {
        /// What the seed is of.
        name: &'static str,
        /// The seed as it was read.
        from: Vec<u8>,
        /// The seed.
        to: Vec<u8>,
    },
    /// Deletes a record; it must exist.
    DeleteRecord(RecordKind, String),
    /// Inserts an API key.
    InsertApiKey(ApiKeyRow),
    /// Deletes an API key of the workspace; it must exist.
    DeleteApiKey(KeyId),
    /// Inserts a key context with its keys, within the quota. Conflicts when the id is there.
    InsertContext(ContextRow),
    /// Gives a destroyed key context new keys: replaces the row, keeps old version rows as
    /// tombstones. Conflicts unless it is destroyed.
    RecreateContext(ContextRow),
    /// Adds a version and makes the former active one rotated. Outdated when the version is there,
    /// or when another key wraps the seeds than the one named.
    AddContextKey(ContextId, Wrapper, ContextKeyRow),
    /// Wraps all seeds of a key context by another key. Outdated unless they are as they were read.
    MoveContext(Box<ContextMove>),
    /// Suspends or resumes a key context.
    SetContextState(ContextId, ContextState),
    /// Notes when a key context is to be destroyed, or that it is not. Outdated when it is destroyed.
    SetDestruction(ContextId, Option<Destruction>),
    /// Empties the lock secret and all seeds, states become destroyed. The key context of a store
    /// takes the store and its values with it.
    DestroyContext {
        /// Which.
        id: ContextId,
        /// Until when copies may exist in backups.
        final_after: Micros,
    },
    /// Empties the seed of one version.
    DestroyContextKey(ContextId, KeyVersion),
    /// Remembers what an Idempotency-Key made.
    InsertIdempotency(IdempotencyRow),
    /// Begins a new generation of the log.
    NewGeneration(u64),
    /// Inserts an object with its first version. Outdated when its name belongs to another live one.
    InsertObject(ObjectRow, SealedVersion),
    /// Replaces an object's row, perhaps with another version. Outdated unless the last entry that
    /// changed the object is `seen`, or when its name belongs to another live one.
    PutObject {
        /// What it shall be.
        row: ObjectRow,
        /// The entry after which it was read.
        seen: u64,
        /// Its new version, if it gets one.
        version: Option<SealedVersion>,
    },
    /// Erases what an old version holds. Outdated unless it is there.
    DestroyObjectVersion {
        /// The object.
        object: ObjectId,
        /// The version.
        version: u64,
    },
    /// Erases an object with all its versions. Outdated unless its purge is due by then.
    PurgeObject {
        /// The object.
        object: ObjectId,
        /// The time.
        due: Micros,
    },
    /// Replaces the key part of a stored version. Outdated unless it is under the key version named.
    RewrapObjectVersion(RewrappedVersion),
    /// Inserts a job.
    InsertJob(JobRow),
    /// Replaces a job. Outdated unless its revision is the one before.
    UpdateJob(JobRow),
    /// Inserts how far a new webhook has come.
    InsertWebhook(WebhookRow),
    /// Takes the turn of sending. Outdated unless the present one is `turn`.
    ClaimWebhook {
        /// The webhook.
        id: WebhookId,
        /// The turn that was seen.
        turn: u64,
        /// Until when nobody else takes it.
        until: Micros,
    },
    /// Ends whoever has the turn, and sets when, or from where, sending goes on; it must exist.
    /// Dead letters from that place on are forgotten.
    ResetWebhook {
        /// The webhook.
        id: WebhookId,
        /// From where, if not from where it is.
        next: Option<EventPlace>,
        /// When; `None` lets it rest.
        due: Option<Micros>,
    },
    /// Deletes how far a webhook has come, and its dead letters.
    DeleteWebhook(WebhookId),
    /// Inserts a store, whose key context is there. Outdated when it is there.
    InsertStore(StoreRow),
    /// Replaces what is said of a store. Outdated unless the last entry that changed it is `seen`.
    UpdateStore {
        /// What it shall be.
        row: StoreRow,
        /// The entry after which it was read.
        seen: u64,
    },
    /// Adds a version of a value. Outdated unless it is the one behind the newest, 1 if there is
    /// none.
    PutStoreValue {
        /// The version.
        value: SealedStoreValue,
        /// How many versions are kept, this one included.
        keep: u64,
    },
    /// Replaces the key part of a value of a store. Outdated unless it is under the key version
    /// named.
    RewrapStoreValue(RewrappedStoreValue),
    /// Changes a sealed store.
    SealedStore(SealedChange),
    /// Changes a lease.
    Lease(LeaseChange),
}

impl Change {
    /// The key context whose keys or state it changes, if it had any before.
    pub(crate) const fn changed_context(&self) -> Option<ContextId> {
        match self {
            Self::AddContextKey(id, ..)
            | Self::SetContextState(id, _)
            | Self::DestroyContext { id, .. }
            | Self::DestroyContextKey(id, _) => Some(*id),
            Self::RecreateContext(row) => Some(row.id),
            Self::MoveContext(moved) => Some(moved.id),
            _ => None,
        }
    }

    /// Bytes of what callers gave, as far as they can be many.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        match self {
            Self::InsertObject(_, version)
            | Self::PutObject {
                version: Some(version),
                ..
            } => version.body.len(),
            Self::PutStoreValue { value, .. } => value.body.len(),
            _ => 0,
        }
    }

    /// Whether it removes what must not stay readable anywhere. Values that newer ones replaced are not
    /// meant: there are many, and what is left of them goes within a minute.
    #[must_use]
    pub const fn erases(&self) -> bool {
        match self {
            Self::DestroyContext { .. }
            | Self::DestroyContextKey(..)
            | Self::MoveContext(_)
            | Self::DestroyObjectVersion { .. }
            | Self::PurgeObject { .. }
            | Self::DeleteWebhook(_) => true,
            Self::Lease(change) => matches!(change, LeaseChange::Erase(_)),
            Self::SealedStore(change) => change.erases(),
            Self::InsertWorkspace(_)
            | Self::InsertContext(_)
            | Self::InsertIdempotency(_)
            | Self::InsertObject(..)
            | Self::PutObject { .. }
            | Self::RewrapObjectVersion(_)
            | Self::InsertJob(_)
            | Self::UpdateJob(_)
            | Self::InsertWebhook(_)
            | Self::ClaimWebhook { .. }
            | Self::ResetWebhook { .. }
            | Self::PutDeployment { .. }
            | Self::InsertStore(_)
            | Self::UpdateStore { .. }
            | Self::PutStoreValue { .. }
            | Self::RewrapStoreValue(_)
            | Self::UpdateWorkspace { .. }
            | Self::PutSeeds { .. }
            | Self::PutRecord(..)
            | Self::DeleteRecord(..)
            | Self::InsertApiKey(_)
            | Self::DeleteApiKey(_)
            | Self::RecreateContext(_)
            | Self::AddContextKey(..)
            | Self::SetContextState(..)
            | Self::SetDestruction(..)
            | Self::NewGeneration(_) => false,
        }
    }

    /// Whether the change raises the state epoch.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        match self {
            Self::InsertWorkspace(_)
            | Self::InsertContext(_)
            | Self::InsertIdempotency(_)
            | Self::InsertObject(..)
            | Self::PutObject { .. }
            | Self::DestroyObjectVersion { .. }
            | Self::PurgeObject { .. }
            | Self::RewrapObjectVersion(_)
            | Self::InsertJob(_)
            | Self::UpdateJob(_)
            | Self::InsertWebhook(_)
            | Self::ClaimWebhook { .. }
            | Self::ResetWebhook { .. }
            | Self::DeleteWebhook(_)
            | Self::PutDeployment { .. }
            | Self::InsertStore(_)
            | Self::UpdateStore { .. }
            | Self::PutStoreValue { .. }
            | Self::RewrapStoreValue(_)
            | Self::SealedStore(_)
            | Self::Lease(_) => Scope::Addition,
            Self::UpdateWorkspace { .. }
            | Self::PutSeeds { .. }
            | Self::PutRecord(..)
            | Self::DeleteRecord(..)
            | Self::InsertApiKey(_)
            | Self::DeleteApiKey(_)
            | Self::RecreateContext(_)
            | Self::AddContextKey(..)
            | Self::MoveContext(_)
            | Self::SetContextState(..)
            | Self::SetDestruction(..)
            | Self::DestroyContext { .. }
            | Self::DestroyContextKey(..)
            | Self::NewGeneration(_) => Scope::State,
        }
    }
}

/// What an Idempotency-Key made: ids and status, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// HMAC over workspace, client, identity and the header's value.
    pub key: Vec<u8>,
    /// HMAC over method, path and body.
    pub request: Vec<u8>,
    /// The id of what was made, in text form.
    pub made: String,
    /// After this it is forgotten.
    pub expires: Micros,
}

/// The entries that one group commit gave to one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// Index of the first entry.
    pub first: u64,
    /// Number of entries.
    pub count: u64,
    /// The entries as an entry bundle (tlog-tiles: 2-byte length prefixes).
    pub entries: Vec<u8>,
    /// The openings of the entries' private fields, sealed under the audit key; empty once erased.
    pub openings: Vec<u8>,
}

/// A full tile with what is needed above and beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileRow {
    /// The tile's level.
    pub level: u8,
    /// The tile's number in its level.
    pub n: u64,
    /// Its 256 hashes, concatenated.
    pub hashes: Vec<u8>,
    /// The hash over it: one hash of the tile above.
    pub root: Hash,
}

/// Says that a full level-0 tile holds an entry with this search term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermRow {
    /// An HMAC under the audit key: the row tells nothing about the term.
    pub term: [u8; 16],
    /// The level-0 tile.
    pub tile: u64,
    /// Whether it was made of a private field, and is to be erased with it.
    pub private: bool,
}

/// How often a version was used within one level-0 tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseCount {
    /// The key context.
    pub context: ContextId,
    /// The version.
    pub version: KeyVersion,
    /// Items sealed.
    pub sealed: u64,
    /// When it last opened something.
    pub last_opened: Option<Micros>,
}

/// What the follower derives from 256 entries, in one transaction. The level-0 tile is the durable
/// cursor: storing it twice stores nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiling {
    /// The level-0 tile first, then every tile above that it completes.
    pub tiles: Vec<TileRow>,
    /// The search terms of its entries.
    pub terms: Vec<TermRow>,
    /// The latest time of its entries.
    pub last_time: Micros,
    /// The uses of its entries.
    pub uses: Vec<UseCount>,
}

/// A signed checkpoint: unique per (log, generation, size).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRow {
    /// The generation.
    pub generation: u64,
    /// The size.
    pub size: u64,
    /// The signed note.
    pub note: String,
}
