//! The unmodified client libraries of other products against the real binary, on both databases.
//!
//! The scripts are in `tests/clients/`; each is a test program of its own, in the language of its
//! library, and ends with an error where something is not as its users expect. `cargo xtask test
//! --only clients` installs the libraries, in the versions pinned there, below `target/`.

#![expect(clippy::unwrap_used, reason = "what is not there fails its test")]

mod cipherstash;
mod cryptoserve;
mod program;
mod stack;
mod workos;
