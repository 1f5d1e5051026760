//! What an operator decides about the server. Nothing here reads files or the environment; the
//! binary does, and fills this in.

use core::fmt;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use strongroom_core::Settings;
use strongroom_types::ProviderKey;
use zeroize::Zeroizing;

use crate::limits::Limits;
use crate::reach::{Reach, acceptable};
use crate::roots::CustomerKeys;
use crate::tls::TlsFiles;

/// Where everything that must last is kept.
#[derive(Clone)]
pub enum Database {
    /// An SQLite file; made if it is not there.
    Sqlite(PathBuf),
    /// A PostgreSQL database by URL.
    Postgres(Zeroizing<String>),
}

/// A URL may hold a password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.debug_tuple("Postgres").finish_non_exhaustive(),
        }
    }
}

/// Where the root key comes from.
#[derive(Clone)]
pub enum RootSource {
    /// A key file, as [`roots::file::create`](crate::roots::file::create) makes it.
    KeyFile(PathBuf),
    /// A passphrase and its root file, as
    /// [`roots::passphrase::create`](crate::roots::passphrase::create) makes it.
    Passphrase {
        /// The root file.
        file: PathBuf,
        /// The passphrase.
        passphrase: Zeroizing<String>,
    },
    /// A key in a device or at a service.
    Provider(Arc<ProviderKey>),
}

impl fmt::Debug for RootSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyFile(path) => f.debug_tuple("KeyFile").field(path).finish(),
            Self::Passphrase { file, .. } => f
                .debug_struct("Passphrase")
                .field("file", file)
                .finish_non_exhaustive(),
            Self::Provider(key) => f.debug_tuple("Provider").field(key).finish(),
        }
    }
}

/// Whether this is a real deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A real one.
    Production,
    /// A playground: two workspaces, an issuer that mints a token for whoever asks. Its ids and
    /// keys are kept in this directory.
    Development(PathBuf),
}

/// The routes of another product, for its own clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Surface {
    /// WorkOS Vault: `/vault/v1/*`.
    WorkOs,
    /// Stack Auth's Data Vault: `/api/v1/data-vault/*`.
    Stack,
    /// CipherStash's key and token services: `/zerokms/*`, `/api/authorise`.
    CipherStash,
    /// CryptoServe: `/api/v1/crypto/*`, `/api/v1/applications/*`, `/api/contexts`.
    CryptoServe,
}

impl Surface {
    /// Every surface.
    pub const ALL: [Self; 4] = [
        Self::WorkOs,
        Self::Stack,
        Self::CipherStash,
        Self::CryptoServe,
    ];

    /// The name that it is switched on by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WorkOs => "workos",
            Self::Stack => "stack",
            Self::CipherStash => "cipherstash",
            Self::CryptoServe => "cryptoserve",
        }
    }

    /// The surface of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|surface| surface.name() == name)
    }
}

/// The server's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one. Default 127.0.0.1:8320.
    pub listen: SocketAddr,
    /// The database.
    pub database: Database,
    /// The root key.
    pub root: RootSource,
    /// The root key of before, while seeds move from it to the present one.
    pub former_root: Option<RootSource>,
    /// The PKCS#11 module of this process: the library of a device's maker.
    pub pkcs11_module: Option<PathBuf>,
    /// What customers' own keys may be.
    pub customer_keys: CustomerKeys,
    /// The directory of checkpoints and tombstones kept outside the database. It belongs on
    /// another disk than the database, so that restoring one does not restore the other.
    pub anchor: PathBuf,
    /// The server's certificate; plain HTTP if absent.
    pub tls: Option<TlsFiles>,
    /// Permits plain HTTP beyond this machine, for example behind a proxy that ends TLS.
    pub allow_plain_http: bool,
    /// Where issuers' keys may be fetched from. Default: public addresses only.
    pub issuers: Reach,
    /// Where events may be sent to. Default: public addresses only.
    pub webhooks: Reach,
    /// The limits.
    pub limits: Limits,
    /// The product's settings.
    pub settings: Settings,
    /// Whether this is a real deployment.
    pub operation: Operation,
    /// The surfaces of other products that are switched on. Default: none; all in development mode.
    pub surfaces: BTreeSet<Surface>,
    /// The addresses that clients of Stack Auth are told to turn to when this one does not answer.
    /// They send them their secret keys. Default: none, and the call is not served.
    pub stack_backend_urls: Vec<String>,
    /// What clients of CipherStash put before a path to reach this server. They send their tokens
    /// there. Needed where that surface is on; in development mode, the address listened on.
    pub cipherstash_url: Option<String>,
}

/// The port that [`Config::new`] listens on.
pub const DEFAULT_PORT: u16 = 8320;

/// What development mode needs, and all that it may reach beyond public addresses.
const THIS_MACHINE: Reach = Reach {
    loopback: true,
    private: false,
};

