//! Time, as a port.

use core::fmt::Debug;
use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z, without leap seconds.
pub type Micros = i64;

/// One look at both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock; an operator or NTP may set it back.
    pub wall: Micros,
    /// A clock that only goes forward, from an arbitrary start.
    pub monotonic: Duration,
}

/// The only source of time.
pub trait Clock: Send + Sync + Debug {
    /// Reads both clocks.
    fn read(&self) -> Reading;
}
