//! A client's secret.

use core::fmt;
use core::str::FromStr;

use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_crypto::label::Label;
use strongroom_crypto::secret::Secret;
use strongroom_log::sha256;
use strongroom_types::base32;
use zeroize::Zeroizing;

/// What opens a slot of a sealed store: 32 random bytes, or what a passphrase was hardened to.
///
/// ```text
/// text  = "sks_" ‖ base32(secret (32) ‖ check (4))
/// check = SHA-256("check-of-sealed-store" ‖ secret), first 4 bytes
/// ```
///
/// The check tells a mistyped secret before anything is asked of the server. Nothing weaker than
/// 32 bytes has this form, so that no short password is taken for one.
#[derive(PartialEq, Eq)]
pub struct ClientSecret(Secret<SECRET_BYTES>);

/// A text that is no client secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientSecretError {
    /// It has another form.
    #[error(
        "not a client secret: expected `sks_` and {} characters",
        base32::digits(TEXT_BYTES)
    )]
    Malformed,
    /// A character is wrong.
    #[error("the client secret is mistyped")]
    Mistyped,
}

const PREFIX: &str = "sks_";
const SECRET_BYTES: usize = 32;
const CHECK_BYTES: usize = 4;
const TEXT_BYTES: usize = SECRET_BYTES + CHECK_BYTES;

impl ClientSecret {
    /// Draws a secret.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        Secret::generate(entropy).map(Self)
    }

    pub(super) const fn from_secret(secret: Secret<SECRET_BYTES>) -> Self {
        Self(secret)
    }

    pub(super) const fn secret(&self) -> &Secret<SECRET_BYTES> {
        &self.0
    }

    /// The text to keep: whoever has it has the store, as far as the server lets them.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        let secret = self.0.expose();
        let bytes = Zeroizing::new([&secret[..], &check(secret)].concat());
        let digits = Zeroizing::new(base32::encode(&bytes));
        Zeroizing::new([PREFIX, &digits].concat())
    }
}

fn check(secret: &[u8; SECRET_BYTES]) -> [u8; CHECK_BYTES] {
    let message = Zeroizing::new([Label::SealedSecretCheck.as_bytes(), secret].concat());
    let [a, b, c, d, ..] = *sha256(&message).as_bytes();
    [a, b, c, d]
}

impl FromStr for ClientSecret {
    type Err = ClientSecretError;

    fn from_str(text: &str) -> Result<Self, ClientSecretError> {
        let digits = text.strip_prefix(PREFIX);
        let bytes = digits.and_then(base32::decode).map(Zeroizing::new);
        let bytes = bytes.filter(|bytes| bytes.len() == TEXT_BYTES);
        let bytes = bytes.ok_or(ClientSecretError::Malformed)?;
        let parts = bytes.split_first_chunk::<SECRET_BYTES>();
        let (secret, given) = parts.ok_or(ClientSecretError::Malformed)?;
        if check(secret)[..] != *given {
            return Err(ClientSecretError::Mistyped);
        }
        Ok(Self(Secret::from_bytes(*secret)))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::entropy::SystemEntropy;

    use super::*;

    #[test]
    fn text_reads_back() {
        let secret = ClientSecret::generate(&SystemEntropy).unwrap();
        let text = secret.expose_text();
        assert!(text.parse::<ClientSecret>().unwrap() == secret);
        assert_eq!(format!("{secret:?}"), "ClientSecret");
    }

    #[test]
    fn every_mistyped_character_is_noticed() {
        let secret = ClientSecret(Secret::from_bytes([9; 32]));
        let text = secret.expose_text();
        for at in PREFIX.len()..text.len() {
            let mut typed = text.as_bytes().to_vec();
            typed[at] = if typed[at] == b'7' { b'8' } else { b'7' };
            let typed = String::from_utf8(typed).unwrap();
            assert!(typed.parse::<ClientSecret>().is_err(), "{at}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let text = ClientSecret(Secret::from_bytes([9; 32])).expose_text();
        let rest = text.strip_prefix(PREFIX).unwrap();
        let longer = format!("{}0", &*text);
        for wrong in [
            "",
            "password",
            PREFIX,
            rest,
            text.get(..text.len() - 1).unwrap(),
            &longer,
        ] {
            let read = wrong.parse::<ClientSecret>();
            assert_eq!(read, Err(ClientSecretError::Malformed), "{wrong}");
        }
    }
}
