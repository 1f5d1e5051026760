//! Starting and stopping.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server as HttpServer};
use hyper_util::rt::TokioTimer;
use strongroom_core::ports::{Clock, ConnectError};
use strongroom_core::{Ask, Bearer, Credentials, Origin, Strongroom};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_store::Database;
use strongroom_types::RequestId;
use strongroom_types::body::WorkspaceCreated;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::compat::Surfaces;
use crate::config::{Config, ConfigError, Operation};
use crate::dev::{self, DevError, DevInfo};
use crate::edge::{App, Edge, Readiness};
use crate::fetch::ClientError;
use crate::limits::{Limits, Meter};
use crate::patience::{Patience, PatientAcceptor};
use crate::roots::RootFileError;
use crate::telemetry::Metrics;
use crate::tls::{self, TlsError};
use crate::{deployment, routes};

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration would lower security.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificate files cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A passphrase root, which FIPS mode does not approve.
    #[error("fips mode does not approve a root of a passphrase, which Argon2id hardens")]
    RootNotApproved,
    /// The root cannot be used.
    #[error(transparent)]
    Root(#[from] RootFileError),
    /// The root's description cannot be used.
    #[error("cannot use the root's description")]
    RootKey(#[from] ConnectError),
    /// The database cannot be opened.
    #[error("cannot open the database")]
    Store(#[from] strongroom_store::OpenError),
    /// The anchor's directory cannot be made.
    #[error("cannot use the anchor's directory")]
    Anchor(#[source] io::Error),
    /// The client that fetches issuers' keys and sends events cannot be made.
    #[error("cannot prepare to fetch issuers' keys and to send events")]
    Fetch(#[source] ClientError),
    /// The clients of key services cannot be made.
    #[error("cannot prepare to call key services")]
    Providers(#[source] ClientError),
    /// The deployment does not open.
    #[error(transparent)]
    Open(#[from] strongroom_core::OpenError),
    /// Development mode cannot be set up.
    #[error("cannot set up development mode")]
    Development(#[from] DevError),
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    url: String,
    app: App,
    database: Arc<Database>,
    handle: Handle<SocketAddr>,
    serving: JoinHandle<io::Result<()>>,
    keeping: JoinHandle<()>,
    working: JoinHandle<()>,
    delivering: JoinHandle<()>,
    stop: watch::Sender<bool>,
    development: Option<DevInfo>,
}

impl Server {
    /// Opens the deployment and listens. When this returns, requests are answered.
    ///
    /// # Errors
    /// What the operator has to change.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        config.check()?;
        let tls = config.tls.as_ref();
        let tls = tls.map(|files| tls::configure(files, config.settings.fips));
        let tls = tls.transpose()?;
        let listen = |source| StartError::Listen {
            address: config.listen,
            source,
        };
        let listener = bind(config.listen).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        let (room, database) = deployment::open(&config).await?;
        let (development, info) = match &config.operation {
            Operation::Production => (None, None),
            Operation::Development(folder) => {
                let (development, info) = dev::set_up(&room, folder, &url).await?;
                (Some(development), Some(info))
            }
        };
        let surfaces = Surfaces::new(
            config.surfaces.clone(),
            config.stack_backend_urls.clone(),
            config
                .cipherstash_url
                .clone()
                .unwrap_or_else(|| url.clone()),
        );
        let app = edge(room, config.limits, development, surfaces);
        let (stop, stopped) = watch::channel(false);
        let handle = Handle::new();
        let router = routes::router(&app);
        let http = http(listener, &app.limits, handle.clone()).map_err(listen)?;
        Ok(Self {
            serving: serve(http, tls, patience(&app.limits), router),
            delivering: tokio::spawn(deliver(App::clone(&app), stopped.clone())),
            keeping: tokio::spawn(keep(App::clone(&app), stopped.clone())),
            working: tokio::spawn(work(App::clone(&app), stopped)),
            address,
            url,
            app,
            database,
            handle,
            stop,
            development: info,
        })
    }

    /// The address that is listened on.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What to put before a path: `http://127.0.0.1:8320`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The verifier key of the deployment's logs, in the form of a signed note.
    #[must_use]
    pub fn log_public_key(&self) -> String {
        self.app.room.log_key()
    }

    /// How to use a server in development mode.
    #[must_use]
    pub const fn development(&self) -> Option<&DevInfo> {
        self.development.as_ref()
    }

    /// Stops accepting, finishes what was accepted, signs the last checkpoint and closes the
    /// database. What is not finished within `shutdown_timeout` is broken off.
    pub async fn shutdown(self) {
        let patience = self.app.limits.shutdown_timeout;
        self.handle.graceful_shutdown(Some(patience));
        if let Ok(Err(error)) = self.serving.await {
            tracing::error!(%error, "listening ended with an error");
        }
        // Streams write the entries of their outcome after their connection is gone.
        if timeout(patience, self.app.meter.idle()).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        self.stop.send_replace(true);
        for kept in [self.keeping, self.delivering] {
            if let Err(error) = kept.await {
                tracing::error!(%error, "housekeeping failed");
            }
        }
        if let Err(error) = self.working.await {
            tracing::error!(%error, "jobs failed");
        }
        self.app.room.close().await;
        drop(self.app);
        if let Some(database) = Arc::into_inner(self.database) {
            database.close().await;
        }
    }
}

/// Makes the first start of a deployment: the data directory and the root if they are not there,
/// the system workspace and its administrator. `None` if that was done before.
///
/// # Errors
/// What the operator has to change.
pub async fn initialise(config: &Config) -> Result<Option<WorkspaceCreated>, StartError> {
    deployment::check_roots(config)?;
    deployment::prepare(config)?;
    let (room, database) = deployment::open(config).await?;
    let created = room.initialise().await?;
    room.close().await;
    drop(room);
    if let Some(database) = Arc::into_inner(database) {
        database.close().await;
    }
    Ok(created)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn edge(
    room: Strongroom,
    limits: Limits,
    development: Option<dev::Development>,
    surfaces: Surfaces,
) -> App {
    let clock: Arc<dyn Clock> = Arc::new(crate::clock::SystemClock::start());
    let table = routes::endpoints().into_iter().chain(surfaces.endpoints());
    let routes = table.map(|row| (row.method_name(), row.path));
    Arc::new(Edge {
        meter: Meter::new(&limits, &clock),
        metrics: Metrics::new(routes),
        readiness: Readiness::default(),
        entropy: Arc::new(SystemEntropy),
        room,
        limits,
        clock,
        development,
        surfaces,
    })
}

/// The largest part of a request that is buffered before it is looked at.
const READ_BUFFER_BYTES: usize = 256 * 1024;

fn http(
    listener: TcpListener,
    limits: &Limits,
    handle: Handle<SocketAddr>,
) -> io::Result<HttpServer<SocketAddr>> {
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    let header_bytes = u32::try_from(limits.header_bytes).unwrap_or(u32::MAX);
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(READ_BUFFER_BYTES)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(header_bytes)
        .keep_alive_interval(limits.header_timeout);
    Ok(server)
}

fn patience(limits: &Limits) -> Patience {
    Patience {
        begin: limits.header_timeout,
        write: limits.stream_idle_timeout,
    }
}

fn serve(
    http: HttpServer<SocketAddr>,
    tls: Option<RustlsConfig>,
    patience: Patience,
    router: Router,
) -> JoinHandle<io::Result<()>> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => {
            let acceptor = PatientAcceptor::new(NoDelayAcceptor, patience);
            tokio::spawn(http.acceptor(acceptor).serve(service))
        }
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor);
            let acceptor = PatientAcceptor::new(acceptor, patience);
            tokio::spawn(http.acceptor(acceptor).serve(service))
        }
    }
}

/// Between two rounds of housekeeping. A checkpoint covers an entry within a second of its answer.
const ROUND: Duration = Duration::from_millis(250);
/// Rounds between two times that recorded durations are folded.
const TIDY_ROUNDS: u32 = 20;
/// Rounds between two times that quiet callers are forgotten.
const FORGET_ROUNDS: u32 = 240;

async fn keep(app: App, mut stopped: watch::Receiver<bool>) {
    let mut rounds = interval(ROUND);
    for round in 1_u32.. {
        tokio::select! {
            _ = rounds.tick() => {}
            _ = stopped.changed() => return,
        }
        app.room.tick().await;
        if round % TIDY_ROUNDS == 0 {
            app.metrics.tidy();
        }
        if round % FORGET_ROUNDS == 0 {
            app.meter.forget_quiet();
        }
    }
}

/// Works on jobs. They wait for providers of customers' keys, so that they are not part of the
/// housekeeping; one that is broken off goes on at the next start.
async fn work(app: App, mut stopped: watch::Receiver<bool>) {
    let mut rounds = interval(ROUND);
    loop {
        let round = async {
            rounds.tick().await;
            app.room.work().await;
        };
        tokio::select! {
            () = round => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Between two times that webhooks are looked at.
const DELIVERY: Duration = Duration::from_secs(1);

/// Sends events, apart from the housekeeping because it waits for their receivers. What is being sent
/// when the server stops is sent again after the next start.
async fn deliver(app: App, mut stopped: watch::Receiver<bool>) {
    let mut rounds = interval(DELIVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let sending = async {
        loop {
            rounds.tick().await;
            app.room.deliver().await;
        }
    };
    tokio::select! {
        () = sending => {}
        _ = stopped.changed() => {}
    }
}

/// A request of the server itself.
pub(crate) fn own_ask(api_key: &str, request_id: RequestId) -> Ask {
    Ask {
        credentials: Credentials {
            bearer: Some(Arc::new(Bearer::new(api_key))),
            ..Credentials::default()
        },
        origin: Origin {
            request_id,
            address: None,
            user_agent: Some("strongroom dev".to_owned()),
        },
        metadata: None,
        idempotency: None,
    }
}
