//! `strongroom import cryptoserve-ciphertexts`: a file of ciphertexts in, a file of `sr1` out.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::{Deserialize, Serialize};
use strongroom_client::Client;
use strongroom_types::body::{ImportedItem, ImportedRewrap, ImportedSealed, ItemResult};
use strongroom_types::{Bytes, Code, ContextName};

use super::CryptoServeImportError as ImportError;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::{print, progress};

/// How many ciphertexts are sent together.
const TOGETHER: usize = 50;
/// After how many bytes no other one is sent with them: a batch that commits to no key has 8 MiB at most.
const BYTES_TOGETHER: usize = 1 << 20;

/// Seals again, as `sr1`, what a CryptoServe sealed.
#[derive(Args, Debug)]
#[command(after_help = "\
One ciphertext a line: base64 as their API gave it, or where there is associated data a JSON object,
  {\"ciphertext\":\"…\",\"associated_data\":\"…\"}

Each line of the output is the same value as `sr1`, in base64, or empty if it does not open; the file
`OUTPUT.rejected` names those lines and why. Nobody sees what is in them. Run it again after it broke
off: it goes on behind the last line of the output.")]
pub(in crate::command) struct CiphertextsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The context that they are of
    #[arg(long, value_name = "NAME")]
    context: ContextName,
    /// Ciphertexts, one a line
    input: PathBuf,
    /// Where they go as `sr1`, one a line
    output: PathBuf,
}

/// A line with associated data.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    ciphertext: Bytes,
    #[serde(default)]
    associated_data: Option<Bytes>,
}

/// A ciphertext that was not sealed again.
#[derive(Serialize)]
struct Rejected {
    line: usize,
    code: &'static str,
}

pub(in crate::command) async fn run(args: CiphertextsArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let mut files = Files::open(&args)?;
    let bar = progress::bytes("ciphertexts", None);
    let mut moved = 0_u64;
    loop {
        let items = files.read()?;
        if items.is_empty() {
            break;
        }
        let results = seal_again(&client, &args.context, items).await?;
        files.check(&results)?;
        for result in results {
            moved += u64::from(result.is_ok());
            bar.inc(1);
            files.write(result.as_ref().map_err(|code| code.name()))?;
        }
        files.sync()?;
    }
    let rejected = files.rejections()?;
    print::line(format!(
        "sealed again {moved}, rejected {rejected}, done before {}",
        files.before
    ))?;
    if rejected > 0 {
        let path = files.rejected_path;
        return Err(ImportError::Rejected { rejected, path }.into());
    }
    Ok(())
}

/// Gives for each ciphertext the same value as `sr1`, or the code of why not.
async fn seal_again(
    client: &Client,
    context: &ContextName,
    items: Vec<ImportedItem>,
) -> Result<Vec<Result<Bytes, Code>>, Failure> {
    let request = ImportedRewrap { items };
    let answer = client.named_contexts().rewrap(context, &request).await?;
    let result = |result| match result {
        ItemResult::Ok(ImportedSealed { ciphertext }) => Ok(ciphertext),
        ItemResult::Err { error } => Err(error.code),
    };
    Ok(answer.results.into_iter().map(result).collect())
}

/// The three files, at the same line.
struct Files {
    input: BufReader<File>,
    input_path: PathBuf,
    output: File,
    /// What goes there once the rejections are on disk.
    pending: String,
    output_path: PathBuf,
    rejected: BufWriter<File>,
    rejected_path: PathBuf,
    /// Lines that an earlier run wrote.
    before: usize,
    /// The line that is written next, from 1.
    line: usize,
    /// The line that is read next, from 1.
    read: usize,
    /// One that was read and did not fit with those before it.
    next: Option<ImportedItem>,
}

impl Files {
    fn open(args: &CiphertextsArgs) -> Result<Self, Failure> {
        let input = File::open(&args.input).map_err(Failure::file(&args.input))?;
        let mut rejected_path = args.output.clone().into_os_string();
        rejected_path.push(".rejected");
        let rejected_path = PathBuf::from(rejected_path);
        let before = whole_lines(&args.output)?;
        forget_rejections_behind(&rejected_path, before)?;
        let mut files = Self {
            input: BufReader::new(input),
            input_path: args.input.clone(),
            output: append(&args.output)?,
            pending: String::new(),
            output_path: args.output.clone(),
            rejected: BufWriter::new(append(&rejected_path)?),
            rejected_path,
            before,
            line: before + 1,
            read: before + 1,
            next: None,
        };
        for _ in 0..before {
            if files.read_line()?.is_none() {
                return Err(ImportError::OtherOutput.into());
            }
        }
        Ok(files)
    }

    fn read_line(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        let read = self.input.read_line(&mut line);
        let read = read.map_err(Failure::file(&self.input_path))?;
        Ok((read > 0).then_some(line))
    }

