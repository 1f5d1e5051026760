//! Strongroom: the product behind one door.
//!
//! [`Strongroom`] answers for a verified caller, under a key that belongs to one tenant (and, if
//! asked, to one person), and only after the use of that key is durable in a log. Every method
//! takes an [`Ask`] (who asks, from where) and gives an [`Answered`] value or a [`Refused`] with
//! its [`Denial`]; both name the entry in the workspace's log.
//!
//! **The one door** is `door::Strongroom::enter`: authenticate → authorise → entry
//! → durable append → `Permit` → release. Keys live in the private module `door::keyring`; opening
//! takes a `Permit` by value and only the log's commit confirmation makes one.
//!
//! What is *not* here: HTTP (`strongroom-server`), SQL (`strongroom-store`), primitives
//! (`strongroom-crypto`), Merkle mathematics (`strongroom-log`). Everything that touches the world
//! is a port in [`ports`].

#[cfg(all(feature = "danger-skip-lock-tag", not(debug_assertions)))]
compile_error!("danger-skip-lock-tag is for attack tests in debug builds only");

mod access_token;
mod admin;
mod application;
mod ask;
mod batch;
mod caller;
mod compute;
mod customer_key;
mod data_key;
mod decrypt;
mod denial;
mod deployment;
mod device;
mod door;
mod encrypt;
mod event;
pub mod fips;
mod guard;
mod hybrid;
mod identity;
mod job;
mod key_pair;
mod keysets;
mod lease;
mod log;
mod named;
mod object;
mod once;
mod password;
mod policy;
pub mod ports;
mod record;
mod rewrap;
mod root;
mod sealed_store;
mod settings;
mod signing;
mod slow;
mod split;
mod stored;
mod stores;
pub mod stream;
pub mod stream_rewrap;
mod strongroom;
mod time;
mod token;
mod tool;
mod user;
mod workspace;

pub use access_token::{AccessToken, TokenHolder};
pub use admin::{
    ApplicationCreate, ApplicationCreated, ApplicationUpdate, Approval, Awaited, DeviceApproval,
    GuardTrial, InvitationCreate, InvitationCreated, InvitationInfo, KeysetClientCreate,
    KeysetClientCreated, KeysetCreate, KeysetModify, NAME_CHARS_MAX, NamedContextCreate,
    NamedContextResolution, NamedContextUpdate, PageQuery, Promotion, TriedAlgorithm, UserAccepted,
    UserSession,
};
pub use application::{
    ApplicationTokens, ContextReadiness, NewRefreshToken, Progress, Refreshed, Tier,
};
pub use ask::{Answered, Ask, Bearer, Credentials, Idempotency, Origin};
pub use customer_key::CustomerKeyFault;
pub use denial::{CiphertextFault, Denial, Invalid, Refused, Thing, TokenFault};
pub use device::{DeviceLogin, DeviceState};
pub use door::access_key;
pub use event::EventsQuery;
pub use guard::{GuardFault, try_rule};
pub use keysets::{
    GeneratedKey, KeysetCondition, KeysetKey, KeysetPolicy, KeysetTerm, KeysetUse, LoadedKeyset,
    WhichKeyset,
};
pub use lease::{LeaseEvent, LeaseInfo, LeaseRequest, LeaseRevoked, LeaseTrail, LeasedSecret};
pub use log::EntriesQuery;
pub use named::{KeyBundle, NamedItem, NamedSealed, check_asked};
pub use object::{ObjectFault, ObjectFaultKind, ObjectsQuery};
pub use password::{PasswordCheck, PasswordHash};
pub use settings::{AccessTokenSeconds, AfterRollback, EmptyAnchor, Settings};
pub use stored::Rewrapped;
pub use strongroom::{Health, OpenError, Parts, Strongroom};
pub use time::{format_time, parse_time};
pub use tool::{
    Agree, AgreementPair, Bench, Combine, HpkeOpen, HpkeSeal, JweDecrypt, JweEncrypt, JwkMake,
    JwkThumbprint, JwsSign, JwsVerify, PasswordMeasure, SecretShare, Split, Tool,
};
pub use user::{Role, UserInfo};
