//! The real binary as a child process: `strongroom dev` on a temporary directory.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde::Deserialize;
use strongroom_client::{Client, ClientError};
use tempfile::TempDir;

use crate::postgres::free_port;

/// Names the binary to test; `target/<profile>/strongroom` beside the test if it is not set.
const BINARY: &str = "STRONGROOM_BIN";

/// How many registrations a user has within an hour.
pub const REGISTRATIONS: &str = "STRONGROOM_REGISTRATIONS_PER_HOUR";

/// What is written to standard error.
pub const LOG: &str = "STRONGROOM_LOG";

/// What `dev --json` prints.
#[derive(Clone, Debug, Deserialize)]
pub struct Sheet {
    /// The server's address.
    pub url: String,
    /// The first workspace.
    pub workspace: String,
    /// An API key of the first workspace with all permissions.
    pub api_key: String,
    /// The log's public key in the verifier-key form.
    pub log_public_key: String,
    /// The issuer that mints a token for whoever asks.
    pub oidc: Oidc,
    /// Another workspace.
    pub second_workspace: SecondWorkspace,
    /// How WorkOS clients use the first workspace.
    pub workos: WorkOs,
    /// How Stack Auth's clients use the first workspace.
    pub stack: Stack,
    /// How CipherStash's clients use the first workspace.
    pub cipherstash: CipherStashSheet,
    /// Sessions of users for CryptoServe's clients.
    pub cryptoserve: CryptoServe,
}

/// What CipherStash's clients are configured with.
#[derive(Clone, Debug, Deserialize)]
pub struct CipherStashSheet {
    /// The workspace's CRN.
    pub workspace_crn: String,
    /// The id in it.
    pub workspace_id: String,
    /// The client of keysets.
    pub client_id: String,
    /// Its client key, in hexadecimal.
    pub client_key: String,
    /// The access key.
    pub access_key: String,
    /// Where the token service is.
    pub cts_url: String,
}

/// Sessions of users for CryptoServe's clients.
#[derive(Clone, Debug, Deserialize)]
pub struct CryptoServe {
    /// Of an owner of the first workspace.
    pub session_cookie: String,
    /// Of a viewer of the first workspace.
    pub viewer_cookie: String,
    /// Of an owner of the second workspace.
    pub other_session_cookie: String,
}

/// The development issuer.
#[derive(Clone, Debug, Deserialize)]
pub struct Oidc {
    /// Its `iss`.
    pub issuer: String,
    /// Where it mints.
    pub token_url: String,
}

/// A workspace to be kept apart from.
#[derive(Clone, Debug, Deserialize)]
pub struct SecondWorkspace {
    /// Its id.
    pub workspace: String,
    /// An API key with all permissions.
    pub api_key: String,
    /// How WorkOS clients use it.
    pub workos: WorkOs,
    /// How Stack Auth's clients use it.
    pub stack: Stack,
    /// How CipherStash's clients use it.
    pub cipherstash: CipherStashSheet,
}

/// Clients for Stack Auth's surface.
#[derive(Clone, Debug, Deserialize)]
pub struct Stack {
    /// The workspace as a project.
    pub project_id: String,
    /// An API key that gets and sets values.
    pub secret_server_key: String,
    /// An API key that declares stores as well.
    pub super_secret_admin_key: String,
}

/// A client for the WorkOS surface.
#[derive(Clone, Debug, Deserialize)]
pub struct WorkOs {
    /// Its API key.
    pub api_key: String,
}

/// A running `strongroom dev`. Dropping it kills the process and removes its directory.
#[derive(Debug)]
pub struct Server {
    child: Child,
    sheet: Sheet,
    directory: TempDir,
    database: Option<String>,
}

impl Server {
    /// Starts one on SQLite in a directory of its own.
    ///
    /// # Errors
    /// The binary is not there or does not start.
    pub fn start() -> io::Result<Self> {
        Self::start_on(None)
    }

