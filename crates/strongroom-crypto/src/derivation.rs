//! Key derivation functions that callers ask for by name, over secrets of their own.
//!
//! ```text
//! HKDF      Expand(Extract(salt, secret), info)                    RFC 5869
//! PBKDF2    PBKDF2-HMAC(secret, salt, iterations)                  RFC 8018, NIST SP 800-132
//! KBKDF     HMAC(secret, counter32 ‖ info), counter mode           NIST SP 800-108r1 section 4.1
//! Argon2id  version 0x13                                           RFC 9106
//! scrypt    scrypt(secret, salt, 2^log_n, r, p)                    RFC 7914
//! ```
//!
//! Costs have bounds, so that nobody keeps the server busy or takes its memory: see [`limits`].
//! Argon2id and scrypt are those of RustCrypto, because AWS-LC has none. Strongroom's own keys come from
//! [`crate::kdf`] and never from here.

use core::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};
use aws_lc_rs::{hkdf, pbkdf2};
use strongroom_types::DerivationHash;
use zeroize::Zeroizing;

use crate::secret::SecretBytes;

/// What a derivation may cost.
pub mod limits {
    /// The most bytes that one derivation gives.
    pub const OUTPUT_BYTES: usize = 1024;
    /// The fewest and the most iterations of PBKDF2, all blocks of the output together. NIST SP 800-132
    /// asks for 1,000.
    pub const ITERATIONS: core::ops::RangeInclusive<u32> = 1_000..=2_000_000;
    /// The most memory of Argon2id and of scrypt, in KiB.
    pub const MEMORY_KIB: u32 = 131_072;
    /// The least `log2(N)` of scrypt.
    pub const LOG_N_MIN: u8 = 10;
    /// How often a derivation may go over so much memory: passes of Argon2id, `p` of scrypt.
    pub const MEMORY_TIMES: u64 = 4;
    /// The most passes of Argon2id.
    pub const PASSES: u32 = 16;
    /// The most lanes of Argon2id, and the most `p` of scrypt.
    pub const LANES: u32 = 16;
}

/// A function and its parameters.
#[derive(Debug, Clone, Copy)]
pub enum Derivation<'a> {
    /// RFC 5869, for secrets that are keys already.
    Hkdf {
        /// The hash of its HMAC.
        hash: DerivationHash,
        /// Empty is as many zeros as the hash is long.
        salt: &'a [u8],
        /// What the key is for.
        info: &'a [u8],
    },
    /// RFC 8018, for passwords.
    Pbkdf2 {
        /// The hash of its HMAC.
        hash: DerivationHash,
        /// At least 16 bytes (NIST SP 800-132).
        salt: &'a [u8],
        /// See [`limits::ITERATIONS`].
        iterations: u32,
    },
    /// NIST SP 800-108r1, counter mode, for secrets that are keys already.
    Kbkdf {
        /// The hash of its HMAC.
        hash: DerivationHash,
        /// Label, zero byte and context of the standard, as the caller joins them.
        info: &'a [u8],
    },
    /// RFC 9106, for passwords.
    Argon2id {
        /// At least 16 bytes.
        salt: &'a [u8],
        /// In KiB, at least 8 for each lane.
        memory_kib: u32,
        /// How often it goes over the memory.
        passes: u32,
        /// Degree of parallelism.
        lanes: u32,
    },
    /// RFC 7914, for passwords.
    Scrypt {
        /// At least 16 bytes.
        salt: &'a [u8],
        /// `log2(N)`.
        log_n: u8,
        /// Block size.
        r: u32,
        /// Parallelism.
        p: u32,
    },
}

/// Parameters that a function does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DerivationError {
    /// None, or more than [`limits::OUTPUT_BYTES`] or than the function gives.
    #[error("the length is not one that the function gives")]
    Length,
    /// Too cheap for any use, or dearer than allowed.
    #[error("the cost is out of bounds")]
    Cost,
    /// A salt of a password's derivation is too short, or empty secrets are not taken.
    #[error("the salt is too short")]
    Salt,
    /// KBKDF takes no empty secret.
    #[error("the secret is empty")]
    Secret,
}

/// The fewest bytes of the salt of a password (NIST SP 800-132 section 5.1).
const SALT_BYTES_MIN: usize = 16;

impl Derivation<'_> {
    /// Derives `bytes` bytes from `secret`.
    ///
    /// # Errors
    /// The first bound that the parameters do not keep.
    pub fn derive(&self, secret: &[u8], bytes: usize) -> Result<SecretBytes, DerivationError> {
        if !(1..=limits::OUTPUT_BYTES).contains(&bytes) {
            return Err(DerivationError::Length);
        }
        let mut out = Zeroizing::new(vec![0; bytes]);
        self.derive_into(secret, &mut out)?;
        Ok(SecretBytes::from(core::mem::take(&mut *out)))
    }

    /// Whether it is meant to be slow, and so belongs beside the other work and not into it.
    #[must_use]
    pub const fn is_slow(&self) -> bool {
        match self {
            Self::Hkdf { .. } | Self::Kbkdf { .. } => false,
            Self::Pbkdf2 { .. } | Self::Argon2id { .. } | Self::Scrypt { .. } => true,
        }
    }

    fn derive_into(&self, secret: &[u8], out: &mut [u8]) -> Result<(), DerivationError> {
        match *self {
            Self::Hkdf { hash, salt, info } => expand(hash, salt, info, secret, out),
            Self::Pbkdf2 {
                hash,
                salt,
                iterations,
            } => stretch(hash, salt, iterations, secret, out),
            Self::Kbkdf { hash, info } => count(hash, info, secret, out),
            Self::Argon2id {
                salt,
                memory_kib,
                passes,
                lanes,
            } => argon2id(salt, (memory_kib, passes, lanes), secret, out),
            Self::Scrypt { salt, log_n, r, p } => scrypt_key(salt, (log_n, r, p), secret, out),
        }
    }
}

