//! What an operator decides.

use std::time::Duration;

use strongroom_types::FipsMode;

/// What to do when the database is older than the checkpoint kept outside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterRollback {
    /// Refuse to start.
    #[default]
    Refuse,
    /// Begin a new generation of the log, and say so in its first entry.
    NewGeneration,
}

/// What to do when nothing is kept outside the database, although checkpoints were signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyAnchor {
    /// Refuse to start: its volume may not be mounted.
    #[default]
    Refuse,
    /// It is a new one. What the database has signed is kept there from now on.
    Begin,
}

/// A lifetime of access tokens: 1 to 3,600 seconds. Longer than an hour none lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessTokenSeconds(u16);

impl AccessTokenSeconds {
    /// An hour.
    pub const MAX: Self = Self(3600);

    /// The lifetime of so many seconds, if it is one.
    #[must_use]
    pub const fn new(seconds: u16) -> Option<Self> {
        if seconds == 0 || seconds > Self::MAX.0 {
            return None;
        }
        Some(Self(seconds))
    }

    /// How many seconds.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// Base64 of a value of 4 MiB that its client sealed: 46 bytes more, and 4 digits for each 3 bytes.
const SEALED_VALUE_BYTES_MAX: u64 = ((4 << 20) + 46_u64).div_ceil(3) * 4;

/// Settings of a deployment, with their defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the origin of every checkpoint starts with; default `strongroom/`.
    pub log_name: String,
    /// The most key contexts of a new workspace; default 1,000,000.
    pub context_quota: u64,
    /// How long the log's private fields can be read; default 90 days.
    pub openings_retention: Duration,
    /// How long backups may hold copies of destroyed keys; default 30 days.
    pub backup_retention: Duration,
    /// How long a key context waits for its destruction; default 7 days.
    pub destroy_wait: Duration,
    /// The longest value of an object, in bytes; default 4 MiB.
    pub object_bytes_max: u64,
    /// The longest value of a store, in bytes as its client sends it; default what Stack Auth's
    /// clients make of 4 MiB.
    pub store_value_bytes_max: u64,
    /// How many records that are not there a client may ask a sealed store for within a minute, on
    /// each node; default 6,000.
    pub store_misses_per_minute: u32,
    /// How many leases that are not over a client may have; default 10,000.
    pub leases_per_client: u64,
    /// How long a deleted object can be restored; default 30 days.
    pub object_retention: Duration,
    /// Denials of one client and code written one by one per minute; default 60. The others are
    /// counted into one entry.
    pub denials_per_minute: u32,
    /// The `iss` and `aud` of exchanged tokens; default `strongroom`.
    pub token_issuer: String,
    /// How long an access token of an application lives, in seconds; default an hour, which is the most.
    pub access_token: AccessTokenSeconds,
    /// How many registrations of applications a user has within an hour; default 60.
    pub registrations_per_hour: u32,
    /// Whether only algorithms that NIST approves are used; default: all are.
    pub fips: FipsMode,
    /// What to do after a rollback of the database; default: refuse.
    pub after_rollback: AfterRollback,
    /// What to do when nothing is kept outside the database; default: refuse.
    pub empty_anchor: EmptyAnchor,
}

impl Default for Settings {
    fn default() -> Self {
        let day = Duration::from_hours(24);
        Self {
            log_name: "strongroom/".to_owned(),
            context_quota: 1_000_000,
            openings_retention: 90 * day,
            backup_retention: 30 * day,
            destroy_wait: 7 * day,
            object_bytes_max: 4 << 20,
            store_value_bytes_max: SEALED_VALUE_BYTES_MAX,
            store_misses_per_minute: 6000,
            leases_per_client: 10_000,
            object_retention: 30 * day,
            denials_per_minute: 60,
            token_issuer: "strongroom".to_owned(),
            access_token: AccessTokenSeconds::MAX,
            registrations_per_hour: 60,
            fips: FipsMode::default(),
            after_rollback: AfterRollback::default(),
            empty_anchor: EmptyAnchor::default(),
        }
    }
}
