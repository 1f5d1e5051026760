//! Core.
pub mod ports;