    /// The next ciphertexts; none at the end.
    fn read(&mut self) -> Result<Vec<ImportedItem>, Failure> {
        let mut items = Vec::with_capacity(TOGETHER);
        let mut bytes = 0_usize;
        while items.len() < TOGETHER {
            let Some(item) = self.read_item()? else { break };
            bytes = bytes.saturating_add(item.ciphertext.0.len());
            if bytes > BYTES_TOGETHER && !items.is_empty() {
                self.next = Some(item);
                break;
            }
            items.push(item);
        }
        Ok(items)
    }

    fn read_item(&mut self) -> Result<Option<ImportedItem>, Failure> {
        if let Some(item) = self.next.take() {
            return Ok(Some(item));
        }
        let Some(text) = self.read_line()? else {
            return Ok(None);
        };
        let item = item(text.trim(), self.read)?;
        self.read += 1;
        Ok(Some(item))
    }

    /// Ends the run before anything is written of a batch in which the server could not answer: nothing is
    /// rejected for that.
    fn check(&self, results: &[Result<Bytes, Code>]) -> Result<(), Failure> {
        let for_now = |result: &Result<Bytes, Code>| {
            result
                .as_ref()
                .err()
                .copied()
                .filter(|code| is_for_now(*code))
        };
        match results.iter().find_map(for_now) {
            None => Ok(()),
            Some(code) => Err(ImportError::ForNow {
                code: code.name(),
                line: self.line,
            }
            .into()),
        }
    }

    /// How many lines of this output were rejected, in earlier runs too.
    fn rejections(&self) -> Result<u64, Failure> {
        let lines = whole_lines(&self.rejected_path)?;
        Ok(u64::try_from(lines).unwrap_or(u64::MAX))
    }

    fn write(&mut self, result: Result<&Bytes, &'static str>) -> Result<(), Failure> {
        let sealed = result.map_or_else(|_| String::new(), |bytes| STANDARD.encode(&bytes.0));
        self.pending.push_str(&sealed);
        self.pending.push('\n');
        if let Err(code) = result {
            let line = self.line;
            let text = serde_json::to_string(&Rejected { line, code });
            let text = text.map_err(std::io::Error::from)?;
            let written = writeln!(self.rejected, "{text}");
            written.map_err(Failure::file(&self.rejected_path))?;
        }
        self.line += 1;
        Ok(())
    }

    /// Rejections first: a line that is written is not done again.
    fn sync(&mut self) -> Result<(), Failure> {
        let rejected = self.rejected.flush();
        let rejected = rejected.and_then(|()| self.rejected.get_ref().sync_data());
        rejected.map_err(Failure::file(&self.rejected_path))?;
        let written = self.output.write_all(self.pending.as_bytes());
        let written = written.and_then(|()| self.output.sync_data());
        self.pending.clear();
        written.map_err(Failure::file(&self.output_path))
    }
}

/// A ciphertext, as a line has it.
pub(super) fn item(text: &str, line: usize) -> Result<ImportedItem, ImportError> {
    if text.starts_with('{') {
        let sent: Line =
            serde_json::from_str(text).map_err(|_not_json| ImportError::Line { line })?;
        return Ok(ImportedItem {
            ciphertext: sent.ciphertext,
            associated_data: sent.associated_data,
        });
    }
    let bytes = STANDARD.decode(text);
    let bytes = bytes.map_err(|_not_base64| ImportError::Line { line })?;
    Ok(ImportedItem {
        ciphertext: bytes.into(),
        associated_data: None,
    })
}

/// How many lines a file has that end. One that was cut is taken off: its value is sealed again.
fn whole_lines(path: &Path) -> Result<usize, Failure> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(Failure::file(path)(error)),
    };
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    let whole = end.map_or(0, |end| end + 1);
    if whole < bytes.len() {
        let file = OpenOptions::new().write(true).open(path);
        let cut = file.and_then(|file| file.set_len(u64::try_from(whole).unwrap_or(0)));
        cut.map_err(Failure::file(path))?;
    }
    Ok(bytes.split(|byte| *byte == b'\n').count().saturating_sub(1))
}

/// Takes off the rejections of lines that the output does not have: they are done again.
fn forget_rejections_behind(path: &Path, before: usize) -> Result<(), Failure> {
    if whole_lines(path)? == 0 {
        return Ok(());
    }
    let text = std::fs::read_to_string(path).map_err(Failure::file(path))?;
    let of_line = |text: &&str| {
        let rejected = serde_json::from_str::<RejectedLine>(text);
        rejected.is_ok_and(|rejected| rejected.line <= before)
    };
    let kept = text.lines().filter(of_line).flat_map(|line| [line, "\n"]);
    let kept: String = kept.collect();
    std::fs::write(path, kept).map_err(Failure::file(path))
}

/// What a line of the rejections is about.
#[derive(Deserialize)]
struct RejectedLine {
    line: usize,
}

/// Whether the same may well be answered later.
const fn is_for_now(code: Code) -> bool {
    matches!(
        code,
        Code::LogUnavailable
            | Code::RootUnavailable
            | Code::StoreUnavailable
            | Code::Unavailable
            | Code::RateLimited
            | Code::Internal
    )
}

fn append(path: &Path) -> Result<File, Failure> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map_err(Failure::file(path))
}
