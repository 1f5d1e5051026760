//! What is kept of a key of theirs: all keys that it can have been, and the formats that it ever had.
//!
//! ```text
//! ring    = 1 ‖ formats u8 ‖ (1 ‖ count u8 ‖ entry* | 2 ‖ expanded ML-KEM private key)
//! entry   = derivation u8 ‖ length u8 ‖ key
//! formats = 1 cs-v1 | 2 cs-v2 | 4 cs-v3 | 8 cs-hybrid-v1 | 16 cs-sdk-v4
//! ```

use strongroom_types::Format;

use super::derive::Derivation;
use super::header::COMMITMENT_BYTES;
use super::hybrid::is_private_key;
use crate::kdf;
use crate::secret::SecretBytes;
use aws_lc_rs::hmac;

/// The longest ring.
pub const RING_BYTES_MAX: usize = 8 * 1024;
/// The most keys of a ring: opening what commits to no key tries those of one length.
const ENTRIES_MAX: usize = 64;
const VERSION: u8 = 1;
const OF_KEYS: u8 = 1;
const OF_KEM: u8 = 2;
/// What a commitment is of.
const COMMITMENT: &[u8] = b"key-commitment-v1";

/// Bytes that are no ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the keys of an imported key")]
pub struct MalformedRing;

/// One key that a key of theirs can have been.
pub(super) struct Entry {
    pub(super) derivation: Derivation,
    pub(super) key: SecretBytes,
}

/// All keys that a key of theirs can have been, or a private key of ML-KEM.
pub struct KeyRing {
    formats: u8,
    pub(super) material: Material,
}

pub(super) enum Material {
    Keys(Vec<Entry>),
    Kem(SecretBytes),
}

/// Shows no key.
impl core::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KeyRing")
    }
}

const fn bit(format: Format) -> u8 {
    match format {
        Format::Sr1 => 0,
        Format::CsV1 => 1,
        Format::CsV2 => 2,
        Format::CsV3 => 4,
        Format::CsHybridV1 => 8,
        Format::CsSdkV4 => 16,
    }
}

fn bits(formats: &[Format]) -> u8 {
    formats.iter().fold(0, |bits, format| bits | bit(*format))
}

impl KeyRing {
    pub(super) fn of_keys(formats: &[Format], entries: Vec<Entry>) -> Self {
        Self {
            formats: bits(formats),
            material: Material::Keys(entries),
        }
    }

    pub(super) fn of_kem(formats: &[Format], private: SecretBytes) -> Self {
        Self {
            formats: bits(formats),
            material: Material::Kem(private),
        }
    }

    /// Whether the key ever had ciphertexts of the format. What is said to be of another one was relabelled.
    #[must_use]
    pub const fn had(&self, format: Format) -> bool {
        self.formats & bit(format) != 0
    }

    /// Whether it is a private key of ML-KEM.
    #[must_use]
    pub const fn is_kem(&self) -> bool {
        matches!(self.material, Material::Kem(_))
    }

    /// Its bytes, to be sealed.
    #[must_use]
    pub fn encode(&self) -> SecretBytes {
        let mut bytes = Vec::with_capacity(RING_BYTES_MAX);
        bytes.extend([VERSION, self.formats]);
        match &self.material {
            Material::Keys(entries) => {
                bytes.extend([OF_KEYS, u8::try_from(entries.len()).unwrap_or(u8::MAX)]);
                for Entry { derivation, key } in entries {
                    let length = u8::try_from(key.expose().len()).unwrap_or(u8::MAX);
                    bytes.extend([derivation.code(), length]);
                    bytes.extend_from_slice(key.expose());
                }
            }
            Material::Kem(private) => {
                bytes.push(OF_KEM);
                bytes.extend_from_slice(private.expose());
            }
        }
        SecretBytes::from(bytes)
    }

    /// Reads what [`KeyRing::encode`] wrote.
    ///
    /// # Errors
    /// It is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, MalformedRing> {
        let (head, rest) = bytes.split_first_chunk::<3>().ok_or(MalformedRing)?;
        let [VERSION, formats, kind] = *head else {
            return Err(MalformedRing);
        };
        if formats == 0 || formats > bits(Format::ALL) || bytes.len() > RING_BYTES_MAX {
            return Err(MalformedRing);
        }
        let material = match kind {
            OF_KEYS => Material::Keys(entries(rest)?),
            OF_KEM if is_private_key(rest.len()) => Material::Kem(SecretBytes::from(rest.to_vec())),
            _ => return Err(MalformedRing),
        };
        Ok(Self { formats, material })
    }

    /// The keys of a length, of those that a commitment is of where there is one.
    pub(super) fn candidates<'a>(
        &'a self,
        bytes: usize,
        commitment: Option<&'a [u8; COMMITMENT_BYTES]>,
    ) -> impl Iterator<Item = &'a SecretBytes> {
        let entries = match &self.material {
            Material::Keys(entries) => entries.as_slice(),
            Material::Kem(_) => &[],
        };
        let keys = entries.iter().map(|entry| &entry.key);
        keys.filter(move |key| {
            key.expose().len() == bytes && commitment.is_none_or(|given| commits(key, given))
        })
    }
}

/// `HMAC-SHA-256(key, "key-commitment-v1")`, compared in constant time.
fn commits(key: &SecretBytes, given: &[u8; COMMITMENT_BYTES]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    kdf::verify(hmac::sign(&key, COMMITMENT).as_ref(), given)
}

fn entries(bytes: &[u8]) -> Result<Vec<Entry>, MalformedRing> {
    let (&count, mut rest) = bytes.split_first().ok_or(MalformedRing)?;
    let count = usize::from(count);
    if count == 0 || count > ENTRIES_MAX {
        return Err(MalformedRing);
    }
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let (head, tail) = rest.split_first_chunk::<2>().ok_or(MalformedRing)?;
        let [derivation, length] = *head;
        let derivation = Derivation::of_code(derivation).ok_or(MalformedRing)?;
        if ![16, 24, 32, 64].contains(&length) {
            return Err(MalformedRing);
        }
        let (key, tail) = tail.split_at_checked(length.into()).ok_or(MalformedRing)?;
        let key = SecretBytes::from(key.to_vec());
        entries.push(Entry { derivation, key });
        rest = tail;
    }
    if rest.is_empty() {
        return Ok(entries);
    }
    Err(MalformedRing)
}