impl Config {
    /// A configuration with all defaults in one directory: the database, the root key file and
    /// the anchor.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        let (database, root) = (data.join("strongroom.db"), data.join("root.key"));
        let mut anchor = data;
        anchor.push("anchor");
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            database: Database::Sqlite(database),
            root: RootSource::KeyFile(root),
            former_root: None,
            pkcs11_module: None,
            customer_keys: CustomerKeys::default(),
            anchor,
            tls: None,
            allow_plain_http: false,
            issuers: Reach::default(),
            webhooks: Reach::default(),
            limits: Limits::default(),
            settings: Settings::default(),
            operation: Operation::Production,
            surfaces: BTreeSet::new(),
            stack_backend_urls: Vec::new(),
            cipherstash_url: None,
        }
    }

    /// A development deployment in one directory, on a free port. Everything in the directory is
    /// made if it is not there.
    #[must_use]
    pub fn development(data: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            operation: Operation::Development(data.clone()),
            surfaces: Surface::ALL.into(),
            issuers: THIS_MACHINE,
            webhooks: THIS_MACHINE,
            customer_keys: CustomerKeys {
                reach: THIS_MACHINE,
                ..CustomerKeys::default()
            },
            ..Self::new(data)
        }
    }

    /// Refuses what would lower security without having been asked for by name.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check(&self) -> Result<(), ConfigError> {
        let local = self.listen.ip().is_loopback();
        let development = matches!(self.operation, Operation::Development(_));
        if development && !local {
            return Err(ConfigError::DevelopmentBeyondLoopback(self.listen));
        }
        if self.tls.is_none() && !local && !self.allow_plain_http {
            return Err(ConfigError::PlainHttp(self.listen));
        }
        let mut urls = self.stack_backend_urls.iter();
        if !urls.all(|url| acceptable(url, OWN_NODES).is_some()) {
            return Err(ConfigError::BackendUrl);
        }
        let served = self.surfaces.contains(&Surface::CipherStash) && !development;
        match &self.cipherstash_url {
            None if served => return Err(ConfigError::CipherStashUrl),
            Some(url) if acceptable(url, OWN_NODES).is_none() => {
                return Err(ConfigError::CipherStashUrl);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Secrets may be sent anywhere over TLS, and within this machine.
const OWN_NODES: Reach = Reach {
    loopback: true,
    private: true,
};

/// A configuration that the server does not start with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Plain HTTP where others can listen in.
    #[error(
        "refusing plain HTTP on {0}: others can read what crosses the network. \
         Configure `tls`, listen on 127.0.0.1, or set `allow_plain_http` if a proxy ends TLS"
    )]
    PlainHttp(SocketAddr),
    /// A playground that others could reach.
    #[error("refusing development mode on {0}: its issuer mints a token for whoever asks")]
    DevelopmentBeyondLoopback(SocketAddr),
    /// An address that clients would send their secrets to in the clear.
    #[error(
        "refusing a Stack backend URL that is neither https nor http to this machine's address: \
         clients send their secret keys there"
    )]
    BackendUrl,
    /// No address to tell clients of CipherStash, or one that they would send their tokens to in the
    /// clear.
    #[error(
        "the surface `cipherstash` needs `cipherstash_url`: https, or http to this machine's \
         address; clients are told it, and send their tokens there"
    )]
    CipherStashUrl,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening_on(address: &str) -> Config {
        Config {
            listen: address.parse().unwrap(),
            ..Config::new(PathBuf::from("data"))
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for local in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:0"] {
            assert_eq!(listening_on(local).check(), Ok(()), "{local}");
        }
        for open in [
            "0.0.0.0:0",
            "[::]:0",
            "192.0.2.1:80",
            "[::ffff:192.0.2.1]:1",
        ] {
            let config = listening_on(open);
            assert_eq!(config.check(), Err(ConfigError::PlainHttp(config.listen)));
        }
    }

    #[test]
    fn plain_http_elsewhere_must_be_asked_for_by_name() {
        let config = Config {
            allow_plain_http: true,
            ..listening_on("0.0.0.0:0")
        };
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn development_mode_never_leaves_this_machine() {
        let config = Config {
            listen: "0.0.0.0:0".parse().unwrap(),
            allow_plain_http: true,
            ..Config::development(PathBuf::from("data"))
        };
        assert_eq!(
            config.check(),
            Err(ConfigError::DevelopmentBeyondLoopback(config.listen))
        );
    }

    #[test]
    fn secrets_of_clients_cross_a_network_over_tls_only() {
        let naming = |url: &str| Config {
            stack_backend_urls: vec![url.to_owned()],
            ..Config::new(PathBuf::from("data"))
        };
        for url in [
            "https://a.example",
            "https://10.0.0.1:8320",
            "http://127.0.0.1:8321",
        ] {
            assert_eq!(naming(url).check(), Ok(()), "{url}");
        }
        for url in [
            "http://a.example",
            "http://10.0.0.1",
            "a.example",
            "",
            "ftp://a",
        ] {
            assert_eq!(naming(url).check(), Err(ConfigError::BackendUrl), "{url}");
        }
    }

    #[test]
    fn clients_are_told_an_address_that_is_safe() {
        let with = |url: Option<&str>| Config {
            surfaces: [Surface::CipherStash].into(),
            cipherstash_url: url.map(str::to_owned),
            ..Config::new(PathBuf::from("data"))
        };
        for url in ["https://vault.example", "http://127.0.0.1:8320"] {
            assert_eq!(with(Some(url)).check(), Ok(()), "{url}");
        }
        let wrong = [None, Some("http://vault.example"), Some("vault.example")];
        for url in wrong {
            assert_eq!(with(url).check(), Err(ConfigError::CipherStashUrl));
        }
        assert_eq!(Config::new(PathBuf::from("data")).check(), Ok(()));
    }

    #[test]
    fn debug_does_not_show_the_credentials_of_a_root() {
        let root =
            r#"{"provider":"transit","address":"https://vault","key":"k","token":"hunter2"}"#;
        let config = Config {
            root: RootSource::Provider(Arc::new(serde_json::from_str(root).unwrap())),
            ..Config::new(PathBuf::from("data"))
        };
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn debug_does_not_show_secrets() {
        let secret = || Zeroizing::new("hunter2".to_owned());
        let config = Config {
            database: Database::Postgres(secret()),
            root: RootSource::Passphrase {
                file: PathBuf::from("root"),
                passphrase: secret(),
            },
            ..Config::new(PathBuf::from("data"))
        };
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
