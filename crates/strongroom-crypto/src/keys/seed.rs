//! Seeds: what a parent wraps.

use aws_lc_rs::digest;
use strongroom_types::{ClientId, ContextId, CustomerKeyId, KeyContext, KeyVersion, WorkspaceId};

use super::sealing::SealingKey;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::kdf::Prf;
use crate::label::Label;
use crate::secret::Secret;
use crate::{OpenError, frame};

/// Where a seed belongs: bound into its wrapping and into the key derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A key of the deployment itself, by name, for example `log-signing`.
    Deployment(&'static str),
    /// A workspace's root key, versioned.
    WorkspaceRoot(WorkspaceId, KeyVersion),
    /// A workspace's context-id key.
    ContextIdKey(WorkspaceId),
    /// A workspace's audit key.
    AuditKey(WorkspaceId),
    /// A context key, versioned.
    ContextKey(WorkspaceId, ContextId, KeyVersion),
    /// The lock secret of a key context.
    LockSecret(WorkspaceId, ContextId),
    /// A seed without a use, by which a customer's key shows that it wraps and unwraps.
    CustomerKeyProof(WorkspaceId, CustomerKeyId),
    /// The key that signs an application's access tokens, versioned.
    ApplicationKey(WorkspaceId, ClientId, KeyVersion),
}

impl Place {
    /// The label of the key that a seed in this place becomes.
    pub(super) const fn label(&self) -> Label {
        match self {
            Self::Deployment(_) => Label::Deployment,
            Self::WorkspaceRoot(..) => Label::WorkspaceRoot,
            Self::ContextIdKey(_) => Label::ContextIdKey,
            Self::AuditKey(_) => Label::AuditKey,
            Self::ContextKey(..) => Label::ContextKey,
            Self::LockSecret(..) => Label::LockSecret,
            Self::CustomerKeyProof(..) => Label::CustomerKeyProof,
            Self::ApplicationKey(..) => Label::ApplicationKey,
        }
    }

    /// `SHA-256(label ‖ frame(label of the place, place) ‖ (0 | 1 ‖ frame(key context)))`: what a
    /// provider that keeps its key to itself binds a seed to. A digest, because providers limit
    /// how much they authenticate.
    #[must_use]
    pub fn binding(&self, context: Option<&KeyContext>) -> [u8; 32] {
        let mut bound = Label::Binding.as_bytes().to_vec();
        with_labelled_parts(self, |parts| {
            frame::push_list(&mut bound, parts.iter().copied());
        });
        bound.push(u8::from(context.is_some()));
        if let Some(context) = context {
            frame::push_context(&mut bound, context);
        }
        let digest = digest::digest(&digest::SHA256, &bound);
        core::array::from_fn(|i| digest.as_ref().get(i).copied().unwrap_or_default())
    }

    /// Hands over the place's parts: the name, or workspace, context and version where there is
    /// one (u32 BE).
    fn with_parts<T>(&self, use_parts: impl FnOnce(&[&[u8]]) -> T) -> T {
        match self {
            Self::Deployment(name) => use_parts(&[name.as_bytes()]),
            Self::WorkspaceRoot(workspace, version) => {
                use_parts(&[workspace.as_bytes(), &version.0.to_be_bytes()])
            }
            Self::ContextIdKey(workspace) | Self::AuditKey(workspace) => {
                use_parts(&[workspace.as_bytes()])
            }
            Self::ContextKey(workspace, context, version) => use_parts(&[
                workspace.as_bytes(),
                context.as_bytes(),
                &version.0.to_be_bytes(),
            ]),
            Self::LockSecret(workspace, context) => {
                use_parts(&[workspace.as_bytes(), context.as_bytes()])
            }
            Self::CustomerKeyProof(workspace, key) => {
                use_parts(&[workspace.as_bytes(), key.as_bytes()])
            }
            Self::ApplicationKey(workspace, client, version) => use_parts(&[
                workspace.as_bytes(),
                client.as_bytes(),
                &version.0.to_be_bytes(),
            ]),
        }
    }
}

/// 32 random bytes from which one key is derived.
#[derive(Debug, PartialEq, Eq)]
pub struct Seed(Secret<32>);

impl Seed {
    /// Draws a new seed.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        Secret::generate(entropy).map(Self)
    }

    /// Takes a seed that a root provider unwrapped.
    #[must_use]
    pub const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The seed's bytes, for a root provider to wrap.
    #[must_use]
    pub const fn as_secret(&self) -> &Secret<32> {
        &self.0
    }

    /// `HKDF-Expand-SHA-256(seed, label ‖ frame(place), 32)`: the key of this place.
    #[must_use]
    pub fn derive_key(&self, place: &Place) -> Secret<32> {
        let prf = Prf::new(&self.0);
        place.with_parts(|parts| prf.derive(place.label(), parts))
    }

    /// `Seal(parent, seed)` with the context `label ‖ frame(label of the place, place)`.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn wrap(
        &self,
        parent: &WrappingKey,
        place: &Place,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, EntropyUnavailable> {
        with_labelled_parts(place, |parts| {
            parent.0.seal(parts, self.0.expose(), entropy)
        })
    }

    /// Opens what [`Seed::wrap`] returned, in the same place.
    ///
    /// # Errors
    /// When parent or place differ, or a byte is altered.
    pub fn unwrap(parent: &WrappingKey, place: &Place, wrapped: &[u8]) -> Result<Self, OpenError> {
        let bytes = with_labelled_parts(place, |parts| parent.0.open(parts, wrapped))?;
        let bytes: [u8; 32] = bytes.expose().try_into().map_err(|_length| OpenError)?;
        Ok(Self(Secret::from_bytes(bytes)))
    }
}

/// The place's parts behind its label, because a parent wraps seeds of several kinds.
fn with_labelled_parts<T>(place: &Place, use_parts: impl FnOnce(&[&[u8]]) -> T) -> T {
    place.with_parts(|parts| {
        let labelled: Vec<&[u8]> = core::iter::once(place.label().as_bytes())
            .chain(parts.iter().copied())
            .collect();
        use_parts(&labelled)
    })
}

/// The key that wraps seeds: a root provider's own, or derived by a workspace root.
#[derive(Debug)]
pub struct WrappingKey(SealingKey);

impl WrappingKey {
    /// Takes a uniformly random key; Cobblestone-256 under a subkey of it.
    #[must_use]
    pub fn new(key: &Secret<32>) -> Self {
        Self::of(&Prf::new(key))
    }

    pub(super) fn of(key: &Prf) -> Self {
        Self(SealingKey::derive(key, Label::SeedWrapping, Label::Seed))
    }
}
