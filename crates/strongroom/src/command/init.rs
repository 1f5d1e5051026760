//! `strongroom init`.

use clap::Args;

use crate::config::ServerArgs;
use crate::failure::Failure;
use crate::print;

/// Makes a deployment.
#[derive(Args, Debug)]
#[command(after_help = "\
With a root key file, made here for its owner's eyes only:
  strongroom init --data /var/lib/strongroom --key-file /mnt/keys/root.key

With a passphrase instead, which is asked for here and at each start:
  strongroom init --data /var/lib/strongroom --passphrase-root /var/lib/strongroom/root

Whoever has the root and the database has the data; whoever loses the root has lost it.")]
pub(super) struct InitArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &InitArgs) -> Result<(), Failure> {
    let data = args.server.data()?;
    let created = strongroom_server::initialise(&args.server.config()?).await?;
    let Some(created) = created else {
        return Err(Failure::Initialised { path: data });
    };
    print::note("The deployment is made. Its administrator's API key, which is not shown again:");
    print::line(&created.api_key.secret)?;
    print::note(format_args!(
        "\nSystem workspace: {}\nNext: strongroom serve --data {}, then\n  \
         STRONGROOM_API_KEY=… strongroom admin workspaces create shop",
        created.workspace.id,
        data.display()
    ));
    Ok(())
}
