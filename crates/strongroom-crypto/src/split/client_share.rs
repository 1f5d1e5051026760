//! The share that clients of a keyset have and the server never learns.

use aws_lc_rs::hmac;
use strongroom_types::KeyVersion;

use super::place::SplitScope;
use super::value::SPLIT_ID_BYTES;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::label::Label;
use crate::secret::Secret;
use crate::{frame, kdf};

/// Bytes of a check value.
pub const CHECK_BYTES: usize = kdf::MAC_BYTES;

/// 32 random bytes, the same for all clients of a keyset within one epoch.
#[derive(PartialEq, Eq)]
pub struct ClientShare(Secret<32>);

impl ClientShare {
    /// Draws the share of a new epoch.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        Secret::generate(entropy).map(Self)
    }

    /// Takes a share.
    #[must_use]
    pub const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    pub(super) const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// `HMAC-SHA-256(S, "split-check" ‖ frame(workspace, context id, epoch))`: pinned by every client,
    /// so that none takes another share for this one.
    #[must_use]
    pub fn check(&self, scope: &SplitScope, epoch: u32) -> [u8; CHECK_BYTES] {
        let epoch = epoch.to_be_bytes();
        let parts: [&[u8]; 3] = [scope.workspace.as_bytes(), scope.keyset.as_bytes(), &epoch];
        kdf::mac(&self.0, Label::SplitCheck, &parts)
    }

    /// The key of one value: `HKDF-SHA-256(salt = server share, ikm = S, info = "split-data-key" ‖
    /// frame(workspace, context id, epoch, version, id))`, RFC 5869 with Extract.
    #[must_use]
    pub fn data_key(
        &self,
        scope: &SplitScope,
        (epoch, version, id): (u32, KeyVersion, &[u8; SPLIT_ID_BYTES]),
        server_share: &Secret<32>,
    ) -> Secret<32> {
        let salt = hmac::Key::new(hmac::HMAC_SHA256, server_share.expose());
        let extracted = hmac::sign(&salt, self.0.expose());
        let extracted = hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref());
        let parts: [&[u8]; 5] = [
            scope.workspace.as_bytes(),
            scope.keyset.as_bytes(),
            &epoch.to_be_bytes(),
            &version.0.to_be_bytes(),
            id,
        ];
        let info = frame::list(&parts);
        let mut key = Secret::zeroed();
        kdf::expand(
            &extracted,
            &[Label::SplitDataKey.as_bytes(), &info],
            key.as_mut(),
        );
        key
    }
}

impl core::fmt::Debug for ClientShare {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ClientShare")
    }
}
