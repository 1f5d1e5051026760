//! X-Wing: X25519 and ML-KEM-768 as one key encapsulation (draft-connolly-cfrg-xwing-kem).
//!
//! ```text
//! shared secret = SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ "\.//^\")
//! ciphertext    = ct_M (1088) ‖ ct_X (32)          public key = pk_M (1184) ‖ pk_X (32)
//! ```
//!
//! It is secret as long as one of the two holds. Keys and ciphertexts are those of the draft;
//! only the private key is stored expanded (`dk_M (2400) ‖ sk_X (32) ‖ pk_X (32) ‖ pk_M (1184)`)
//! and not as a seed, because AWS-LC takes no ML-KEM seed. For the same reason ML-KEM key pairs
//! and encapsulations draw from AWS-LC's own generator; X25519 draws from [`Entropy`].
//!
//! An X25519 agreement whose result is all zeros is refused, as RFC 7748 section 6.1 allows.

use aws_lc_rs::agreement::{self, PrivateKey as AgreementKey, UnparsedPublicKey, X25519};
use aws_lc_rs::digest;
use aws_lc_rs::kem::{self, Ciphertext, ML_KEM_768};

use crate::OpenError;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::secret::{Secret, SecretBytes};

const ML_KEM_PUBLIC: usize = 1184;
const ML_KEM_PRIVATE: usize = 2400;
const ML_KEM_CIPHERTEXT: usize = 1088;

/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES: usize = ML_KEM_PUBLIC + 32;
/// Bytes of a ciphertext.
pub const CIPHERTEXT_BYTES: usize = ML_KEM_CIPHERTEXT + 32;
/// Bytes of an expanded private key.
pub const PRIVATE_KEY_BYTES: usize = ML_KEM_PRIVATE + 32 + PUBLIC_KEY_BYTES;

/// The draft's label: a drawing of an X-wing.
const LABEL: &[u8; 6] = br"\.//^\";

/// Why nothing was encapsulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncapsulateError {
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The public key is not one.
    #[error("public key is not valid")]
    PublicKey,
}

/// `pk_M ‖ pk_X`. Checked when it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey([u8; PUBLIC_KEY_BYTES]);

/// What travels beside a sealed message: `ct_M ‖ ct_X`.
pub type XWingCiphertext = [u8; CIPHERTEXT_BYTES];

impl PublicKey {
    /// Takes the bytes of a public key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; PUBLIC_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes of the public key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.0
    }

    fn parts(&self) -> (&[u8], &[u8; 32]) {
        split_32(&self.0)
    }

    /// Draws a shared secret and encapsulates it to this key.
    ///
    /// # Errors
    /// When the key is not valid or there is no randomness.
    pub fn encapsulate(
        &self,
        entropy: &dyn Entropy,
    ) -> Result<(XWingCiphertext, Secret<32>), EncapsulateError> {
        let (pk_m, pk_x) = self.parts();
        let pk_m = kem::EncapsulationKey::new(&ML_KEM_768, pk_m)
            .map_err(|_rejected| EncapsulateError::PublicKey)?;
        let (ct_m, ss_m) = pk_m
            .encapsulate()
            .map_err(|_unspecified| EncapsulateError::PublicKey)?;
        let ephemeral = Secret::<32>::generate(entropy)?;
        let (ct_x, ephemeral) = x25519_pair(&ephemeral).map_err(|_error| EntropyUnavailable)?;
        let ss_x = x25519(&ephemeral, pk_x).map_err(|_error| EncapsulateError::PublicKey)?;
        let ciphertext = join(ct_m.as_ref(), &ct_x);
        Ok((ciphertext, combine(ss_m.as_ref(), &ss_x, &ct_x, pk_x)))
    }
}

impl core::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PublicKey(X-Wing)")
    }
}

/// A private key with its public key.
pub struct PrivateKey {
    dk_m: kem::DecapsulationKey,
    sk_x: AgreementKey,
    expanded: SecretBytes,
    public: PublicKey,
}