/// A length that is known at run time only.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(
    hash: DerivationHash,
    salt: &[u8],
    info: &[u8],
    secret: &[u8],
    out: &mut [u8],
) -> Result<(), DerivationError> {
    let algorithm = match hash {
        DerivationHash::Sha256 => hkdf::HKDF_SHA256,
        DerivationHash::Sha384 => hkdf::HKDF_SHA384,
        DerivationHash::Sha512 => hkdf::HKDF_SHA512,
    };
    let extracted = hkdf::Salt::new(algorithm, salt).extract(secret);
    let info = [info];
    extracted
        .expand(&info, Length(out.len()))
        .and_then(|okm| okm.fill(out))
        .map_err(|_too_long| DerivationError::Length)
}

fn stretch(
    hash: DerivationHash,
    salt: &[u8],
    iterations: u32,
    secret: &[u8],
    out: &mut [u8],
) -> Result<(), DerivationError> {
    check_salt(salt)?;
    let iterations = NonZeroU32::new(iterations)
        .filter(|iterations| limits::ITERATIONS.contains(&iterations.get()))
        .ok_or(DerivationError::Cost)?;
    let (algorithm, block_bytes) = match hash {
        DerivationHash::Sha256 => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
        DerivationHash::Sha384 => (pbkdf2::PBKDF2_HMAC_SHA384, 48),
        DerivationHash::Sha512 => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
    };
    // Every block iterates anew.
    let blocks = u32::try_from(out.len().div_ceil(block_bytes)).unwrap_or(u32::MAX);
    if iterations.get().saturating_mul(blocks) > *limits::ITERATIONS.end() {
        return Err(DerivationError::Cost);
    }
    pbkdf2::derive(algorithm, iterations, salt, secret, out);
    Ok(())
}

fn count(
    hash: DerivationHash,
    info: &[u8],
    secret: &[u8],
    out: &mut [u8],
) -> Result<(), DerivationError> {
    if secret.is_empty() {
        return Err(DerivationError::Secret);
    }
    let id = match hash {
        DerivationHash::Sha256 => KbkdfCtrHmacAlgorithmId::Sha256,
        DerivationHash::Sha384 => KbkdfCtrHmacAlgorithmId::Sha384,
        DerivationHash::Sha512 => KbkdfCtrHmacAlgorithmId::Sha512,
    };
    let algorithm = get_kbkdf_ctr_hmac_algorithm(id).ok_or(DerivationError::Length)?;
    kbkdf_ctr_hmac(algorithm, secret, info, out).map_err(|_refused| DerivationError::Length)
}

fn argon2id(
    salt: &[u8],
    (memory_kib, passes, lanes): (u32, u32, u32),
    secret: &[u8],
    out: &mut [u8],
) -> Result<(), DerivationError> {
    check_salt(salt)?;
    let dear = memory_kib > limits::MEMORY_KIB
        || passes > limits::PASSES
        || lanes > limits::LANES
        || goes_over(u64::from(memory_kib) * 1024, passes);
    let params = Params::new(memory_kib, passes, lanes, Some(out.len()));
    let params = params.map_err(|error| match error {
        argon2::Error::OutputTooShort | argon2::Error::OutputTooLong => DerivationError::Length,
        _cost => DerivationError::Cost,
    });
    let params =
        params.and_then(|params| (!dear).then_some(params).ok_or(DerivationError::Cost))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(secret, salt, out)
        .map_err(|_refused| DerivationError::Cost)
}

fn scrypt_key(
    salt: &[u8],
    (log_n, r, p): (u8, u32, u32),
    secret: &[u8],
    out: &mut [u8],
) -> Result<(), DerivationError> {
    check_salt(salt)?;
    // Memory is 128 · r · N bytes.
    let bytes = 128_u64
        .checked_mul(u64::from(r))
        .and_then(|block| block.checked_shl(u32::from(log_n)).filter(|_| log_n < 32));
    let dear = bytes.is_none_or(|bytes| bytes > u64::from(limits::MEMORY_KIB) * 1024);
    let dear = dear || bytes.is_none_or(|bytes| goes_over(bytes, p));
    if dear || p > limits::LANES || log_n < limits::LOG_N_MIN {
        return Err(DerivationError::Cost);
    }
    let params = scrypt::Params::new(log_n, r, p).map_err(|_refused| DerivationError::Cost)?;
    scrypt::scrypt(secret, salt, &params, out).map_err(|_refused| DerivationError::Length)
}

/// Whether so many times over so much memory is more than allowed.
fn goes_over(bytes: u64, times: u32) -> bool {
    let most = u64::from(limits::MEMORY_KIB) * 1024 * limits::MEMORY_TIMES;
    bytes.saturating_mul(u64::from(times)) > most
}

fn check_salt(salt: &[u8]) -> Result<(), DerivationError> {
    if salt.len() < SALT_BYTES_MIN {
        return Err(DerivationError::Salt);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
