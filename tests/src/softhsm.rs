//! A token of `SoftHSM2` in a directory of its own, with an AES key that it does not give out.
//!
//! The tools of Debian's `softhsm2` and `opensc` make it, as `docs/roots.md` tells an operator to.

#![expect(
    clippy::unwrap_used,
    reason = "a token that cannot be made fails its test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Names the configuration that the module reads.
pub const CONFIGURATION: &str = "SOFTHSM2_CONF";
/// The PIN of the token's user.
pub const PIN: &str = "hunter2-pin";

/// Where Debian puts the module.
const MODULES: &[&str] = &[
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// The module.
///
/// # Panics
/// When it is not installed (`cargo xtask setup` installs it).
#[must_use]
pub fn module() -> PathBuf {
    let found = MODULES.iter().map(Path::new).find(|path| path.exists());
    found.unwrap().to_owned()
}

/// Tokens in a directory.
#[derive(Debug)]
pub struct SoftHsm {
    directory: PathBuf,
    /// Removes them; `None` where another process does.
    _kept: Option<TempDir>,
}

impl SoftHsm {
    /// A directory with one token, `strongroom`, and in it the AES-256 key `root`.
    #[must_use]
    pub fn start() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("strongroom-softhsm-")
            .tempdir()
            .unwrap();
        let hsm = Self {
            directory: directory.path().to_owned(),
            _kept: Some(directory),
        };
        fs::create_dir(hsm.tokens()).unwrap();
        let configuration = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            hsm.tokens().display()
        );
        fs::write(hsm.configuration(), configuration).unwrap();
        hsm.make_token("strongroom");
        hsm.make_key("strongroom", &["--label", "root", "--id", "0a"]);
        hsm
    }

    /// The tokens that another process made, and removes.
    #[must_use]
    pub const fn at(directory: PathBuf) -> Self {
        Self {
            directory,
            _kept: None,
        }
    }

    /// Where they are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file that [`CONFIGURATION`] names.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.directory.join("softhsm2.conf")
    }

    /// The description of the key `root`.
    #[must_use]
    pub fn description(&self) -> Value {
        json!({"provider": "pkcs11", "token": "strongroom", "key": "root", "pin": PIN})
    }

    /// Makes a token.
    pub fn make_token(&self, label: &str) {
        let mut command = Command::new("softhsm2-util");
        command.args(["--init-token", "--free", "--so-pin", "so-pin", "--pin", PIN]);
        self.run(command.args(["--label", label]));
    }

    /// Makes an AES-256 key in a token; it stays there unless the arguments say otherwise.
    pub fn make_key(&self, token: &str, arguments: &[&str]) {
        self.make_loose_key(token, &[&["--sensitive"], arguments].concat());
    }

    /// Makes an AES-256 key that the token may show.
    pub fn make_loose_key(&self, token: &str, arguments: &[&str]) {
        let keygen = ["--keygen", "--key-type", "AES:32"];
        self.pkcs11_tool(token, &[&keygen, arguments].concat());
    }

    /// Makes an AES-128 key that stays in the token.
    pub fn make_short_key(&self, token: &str, label: &str) {
        let keygen = [
            "--keygen",
            "--key-type",
            "AES:16",
            "--sensitive",
            "--label",
            label,
        ];
        self.pkcs11_tool(token, &keygen);
    }

    /// Deletes the key `root`.
    pub fn delete_key(&self) {
        self.delete_key_named("root");
    }

    /// Deletes a key of the token `strongroom`.
    pub fn delete_key_named(&self, label: &str) {
        let delete = ["--delete-object", "--type", "secrkey", "--label", label];
        self.pkcs11_tool("strongroom", &delete);
    }

    /// Changes the PIN of the token's user.
    pub fn change_pin(&self, from: &str, to: &str) {
        let change = ["--change-pin", "--new-pin", to];
        self.pkcs11_tool_with("strongroom", from, &change);
    }

    /// Takes all tokens out.
    pub fn take_out(&self) {
        fs::rename(self.tokens(), self.drawer()).unwrap();
    }

    /// Puts them back.
    pub fn put_back(&self) {
        fs::rename(self.drawer(), self.tokens()).unwrap();
    }

    fn tokens(&self) -> PathBuf {
        self.directory.join("tokens")
    }

    fn drawer(&self) -> PathBuf {
        self.directory.join("drawer")
    }

    fn pkcs11_tool(&self, token: &str, arguments: &[&str]) {
        self.pkcs11_tool_with(token, PIN, arguments);
    }

    fn pkcs11_tool_with(&self, token: &str, pin: &str, arguments: &[&str]) {
        let mut command = Command::new("pkcs11-tool");
        command.arg("--module").arg(module());
        command.args(["--token-label", token, "--login", "--pin", pin]);
        self.run(command.args(arguments));
    }

    fn run(&self, command: &mut Command) {
        let Output {
            status,
            stdout,
            stderr,
        } = command
            .env(CONFIGURATION, self.configuration())
            .output()
            .unwrap();
        let said = [stdout, stderr].concat();
        assert!(status.success(), "{}", String::from_utf8_lossy(&said));
    }
}
