//! `strongroom import cryptoserve` and `strongroom import cryptoserve-ciphertexts`.

mod applications;
mod check;
mod ciphertexts;
mod database;
mod keys;
mod report;

use std::path::PathBuf;

use clap::Args;
use strongroom_client::Client;
use strongroom_crypto::foreign::cryptoserve::MasterKey;
use strongroom_types::body::NamedContextCreate;
use strongroom_types::{Code, ContextName, Format};

use applications::keep;
pub(in crate::command) use ciphertexts::{CiphertextsArgs, run as rewrap};
use database::{Context, Database, Tenant};
use report::Report;

use crate::config::{ConnectionArgs, secret};
use crate::failure::Failure;
use crate::print;

/// The most salts: each is tried in each derivation that there was.
const SALTS_MAX: usize = 4;

/// Brings contexts, keys and applications of one tenant of a CryptoServe into a workspace.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
#[command(after_help = "\
Give the master key in STRONGROOM_IMPORT_MASTER_KEY or --master-key-file, as it stands in
CRYPTOSERVE_MASTER_KEY. The workspace is that of the API key; one run brings one tenant into it:

  strongroom import cryptoserve --database sqlite:///srv/cryptoserve.db --tenant acme \\
    --master-key-file master.key --salt-file salts --dry-run

What is given by --salt other users of the machine see while it runs: STRONGROOM_IMPORT_SALTS and
--salt-file have one salt a line. Their server takes its salt from CRYPTOSERVE_HKDF_SALT, ignores HKDF_SALT, and uses a constant where
the former is not set. Name both, if they ever were set: all are tried, in each derivation that there
was, and a ciphertext says which fits. Nothing in their database does: give some ciphertexts of each
context with --check, so that a wrong key or salt is noticed before anything is written. The master key stays here: what is sent, and kept wrapped under
the context's own key, are the keys of each context, which open what CryptoServe sealed and seal
nothing.

What is there already is left as it is, so that an import that broke off is begun again. Keys that
were retired are left out unless --with-retired is given. Formats that commit to no key open only
under keys from before 2025-12-30; what the SDK sealed by itself (cs-sdk-v4) opens only with
--accept-sdk, because whoever can alter stored ciphertexts could pass others off as it.

The database is only read. For PostgreSQL leave the password out of the address, where other users of
the machine see it: PGPASSWORD or ~/.pgpass is read, and STRONGROOM_IMPORT_DATABASE is read instead
of --database.")]
pub(in crate::command) struct CryptoServeArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Its database, `sqlite:///file` or `postgresql://user@host/name`
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// File with its master key
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    /// A salt that it may have been used with; up to four, those of the file and the environment too
    #[arg(long = "salt", value_name = "SALT")]
    salts: Vec<String>,
    /// File with such salts, one a line
    #[arg(long, value_name = "FILE")]
    salt_file: Option<PathBuf>,
    /// The tenant to bring, by its id or slug; needed if there are several
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Bring retired keys too
    #[arg(long)]
    with_retired: bool,
    /// Open what its SDK sealed by itself, too
    #[arg(long)]
    accept_sdk: bool,
    /// Replace keys that are there already
    #[arg(long)]
    replace: bool,
    /// Register its applications, and write their new tokens to this file; needs CryptoServe's surface
    #[arg(long, value_name = "FILE")]
    applications: Option<PathBuf>,
    /// File with ciphertexts, one a line, that must open with this master key and these salts; nothing is
    /// written if one does not
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Read and unwrap only, and say what would be brought
    #[arg(long)]
    dry_run: bool,
}

