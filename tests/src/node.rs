//! Another node of a deployment: `strongroom serve` on the same PostgreSQL database.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use crate::server::{Server, command};

/// A running `strongroom serve`. Dropping it kills the process.
#[derive(Debug)]
pub struct Node {
    child: Child,
    /// Its address.
    pub url: String,
    said: Said,
    _directory: TempDir,
}

/// Lines of a node.
type Said = Arc<Mutex<Vec<String>>>;

fn hear(said: &Said, line: String) {
    said.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line);
}

impl Node {
    /// What it has written to standard error since it listens.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }

    /// Starts one beside a server, with its root key and its anchor, that serves a surface.
    ///
    /// # Errors
    /// The server is not on PostgreSQL; or the binary is not there or does not start.
    pub fn beside(server: &Server, surface: &str) -> io::Result<Self> {
        let database = server.database().ok_or(io::ErrorKind::Unsupported)?;
        let directory = tempfile::tempdir()?;
        let mut child = command()?
            .args(["serve", "--listen", "127.0.0.1:0", "--surface", surface])
            .args(["--database", database])
            .arg("--data")
            .arg(directory.path())
            .arg("--key-file")
            .arg(server.data().join("root.key"))
            .arg("--anchor")
            .arg(server.data().join("anchor"))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let output = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let url = lines.find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()));
        // What it writes later is read at once, so that it never waits for a reader.
        let said = Said::default();
        let kept = Arc::clone(&said);
        std::thread::spawn(move || lines.for_each(|line| hear(&kept, line)));
        let mut node = Self {
            child,
            url: String::new(),
            said,
            _directory: directory,
        };
        node.url = url.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(node)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _waited = self.child.wait();
    }
}
