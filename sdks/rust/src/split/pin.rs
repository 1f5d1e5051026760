//! What a client knows of a keyset from its granting client, and not from the server.

use core::fmt;
use core::str::FromStr;

use strongroom_crypto::split::{CHECK_BYTES, SIGNER_BYTES, SplitScope};
use strongroom_types::{ClientId, ContextId, KeysetId, WorkspaceId};

use super::text::{self, SplitTextError};

/// What a grant must fit to be believed. It is no secret; that it is not altered matters. Text:
/// `skp_…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeysetPin {
    pub(super) scope: SplitScope,
    pub(super) keyset: KeysetId,
    pub(super) client: ClientId,
    pub(super) epoch: u32,
    pub(super) signer: [u8; SIGNER_BYTES],
    pub(super) check: [u8; CHECK_BYTES],
}

const PREFIX: &str = "skp_";

/// Bytes of a pin.
pub(super) const PIN_BYTES: usize = 16 + 32 + 16 + 16 + 4 + SIGNER_BYTES + CHECK_BYTES;

impl KeysetPin {
    /// The keyset.
    #[must_use]
    pub const fn keyset(&self) -> KeysetId {
        self.keyset
    }

    /// The client that it was made for.
    #[must_use]
    pub const fn client(&self) -> ClientId {
        self.client
    }

    /// The epoch that it is of: an older one is not sealed under.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        [
            &self.scope.workspace.as_bytes()[..],
            self.scope.keyset.as_bytes(),
            self.keyset.as_bytes(),
            self.client.as_bytes(),
            &self.epoch.to_be_bytes(),
            &self.signer,
            &self.check,
        ]
        .concat()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (workspace, rest) = bytes.split_first_chunk()?;
        let (context, rest) = rest.split_first_chunk()?;
        let (keyset, rest) = rest.split_first_chunk()?;
        let (client, rest) = rest.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (signer, check) = rest.split_first_chunk()?;
        Some(Self {
            scope: SplitScope {
                workspace: WorkspaceId::from_bytes(*workspace),
                keyset: ContextId::from_bytes(*context),
            },
            keyset: KeysetId::from_bytes(*keyset),
            client: ClientId::from_bytes(*client),
            epoch: u32::from_be_bytes(*epoch),
            signer: *signer,
            check: check.try_into().ok()?,
        })
    }
}

impl fmt::Display for KeysetPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::write(PREFIX, &self.to_bytes()))
    }
}

impl fmt::Debug for KeysetPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeysetPin")
            .field("keyset", &self.keyset)
            .field("client", &self.client)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl FromStr for KeysetPin {
    type Err = SplitTextError;

    fn from_str(text: &str) -> Result<Self, SplitTextError> {
        let bytes = text::read(PREFIX, text, PIN_BYTES)?;
        Self::from_bytes(&bytes).ok_or(SplitTextError::Malformed { prefix: PREFIX })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::split) fn pin() -> KeysetPin {
        KeysetPin {
            scope: SplitScope {
                workspace: WorkspaceId::from_bytes([1; 16]),
                keyset: ContextId::from_bytes([2; 32]),
            },
            keyset: KeysetId::from_bytes([3; 16]),
            client: ClientId::from_bytes([4; 16]),
            epoch: 5,
            signer: [6; 32],
            check: [7; 32],
        }
    }

    #[test]
    fn text_reads_back() {
        let text = pin().to_string();
        assert_eq!(text.parse(), Ok(pin()));
    }
}
