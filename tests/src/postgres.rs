//! A throw-away PostgreSQL cluster, one for each test process, and clusters that a test has to
//! itself.
//!
//! The cluster listens on a free port of 127.0.0.1 and keeps its files in a temporary directory.
//! Durability settings stay at their defaults, because Strongroom refuses a server without them.
//! A small shell owns the cluster and reads a pipe that only this process can write to: when the
//! process ends, however it ends, the pipe closes and the shell stops the cluster and removes it.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Arguments: the directory, the port, the folder of the server's programs.
const KEEPER: &str = r#"
PATH="$3:$PATH"
cd "$1" &&
initdb --pgdata data --username strongroom --auth trust --encoding UTF8 --locale C >init.log &&
pg_ctl --pgdata data --log server.log --wait --timeout 60 start >start.log \
  --options "-c listen_addresses=127.0.0.1 -c port=$2 -c unix_socket_directories=" &&
echo ready || cat ./*.log >&2
read -r _
pg_ctl --pgdata data --wait --mode immediate stop >/dev/null
rm -rf "$1"
"#;

/// A cluster; it ends when it is dropped, and with this process.
#[derive(Debug)]
pub struct Cluster {
    port: u16,
    programs: PathBuf,
    directory: PathBuf,
    /// The cluster lives as long as its standard input is open.
    keeper: Child,
}

/// Returns the URL of a new, empty database whose name starts with `name`.
///
/// # Errors
/// When PostgreSQL is not installed (`cargo xtask setup` installs it) or does not start.
pub fn database(name: &str) -> io::Result<String> {
    cluster()?.database(name)
}

/// Puts a copy of a database in the place of another, if there is one; both are named by their URLs, and
/// who is connected to either is cut off.
///
/// # Errors
/// The cluster does not answer.
pub fn copy(from: &str, to: &str) -> io::Result<()> {
    let [from, to] = [from, to].map(|url| url.rsplit('/').next().unwrap_or(url));
    // Not in the condition, where it could be asked of every connection.
    let connected = format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{from}'"
    );
    let cluster = cluster()?;
    cluster.administer(&format!("DROP DATABASE IF EXISTS \"{to}\" WITH (FORCE)"))?;
    cluster.administer(&connected)?;
    cluster.administer(&format!("CREATE DATABASE \"{to}\" TEMPLATE \"{from}\""))
}

impl Cluster {
    /// Starts a cluster of the test's own, which it may stop and start.
    ///
    /// # Errors
    /// As [`database`].
    pub fn start() -> io::Result<Self> {
        start()
    }

    /// Returns the URL of a new, empty database whose name starts with `name`.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn database(&self, name: &str) -> io::Result<String> {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let unique = format!("{name}_{}", CREATED.fetch_add(1, Ordering::Relaxed));
        let status = Command::new(self.programs.join("createdb"))
            .args(["--host", "127.0.0.1", "--username", "strongroom"])
            .args(["--port", &self.port.to_string(), &unique])
            .status()?;
        if !status.success() {
            return Err(io::Error::other("createdb failed"));
        }
        Ok(format!(
            "postgres://strongroom@127.0.0.1:{}/{unique}",
            self.port
        ))
    }

    /// Stops the server as a crash would: nothing is finished, nothing written that was not.
    ///
    /// # Errors
    /// It does not stop.
    pub fn stop(&self) -> io::Result<()> {
        self.control(&["--mode", "immediate", "stop"])
    }

    /// Starts the server again on the same port; it recovers what was committed.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_again(&self) -> io::Result<()> {
        // `pg_ctl` remembers the options of the start before.
        self.control(&["--log", "server.log", "--timeout", "60", "restart"])
    }

    /// Changes a setting and starts the server again.
    ///
    /// # Errors
    /// It does not start with it.
    pub fn set(&self, name: &str, value: &str) -> io::Result<()> {
        self.administer(&format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        self.start_again()
    }

    /// Serves TLS with this certificate and key, and these settings.
    ///
    /// # Errors
    /// It does not start with them.
    pub fn serve_tls(
        &self,
        certificate: &Path,
        key: &Path,
        settings: &[(&str, &str)],
    ) -> io::Result<()> {
        for (from, name) in [(certificate, "server.crt"), (key, "server.key")] {
            let to = self.directory.join("data").join(name);
            fs::copy(from, &to)?;
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600))?;
            if is_root()? {
                let (uid, gid) = postgres_account()?;
                chown(&to, Some(uid), Some(gid))?;
            }
        }
        for (name, value) in [("ssl", "on")].iter().chain(settings) {
            self.administer(&format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        }
        self.start_again()
    }

    fn administer(&self, statement: &str) -> io::Result<()> {
        let status = Command::new(self.programs.join("psql"))
            .args(["--host", "127.0.0.1", "--username", "strongroom"])
            .args(["--port", &self.port.to_string(), "--dbname", "postgres"])
            .args(["--quiet", "--command", statement])
            .env("PGOPTIONS", "-c client_min_messages=warning")
            .stdout(Stdio::null())
            .status()?;
        if status.success() {
            return Ok(());
        }
        Err(io::Error::other("psql failed"))
    }

    fn control(&self, arguments: &[&str]) -> io::Result<()> {
        let mut command = Command::new(self.programs.join("pg_ctl"));
        command
            .args(["--pgdata", "data", "--wait"])
            .args(arguments)
            .current_dir(&self.directory)
            .stdout(Stdio::null());
        as_its_owner(&mut command)?;
        if command.status()?.success() {
            return Ok(());
        }
        Err(io::Error::other("pg_ctl failed"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _already_gone = self.keeper.wait();
    }
}

fn cluster() -> io::Result<&'static Cluster> {
    static CLUSTER: OnceLock<Result<Cluster, io::ErrorKind>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| start().map_err(|error| error.kind()))
        .as_ref()
        .map_err(|kind| io::Error::new(*kind, "the throw-away PostgreSQL cluster did not start"))
}

fn start() -> io::Result<Cluster> {
    let programs = find_programs()?;
    let directory = tempfile::Builder::new()
        .prefix("strongroom-postgres-")
        .tempdir()?;
    let port = free_port()?;
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", KEEPER, "keeper"])
        .arg(directory.path())
        .arg(port.to_string())
        .arg(&programs)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // An interrupt of the tests reaches the keeper as the closed pipe, not as a signal.
        .process_group(0);
    if let Some((uid, gid)) = as_its_owner(&mut command)? {
        chown(directory.path(), Some(uid), Some(gid))?;
    }
    let mut keeper = command.spawn()?;
    wait_until_ready(&mut keeper)?;
    Ok(Cluster {
        port,
        programs,
        // From here on the keeper removes it.
        directory: directory.keep(),
        keeper,
    })
}

/// The server refuses to run as root, so root lends it the account that Debian made for it.
fn as_its_owner(command: &mut Command) -> io::Result<Option<(u32, u32)>> {
    if !is_root()? {
        return Ok(None);
    }
    let (uid, gid) = postgres_account()?;
    command.uid(uid).gid(gid);
    Ok(Some((uid, gid)))
}

fn wait_until_ready(keeper: &mut Child) -> io::Result<()> {
    let mut line = String::new();
    if let Some(output) = keeper.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    if line == "ready\n" {
        return Ok(());
    }
    drop(keeper.stdin.take());
    keeper.wait()?;
    Err(io::Error::other("PostgreSQL did not start"))
}

/// Finds the newest installed server; Debian keeps each version in a folder of its own.
fn find_programs() -> io::Result<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    folders.sort();
    folders.pop().ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// The first port of those that are given out, and how many there are: all are below the range
/// that Linux takes a connection's own port from, so that none is taken before it is used.
const PORTS: (u32, u32) = (20_000, 12_000);

/// A port of this machine that nobody listens on. Processes that ask at once begin apart.
///
/// # Errors
/// There is none.
pub fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (first, count) = PORTS;
    let begin = process::id().wrapping_mul(97);
    for _ in 0..count {
        let number = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(first + number % count).map_err(io::Error::other)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

fn is_root() -> io::Result<bool> {
    Ok(fs::metadata(Path::new("/proc/self"))?.uid() == 0)
}

fn postgres_account() -> io::Result<(u32, u32)> {
    fs::read_to_string("/etc/passwd")?
        .lines()
        .find_map(account_of)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn account_of(line: &str) -> Option<(u32, u32)> {
    let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{account_of, database};

    #[test]
    fn account_is_read_from_its_passwd_line() {
        assert_eq!(
            account_of("postgres:x:101:104:a:/b:/bin/sh"),
            Some((101, 104))
        );
        assert_eq!(account_of("postgresql:x:101:104:a:/b:/bin/sh"), None);
    }

    #[test]
    fn every_database_is_a_new_one() {
        assert_ne!(database("fixture").unwrap(), database("fixture").unwrap());
    }
}
