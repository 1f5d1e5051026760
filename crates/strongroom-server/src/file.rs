//! Files that survive a crash: complete or absent, never half-written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Only the owner reads and writes.
const OWNER_ONLY: u32 = 0o600;

/// Creates a file that only its owner may read; fails if it exists.
///
/// # Errors
/// The file exists, or the disk refuses.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    write_synced(OpenOptions::new().create_new(true), path, content)?;
    sync_folder(path)
}

/// Replaces a file as one step: readers see the old content or the new.
///
/// A rename is atomic, but only durable once its directory is on disk; and without the file's own
/// sync before it, a crash may leave the new name on old or empty blocks.
///
/// # Errors
/// The disk refuses; the old content stands.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary(path);
    write_synced(
        OpenOptions::new().create(true).truncate(true),
        &temporary,
        content,
    )?;
    fs::rename(&temporary, path)?;
    sync_folder(path)
}

/// The permission bits of a file that others than its owner may use in any way.
///
/// # Errors
/// The file is not there.
pub(crate) fn shared_with_others(path: &Path) -> io::Result<Option<u32>> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// Says so when others than its owner may use a file that holds a secret. Not a refusal: a group
/// that shares the key of a certificate is usual.
pub(crate) fn warn_if_shared(path: &Path) {
    if let Ok(Some(mode)) = shared_with_others(path) {
        let mode = format!("{mode:o}");
        tracing::warn!(path = %path.display(), mode, "others than its owner may use a secret file");
    }
}

/// What [`replace`] writes before the rename. Readers of a folder skip this ending.
pub(crate) const TEMPORARY: &str = "new";

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(TEMPORARY);
    PathBuf::from(name)
}

fn write_synced(options: &mut OpenOptions, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = options.write(true).mode(OWNER_ONLY).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_is_for_the_owner_only_and_never_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path, b"one").unwrap();
        assert_eq!(shared_with_others(&path).unwrap(), None);
        assert_eq!(
            create(&path, b"two").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn replace_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
