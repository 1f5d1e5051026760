//! From their master key to the keys of a context, in each way that there ever was.
//!
//! ```text
//! key = HKDF-SHA-256(master key as text, salt, info, bytes)
//!
//! by tenant    info = "{context}:{tenant}:v{version}:sz{bytes}"      since 2026-02-05
//! by context   info = "{context}:v{version}:sz{bytes}"               since 2026-01-01
//! by length    info = "{context}:{version}:{bytes}"                  before
//! first        info = "{context}:{version}", 32 bytes, salt "cryptoserve-v1"
//! ```
//!
//! Their server took the salt from a setting that nobody was told of; where that was not set it was a
//! constant, which is tried with every derivation.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use strongroom_types::Format;
use zeroize::Zeroizing;

use super::hybrid::WrappedKemKey;
use super::ring::{Entry, KeyRing};
use crate::OpenError;
use crate::secret::SecretBytes;

/// The salt that they used where nobody set another.
const SALT: &str = "cryptoserve-local-salt";
/// The salt of the first release.
const SALT_OF_FIRST: &str = "cryptoserve-v1";
/// The most salts of a master key, the constant one included: what is tried is bounded.
const SALTS_MAX: usize = 5;
/// How long their keys were: for AES with 128, 192 and 256 bits, and for XTS.
const KEY_BYTES: [usize; 4] = [16, 24, 32, 64];

/// In which way a key was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// With the tenant. The present one.
    ByTenant,
    /// With the context alone.
    ByContext,
    /// With the context alone, and other separators.
    ByLength,
    /// As the first release did.
    First,
}

impl Derivation {
    const ALL: [Self; 4] = [Self::ByTenant, Self::ByContext, Self::ByLength, Self::First];

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::ByTenant => 1,
            Self::ByContext => 2,
            Self::ByLength => 3,
            Self::First => 4,
        }
    }

    pub(super) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    fn info(self, context: &str, tenant: &str, version: u32, bytes: usize) -> String {
        match self {
            Self::ByTenant => format!("{context}:{tenant}:v{version}:sz{bytes}"),
            Self::ByContext => format!("{context}:v{version}:sz{bytes}"),
            Self::ByLength => format!("{context}:{version}:{bytes}"),
            Self::First => format!("{context}:{version}"),
        }
    }
}

/// Their master key, with the salts that it may have been used with.
pub struct MasterKey {
    text: Zeroizing<String>,
    salts: Vec<String>,
}

/// Shows nothing of it.
impl core::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MasterKey")
    }
}

impl MasterKey {
    /// Takes the key as it stands in their setting: as text, whatever it looks like. More salts than four are
    /// not tried.
    #[must_use]
    pub fn new(text: Zeroizing<String>, salts: impl IntoIterator<Item = String>) -> Self {
        let mut known = vec![SALT.to_owned()];
        for salt in salts {
            if !known.contains(&salt) && known.len() < SALTS_MAX {
                known.push(salt);
            }
        }
        Self { text, salts: known }
    }

    /// All keys that a key of theirs can have been.
    ///
    /// # Errors
    /// There is no such derivation; there always is.
    pub fn ring(
        &self,
        (context, tenant): (&str, &str),
        version: u32,
        formats: &[Format],
    ) -> Result<KeyRing, OpenError> {
        let mut entries = Vec::new();
        for derivation in [
            Derivation::ByTenant,
            Derivation::ByContext,
            Derivation::ByLength,
        ] {
            for salt in &self.salts {
                for bytes in KEY_BYTES {
                    let info = derivation.info(context, tenant, version, bytes);
                    entries.push(self.entry(derivation, salt, &info, bytes)?);
                }
            }
        }
        let first = Derivation::First;
        let info = first.info(context, tenant, version, 32);
        entries.push(self.entry(first, SALT_OF_FIRST, &info, 32)?);
        Ok(KeyRing::of_keys(formats, entries))
    }

    fn entry(
        &self,
        derivation: Derivation,
        salt: &str,
        info: &str,
        bytes: usize,
    ) -> Result<Entry, OpenError> {
        let key = self.derive(salt, info, bytes)?;
        Ok(Entry { derivation, key })
    }

    fn derive(&self, salt: &str, info: &str, bytes: usize) -> Result<SecretBytes, OpenError> {
        let mut key = Zeroizing::new(vec![0; bytes]);
        hkdf(self.text.as_bytes(), salt.as_bytes(), info, &mut key)?;
        Ok(SecretBytes::from(core::mem::take(&mut *key)))
    }

    /// Unwraps the private key of a row of theirs.
    ///
    /// # Errors
    /// No salt fits, or the row was altered.
    pub fn kem_ring(&self, row: &WrappedKemKey<'_>) -> Result<KeyRing, OpenError> {
        let info = Derivation::ByContext.info(row.context, "", 1, 32);
        for salt in &self.salts {
            let key = self.derive(salt, &info, 32)?;
            if let Some(ring) = row.unwrap(&key)? {
                return Ok(ring);
            }
        }
        Err(OpenError)
    }
}

/// So many bytes.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-SHA-256 of RFC 5869, both steps.
pub(super) fn hkdf(
    secret: &[u8],
    salt: &[u8],
    info: &str,
    out: &mut [u8],
) -> Result<(), OpenError> {
    let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
    extracted
        .expand(&[info.as_bytes()], Length(out.len()))
        .and_then(|key| key.fill(out))
        .map_err(|_too_long| OpenError)
}
