//! `strongroom serve`.

use clap::Args;
use strongroom_core::{AfterRollback, EmptyAnchor};
use strongroom_server::{Server, telemetry};

use crate::config::{LogArgs, ServerArgs};
use crate::failure::Failure;
use crate::print;

/// Serves a deployment that `init` made.
#[derive(Args, Debug)]
#[command(after_help = "\
On this machine:
  strongroom serve --data /var/lib/strongroom

For others, with TLS:
  strongroom serve --data /var/lib/strongroom --listen 0.0.0.0:443 \\
      --tls-certificates chain.pem --tls-key key.pem

With everything in a file:
  strongroom serve --config /etc/strongroom.toml

Plain HTTP is refused on anything but loopback, unless --allow-plain-http is given. An interrupt
finishes what was accepted, then stops.")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// After a rollback of the database, begin a new generation of the log, as its first entry
    /// says, instead of refusing to start
    #[arg(long)]
    new_log_generation: bool,
    /// The anchor is new and empty on purpose: keep checkpoints there from now on, instead of
    /// refusing to start
    #[arg(long)]
    new_anchor: bool,
    #[command(flatten)]
    log: LogArgs,
}

pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    telemetry::start(args.log.format(), &args.log.filter)?;
    let mut config = args.server.config()?;
    if args.new_log_generation {
        config.settings.after_rollback = AfterRollback::NewGeneration;
    }
    if args.new_anchor {
        config.settings.empty_anchor = EmptyAnchor::Begin;
    }
    let server = Server::start(config).await?;
    print::note(format_args!("listening on {}", server.url()));
    interrupted().await?;
    print::note("stopping; what was accepted is finished");
    server.shutdown().await;
    Ok(())
}

/// Waits for an interrupt from the terminal or from whoever started this.
pub(super) async fn interrupted() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
