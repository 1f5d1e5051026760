//! Measurements that say how fast Strongroom is beside something known, in ratios.
//!
//! The machine is shared and its disk is slower on some days, so no figure here means anything
//! alone: everything is measured in turns, in one run, by one client with the same bodies.
//!
//! `bin/load` compares servers over HTTP: [`bare`], [`strongroom`] and [`openbao`]. `bin/micro`
//! times single operations of the libraries. Neither is a test; nothing fails for being slow.

pub mod append;
pub mod bare;
pub mod body;
pub mod commit;
pub mod cryptoserve;
pub mod failure;
pub mod http;
pub mod load;
pub mod openbao;
pub mod process;
pub mod sealed;
pub mod signing;
pub mod stats;
pub mod stream;
pub mod strongroom;
pub mod target;

use std::time::Instant;

/// Reads the monotonic clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub fn now() -> Instant {
    Instant::now()
}
