//! A root key from a passphrase, by Argon2id (RFC 9106).
//!
//! ```text
//! wrapping key, 32 bytes ‖ check, 16 bytes = Argon2id(passphrase, salt; m, t, p)
//! ```
//! Salt, parameters and check stand in a small file; the passphrase stands nowhere. The check
//! tells a wrong passphrase from a damaged database; it gives a thief of the file no faster guess
//! than a wrapped seed would.
//!
//! ```text
//! strongroom-passphrase-root-1
//! m=65536 t=3 p=1
//! salt=<base64, 16 bytes>
//! check=<base64, 16 bytes>
//! ```

use std::fs;
use std::path::Path;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::secret::Secret;
use zeroize::Zeroizing;

use super::file::{io, refuse_shared};
use super::{KeyRoot, RootFileError};
use crate::file;

/// The fewest characters of a passphrase.
pub const CHARS_MIN: usize = 12;

const NAME: &str = "strongroom-passphrase-root-1";
const SALT_BYTES: usize = 16;
const CHECK_BYTES: usize = 16;
const KEY_BYTES: usize = 32;

/// RFC 9106 section 4, second recommended option, with one lane: memory in KiB and passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// Makes a root file for a passphrase, mode 0600. It never replaces a file.
///
/// # Errors
/// The passphrase is too short, the file exists, the disk refuses, or there is no randomness.
pub fn create(path: &Path, passphrase: &str, entropy: &dyn Entropy) -> Result<(), RootFileError> {
    check(passphrase)?;
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt)?;
    let (_, check) = derive_key(passphrase, &salt).ok_or_else(damaged(path))?;
    let text = encode(salt, check);
    file::create(path, text.as_bytes()).map_err(io(path))
}

/// Refuses a passphrase that no root file is made for.
pub(crate) fn check(passphrase: &str) -> Result<(), RootFileError> {
    if passphrase.chars().count() < CHARS_MIN {
        return Err(RootFileError::WeakPassphrase { min: CHARS_MIN });
    }
    Ok(())
}

/// Derives the root key that the file describes.
///
/// # Errors
/// The file is not there or damaged, or the passphrase is another.
pub fn open(
    path: &Path,
    passphrase: &str,
    entropy: Arc<dyn Entropy>,
) -> Result<KeyRoot, RootFileError> {
    refuse_shared(path)?;
    let text = fs::read_to_string(path).map_err(io(path))?;
    let (salt, expected) = decode(&text).ok_or_else(damaged(path))?;
    let (key, check) = derive_key(passphrase, &salt).ok_or_else(damaged(path))?;
    verify_slices_are_equal(&check, &expected)
        .map_err(|_unequal| RootFileError::WrongPassphrase)?;
    Ok(KeyRoot::new("passphrase", &key, entropy))
}

fn damaged(path: &Path) -> impl Fn() -> RootFileError {
    move || RootFileError::Damaged {
        path: path.to_owned(),
    }
}

/// `Argon2id(passphrase, salt)` as wrapping key and check; `None` only if the constants above were
/// out of Argon2's range.
fn derive_key(
    passphrase: &str,
    salt: &[u8; SALT_BYTES],
) -> Option<(Secret<KEY_BYTES>, [u8; CHECK_BYTES])> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(KEY_BYTES + CHECK_BYTES)).ok()?;
    let mut out = Zeroizing::new([0; KEY_BYTES + CHECK_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, out.as_mut())
        .ok()?;
    let (key, check) = out.split_at_checked(KEY_BYTES)?;
    Some((
        Secret::from_bytes(key.try_into().ok()?),
        check.try_into().ok()?,
    ))
}

/// The one set of parameters there is: weaker ones are not read, stronger ones would be a new
/// version of the file.
fn parameters() -> String {
    format!("m={MEMORY_KIB} t={PASSES} p={LANES}")
}

fn encode(salt: [u8; SALT_BYTES], check: [u8; CHECK_BYTES]) -> String {
    format!(
        "{NAME}\n{}\nsalt={}\ncheck={}\n",
        parameters(),
        STANDARD.encode(salt),
        STANDARD.encode(check)
    )
}

fn decode(text: &str) -> Option<([u8; SALT_BYTES], [u8; CHECK_BYTES])> {
    let mut lines = text.lines();
    let named = lines.next()? == NAME && lines.next()? == parameters();
    let salt = STANDARD.decode(lines.next()?.strip_prefix("salt=")?).ok()?;
    let check = STANDARD
        .decode(lines.next()?.strip_prefix("check=")?)
        .ok()?;
    let whole = named && lines.next().is_none();
    whole.then_some((salt.try_into().ok()?, check.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use strongroom_core::ports::Root as _;
    use strongroom_crypto::entropy::SystemEntropy;
    use strongroom_crypto::keys::{Place, Seed};

    use super::*;

    const PLACE: Place = Place::Deployment("test");

    #[tokio::test]
    async fn only_the_right_passphrase_opens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root");
        create(&path, "correct horse battery", &SystemEntropy).unwrap();
        let open = |passphrase| open(&path, passphrase, Arc::new(SystemEntropy));

        let root = open("correct horse battery").unwrap();
        let seed = Seed::generate(&SystemEntropy).unwrap();
        let wrapped = root.wrap(&PLACE, None, &seed).await.unwrap();
        let again = open("correct horse battery").unwrap();
        assert_eq!(again.unwrap(&PLACE, None, &wrapped).await.unwrap(), seed);

        let refused = open("correct horse batterx").unwrap_err();
        assert!(matches!(refused, RootFileError::WrongPassphrase));
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = create(&folder.path().join("root"), "elevenchars", &SystemEntropy);
        assert!(matches!(
            refused,
            Err(RootFileError::WeakPassphrase { min: 12 })
        ));
    }

    #[test]
    fn weaker_parameters_are_not_read() {
        let text = encode([1; SALT_BYTES], [2; CHECK_BYTES]);
        assert!(decode(&text).is_some());
        assert!(decode(&text.replace("t=3", "t=1")).is_none());
        assert!(decode(&format!("{text}more\n")).is_none());
        assert!(decode("").is_none());
    }
}
