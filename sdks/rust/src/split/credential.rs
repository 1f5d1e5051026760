//! What a client of split keys keeps.

use core::fmt;
use core::str::FromStr;

use strongroom_crypto::secret::SecretBytes;
use strongroom_crypto::xwing::{PRIVATE_KEY_BYTES, PrivateKey};
use zeroize::Zeroizing;

use super::key_pair::SplitKeyPair;
use super::pin::{KeysetPin, PIN_BYTES};
use super::text::{self, SplitTextError};

/// A client's key pair and the pin of one keyset. Text: `skc_…`, a line of some 6 KiB for a file that
/// only the program reads.
pub struct SplitCredential {
    pair: SplitKeyPair,
    pin: KeysetPin,
}

const PREFIX: &str = "skc_";

impl SplitCredential {
    /// Joins the key pair with what the granting client told of the keyset.
    #[must_use]
    pub const fn new(pair: SplitKeyPair, pin: KeysetPin) -> Self {
        Self { pair, pin }
    }

    /// The pin.
    #[must_use]
    pub const fn pin(&self) -> &KeysetPin {
        &self.pin
    }

    /// The same client with the pin of a later epoch: what is older is not sealed under any more.
    #[must_use]
    pub fn with_pin(self, pin: KeysetPin) -> Self {
        Self { pin, ..self }
    }

    pub(super) const fn pair(&self) -> &SplitKeyPair {
        &self.pair
    }

    /// The text to keep: whoever has it has the client's share, as far as the server lets them.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        let (pin, key) = (self.pin.to_bytes(), self.pair.private().expanded());
        let bytes = Zeroizing::new([&pin, key.expose()].concat());
        text::write(PREFIX, &bytes)
    }
}

impl FromStr for SplitCredential {
    type Err = SplitTextError;

    fn from_str(text: &str) -> Result<Self, SplitTextError> {
        let bytes = text::read(PREFIX, text, PIN_BYTES + PRIVATE_KEY_BYTES)?;
        let parts = || {
            let (pin, key) = bytes.split_at_checked(PIN_BYTES)?;
            let key = PrivateKey::from_expanded(SecretBytes::from(key.to_vec())).ok()?;
            Some((KeysetPin::from_bytes(pin)?, key))
        };
        let (pin, key) = parts().ok_or(SplitTextError::Malformed { prefix: PREFIX })?;
        Ok(Self::new(SplitKeyPair::from_private(key), pin))
    }
}

impl fmt::Debug for SplitCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplitCredential")
            .field("pin", &self.pin)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::entropy::SystemEntropy;

    use super::super::pin::tests::pin;
    use super::*;

    #[test]
    fn text_reads_back_and_debug_shows_no_key() {
        let pair = SplitKeyPair::generate(&SystemEntropy).unwrap();
        let fingerprint = pair.fingerprint();
        let credential = SplitCredential::new(pair, pin());
        let text = credential.expose_text();
        let read: SplitCredential = text.parse().unwrap();
        assert_eq!(*read.pin(), pin());
        assert_eq!(read.pair().fingerprint(), fingerprint);
        assert!(format!("{read:?}").len() < 300);
        let cut = text.get(..text.len() - 8).unwrap();
        assert!(cut.parse::<SplitCredential>().is_err());
    }
}
