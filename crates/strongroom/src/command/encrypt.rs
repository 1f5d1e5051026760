//! `strongroom encrypt`.

use clap::Args;
use strongroom_client::{Client, StreamRequest, StreamSummary};
use strongroom_types::Lock;

use super::stream::{Copy, Input, Output, StreamArgs};
use crate::argument;
use crate::failure::Failure;

/// Seals a stream.
#[derive(Args, Debug)]
#[command(after_help = "\
Seal a file under a tenant's key:
  strongroom encrypt --context tenant=acme report.pdf --output report.sr1

Lock it to a person as well; only a token with the same `sub` opens it:
  strongroom encrypt --context tenant=acme --lock sub --identity-token-file alice.jwt \\
      report.pdf --output report.sr1

Seal a backup on its way:
  pg_dump shop | strongroom encrypt --context tenant=acme | aws s3 cp - s3://backups/shop.sr1")]
pub(super) struct EncryptArgs {
    #[command(flatten)]
    stream: StreamArgs,
    /// Claims of the person to lock to, as `sub,…` or as a JSON list; `sub` if there is an
    /// identity token and nothing is said
    #[arg(long, value_name = "LOCK", value_parser = argument::lock)]
    lock: Option<Lock>,
}

struct Encrypt(Client);

impl Copy for Encrypt {
    async fn copy(
        self,
        request: StreamRequest,
        input: Input,
        output: Output<'_>,
    ) -> Result<StreamSummary, Failure> {
        Ok(self.0.encrypt_copy(request, input, output).await?)
    }
}

pub(super) async fn run(args: EncryptArgs) -> Result<(), Failure> {
    let client = args.stream.connection.client()?;
    let client = args.stream.identity.apply(&client)?;
    let lock = args.lock.unwrap_or_default();
    args.stream.run("sealing", lock, Encrypt(client)).await
}