    /// Starts one on a PostgreSQL database.
    ///
    /// # Errors
    /// The binary is not there or does not start.
    pub fn start_on(database: Option<String>) -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("strongroom-test-")
            .tempdir()?;
        let listen = free_address()?;
        let (child, sheet) = spawn(directory.path(), database.as_deref(), listen)?;
        Ok(Self {
            child,
            sheet,
            directory,
            database,
        })
    }

    /// Starts one whose command is changed: further arguments, another environment.
    ///
    /// # Errors
    /// The binary is not there or does not start.
    pub fn start_changed(
        database: Option<String>,
        change: impl FnOnce(&mut Command),
    ) -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("strongroom-test-")
            .tempdir()?;
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut command = command()?;
        change(&mut command);
        let (child, sheet) = spawn_by(command, directory.path(), database.as_deref(), listen)?;
        Ok(Self {
            child,
            sheet,
            directory,
            database,
        })
    }

    /// Starts one on SQLite whose files can be limited in size while it runs: a write beyond the
    /// limit fails, where the process would end without this.
    ///
    /// # Errors
    /// The binary is not there or does not start.
    pub fn start_with_file_limits() -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("strongroom-test-")
            .tempdir()?;
        let mut command = without_settings(Command::new("/bin/sh"));
        command
            .args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#])
            .arg(binary()?)
            // It may be a file, and would be limited too.
            .stderr(Stdio::null());
        let listen = free_address()?;
        let (child, sheet) = spawn_by(command, directory.path(), None, listen)?;
        Ok(Self {
            child,
            sheet,
            directory,
            database: None,
        })
    }

    /// Address and keys.
    #[must_use]
    pub fn sheet(&self) -> &Sheet {
        &self.sheet
    }

    /// The directory of everything that must last.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.directory.path()
    }

    /// A client of the first workspace.
    ///
    /// # Errors
    /// The key is malformed.
    pub fn client(&self) -> Result<Client, ClientError> {
        self.client_with_key(&self.sheet.api_key)
    }

    /// A client of the second workspace.
    ///
    /// # Errors
    /// The key is malformed.
    pub fn second_client(&self) -> Result<Client, ClientError> {
        self.client_with_key(&self.sheet.second_workspace.api_key)
    }

    /// A client with another API key.
    ///
    /// # Errors
    /// The key is malformed.
    pub fn client_with_key(&self, api_key: &str) -> Result<Client, ClientError> {
        Client::builder(&self.sheet.url).api_key(api_key).build()
    }

    /// Has a token minted for a subject.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn token(&self, subject: &str) -> reqwest::Result<String> {
        self.mint(&serde_json::json!({ "sub": subject })).await
    }

    /// Has a token minted, bad ones too: `claims` may name `exp`, `nbf` and `iss`.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn mint(&self, request: &serde_json::Value) -> reqwest::Result<String> {
        #[derive(Deserialize)]
        struct Minted {
            token: String,
        }
        let http = reqwest::Client::new();
        let sent = http.post(&self.sheet.oidc.token_url).json(request).send();
        let minted: Minted = sent.await?.error_for_status()?.json().await?;
        Ok(minted.token)
    }

    /// Ends the process as a power failure would, with SIGKILL.
    ///
    /// # Errors
    /// The process cannot be ended.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Errors
    /// The process cannot be waited for.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// Kills it and starts it again on the same directory and port.
    ///
    /// # Errors
    /// The binary does not start again.
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill()?;
        let listen = address_of(&self.sheet.url)?;
        let (child, sheet) = spawn(self.directory.path(), self.database.as_deref(), listen)?;
        self.child = child;
        self.sheet = sheet;
        Ok(())
    }

    /// Kills it and starts it again in a FIPS mode.
    ///
    /// # Errors
    /// The binary does not start again.
    pub fn restart_in_fips_mode(&mut self, mode: &str) -> io::Result<()> {
        self.kill()?;
        let listen = address_of(&self.sheet.url)?;
        let mut command = command()?;
        command.env("FIPS_MODE", mode);
        let database = self.database.as_deref();
        let (child, sheet) = spawn_by(command, self.directory.path(), database, listen)?;
        self.child = child;
        self.sheet = sheet;
        Ok(())
    }

    /// Begins a new generation of the log, by name, and starts it again.
    ///
    /// # Errors
    /// The binary does not start again.
    pub fn restart_after_rollback(&mut self) -> io::Result<()> {
        self.restart_told("--new-log-generation")
    }

    /// Says by name that the anchor is new, and starts it again.
    ///
    /// # Errors
    /// The binary does not start again.
    pub fn restart_with_new_anchor(&mut self) -> io::Result<()> {
        self.restart_told("--new-anchor")
    }

    /// Serves once with this option, until it listens, then starts it again without.
    fn restart_told(&mut self, option: &str) -> io::Result<()> {
        self.kill()?;
        let mut command = command()?;
        command
            .args(["serve", option, "--listen", "127.0.0.1:0"])
            .arg("--data")
            .arg(self.directory.path())
            .stderr(Stdio::piped());
        if let Some(url) = &self.database {
            command.args(["--database", url]);
        }
        let mut child = command.spawn()?;
        let output = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let started = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .any(|line| line.contains("listening on"));
        child.kill()?;
        child.wait()?;
        if !started {
            return Err(io::Error::other(format!("did not start with {option}")));
        }
        self.restart()
    }

    /// The URL of its PostgreSQL database; `None` on SQLite, whose file is in the directory.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The process's number, for what only the operating system can tell.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _already_gone = self.kill();
    }
}

