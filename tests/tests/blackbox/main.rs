//! Strongroom from outside: the real binary over HTTP, on both databases, through the Rust client
//! or, where a request must be malformed, by hand.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what is not there fails its test"
)]

mod anonymous;
mod attacks;
mod bad_input;
mod batches;
mod cipherstash;
mod clients;
mod command_admin;
mod command_line;
mod command_streams;
mod compute;
mod concurrency;
mod contexts;
mod convert;
mod cryptoserve;
mod customer_keys;
mod data_keys;
mod destroying;
mod events;
mod fips;
mod hybrid;
mod import;
mod index_terms;
mod issuers;
mod jobs;
mod locks;
mod log;
mod object_lists;
mod object_versions;
mod object_writers;
mod objects;
mod policies;
mod sealed_store_commands;
mod sealed_store_index;
mod sealed_store_lies;
mod sealed_store_thief;
mod sealed_stores;
mod signing;
mod split_key_batches;
mod split_key_commands;
mod split_key_lies;
mod split_key_thief;
mod split_keys;
mod stack;
mod stream_rewrap;
mod streams;
mod suites;
mod tokens;
mod values;
mod workos;
