//! The Rust client of Strongroom: its native HTTP API as typed calls.
//!
//! A [`Client`] holds a server's address and a client's API key. Values are sealed and opened under
//! a key context; [`Client::with_lock_context`] adds the person for whom that happens. Each answer
//! names the entry of the log that records it, and [`Log`] proves that the entry is there.
//!
//! [`index`] makes the terms by which a database finds sealed values. [`stack`] reads and writes a
//! Data Vault of Stack Auth as its own clients do.
//!
//! [`store`] keeps values under names in a sealed store, whose server can read neither, and checks what it
//! is told of them.
//!
//! [`split`] seals and opens values by itself, under keys of two shares, one of which the server never
//! learns.
//!
//! What is *not* here: cryptography of other values (the server seals them), a cache. The
//! request and answer bodies are those of [`strongroom_types::body`], the proofs those of
//! [`strongroom_log`].
//!
//! ```no_run
//! use strongroom_client::{Client, LockContext};
//! use strongroom_types::KeyContext;
//! use strongroom_types::body::{DecryptRequest, EncryptRequest};
//!
//! # async fn example(user_jwt: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("http://127.0.0.1:8080").api_key("sr_…").build()?;
//! let context = KeyContext::new([("organizationId", "org_acme")])?;
//!
//! // Only this person opens what is sealed here, and only for this organisation.
//! let identified = LockContext::new().identify(&client, user_jwt).await?;
//! let alice = client.with_lock_context(identified);
//! let sealed = alice.encrypt(EncryptRequest::new(context.clone(), "diagnosis")).await?;
//! let opened = alice.decrypt(DecryptRequest::new(context, sealed.ciphertext)).await?;
//! assert_eq!(opened.plaintext.0, b"diagnosis");
//! # Ok(())
//! # }
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod admin;
mod builder;
mod client;
mod data_key;
mod encoding;
mod error;
mod hybrid;
pub mod index;
mod lock_context;
mod log;
mod named_context;
mod object;
mod retry;
mod signing;
pub mod split;
pub mod stack;
pub mod store;
mod stream;
mod stream_rewrap;
mod token;
mod transport;
mod value;

pub use admin::{
    Clients, Contexts, CustomerKeys, Issuers, Jobs, PageQuery, Policies, Webhooks, Workspaces,
};
pub use builder::ClientBuilder;
pub use client::Client;
pub use encoding::Encoding;
pub use error::{
    ClientError, DecodeError, RefusalError, RequestError, TokenRefusal, TransportError,
};
pub use hybrid::HybridKeys;
pub use lock_context::{IdentifiedContext, LockContext};
pub use log::{EntryFilter, EntryProofError, Log, ProvenEntry, origin_of, verifier_of_origin};
pub use named_context::{ApplicationRegister, ApplicationTokens, NamedContexts};
pub use object::{ObjectFilter, Objects};
pub use retry::RetryPolicy;
pub use signing::SigningKeys;
pub use stream::{ByteStream, StreamError, StreamRequest, StreamSummary};
pub use stream_rewrap::MovedPrefix;