impl PrivateKey {
    /// Draws a key pair.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        let sk_x = Secret::<32>::generate(entropy)?;
        let (pk_x, _key) = x25519_pair(&sk_x).map_err(|_error| EntropyUnavailable)?;
        let dk_m = kem::DecapsulationKey::generate(&ML_KEM_768)
            .map_err(|_unspecified| EntropyUnavailable)?;
        let pk_m = dk_m.encapsulation_key().and_then(|key| key.key_bytes());
        let pk_m = pk_m.map_err(|_unspecified| EntropyUnavailable)?;
        let dk_bytes = dk_m
            .key_bytes()
            .map_err(|_unspecified| EntropyUnavailable)?;
        let expanded = [dk_bytes.as_ref(), sk_x.expose(), &pk_x, pk_m.as_ref()].concat();
        Self::from_expanded(SecretBytes::from(expanded)).map_err(|_error| EntropyUnavailable)
    }

    /// Takes an expanded private key: `dk_M ‖ sk_X ‖ pk_X ‖ pk_M`.
    ///
    /// # Errors
    /// When it has another length or the X25519 halves do not belong together.
    pub fn from_expanded(expanded: SecretBytes) -> Result<Self, OpenError> {
        let bytes: &[u8; PRIVATE_KEY_BYTES] =
            expanded.expose().try_into().map_err(|_length| OpenError)?;
        let (dk_m, rest) = bytes
            .split_first_chunk::<ML_KEM_PRIVATE>()
            .ok_or(OpenError)?;
        let (sk_x, rest) = rest.split_first_chunk::<32>().ok_or(OpenError)?;
        let (pk_x, pk_m) = rest.split_first_chunk::<32>().ok_or(OpenError)?;
        let (computed, sk_x) = x25519_pair(&Secret::from_bytes(*sk_x))?;
        if computed != *pk_x {
            return Err(OpenError);
        }
        let public = PublicKey(join(pk_m, pk_x));
        let dk_m = kem::DecapsulationKey::new(&ML_KEM_768, dk_m);
        Ok(Self {
            dk_m: dk_m.map_err(|_rejected| OpenError)?,
            sk_x,
            expanded,
            public,
        })
    }

    /// The expanded private key, to be wrapped before it is stored.
    #[must_use]
    pub const fn expanded(&self) -> &SecretBytes {
        &self.expanded
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The shared secret of a ciphertext. A ciphertext for another key gives another secret, not
    /// an error (implicit rejection, FIPS 203).
    ///
    /// # Errors
    /// When the X25519 part is a point of small order.
    pub fn decapsulate(&self, ciphertext: &XWingCiphertext) -> Result<Secret<32>, OpenError> {
        let (ct_m, ct_x) = split_32(ciphertext);
        let ss_m = self.dk_m.decapsulate(Ciphertext::from(ct_m));
        let ss_m = ss_m.map_err(|_unspecified| OpenError)?;
        let ss_x = x25519(&self.sk_x, ct_x)?;
        let (_pk_m, pk_x) = self.public.parts();
        Ok(combine(ss_m.as_ref(), &ss_x, ct_x, pk_x))
    }
}

impl core::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PrivateKey(X-Wing)")
    }
}

/// `SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ label)`.
fn combine(ss_m: &[u8], ss_x: &Secret<32>, ct_x: &[u8; 32], pk_x: &[u8; 32]) -> Secret<32> {
    let mut hash = digest::Context::new(&digest::SHA3_256);
    for part in [ss_m, ss_x.expose(), ct_x, pk_x, LABEL] {
        hash.update(part);
    }
    let mut shared = Secret::zeroed();
    let hash = hash.finish();
    let bytes = shared.as_mut().iter_mut().zip(hash.as_ref());
    bytes.for_each(|(to, from)| *to = *from);
    shared
}

/// The public key of a private one, and the private one ready for use.
fn x25519_pair(private: &Secret<32>) -> Result<([u8; 32], AgreementKey), OpenError> {
    let key = AgreementKey::from_private_key(&X25519, private.expose());
    let key = key.map_err(|_rejected| OpenError)?;
    let public = key.compute_public_key().map_err(|_unspecified| OpenError)?;
    let public = public.as_ref().try_into().map_err(|_length| OpenError)?;
    Ok((public, key))
}

fn x25519(private: &AgreementKey, public: &[u8; 32]) -> Result<Secret<32>, OpenError> {
    let public = UnparsedPublicKey::new(&X25519, public);
    agreement::agree(private, public, OpenError, |shared| {
        let shared: [u8; 32] = shared.try_into().map_err(|_length| OpenError)?;
        Ok(Secret::from_bytes(shared))
    })
}

/// Splits the X25519 part off the end.
fn split_32<const N: usize>(bytes: &[u8; N]) -> (&[u8], &[u8; 32]) {
    bytes.split_last_chunk().unwrap_or((&[], &[0; 32]))
}

/// Joins an ML-KEM part and an X25519 part.
fn join<const N: usize>(ml_kem: &[u8], x25519: &[u8; 32]) -> [u8; N] {
    let mut bytes = ml_kem.iter().chain(x25519).copied();
    core::array::from_fn(|_| bytes.next().unwrap_or_default())
}

#[cfg(test)]
mod tests;
