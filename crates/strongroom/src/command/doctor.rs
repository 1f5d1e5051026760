//! `strongroom doctor`.

use clap::Args;

use crate::config::ServerArgs;
use crate::failure::Failure;
use crate::print;

/// Compares every stored object with its last entry in the log.
#[derive(Args, Debug)]
#[command(after_help = "\
After a restore, or when somebody may have written to the database past the server:
  strongroom doctor --data /var/lib/strongroom

Nothing is opened and nothing is changed. It reads the whole log. With SQLite, stop the server
first; with PostgreSQL it may run beside it.")]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &DoctorArgs) -> Result<(), Failure> {
    let faults = strongroom_server::check_objects(&args.server.config()?).await?;
    for fault in &faults {
        print::line(fault)?;
    }
    if faults.is_empty() {
        print::note("objects: as the log says");
        return Ok(());
    }
    Err(Failure::Unwell {
        faults: faults.len(),
    })
}
