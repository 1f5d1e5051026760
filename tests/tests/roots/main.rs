//! Keys that others keep: real devices and services, and servers that check what the others' real
//! ones document. Each provider on its own, as the root of a whole deployment, and as a customer's key.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what is not there fails its test"
)]

mod aws_kms;
mod azure;
mod azure_key_vault;
mod customer_keys;
mod deployment;
mod gcp;
mod gcp_kms;
mod keys;
mod own_process;
mod pkcs11;
mod rules;
mod transit;
