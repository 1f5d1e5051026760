//! What a request may be about that is not there.

/// A thing that is administered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A workspace.
    Workspace,
    /// A client.
    Client,
    /// An API key.
    ApiKey,
    /// An issuer.
    Issuer,
    /// A key context.
    Context,
    /// A version of a context key.
    KeyVersion,
    /// A context policy.
    Policy,
    /// A webhook.
    Webhook,
    /// A stored object.
    Object,
    /// A version of a stored object.
    ObjectVersion,
    /// A customer's key.
    CustomerKey,
    /// A job.
    Job,
    /// A store.
    Store,
    /// A slot of a sealed store.
    Slot,
    /// A keyset.
    Keyset,
    /// A client of keysets.
    KeysetClient,
    /// What lets a client of keysets use one.
    KeysetGrant,
    /// A client's public key for grants of split keys.
    SplitPublicKey,
    /// An epoch of split keys.
    SplitEpoch,
    /// A grant of split keys.
    SplitGrant,
    /// A named context.
    NamedContext,
    /// An application.
    Application,
    /// A guard.
    Guard,
    /// A signing key.
    SigningKey,
    /// A hybrid key.
    HybridKey,
    /// A lease.
    Lease,
    /// A promotion of an application.
    Promotion,
    /// A user.
    User,
    /// The last owner of a workspace, who stays.
    LastOwner,
    /// An invitation.
    Invitation,
    /// A log entry.
    Entry,
    /// A tile.
    Tile,
    /// A route.
    Route,
}

impl Thing {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Client => "client",
            Self::ApiKey => "api key",
            Self::Issuer => "issuer",
            Self::Context => "key context",
            Self::KeyVersion => "key version",
            Self::Policy => "context policy",
            Self::Webhook => "webhook",
            Self::Object => "object",
            Self::ObjectVersion => "object version",
            Self::CustomerKey => "customer key",
            Self::Job => "job",
            Self::Store => "store",
            Self::Slot => "slot",
            Self::Keyset => "keyset",
            Self::KeysetClient => "client of keysets",
            Self::KeysetGrant => "grant of the keyset",
            Self::SplitPublicKey => "public key of the client",
            Self::SplitEpoch => "epoch of the split keys",
            Self::SplitGrant => "grant of the split keys",
            Self::NamedContext => "named context",
            Self::Application => "application",
            Self::Guard => "policy",
            Self::SigningKey => "signing key",
            Self::HybridKey => "hybrid key",
            Self::Lease => "lease",
            Self::Promotion => "promotion",
            Self::User => "user",
            Self::LastOwner => "last owner",
            Self::Invitation => "invitation",
            Self::Entry => "log entry",
            Self::Tile => "tile",
            Self::Route => "route",
        }
    }
}
