//! The file of the database and the lock beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use core::time::Duration;

use crate::database::OpenError;

/// Only the owner reads and writes. SQLite gives the same mode to the files beside it.
const OWNER_ONLY: u32 = 0o600;

/// A process that is just ending gets this often…
const TRIES: u32 = 20;
/// …this long.
const PAUSE: Duration = Duration::from_millis(50);

/// The database file, every link resolved, so that the lock stands where every process finds it,
/// whatever name it has for the file.
pub(crate) fn resolve(path: &str) -> Result<PathBuf, OpenError> {
    let path = Path::new(path);
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return Ok(found?),
    }
    // A link to a file that is not there would be followed when the file is made.
    if path.is_symlink() {
        return Err(io::Error::from(io::ErrorKind::NotFound).into());
    }
    let name = path.file_name().ok_or(OpenError::Url)?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    Ok(folder.canonicalize()?.join(name))
}

/// Makes the file if it is not there, empty: SQLite takes that for a new database.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    open(path).map(drop)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(OWNER_ONLY)
        .open(path)
}

/// Takes the lock beside the database; it is held as long as the file is open.
///
/// # Errors
/// [`OpenError::InUse`] when another process has it.
pub(crate) async fn lock(path: &Path) -> Result<File, OpenError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let file = open(Path::new(&beside))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    Err(OpenError::InUse)
}

/// The URL that names a file to sqlx: every byte but the plainest is escaped.
pub(crate) fn url(path: &Path) -> String {
    use core::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;

    let mut url = String::from("sqlite://");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            write!(url, "%{byte:02X}").ok();
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_file_resolves_to_the_same_path() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file.db"), folder.path().join("link.db"));
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let resolved = |path: &Path| resolve(path.to_str().unwrap());
        let new = resolved(&file).unwrap();
        assert!(resolved(&link).is_err());
        create(&file).unwrap();
        assert_eq!(resolved(&file).unwrap(), new);
        assert_eq!(resolved(&link).unwrap(), new);
    }

    #[test]
    fn url_escapes_what_means_something_in_a_url() {
        let path = Path::new("/data/a b?c#d%é.db");
        assert_eq!(url(path), "sqlite:///data/a%20b%3Fc%23d%25%C3%A9.db");
    }
}
