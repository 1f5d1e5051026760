//! What the black box, attack and fault tests share: the servers and databases they run against.
//!
//! The tests themselves are in `tests/`, one file for each thing that is attacked or shown.

pub mod postgres;
