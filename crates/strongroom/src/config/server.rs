//! What `init` and `serve` need to know.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use strongroom_core::{AccessTokenSeconds, Settings};
use strongroom_server::telemetry::LogFormat;
use strongroom_server::{Config, Database, Reach, RootSource, Surface, TlsFiles};
use strongroom_types::FipsMode;
use zeroize::Zeroizing;

use super::file::File;
use super::key_providers::{CustomerKeysFile, KeyProviderArgs};
use super::root::{RootArgs, RootKind};
use super::{ConfigError, FileArgs, secret};
use crate::argument::{self, DatabaseUrl};

/// A deployment on this machine.
#[derive(Args, Clone, Debug)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Directory of everything that must last [default: strongroom-data]
    #[arg(long, env = "STRONGROOM_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8320]
    #[arg(long, env = "STRONGROOM_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// PostgreSQL URL, instead of SQLite in the data directory
    #[arg(
        long,
        env = "STRONGROOM_DATABASE",
        hide_env_values = true,
        value_name = "URL"
    )]
    database: Option<DatabaseUrl>,
    /// Directory, best on another disk, of the checkpoints that show a rollback of the database
    /// [default: DATA/anchor]
    #[arg(long, env = "STRONGROOM_ANCHOR", value_name = "DIR")]
    anchor: Option<PathBuf>,
    /// Root key file, readable by its owner only [default: DATA/root.key]
    #[arg(long, env = "STRONGROOM_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Root file of a passphrase root, instead of a root key file
    #[arg(
        long,
        env = "STRONGROOM_PASSPHRASE_ROOT",
        value_name = "FILE",
        conflicts_with = "key_file"
    )]
    passphrase_root: Option<PathBuf>,
    /// File with the passphrase; else `STRONGROOM_PASSPHRASE`, else the configuration file, else it
    /// is asked for
    #[arg(long, env = "STRONGROOM_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    root: RootArgs,
    #[command(flatten)]
    providers: KeyProviderArgs,
    /// TLS certificate chain (PEM)
    #[arg(long, env = "STRONGROOM_TLS_CERTIFICATES", value_name = "FILE")]
    tls_certificates: Option<PathBuf>,
    /// TLS private key (PEM)
    #[arg(long, env = "STRONGROOM_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Serve plain HTTP beyond this machine, behind a proxy that ends TLS
    #[arg(
        long,
        env = "STRONGROOM_ALLOW_PLAIN_HTTP",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    allow_plain_http: Option<bool>,
    /// Fetch issuers' keys from this machine, over plain HTTP too
    #[arg(
        long,
        env = "STRONGROOM_ALLOW_LOOPBACK_ISSUERS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    allow_loopback_issuers: Option<bool>,
    /// Fetch issuers' keys from private and link-local addresses
    #[arg(
        long,
        env = "STRONGROOM_ALLOW_PRIVATE_ISSUERS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    allow_private_issuers: Option<bool>,
    #[command(flatten)]
    webhooks: WebhookReachArgs,
    #[command(flatten)]
    fips: FipsArgs,
    #[command(flatten)]
    applications: ApplicationArgs,
    /// Serve the clients of other products as well: `workos`, `stack`, `cipherstash`,
    /// `cryptoserve`; none by default
    #[arg(
        long = "surface",
        env = "STRONGROOM_SURFACES",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = argument::surface
    )]
    surfaces: Vec<Surface>,
    /// Address of another node, told to clients of Stack Auth: they send their secret keys there
    #[arg(
        long = "stack-backend-url",
        env = "STRONGROOM_STACK_BACKEND_URLS",
        value_name = "URL",
        value_delimiter = ','
    )]
    stack_backend_urls: Vec<String>,
    /// What clients of CipherStash put before a path to reach this server; needed where that surface
    /// is on
    #[arg(
        long = "cipherstash-url",
        env = "STRONGROOM_CIPHERSTASH_URL",
        value_name = "URL"
    )]
    cipherstash_url: Option<String>,
}

