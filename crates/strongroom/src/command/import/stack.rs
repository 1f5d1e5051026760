//! `strongroom import stack`.

use std::path::PathBuf;

use clap::Args;
use strongroom_client::stack::{StackName, StackProject, StackStore, StackValueError};
use strongroom_types::StoreName;

use crate::command::stream::read_whole;
use crate::config::secret;
use crate::failure::Failure;
use crate::print;

/// Moves a store of Stack Auth's Data Vault to a Strongroom that serves its clients.
#[derive(Args, Debug)]
#[command(after_help = "\
A Data Vault lists nothing, so that the names must come from you, one a line:

  psql -Atc 'select id from users' | strongroom import stack --store tokens \\
    --from https://api.stack-auth.com --from-project 3f2504e0-… --from-key-file old.key \\
    --to https://strongroom.internal --to-project 9a0c0305-… --to-key-file new.key \\
    --secret-file data-vault.secret

Declare the store first. Each value is opened once, here, to see that name and secret are its own;
it is kept as its client sealed it, so that clients read on with the same secret. What is there
already and equal is left as it is: an import that broke off is begun again. What is there and
differs is an error, unless --overwrite is given. Let no client write to the new store meanwhile: what
it writes between the look and the copy is replaced.

The keys and the secret come from files, or from STRONGROOM_IMPORT_FROM_KEY,
STRONGROOM_IMPORT_TO_KEY and STRONGROOM_IMPORT_SECRET.")]
pub(in crate::command) struct StackArgs {
    /// The store, by its id
    #[arg(long, value_name = "ID")]
    store: StoreName,
    /// The id of the store to fill, if it is another
    #[arg(long, value_name = "ID")]
    to_store: Option<StoreName>,
    /// Where the store is: the address of its API, without a path
    #[arg(long, value_name = "URL")]
    from: String,
    /// Its project
    #[arg(long, value_name = "UUID")]
    from_project: String,
    /// File with the secret server key of that project
    #[arg(long, value_name = "FILE")]
    from_key_file: Option<PathBuf>,
    /// Where it is to be
    #[arg(long, value_name = "URL")]
    to: String,
    /// The project there
    #[arg(long, value_name = "UUID")]
    to_project: String,
    /// File with the secret server key of that project
    #[arg(long, value_name = "FILE")]
    to_key_file: Option<PathBuf>,
    /// File with the secret that the clients use
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Replace values that are there and differ
    #[arg(long)]
    overwrite: bool,
    /// Send keys over plain HTTP to another machine
    #[arg(long)]
    allow_plain_http: bool,
    /// The names, one a line; `-` is standard input
    #[arg(default_value = "-", value_name = "NAMES")]
    names: PathBuf,
}

/// Why a value was not moved. Says which line names it, and never the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StackImportError {
    #[error("the names are not UTF-8")]
    Names,
    #[error("no {what} was given")]
    Missing { what: &'static str },
    #[error("value of line {line} does not open: another secret, or altered")]
    Value {
        line: usize,
        #[source]
        source: StackValueError,
    },
    #[error("another value is there already for line {line}; --overwrite replaces it")]
    Differs { line: usize },
    #[error("value of line {line} is not there after it was set")]
    Lost { line: usize },
}

/// What became of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Moved,
    ThereAlready,
    Nowhere,
}

pub(super) async fn run(args: &StackArgs) -> Result<(), Failure> {
    let import = Import::new(args)?;
    let names = read_whole(&args.names).await?;
    let names = String::from_utf8(names).map_err(|_not_text| StackImportError::Names)?;
    let (mut moved, mut there, mut nowhere) = (0, 0, 0);
    for (line, name) in (1..).zip(names.lines()) {
        match import.value(line, name).await? {
            Fate::Moved => moved += 1,
            Fate::ThereAlready => there += 1,
            Fate::Nowhere => nowhere += 1,
        }
    }
    print::line(format!(
        "moved {moved}, there already {there}, without a value {nowhere}"
    ))?;
    Ok(())
}

/// From where to where.
struct Import {
    from: StackStore,
    to: StackStore,
    secret: zeroize::Zeroizing<String>,
    overwrite: bool,
}

impl Import {
    fn new(args: &StackArgs) -> Result<Self, Failure> {
        let key = |name, path: &Option<PathBuf>, what| {
            let key = secret(name, path.as_deref(), None)?;
            key.ok_or(Failure::Import(StackImportError::Missing { what }))
        };
        let from_key = key(
            "STRONGROOM_IMPORT_FROM_KEY",
            &args.from_key_file,
            "secret server key to read with",
        )?;
        let to_key = key(
            "STRONGROOM_IMPORT_TO_KEY",
            &args.to_key_file,
            "secret server key to write with",
        )?;
        let secret = key(
            "STRONGROOM_IMPORT_SECRET",
            &args.secret_file,
            "secret of the clients",
        )?;
        let plain = args.allow_plain_http;
        let from = StackProject::new(&args.from, &args.from_project, &from_key, plain)?;
        let to = StackProject::new(&args.to, &args.to_project, &to_key, plain)?;
        let to_store = args.to_store.as_ref().unwrap_or(&args.store);
        Ok(Self {
            from: from.store(args.store.clone()),
            to: to.store(to_store.clone()),
            secret,
            overwrite: args.overwrite,
        })
    }

    async fn value(&self, line: usize, name: &str) -> Result<Fate, Failure> {
        let name = StackName::derive(&self.secret, name);
        let key = name.hashed_key();
        let Some(value) = self.from.get_sealed(key).await? else {
            return Ok(Fate::Nowhere);
        };
        let opened = name.open(&value);
        opened.map_err(|source| StackImportError::Value { line, source })?;
        match self.to.get_sealed(key).await? {
            Some(there) if there == value => return Ok(Fate::ThereAlready),
            Some(_) if !self.overwrite => return Err(StackImportError::Differs { line }.into()),
            _ => {}
        }
        self.to.set_sealed(key, &value).await?;
        if self.to.get_sealed(key).await?.as_ref() != Some(&value) {
            return Err(StackImportError::Lost { line }.into());
        }
        Ok(Fate::Moved)
    }
}
