//! A server in development mode: what `dev` serves and `demo` plays on.

use std::net::SocketAddr;
use std::path::PathBuf;

use strongroom_server::{Config, Database, DevError, DevInfo, Server, StartError};

use crate::argument::DatabaseUrl;
use crate::config::{ApplicationArgs, FipsArgs, KeyProviderArgs};

/// A running server in development mode.
#[derive(Debug)]
pub(crate) struct Playground {
    server: Server,
    info: DevInfo,
}

impl Playground {
    /// Starts one on `data`, which keeps its ids and keys from start to start.
    pub(crate) async fn start(
        data: PathBuf,
        listen: SocketAddr,
        database: Option<DatabaseUrl>,
        allowed: Option<(&KeyProviderArgs, FipsArgs, ApplicationArgs)>,
    ) -> Result<Self, StartError> {
        let mut config = Config {
            listen,
            ..Config::development(data)
        };
        if let Some(url) = database {
            config.database = Database::Postgres(url.0);
        }
        if let Some((providers, fips, applications)) = allowed {
            providers.apply(&mut config);
            applications.apply(&mut config.settings);
            config.settings.fips = fips.mode.unwrap_or_default();
        }
        let server = Server::start(config).await?;
        let info = server.development().cloned().ok_or(DevError::NotOurs)?;
        Ok(Self { server, info })
    }

    /// Address and keys.
    pub(crate) fn info(&self) -> &DevInfo {
        &self.info
    }

    /// Finishes what was accepted.
    pub(crate) async fn shutdown(self) {
        self.server.shutdown().await;
    }
}
