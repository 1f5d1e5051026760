//! A file that appears under its name as a whole or not at all.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tokio::fs::File;

use crate::failure::Failure;

/// A temporary file in the folder of the one to be. Dropped without [`WholeFile::publish`] it
/// leaves nothing, and what was under the name before stays.
pub(super) struct WholeFile {
    temporary: NamedTempFile,
    output: File,
    path: PathBuf,
    folder: PathBuf,
}

impl WholeFile {
    pub(super) fn begin(path: &Path) -> Result<Self, Failure> {
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let temporary = NamedTempFile::new_in(folder).map_err(Failure::file(folder))?;
        let handle = temporary.reopen().map_err(Failure::file(path))?;
        Ok(Self {
            temporary,
            output: File::from_std(handle),
            path: path.to_owned(),
            folder: folder.to_owned(),
        })
    }

    /// Gives it the owner and the permissions of the file that it will replace.
    pub(super) fn resemble(&self, original: &Metadata) -> Result<(), Failure> {
        let file = self.temporary.as_file();
        let own = file.metadata().map_err(Failure::file(&self.path))?;
        if (own.uid(), own.gid()) != (original.uid(), original.gid()) {
            fchown(file, Some(original.uid()), Some(original.gid()))
                .map_err(Failure::file(&self.path))?;
        }
        file.set_permissions(original.permissions())
            .map_err(Failure::file(&self.path))
    }

    pub(super) const fn output(&mut self) -> &mut File {
        &mut self.output
    }

    /// Puts it under its name, once it is on the disk.
    pub(super) async fn publish(self) -> Result<(), Failure> {
        let failed = || Failure::file(&self.path);
        self.output.sync_all().await.map_err(failed())?;
        let persisted = self.temporary.persist(&self.path);
        persisted.map_err(|error| error.error).map_err(failed())?;
        let folder = File::open(&self.folder).await.map_err(failed())?;
        folder.sync_all().await.map_err(failed())
    }
}