/// Which algorithms are used.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct FipsArgs {
    /// Whether only algorithms that NIST approves are used: `enabled`, `preferred` or `disabled`
    /// [default: disabled]
    #[arg(
        long = "fips-mode",
        env = "FIPS_MODE",
        value_name = "MODE",
        value_parser = argument::fips_mode
    )]
    pub(crate) mode: Option<FipsMode>,
}

/// What applications get.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ApplicationArgs {
    /// How long an access token of an application lives, in seconds, 1 to 3600 [default: 3600]
    #[arg(
        long = "access-token-seconds",
        env = "STRONGROOM_ACCESS_TOKEN_SECONDS",
        value_name = "SECONDS",
        value_parser = argument::access_token_seconds
    )]
    access_token: Option<AccessTokenSeconds>,
    /// How many registrations of applications a user has within an hour [default: 60]
    #[arg(
        long = "registrations-per-hour",
        env = "STRONGROOM_REGISTRATIONS_PER_HOUR",
        value_name = "NUMBER"
    )]
    registrations_per_hour: Option<u32>,
}

impl ApplicationArgs {
    /// Puts what is said here in the place of what was said elsewhere.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        if let Some(seconds) = self.access_token {
            settings.access_token = seconds;
        }
        if let Some(registrations) = self.registrations_per_hour {
            settings.registrations_per_hour = registrations;
        }
    }
}

/// Where events may be sent to, beyond public addresses over HTTPS.
#[derive(Args, Clone, Copy, Debug)]
struct WebhookReachArgs {
    /// Send events to this machine, over plain HTTP too
    #[arg(
        long,
        env = "STRONGROOM_ALLOW_LOOPBACK_WEBHOOKS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    allow_loopback_webhooks: Option<bool>,
    /// Send events to private and link-local addresses
    #[arg(
        long,
        env = "STRONGROOM_ALLOW_PRIVATE_WEBHOOKS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    allow_private_webhooks: Option<bool>,
}

/// What the server writes to standard error about itself; never a secret.
#[derive(Args, Clone, Debug)]
pub(crate) struct LogArgs {
    /// Write log lines as JSON
    #[arg(
        long,
        env = "STRONGROOM_LOG_JSON",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    log_json: Option<bool>,
    /// What to write, for example `info` or `strongroom_server=debug`
    #[arg(
        long = "log",
        env = "STRONGROOM_LOG",
        default_value = "info",
        value_name = "FILTER"
    )]
    pub(crate) filter: String,
}

impl LogArgs {
    pub(crate) fn format(&self) -> LogFormat {
        if self.log_json == Some(true) {
            LogFormat::Json
        } else {
            LogFormat::Text
        }
    }
}

const DATA: &str = "strongroom-data";

