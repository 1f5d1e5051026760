//! The key that a keyset's grants are signed with.

use core::fmt;
use core::str::FromStr;

use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_crypto::secret::Secret;
use strongroom_crypto::split::GrantSigner;
use zeroize::Zeroizing;

use super::text::{self, SplitTextError};

/// Who has it decides who else gets the clients' share of the keyset. Text: `skg_…`.
pub struct GrantingKey(GrantSigner);

const PREFIX: &str = "skg_";

impl GrantingKey {
    /// Draws a granting key.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        GrantSigner::generate(entropy).map(Self)
    }

    pub(super) const fn signer(&self) -> &GrantSigner {
        &self.0
    }

    /// The text to keep, away from the server.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        text::write(PREFIX, self.0.seed().expose())
    }
}

impl FromStr for GrantingKey {
    type Err = SplitTextError;

    fn from_str(text: &str) -> Result<Self, SplitTextError> {
        let malformed = SplitTextError::Malformed { prefix: PREFIX };
        let bytes = text::read(PREFIX, text, 32)?;
        let seed = bytes.as_slice().try_into().map_err(|_length| malformed)?;
        let signer = GrantSigner::from_seed(Secret::from_bytes(seed));
        signer.map(Self).map_err(|_refused| malformed)
    }
}

impl fmt::Debug for GrantingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantingKey")
    }
}
