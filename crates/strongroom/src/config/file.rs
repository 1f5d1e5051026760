//! The configuration file.
//!
//! ```toml
//! listen = "127.0.0.1:8320"
//! data = "/var/lib/strongroom"
//! database = "postgres://strongroom@db/strongroom"
//! anchor = "/mnt/other-disk/strongroom"
//! surfaces = ["workos"]
//! fips_mode = "enabled"
//!
//! [root]
//! key_file = "/etc/strongroom/root.key"   # or a key kept elsewhere, docs/roots.md: [root.aws_kms], …
//!
//! [former_root]                             # only while `strongroom admin jobs move-root` goes on
//! key_file = "/etc/strongroom/old-root.key"
//!
//! [customer_keys]
//! allow_private = true
//!
//! [tls]
//! certificates = "/etc/strongroom/chain.pem"
//! key = "/etc/strongroom/key.pem"
//!
//! [log]
//! name = "strongroom.example.com"
//! openings_retention_days = 90
//!
//! [applications]
//! access_token_seconds = 3600
//! registrations_per_hour = 60
//!
//! [limits]
//! concurrent_requests = 4096
//!
//! [client]
//! url = "https://strongroom.example.com"
//! api_key_file = "/etc/strongroom/api.key"
//! ```

use core::num::NonZeroU32;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use strongroom_core::{AccessTokenSeconds, Settings};
use strongroom_server::Limits;
use strongroom_types::FipsMode;

