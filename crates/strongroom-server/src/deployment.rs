//! From a configuration to a running deployment without HTTP.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::Arc;

use strongroom_core::fips::Algorithm;
use strongroom_core::ports::{Clock, Root};
use strongroom_core::{ObjectFault, OpenError, Parts, Strongroom};
use strongroom_crypto::entropy::{Entropy, SystemEntropy};
use strongroom_store::{DatabaseTls, StoreConfig};
use strongroom_types::FipsMode;

use crate::anchor::FolderAnchor;
use crate::clock::SystemClock;
use crate::config::{Config, Database, Operation, RootSource};
use crate::deliver::HttpDeliver;
use crate::fetch::HttpFetch;
use crate::roots::{self, KeyProviders, RootFileError};
use crate::server::StartError;

/// Opens everything that the configuration names.
pub(crate) async fn open(
    config: &Config,
) -> Result<(Strongroom, Arc<strongroom_store::Database>), StartError> {
    check_roots(config)?;
    if matches!(config.operation, Operation::Development(_)) {
        prepare(config)?;
    }
    let fips = config.settings.fips;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let providers = KeyProviders::new(
        Arc::clone(&clock),
        Arc::clone(&entropy),
        config.pkcs11_module.clone(),
        config.customer_keys.clone(),
        fips,
    );
    let providers = providers.map_err(StartError::Providers)?;
    let open_root = |source| root(source, &providers, Arc::clone(&entropy));
    let former_root = config.former_root.as_ref().map(open_root).transpose()?;
    let root = open_root(&config.root)?;
    let anchor = FolderAnchor::open(&config.anchor).map_err(StartError::Anchor)?;
    let store = StoreConfig {
        tls: database_tls(fips),
        ..StoreConfig::new(url(&config.database))
    };
    let database = strongroom_store::Database::open(&store, Arc::clone(&entropy)).await?;
    let database = Arc::new(database);
    if config.operation == Operation::Production && shares_a_disk(config) {
        tracing::warn!(
            anchor = %config.anchor.display(),
            "the anchor is on the same disk as the database: a backup that restores both hides \
             that the log was rolled back"
        );
    }
    let parts = Parts {
        store: Arc::<strongroom_store::Database>::clone(&database),
        fetch: Arc::new(HttpFetch::new(config.issuers, fips).map_err(StartError::Fetch)?),
        deliver: Arc::new(HttpDeliver::new(config.webhooks, fips).map_err(StartError::Fetch)?),
        anchor: Arc::new(anchor),
        settings: config.settings.clone(),
        providers: Arc::new(providers),
        root,
        former_root,
        clock,
        entropy,
    };
    let room = Strongroom::open(parts).await?;
    Ok((room, database))
}

/// Compares every stored object with its last entry, without serving anything. An SQLite database
/// must not be in use meanwhile.
///
/// # Errors
/// The deployment does not open, or its rows or logs cannot be read.
pub async fn check_objects(config: &Config) -> Result<Vec<ObjectFault>, StartError> {
    let (room, database) = open(config).await?;
    let checked = room.check_objects().await;
    drop(room);
    if let Some(database) = Arc::into_inner(database) {
        database.close().await;
    }
    Ok(checked.map_err(OpenError::Log)?)
}

/// Whether restoring the database's disk restores the anchor too. Of PostgreSQL nobody knows here.
fn shares_a_disk(config: &Config) -> bool {
    let Database::Sqlite(database) = &config.database else {
        return false;
    };
    match (fs::metadata(database), fs::metadata(&config.anchor)) {
        (Ok(database), Ok(anchor)) => database.dev() == anchor.dev(),
        _ => false,
    }
}

/// A passphrase is hardened by Argon2id, which FIPS mode does not approve.
pub(crate) fn check_roots(config: &Config) -> Result<(), StartError> {
    let roots = [Some(&config.root), config.former_root.as_ref()];
    let by_passphrase = |root: &&RootSource| matches!(root, RootSource::Passphrase { .. });
    let refused = !Algorithm::PassphraseRoot.permitted(config.settings.fips);
    if refused && roots.into_iter().flatten().any(|root| by_passphrase(&root)) {
        return Err(StartError::RootNotApproved);
    }
    Ok(())
}