impl ServerArgs {
    /// Puts flags, environment, file and defaults together.
    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        let file = self.file.read()?;
        let data = or(self.data.as_ref(), file.data.as_ref()).unwrap_or_else(|| DATA.into());
        let mut config = Config::new(data);
        config.settings = file.settings();
        config.limits = file.limits();
        if let Some(mode) = self.fips.mode.or(file.fips_mode) {
            config.settings.fips = mode;
        }
        if let Some(seconds) = file.applications.access_token()? {
            config.settings.access_token = seconds;
        }
        self.applications.apply(&mut config.settings);
        config.allow_plain_http = is_set(self.allow_plain_http, file.allow_plain_http);
        config.issuers = Reach {
            loopback: is_set(self.allow_loopback_issuers, file.allow_loopback_issuers),
            private: is_set(self.allow_private_issuers, file.allow_private_issuers),
        };
        let webhooks = &self.webhooks;
        config.webhooks = Reach {
            loopback: is_set(
                webhooks.allow_loopback_webhooks,
                file.allow_loopback_webhooks,
            ),
            private: is_set(webhooks.allow_private_webhooks, file.allow_private_webhooks),
        };
        config.surfaces = self.surfaces(&file)?;
        config.stack_backend_urls = if self.stack_backend_urls.is_empty() {
            file.stack_backend_urls.clone()
        } else {
            self.stack_backend_urls.clone()
        };
        config.cipherstash_url = or(self.cipherstash_url.as_ref(), file.cipherstash_url.as_ref());
        CustomerKeysFile::apply(&file, &mut config);
        self.providers.apply(&mut config);
        config.tls = self.tls(&file)?;
        if let Some(listen) = self.listen.or(file.listen) {
            config.listen = listen;
        }
        if let Some(url) = or(self.database.as_ref(), file.database.as_ref()) {
            config.database = Database::Postgres(url.0);
        }
        if let Some(anchor) = or(self.anchor.as_ref(), file.anchor.as_ref()) {
            config.anchor = anchor;
        }
        if let Some(root) = self.root(&file)? {
            config.root = root;
        }
        config.former_root = file.former_root.source()?;
        Ok(config)
    }

    /// The directory of everything that must last.
    pub(crate) fn data(&self) -> Result<PathBuf, ConfigError> {
        let file = self.file.read()?;
        Ok(or(self.data.as_ref(), file.data.as_ref()).unwrap_or_else(|| DATA.into()))
    }

    fn surfaces(&self, file: &File) -> Result<BTreeSet<Surface>, ConfigError> {
        if !self.surfaces.is_empty() {
            return Ok(self.surfaces.iter().copied().collect());
        }
        let named = |name: &String| {
            argument::surface(name).map_err(|_unknown| ConfigError::Surface { name: name.clone() })
        };
        file.surfaces.iter().map(named).collect()
    }

    /// `None` is the key file of the default.
    fn root(&self, file: &File) -> Result<Option<RootSource>, ConfigError> {
        let key_file = or(self.key_file.as_ref(), file.root.key_file.as_ref());
        match self.root_kind(file)? {
            None => Ok(None),
            Some(RootKind::File) => Ok(key_file.map(RootSource::KeyFile)),
            Some(RootKind::Passphrase) => self.passphrase_root(file).map(Some),
            Some(provider) => self.root.provider(provider, &file.root).map(Some),
        }
    }

    /// The flag of a kind of root picks it, as `--root` does.
    fn root_kind(&self, file: &File) -> Result<Option<RootKind>, ConfigError> {
        let by_path = match (&self.key_file, &self.passphrase_root) {
            (Some(_), _) => Some(RootKind::File),
            (None, Some(_)) => Some(RootKind::Passphrase),
            (None, None) => None,
        };
        self.root.kind(by_path, &file.root)
    }

    fn passphrase_root(&self, file: &File) -> Result<RootSource, ConfigError> {
        let root = or(
            self.passphrase_root.as_ref(),
            file.root.passphrase_root.as_ref(),
        );
        let from_file = file.root.passphrase_file.as_deref();
        Ok(RootSource::Passphrase {
            file: root.ok_or(ConfigError::NoPassphraseRoot)?,
            passphrase: passphrase(self.passphrase_file.as_deref(), from_file)?,
        })
    }

    fn tls(&self, file: &File) -> Result<Option<TlsFiles>, ConfigError> {
        let certificates = or(
            self.tls_certificates.as_ref(),
            file.tls.certificates.as_ref(),
        );
        match (
            certificates,
            or(self.tls_key.as_ref(), file.tls.key.as_ref()),
        ) {
            (Some(certificates), Some(key)) => Ok(Some(TlsFiles { certificates, key })),
            (None, None) => Ok(None),
            _ => Err(ConfigError::HalfTls),
        }
    }
}

/// A flag or the environment, else the file.
fn or<T: Clone>(flag: Option<&T>, file: Option<&T>) -> Option<T> {
    flag.or(file).cloned()
}

/// A switch that may be said with `=false` too, so that what the file switches on can be off.
fn is_set(flag: Option<bool>, file: Option<bool>) -> bool {
    flag.or(file).unwrap_or(false)
}

