//! What `encrypt` and `decrypt` share: where bytes come from and where they go.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use strongroom_client::{StreamRequest, StreamSummary};
use strongroom_types::{KeyContext, Lock};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::whole_file::WholeFile;
use crate::config::{ConnectionArgs, IdentityArgs};
use crate::failure::Failure;
use crate::{argument, print, progress};

/// What is sealed or opened, and for whom.
#[derive(Args, Clone, Debug)]
pub(super) struct StreamArgs {
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
    #[command(flatten)]
    pub(super) identity: IdentityArgs,
    /// Whose data this is, as `key=value,…` or as a JSON object
    #[arg(long, short, value_name = "CONTEXT", value_parser = argument::key_context)]
    context: KeyContext,
    /// Text that must be given again to open
    #[arg(long, value_name = "TEXT", default_value = "")]
    associated_data: String,
    /// Input; `-` is standard input
    #[arg(default_value = "-", value_name = "INPUT")]
    input: PathBuf,
    /// Output, written as a whole or not at all; `-` is standard output
    #[arg(long, short, default_value = "-", value_name = "OUTPUT")]
    output: PathBuf,
}

pub(super) type Input = Box<dyn AsyncRead + Unpin + Send>;
pub(super) type Output<'a> = &'a mut (dyn AsyncWrite + Unpin + Send);

/// Moves the bytes: one of the client's two copies.
pub(super) trait Copy {
    async fn copy(
        self,
        request: StreamRequest,
        input: Input,
        output: Output<'_>,
    ) -> Result<StreamSummary, Failure>;
}

impl StreamArgs {
    pub(super) fn is_to_pipe(&self) -> bool {
        is_pipe(&self.output)
    }

    /// Copies the input to the output. A file appears under its name only when it is complete.
    pub(super) async fn run(
        self,
        what: &'static str,
        lock: Lock,
        copy: impl Copy,
    ) -> Result<(), Failure> {
        let (input, total) = open(&self.input).await?;
        let bar = progress::bytes(what, total);
        let input: Input = Box::new(bar.wrap_async_read(input));
        let request = StreamRequest {
            lock,
            associated_data: self.associated_data.into_bytes(),
            ..StreamRequest::new(self.context)
        };
        let summary = if is_pipe(&self.output) {
            copy.copy(request, input, &mut tokio::io::stdout()).await
        } else {
            copy_to_file(request, input, &self.output, copy).await
        };
        finish(&bar, &summary?);
        Ok(())
    }
}

pub(super) fn is_pipe(path: &Path) -> bool {
    path == Path::new("-")
}

async fn open(path: &Path) -> Result<(Input, Option<u64>), Failure> {
    if is_pipe(path) {
        return Ok((Box::new(tokio::io::stdin()), None));
    }
    let file = File::open(path).await.map_err(Failure::file(path))?;
    let length = file.metadata().await.map_err(Failure::file(path))?.len();
    Ok((Box::new(file), Some(length)))
}

/// Publishes the file only after the final chunk, so that no one ever sees the first part of
/// something that was cut or altered.
async fn copy_to_file(
    request: StreamRequest,
    input: Input,
    path: &Path,
    copy: impl Copy,
) -> Result<StreamSummary, Failure> {
    let mut whole = WholeFile::begin(path)?;
    let summary = copy.copy(request, input, whole.output()).await?;
    whole.publish().await?;
    Ok(summary)
}

/// Reads the whole input.
pub(super) async fn read_whole(path: &Path) -> Result<Vec<u8>, Failure> {
    let (mut input, _) = open(path).await?;
    let mut bytes = Vec::new();
    input
        .read_to_end(&mut bytes)
        .await
        .map_err(Failure::file(path))?;
    Ok(bytes)
}

/// Writes the whole output; a file appears under its name only when it is complete.
pub(super) async fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if is_pipe(path) {
        let mut output = tokio::io::stdout();
        output.write_all(bytes).await?;
        output.flush().await?;
        return Ok(());
    }
    let mut whole = WholeFile::begin(path)?;
    let written = whole.output().write_all(bytes).await;
    written.map_err(Failure::file(path))?;
    whole.publish().await
}

fn finish(bar: &ProgressBar, summary: &StreamSummary) {
    bar.finish_and_clear();
    let entry = summary
        .log_entry
        .map(|entry| format!(", log entry {entry}"));
    let bytes = summary.bytes;
    print::note(format_args!(
        "{bytes} bytes written{}",
        entry.unwrap_or_default()
    ));
}