use super::ConfigError;
use super::key_providers::CustomerKeysFile;
use super::root::RootFile;
use crate::argument::DatabaseUrl;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) listen: Option<SocketAddr>,
    pub(super) data: Option<PathBuf>,
    pub(super) database: Option<DatabaseUrl>,
    pub(super) anchor: Option<PathBuf>,
    pub(super) allow_plain_http: Option<bool>,
    pub(super) allow_loopback_issuers: Option<bool>,
    pub(super) allow_private_issuers: Option<bool>,
    pub(super) allow_loopback_webhooks: Option<bool>,
    pub(super) allow_private_webhooks: Option<bool>,
    pub(super) pkcs11_module: Option<PathBuf>,
    pub(super) fips_mode: Option<FipsMode>,
    pub(super) surfaces: Vec<String>,
    pub(super) stack_backend_urls: Vec<String>,
    pub(super) cipherstash_url: Option<String>,
    pub(super) root: RootFile,
    pub(super) former_root: RootFile,
    pub(super) customer_keys: CustomerKeysFile,
    pub(super) tls: TlsFile,
    pub(super) log: LogFile,
    pub(super) contexts: ContextsFile,
    pub(super) objects: ObjectsFile,
    pub(super) stores: StoresFile,
    pub(super) applications: ApplicationsFile,
    pub(super) limits: LimitsFile,
    pub(super) client: ClientFile,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TlsFile {
    pub(super) certificates: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LogFile {
    name: Option<String>,
    openings_retention_days: Option<u32>,
    denials_per_minute: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ContextsFile {
    quota: Option<u64>,
    backup_retention_days: Option<u32>,
    destroy_wait_days: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ObjectsFile {
    value_bytes: Option<u64>,
    retention_days: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StoresFile {
    value_bytes: Option<u64>,
    misses_per_minute: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ApplicationsFile {
    access_token_seconds: Option<u16>,
    registrations_per_hour: Option<u32>,
}

impl ApplicationsFile {
    /// How long access tokens live.
    ///
    /// # Errors
    /// Not so long.
    pub(super) fn access_token(&self) -> Result<Option<AccessTokenSeconds>, ConfigError> {
        let seconds = self.access_token_seconds;
        let read =
            seconds.map(|seconds| AccessTokenSeconds::new(seconds).ok_or(ConfigError::AccessToken));
        read.transpose()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsFile {
    body_bytes: Option<u64>,
    batch_bytes: Option<u64>,
    bodies_in_flight_bytes: Option<u64>,
    header_bytes: Option<usize>,
    requests_per_second_per_client: Option<NonZeroU32>,
    requests_per_second_per_address: Option<NonZeroU32>,
    concurrent_requests: Option<u32>,
    header_timeout_s: Option<u64>,
    body_timeout_s: Option<u64>,
    stream_idle_timeout_s: Option<u64>,
    shutdown_timeout_s: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ClientFile {
    pub(super) url: Option<String>,
    pub(super) api_key_file: Option<PathBuf>,
    pub(super) allow_plain_http: Option<bool>,
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

fn days(days: u32) -> Duration {
    Duration::from_hours(24) * days
}

impl File {
    pub(super) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        set(&mut settings.log_name, self.log.name.clone());
        set(
            &mut settings.denials_per_minute,
            self.log.denials_per_minute,
        );
        let openings = self.log.openings_retention_days.map(days);
        set(&mut settings.openings_retention, openings);
        set(&mut settings.context_quota, self.contexts.quota);
        let backups = self.contexts.backup_retention_days.map(days);
        set(&mut settings.backup_retention, backups);
        let wait = self.contexts.destroy_wait_days.map(days);
        set(&mut settings.destroy_wait, wait);
        set(&mut settings.object_bytes_max, self.objects.value_bytes);
        let deleted = self.objects.retention_days.map(days);
        set(&mut settings.object_retention, deleted);
        let stored = self.stores.value_bytes;
        set(&mut settings.store_value_bytes_max, stored);
        let misses = self.stores.misses_per_minute;
        set(&mut settings.store_misses_per_minute, misses);
        let registrations = self.applications.registrations_per_hour;
        set(&mut settings.registrations_per_hour, registrations);
        settings
    }

    pub(super) fn limits(&self) -> Limits {
        let (mut limits, file) = (Limits::default(), &self.limits);
        set(&mut limits.body_bytes, file.body_bytes);
        set(&mut limits.batch_bytes, file.batch_bytes);
        set(
            &mut limits.bodies_in_flight_bytes,
            file.bodies_in_flight_bytes,
        );
        set(&mut limits.header_bytes, file.header_bytes);
        set(
            &mut limits.requests_per_second_per_client,
            file.requests_per_second_per_client,
        );
        set(
            &mut limits.requests_per_second_per_address,
            file.requests_per_second_per_address,
        );
        set(&mut limits.concurrent_requests, file.concurrent_requests);
        let seconds = |value: Option<u64>| value.map(Duration::from_secs);
        set(&mut limits.header_timeout, seconds(file.header_timeout_s));
        set(&mut limits.body_timeout, seconds(file.body_timeout_s));
        set(
            &mut limits.stream_idle_timeout,
            seconds(file.stream_idle_timeout_s),
        );
        set(
            &mut limits.shutdown_timeout,
            seconds(file.shutdown_timeout_s),
        );
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_refuses_settings_that_do_not_exist() {
        assert!(toml::from_str::<File>("listen = \"127.0.0.1:1\"").is_ok());
        for wrong in [
            "lisen = \"127.0.0.1:1\"",
            "[tls]\ncert = \"x\"",
            "[root]\nkey = 1",
        ] {
            assert!(toml::from_str::<File>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn file_changes_only_what_it_names() {
        let file: File = toml::from_str("[limits]\nbody_timeout_s = 5").unwrap();
        assert_eq!(file.limits().body_timeout, Duration::from_secs(5));
        assert_eq!(file.limits().body_bytes, Limits::default().body_bytes);
        assert_eq!(file.settings().log_name, Settings::default().log_name);
        let file: File = toml::from_str("[stores]\nmisses_per_minute = 7").unwrap();
        assert_eq!(file.settings().store_misses_per_minute, 7);
        let often = "[applications]\nregistrations_per_hour = 8";
        let file: File = toml::from_str(often).unwrap();
        assert_eq!(file.settings().registrations_per_hour, 8);
    }
}
