//! A root key in a file: one line of text that only its owner may read.
//!
//! ```text
//! strongroom-root-key-1 <base64 of: key, 32 bytes ‖ check, 4 bytes>
//! check = SHA-256("strongroom-root-key-1" ‖ key), first 4 bytes
//! ```
//! The check finds a character lost in copying; it protects nothing.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::secret::Secret;
use zeroize::Zeroizing;

use super::{KeyRoot, RootFileError};
use crate::file;

const NAME: &str = "strongroom-root-key-1";
const KEY_BYTES: usize = 32;
const CHECK_BYTES: usize = 4;

/// Makes a file with a new root key, mode 0600. It never replaces a file.
///
/// # Errors
/// The file exists, the disk refuses, or there is no randomness.
pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<(), RootFileError> {
    let key = Secret::<KEY_BYTES>::generate(entropy)?;
    let text = encode(&key);
    file::create(path, text.as_bytes()).map_err(io(path))
}

/// Reads a root key.
///
/// # Errors
/// The file is not there, is damaged, or others than its owner may use it.
pub fn open(path: &Path, entropy: Arc<dyn Entropy>) -> Result<KeyRoot, RootFileError> {
    refuse_shared(path)?;
    let text = Zeroizing::new(fs::read_to_string(path).map_err(io(path))?);
    let key = decode(&text).ok_or_else(|| RootFileError::Damaged {
        path: path.to_owned(),
    })?;
    Ok(KeyRoot::new("file", &key, entropy))
}

pub(super) fn refuse_shared(path: &Path) -> Result<(), RootFileError> {
    match file::shared_with_others(path).map_err(io(path))? {
        None => Ok(()),
        Some(mode) => Err(RootFileError::SharedWithOthers {
            path: path.to_owned(),
            mode,
        }),
    }
}

pub(super) fn io(path: &Path) -> impl Fn(std::io::Error) -> RootFileError {
    move |source| RootFileError::Io {
        path: path.to_owned(),
        source,
    }
}

fn encode(key: &Secret<KEY_BYTES>) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(key.expose().to_vec());
    bytes.extend_from_slice(&check(key));
    let text = Zeroizing::new(STANDARD.encode(&*bytes));
    Zeroizing::new(format!("{NAME} {}\n", *text))
}

fn decode(text: &str) -> Option<Secret<KEY_BYTES>> {
    let text = text.strip_prefix(NAME)?.strip_prefix(' ')?;
    let bytes = Zeroizing::new(STANDARD.decode(text.trim_end()).ok()?);
    let (key, found) = bytes.split_at_checked(KEY_BYTES)?;
    let key = Secret::from_bytes(key.try_into().ok()?);
    (check(&key) == found).then_some(key)
}

fn check(key: &Secret<KEY_BYTES>) -> [u8; CHECK_BYTES] {
    let mut hash = Context::new(&SHA256);
    hash.update(NAME.as_bytes());
    hash.update(key.expose());
    let digest = hash.finish();
    core::array::from_fn(|i| digest.as_ref().get(i).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use strongroom_core::ports::{Root as _, RootError};
    use strongroom_crypto::entropy::SystemEntropy;
    use strongroom_crypto::keys::{Place, Seed};

    use super::*;

    const PLACE: Place = Place::Deployment("test");

    fn root(path: &Path) -> Result<KeyRoot, RootFileError> {
        open(path, Arc::new(SystemEntropy))
    }

    #[tokio::test]
    async fn a_created_file_opens_what_it_wrapped_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        for path in &paths {
            create(path, &SystemEntropy).unwrap();
        }
        let seed = Seed::generate(&SystemEntropy).unwrap();
        let wrapped = root(&paths[0])
            .unwrap()
            .wrap(&PLACE, None, &seed)
            .await
            .unwrap();
        let opened = root(&paths[0])
            .unwrap()
            .unwrap(&PLACE, None, &wrapped)
            .await;
        assert_eq!(opened.unwrap(), seed);
        let other = root(&paths[1])
            .unwrap()
            .unwrap(&PLACE, None, &wrapped)
            .await;
        assert_eq!(
            other.unwrap_err(),
            RootError::WrongRoot { provider: "file" }
        );
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path, &SystemEntropy).unwrap();
        let mode = |bits| fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
        for bits in [0o640, 0o604, 0o620, 0o777] {
            mode(bits);
            let refused = root(&path).unwrap_err();
            assert!(
                matches!(refused, RootFileError::SharedWithOthers { mode, .. } if mode == bits)
            );
        }
        mode(0o400);
        assert!(root(&path).is_ok());
    }

    #[test]
    fn an_existing_key_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path, &SystemEntropy).unwrap();
        let before = fs::read(&path).unwrap();
        assert!(create(&path, &SystemEntropy).is_err());
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_lost_or_changed_character_is_found() {
        let key = Secret::from_bytes([7; KEY_BYTES]);
        let text = encode(&key);
        assert_eq!(decode(&text), Some(key));
        for i in 0..text.len() - 1 {
            let mut lost = text.as_bytes().to_vec();
            let was = lost.remove(i);
            let mut changed = lost.clone();
            changed.insert(i, if was == b'A' { b'B' } else { b'A' });
            for damaged in [lost, changed] {
                assert!(
                    decode(&String::from_utf8(damaged).unwrap()).is_none(),
                    "{i}"
                );
            }
        }
    }
}