/// Why nothing, or not all, was imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CryptoServeImportError {
    #[error("no {what} was given")]
    Missing { what: &'static str },
    #[error("address of the database is neither sqlite:/// nor postgresql://")]
    Address,
    #[error("its database cannot be read")]
    Database(#[from] sqlx::Error),
    #[error("there is no such tenant; there are: {there}")]
    NoTenant { there: String },
    #[error("there are several tenants, name one with --tenant: {there}")]
    SeveralTenants { there: String },
    #[error("more salts than four were given")]
    Salts,
    #[error("{opened} ciphertexts open, and those of these lines do not: {lines}")]
    Closed { opened: u64, lines: String },
    #[error("a key cannot be derived")]
    Derivation,
    #[error("line {line} is no base64, or no JSON of a ciphertext")]
    Line { line: usize },
    #[error("output has more lines than the input: it is of another one")]
    OtherOutput,
    #[error("the server refused for now with `{code}`; run it again to go on from line {line}")]
    ForNow { code: &'static str, line: usize },
    #[error("{rejected} ciphertexts were not sealed again; `{}` names them", path.display())]
    Rejected { rejected: u64, path: PathBuf },
}

pub(super) async fn run(args: CryptoServeArgs) -> Result<(), Failure> {
    let import = Import::open(&args).await?;
    let report = import.run(&args).await?;
    print::line(&report)?;
    Ok(())
}

/// The salts of flags, and those of the environment or the file, where `ps` does not show them.
fn salts(args: &CryptoServeArgs) -> Result<Vec<String>, Failure> {
    let hidden = secret("STRONGROOM_IMPORT_SALTS", args.salt_file.as_deref(), None)?;
    let mut salts = args.salts.clone();
    salts.extend(
        hidden
            .iter()
            .flat_map(|text| text.lines())
            .map(str::to_owned),
    );
    if salts.len() > SALTS_MAX {
        return Err(CryptoServeImportError::Salts.into());
    }
    Ok(salts)
}

/// From where to where.
struct Import {
    database: Database,
    tenant: Tenant,
    master: MasterKey,
    /// `None` for a dry run.
    client: Option<Client>,
    formats: Vec<Format>,
}

impl Import {
    async fn open(args: &CryptoServeArgs) -> Result<Self, Failure> {
        let salts = salts(args)?;
        let missing = |what| CryptoServeImportError::Missing { what };
        let path = args.master_key_file.as_deref();
        let master = secret("STRONGROOM_IMPORT_MASTER_KEY", path, None)?;
        let master = master.ok_or_else(|| missing("master key"))?;
        let address = match &args.database {
            Some(address) => zeroize::Zeroizing::new(address.clone()),
            None => secret("STRONGROOM_IMPORT_DATABASE", None, None)?
                .ok_or_else(|| missing("address of its database"))?,
        };
        let client = if args.dry_run {
            None
        } else {
            Some(args.connection.client()?)
        };
        let database = Database::open(&address).await?;
        let tenant = database.tenant(args.tenant.as_deref()).await?;
        let mut formats = vec![Format::CsV1, Format::CsV2, Format::CsV3, Format::CsHybridV1];
        formats.extend(args.accept_sdk.then_some(Format::CsSdkV4));
        Ok(Self {
            master: MasterKey::new(master, salts),
            database,
            tenant,
            client,
            formats,
        })
    }

    async fn run(&self, args: &CryptoServeArgs) -> Result<Report, Failure> {
        let mut report = Report::of(&self.tenant, args.dry_run);
        if let Some(path) = &args.check {
            report.checked = Some(self.check(path).await?);
        }
        let applications = self.database.applications(&self.tenant).await?;
        let contexts = self.database.contexts(&self.tenant, &applications).await?;
        for context in &contexts {
            self.context(context, &mut report).await?;
        }
        self.keys(args, &mut report).await?;
        self.kem_keys(args, &mut report).await?;
        if let Some(path) = &args.applications {
            let mut tokens = Vec::new();
            let registered = self.applications(&applications, &mut tokens, &mut report);
            let registered = registered.await;
            // What was given is kept, however it ended: nobody can ask for the same tokens again.
            if self.client.is_some() {
                keep(path, &tokens)?;
            }
            registered?;
        }
        Ok(report)
    }

    /// Declares a context, unless there is one of the name.
    async fn context(&self, context: &Context, report: &mut Report) -> Result<(), Failure> {
        let Ok(name) = context.name.parse::<ContextName>() else {
            report.odd_contexts.push(context.name.clone());
            return Ok(());
        };
        let (config, left_out) = context.config();
        report.unknown_config += left_out;
        let Some(client) = &self.client else {
            report.contexts += 1;
            return Ok(());
        };
        let request = NamedContextCreate {
            name,
            display_name: context.display_name(),
            description: context.description(),
            config,
        };
        match client.named_contexts().create(&request).await {
            Ok(_) => report.contexts += 1,
            Err(error) if error.code() == Some(Code::Conflict) => report.contexts_there += 1,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