/// Runs `strongroom` with these arguments to its end; what it printed is in the output.
///
/// # Errors
/// The binary is not there.
pub fn run(arguments: &[&str]) -> io::Result<std::process::Output> {
    command()?.args(arguments).output()
}

/// Runs `strongroom` as [`run`] does, with this on its standard input.
///
/// # Errors
/// The binary is not there, or its input cannot be written.
pub fn run_with_input(arguments: &[&str], input: &[u8]) -> io::Result<std::process::Output> {
    let mut child = command()?
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut pipe = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    match pipe.write_all(input) {
        // It ended without reading: its status and what it said tell why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    drop(pipe);
    child.wait_with_output()
}

fn spawn(
    directory: &Path,
    database: Option<&str>,
    listen: SocketAddr,
) -> io::Result<(Child, Sheet)> {
    spawn_by(command()?, directory, database, listen)
}

fn spawn_by(
    mut command: Command,
    directory: &Path,
    database: Option<&str>,
    listen: SocketAddr,
) -> io::Result<(Child, Sheet)> {
    // Tests register more than people do, some of them for one user.
    if !is_set(&command, REGISTRATIONS) {
        command.env(REGISTRATIONS, "100000");
    }
    // Why requests are refused would fill the output of tests that are about refusals.
    if !is_set(&command, LOG) {
        command.env(LOG, "warn,strongroom_server::denial=off");
    }
    command
        .args(["dev", "--json", "--listen", &listen.to_string()])
        .arg("--data")
        .arg(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if let Some(url) = database {
        command.args(["--database", url]);
    }
    let mut child = command.spawn()?;
    match read_sheet(&mut child) {
        Ok(sheet) => Ok((child, sheet)),
        Err(error) => {
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}

fn is_set(command: &Command, variable: &str) -> bool {
    let mut set = command.get_envs();
    set.any(|(name, value)| name == variable && value.is_some())
}

/// The line comes when the server listens; its end without a line means that it did not start.
fn read_sheet(child: &mut Child) -> io::Result<Sheet> {
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    serde_json::from_str(&line).map_err(io::Error::from)
}

/// The binary, without the settings of whoever runs the tests.
pub(crate) fn command() -> io::Result<Command> {
    Ok(without_settings(Command::new(binary()?)))
}

fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("STRONGROOM_") || name_text == "FIPS_MODE" {
            command.env_remove(name);
        }
    }
    command
}

#[expect(
    clippy::disallowed_methods,
    reason = "CI names the binary to test, there is no other way in"
)]
fn binary() -> io::Result<PathBuf> {
    if let Some(path) = std::env::var_os(BINARY) {
        return Ok(path.into());
    }
    // target/<profile>/deps/<test> → target/<profile>/strongroom
    let test = std::env::current_exe()?;
    let profile = test.ancestors().nth(2).ok_or(io::ErrorKind::NotFound)?;
    Ok(profile.join("strongroom"))
}

/// One that it can be started on again: nobody is given its port while it is down.
fn free_address() -> io::Result<SocketAddr> {
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)))
}

fn address_of(url: &str) -> io::Result<SocketAddr> {
    url.trim_start_matches("http://")
        .trim_end_matches('/')
        .parse()
        .map_err(io::Error::other)
}