fn root(
    source: &RootSource,
    providers: &KeyProviders,
    entropy: Arc<dyn Entropy>,
) -> Result<Arc<dyn Root>, StartError> {
    Ok(match source {
        RootSource::KeyFile(path) => Arc::new(roots::file::open(path, entropy)?),
        RootSource::Passphrase { file, passphrase } => {
            Arc::new(roots::passphrase::open(file, passphrase, entropy)?)
        }
        RootSource::Provider(key) => providers.root(key)?,
    })
}

/// What TLS to the database may negotiate.
fn database_tls(fips: FipsMode) -> DatabaseTls {
    match fips {
        FipsMode::Enabled => DatabaseTls::Approved,
        FipsMode::Preferred | FipsMode::Disabled => DatabaseTls::Any,
    }
}

fn url(database: &Database) -> String {
    match database {
        Database::Sqlite(path) => format!("sqlite:{}", path.display()),
        Database::Postgres(url) => url.to_string(),
    }
}

/// Makes what is missing: the directories of root and database, and the root if it is a file. A root
/// is made only where there is no database yet: without its root, a database is lost, and a new
/// root would hide that. Keys of devices and services are made there, not here.
pub(crate) fn prepare(config: &Config) -> Result<(), StartError> {
    let is_new = match &config.database {
        Database::Sqlite(database) => !database.exists(),
        Database::Postgres(_) => true,
    };
    // Before anything is made, so that a refusal leaves nothing behind.
    if let RootSource::Passphrase { file, passphrase } = &config.root
        && is_new
        && !file.exists()
    {
        roots::passphrase::check(passphrase)?;
    }
    if let Database::Sqlite(database) = &config.database {
        make_folder_of(database)?;
    }
    match &config.root {
        RootSource::KeyFile(path) => {
            make_folder_of(path)?;
            if is_new && !path.exists() {
                roots::file::create(path, &SystemEntropy)?;
            }
        }
        RootSource::Passphrase { file, passphrase } => {
            make_folder_of(file)?;
            if is_new && !file.exists() {
                roots::passphrase::create(file, passphrase, &SystemEntropy)?;
            }
        }
        RootSource::Provider(_) => {}
    }
    Ok(())
}

fn make_folder_of(path: &Path) -> Result<(), RootFileError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    make_folder(folder).map_err(|source| RootFileError::Io {
        path: path.to_owned(),
        source,
    })
}

/// A directory that only its owner may enter; one that is there keeps its mode.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder == Path::new("") {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_passphrase_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut config = Config::new(data.clone());
        config.root = RootSource::Passphrase {
            file: folder.path().join("elsewhere/root"),
            passphrase: zeroize::Zeroizing::new("short".to_owned()),
        };
        assert!(prepare(&config).is_err());
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
        config.root = RootSource::KeyFile(data.join("root.key"));
        prepare(&config).unwrap();
        assert!(data.join("root.key").exists());
    }

    #[test]
    fn an_anchor_beside_the_database_shares_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().to_owned());
        assert!(!shares_a_disk(&config));
        make_folder(&config.anchor).unwrap();
        fs::write(folder.path().join("strongroom.db"), b"").unwrap();
        assert!(shares_a_disk(&config));
    }

    #[test]
    fn fips_mode_refuses_a_passphrase_as_root_of_now_and_of_before() {
        let key_file = || RootSource::KeyFile("root.key".into());
        let passphrase = || RootSource::Passphrase {
            file: "root".into(),
            passphrase: "a long and good passphrase".to_owned().into(),
        };
        for &fips in FipsMode::ALL {
            for (root, former_root, approved) in [
                (key_file(), None, true),
                (key_file(), Some(key_file()), true),
                (passphrase(), None, false),
                (passphrase(), Some(key_file()), false),
                (key_file(), Some(passphrase()), false),
            ] {
                let mut config = Config {
                    root,
                    former_root,
                    ..Config::new("data".into())
                };
                config.settings.fips = fips;
                let checked = check_roots(&config);
                if approved || fips != FipsMode::Enabled {
                    checked.unwrap();
                } else {
                    assert!(matches!(checked, Err(StartError::RootNotApproved)));
                }
            }
        }
    }
}
