//! What the black box, attack and fault tests share: the servers and databases they run against.
//!
//! The tests themselves are in `tests/`: `blackbox/` has one file for each thing that is shown or
//! attacked, `faults/` one for each thing that breaks, `roots/` one for each provider of keys,
//! `derivation.rs` what only a build with `danger-skip-lock-tag` can show.

pub mod cipherstash;
pub mod cryptoserve;
pub mod deployment;
pub mod hex;
pub mod kept;
pub mod key_endpoint;
pub mod kms_gate;
pub mod memory;
pub mod moto;
pub mod node;
pub mod openbao;
pub mod people;
pub mod poll;
pub mod postgres;
pub mod proxy;
pub mod receiver;
pub mod reply;
pub mod room;
pub mod server;
pub mod service;
pub mod softhsm;
pub mod stack;
pub mod token;
pub mod whole_log;