fn passphrase(
    path: Option<&Path>,
    from_file: Option<&Path>,
) -> Result<Zeroizing<String>, ConfigError> {
    if let Some(text) = secret("STRONGROOM_PASSPHRASE", path, from_file)? {
        return Ok(text);
    }
    if !std::io::stdin().is_terminal() {
        return Err(ConfigError::NoPassphrase);
    }
    rpassword::prompt_password("Passphrase: ")
        .map(Zeroizing::new)
        .map_err(|_error| ConfigError::NoPassphrase)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        server: ServerArgs,
    }

    fn config(file: &str, flags: &[&str]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strongroom.toml");
        std::fs::write(&path, file).unwrap();
        let line = ["strongroom", "--config", path.to_str().unwrap()];
        Line::parse_from(line.iter().chain(flags)).server.config()
    }

    #[test]
    fn flag_wins_over_file_and_file_over_default() {
        let file = "listen = \"127.0.0.1:1111\"\nanchor = \"from-file\"";
        let read = config(file, &["--listen", "127.0.0.1:2222"]).unwrap();
        assert_eq!(read.listen.port(), 2222);
        assert_eq!(read.anchor, Path::new("from-file"));
        assert!(matches!(read.root, RootSource::KeyFile(path) if path.ends_with("root.key")));
    }

    #[test]
    fn fips_mode_is_that_of_the_flag_or_the_file() {
        let mode = |file, flags: &[&str]| config(file, flags).unwrap().settings.fips;
        assert_eq!(mode("", &[]), FipsMode::Disabled);
        let file = "fips_mode = \"preferred\"";
        assert_eq!(mode(file, &[]), FipsMode::Preferred);
        assert_eq!(mode(file, &["--fips-mode", "enabled"]), FipsMode::Enabled);
        assert!(config("fips_mode = \"on\"", &[]).is_err());
    }

    #[test]
    fn access_tokens_live_as_long_as_the_flag_or_the_file_says() {
        let lifetime = |file, flags: &[&str]| {
            let read = config(file, flags).unwrap();
            read.settings.access_token.get()
        };
        assert_eq!(lifetime("", &[]), 3600);
        let file = "[applications]\naccess_token_seconds = 60";
        assert_eq!(lifetime(file, &[]), 60);
        assert_eq!(lifetime(file, &["--access-token-seconds", "1"]), 1);
        for wrong in ["0", "3601", "65537", "-1", "\"60\""] {
            let file = format!("[applications]\naccess_token_seconds = {wrong}");
            assert!(config(&file, &[]).is_err(), "{wrong}");
            let line = ["strongroom", "--access-token-seconds", wrong];
            assert!(Line::try_parse_from(line).is_err(), "{wrong}");
        }
    }

    #[test]
    fn registrations_are_as_many_as_the_flag_or_the_file_says() {
        let file = "[applications]\nregistrations_per_hour = 7";
        let most = |flags: &[&str]| config(file, flags).unwrap().settings.registrations_per_hour;
        assert_eq!(most(&[]), 7);
        assert_eq!(most(&["--registrations-per-hour", "9"]), 9);
    }

    #[test]
    fn debug_does_not_show_the_password_of_the_database() {
        let url = "postgres://user:hunter2@db/strongroom";
        let line = Line::parse_from(["strongroom", "--database", url]);
        assert!(!format!("{:?}", line.server).contains("hunter2"));
        let file: File = toml::from_str(&format!("database = \"{url}\"")).unwrap();
        assert!(!format!("{file:?}").contains("hunter2"));
        let read = config("", &["--database", url]).unwrap();
        assert!(matches!(read.database, Database::Postgres(read) if *read == url));
    }

    fn described(file: &str, flags: &[&str]) -> Result<serde_json::Value, ConfigError> {
        let RootSource::Provider(key) = config(file, flags)?.root else {
            panic!("not a key kept elsewhere");
        };
        Ok(serde_json::to_value(key.view()).unwrap())
    }

    const AWS: &str = "[root.aws_kms]\nkey = \"alias/file\"\nregion = \"eu-central-1\"\n";

    #[test]
    fn a_root_kept_elsewhere_is_described_by_file_and_flags() {
        let read = described(AWS, &["--root-set", "key=alias/flag"]).unwrap();
        assert_eq!(read["provider"], "aws_kms");
        assert_eq!(read["key"], "alias/flag");
        assert_eq!(read["region"], "eu-central-1");
        let flags = ["--root", "aws_kms", "--root-set", "key=k;region=eu-west-1"];
        assert_eq!(described("", &flags).unwrap()["region"], "eu-west-1");
    }

    #[test]
    fn a_credential_of_the_root_comes_from_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "hunter2\n").unwrap();
        let from = format!(
            "[root.transit]\naddress = \"https://vault\"\nkey = \"k\"\nderived = true\n\
             token_file = {token:?}"
        );
        let read = described(&from, &[]).unwrap();
        assert_eq!(
            (&read["token"], &read["derived"]),
            (&"hidden".into(), &true.into())
        );
        let error = config(&from, &["--root-set", "token=hunter2"]).unwrap_err();
        let shown = crate::failure::Failure::from(error).chain();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(matches!(
            config(&from, &["--root-set", "token=hunter2"]),
            Err(ConfigError::OpenCredential { field: "token", .. })
        ));
    }

    #[test]
    fn of_several_roots_one_must_be_picked() {
        let both = format!("[root]\nkey_file = \"k\"\n{AWS}");
        assert!(matches!(config(&both, &[]), Err(ConfigError::SeveralRoots)));
        assert!(described(&both, &["--root", "aws_kms"]).is_ok());
        let file = config(&both, &["--root", "file"]).unwrap().root;
        assert!(matches!(file, RootSource::KeyFile(path) if path == Path::new("k")));
        for flags in [
            ["--root", "aws_kms", "--key-file", "k"],
            ["--root", "file", "--passphrase-root", "k"],
            ["--key-file", "k", "--root-set", "key=k"],
        ] {
            let refused = config("", &flags);
            assert!(
                matches!(refused, Err(ConfigError::RootConflict)),
                "{flags:?}"
            );
        }
        let lost = config("", &["--root-set", "key=k"]);
        assert!(matches!(lost, Err(ConfigError::RootConflict)));
        let flag = config(AWS, &["--key-file", "k"]).unwrap().root;
        assert!(matches!(flag, RootSource::KeyFile(path) if path == Path::new("k")));
    }

    #[test]
    fn customers_keys_are_permitted_nothing_that_nobody_named() {
        let none = config("", &[]).unwrap().customer_keys;
        assert_eq!(none, strongroom_server::roots::CustomerKeys::default());
        let file = "[customer_keys]\nallow_private = true\ntokens = [\"acme\"]";
        let some = config(file, &["--customer-token", "beta"]).unwrap();
        assert!(some.customer_keys.reach.private && !some.customer_keys.reach.loopback);
        assert_eq!(some.customer_keys.tokens, ["beta"]);
    }

    #[test]
    fn surfaces_are_switched_on_by_name() {
        assert!(config("", &[]).unwrap().surfaces.is_empty());
        let from_file = config("surfaces = [\"workos\"]", &[]).unwrap();
        let from_flag = config("", &["--surface", "workos"]).unwrap();
        assert_eq!(from_file.surfaces, BTreeSet::from([Surface::WorkOs]));
        assert_eq!(from_flag.surfaces, from_file.surfaces);
        let all = ["--surface", "workos,stack,cipherstash,cryptoserve"];
        let address = ["--cipherstash-url", "https://vault.example"];
        let several = config("", &[all, address].concat()).unwrap();
        assert_eq!(several.surfaces, Surface::ALL.into());
        let unknown = config("surfaces = [\"vaults\"]", &[]);
        assert!(matches!(unknown, Err(ConfigError::Surface { .. })));
    }

    #[test]
    fn half_of_tls_is_refused() {
        let read = config("[tls]\nkey = \"k\"", &[]);
        assert!(matches!(read, Err(ConfigError::HalfTls)));
        assert!(config("[tls]\nkey = \"k\"", &["--tls-certificates", "c"]).is_ok());
    }
}
