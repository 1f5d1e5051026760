//! `strongroom decrypt`.

use clap::Args;
use strongroom_client::{Client, ClientError, StreamError, StreamRequest, StreamSummary};
use strongroom_types::Lock;

use super::stream::{Copy, Input, Output, StreamArgs};
use crate::failure::Failure;
use crate::print;

/// Opens a stream.
#[derive(Args, Debug)]
#[command(after_help = "\
Open a file; it appears under its name only when its last chunk was checked:
  strongroom decrypt --context tenant=acme report.sr1 --output report.pdf

Open what is locked to a person:
  strongroom decrypt --context tenant=acme --identity-token-file alice.jwt \\
      report.sr1 --output report.pdf

To a pipe, the reader must wait for the exit status: until then the end may be missing.
  strongroom decrypt --context tenant=acme report.sr1 > report.pdf && open report.pdf")]
pub(super) struct DecryptArgs {
    #[command(flatten)]
    stream: StreamArgs,
}

struct Decrypt(Client);

impl Copy for Decrypt {
    async fn copy(
        self,
        request: StreamRequest,
        input: Input,
        output: Output<'_>,
    ) -> Result<StreamSummary, Failure> {
        let copied = self.0.decrypt_copy(request, input, output).await;
        copied.map_err(failure)
    }
}

/// A ciphertext is opened chunk by chunk: the server can only break off where one does not open.
fn failure(error: ClientError) -> Failure {
    match error {
        ClientError::Stream(StreamError::BrokeOff { log_entry, source }) => {
            Failure::NotOpened { log_entry, source }
        }
        other => other.into(),
    }
}

pub(super) async fn run(args: DecryptArgs) -> Result<(), Failure> {
    if args.stream.is_to_pipe() {
        print::note(
            "note: use the output only if this command succeeds; before that it may be cut",
        );
    }
    let client = args.stream.connection.client()?;
    let client = args.stream.identity.apply(&client)?;
    let lock = Lock::default();
    args.stream.run("opening", lock, Decrypt(client)).await
}
