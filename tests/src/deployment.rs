//! A real deployment: `strongroom init`, then `strongroom serve`, with settings of the test's own.

#![expect(
    clippy::unwrap_used,
    reason = "a deployment that cannot be made fails its test"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::thread::JoinHandle;

use serde_json::{Value, json};
use strongroom_client::{Client, RetryPolicy};
use tempfile::TempDir;

use crate::reply::Reply;
use crate::server::command;

/// A data directory with the settings of its server.
#[derive(Debug)]
pub struct Deployment {
    directory: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Serving {
    /// Its address.
    pub url: String,
    child: Child,
    /// What it writes about itself, read all the time: it would wait for a reader.
    said: Option<JoinHandle<String>>,
}

impl Deployment {
    /// Settings for a deployment that is not made yet.
    #[must_use]
    pub fn new(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut made = Self {
            directory: tempfile::tempdir().unwrap(),
            arguments: Vec::new(),
            environment: environment.iter().map(owned).collect(),
        };
        made.set_arguments(arguments);
        made
    }

    /// Sets a variable for what is run from here on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(it, _)| it != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Gives other arguments to what is run from here on.
    pub fn set_arguments(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|it| (*it).to_owned()).collect();
    }

    /// Where its data is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Makes it, and answers the administrator's API key.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn init(&self) -> String {
        let made = self.run("init");
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn run(&self, name: &str) -> Output {
        self.command(name).output().unwrap()
    }

    /// Serves it on a free port.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn serve(&self) -> Serving {
        let mut command = self.command("serve");
        command.args(["--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stderr.take().unwrap());
        let mut serving = Serving {
            url: String::new(),
            child,
            said: None,
        };
        let mut said = String::new();
        loop {
            let mut line = String::new();
            let read = output.read_line(&mut line).unwrap();
            assert!(read > 0, "does not start: {said}");
            if let Some((_, url)) = line.trim().rsplit_once("listening on ") {
                url.clone_into(&mut serving.url);
                break;
            }
            said.push_str(&line);
        }
        let rest = move || {
            let mut said = String::new();
            output.read_to_string(&mut said).unwrap();
            said
        };
        serving.said = Some(std::thread::spawn(rest));
        serving
    }

    fn command(&self, name: &str) -> std::process::Command {
        let mut command = command().unwrap();
        command
            .args([name, "--data"])
            .arg(self.directory.path())
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

impl Serving {
    /// Sends a request with an API key.
    pub async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Reply {
        let url = format!("{}{path}", self.url);
        let request = reqwest::Client::new().request(method, url);
        Reply::of(request.bearer_auth(key).json(body)).await
    }

    /// Posts a document with an API key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Reply {
        self.send(reqwest::Method::POST, path, key, body).await
    }

    /// What `/readyz` says.
    pub async fn ready(&self) -> Reply {
        let url = format!("{}/readyz", self.url);
        Reply::of(reqwest::Client::new().get(url)).await
    }

    /// Makes a workspace, and answers an API key of it.
    pub async fn workspace(&self, administrator: &str) -> String {
        let wanted = json!({"name": "acme"});
        let made = self.post("/v1/workspaces", administrator, &wanted).await;
        let made: Value = serde_json::from_slice(&made.body).unwrap();
        made.pointer("/api_key/secret")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A client with an API key that sends nothing twice: what a test counts, it sent.
    #[must_use]
    pub fn client(&self, key: &str) -> Client {
        Client::builder(&self.url)
            .api_key(key)
            .retry(RetryPolicy::never())
            .build()
            .unwrap()
    }

    /// Kills it, and answers what it wrote about itself.
    #[must_use]
    pub fn stop(mut self) -> String {
        self.child.kill().unwrap();
        self.said.take().unwrap().join().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_gone = self.child.wait();
    }
}
