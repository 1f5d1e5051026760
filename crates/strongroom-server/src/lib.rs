//! The HTTP edge of Strongroom: routes, authentication of callers by what they show, one mapping
//! of errors, limits, telemetry, root providers.
//!
//! ```no_run
//! use strongroom_server::{Config, Server};
//!
//! # async fn example() -> Result<(), strongroom_server::StartError> {
//! let server = Server::start(Config::development("/tmp/playground".into())).await?;
//! println!("{}/docs", server.url());
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! | Module | What |
//! |---|---|
//! | `routes` | the route table, one file per family; endpoints named like the product's methods |
//! | `edge` | between HTTP and the product: callers, bodies, answers, problems, streams, limits |
//! | [`openapi`] | the document (OpenAPI 3.1) and the reference page, made of the route table |
//! | [`roots`] | what wraps the seeds of the deployment: key file, passphrase (RFC 9106) |
//! | `anchor`, `clock`, `fetch`, `deliver` | the product's other ports: a directory, the system, HTTPS |
//! | `reach` | where the server may connect to when a tenant names the URL |
//! | `compat` | surfaces for the clients of other products, one folder each |
//! | `dev` | development mode: two workspaces and an issuer that mints tokens |
//!
//! Sources: RFC 9110 (HTTP), RFC 9457 (problem documents), RFC 6750 (bearer tokens), RFC 8693
//! (token exchange), C2SP tlog-tiles (the paths of the log).
//!
//! What is *not* here: any decision about who may use a key, and any key (`strongroom-core`); SQL
//! (`strongroom-store`); the environment and the command line (`strongroom`).

mod anchor;
mod clock;
mod compat;
mod config;
mod deliver;
mod deployment;
mod dev;
mod edge;
mod fetch;
mod file;
mod limits;
pub mod openapi;
mod patience;
mod reach;
pub mod roots;
mod routes;
mod server;
pub mod telemetry;
mod tls;

pub use anchor::FolderAnchor;
pub use clock::SystemClock;
pub use config::{Config, ConfigError, DEFAULT_PORT, Database, Operation, RootSource, Surface};
pub use deliver::HttpDeliver;
pub use deployment::check_objects;
pub use dev::{
    DevCipherStash, DevCryptoServe, DevError, DevInfo, DevOidc, DevSecond, DevStack, DevWorkOs,
};
pub use fetch::{ClientError, HttpFetch};
pub use limits::Limits;
pub use reach::Reach;
pub use server::{Server, StartError, initialise};
pub use tls::{TlsError, TlsFiles};
