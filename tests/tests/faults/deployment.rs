//! Making a deployment, and what `serve` does not start with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use strongroom_tests::room::tenant;
use strongroom_tests::server::{self, LOG, Server};
use strongroom_types::body::EncryptRequest;

/// Runs `strongroom` on a data directory, to its end.
fn run(command: &str, data: &Path, more: &[&str]) -> std::process::Output {
    let data = data.to_str().unwrap();
    server::run(&[&[command, "--data", data], more].concat()).unwrap()
}

/// Runs `serve`, which is to refuse, and returns what it says.
fn refusal(data: &Path, more: &[&str]) -> String {
    let refused = run(
        "serve",
        data,
        &[&["--listen", "127.0.0.1:0"], more].concat(),
    );
    assert!(!refused.status.success());
    String::from_utf8(refused.stderr).unwrap()
}

#[test]
fn init_shows_the_first_credential_once() {
    let folder = tempfile::tempdir().unwrap();
    let made = run("init", folder.path(), &[]);
    assert!(made.status.success(), "{made:?}");
    let shown = String::from_utf8(made.stdout).unwrap();
    assert!(shown.starts_with("sr_"), "{shown}");
    let mode = fs::metadata(folder.path().join("root.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = run("init", folder.path(), &[]);
    assert!(!again.status.success());
    assert!(again.stdout.is_empty());
}

#[test]
fn serve_refuses_plain_http_beyond_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run("init", folder.path(), &[]).status.success());
    let refused = run("serve", folder.path(), &["--listen", "0.0.0.0:0"]);
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("plain HTTP"), "{said}");
}

#[test]
fn serve_refuses_a_root_key_that_others_may_read() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run("init", folder.path(), &[]).status.success());
    let key = folder.path().join("root.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refusal(folder.path(), &[]);
}

#[test]
fn serve_refuses_the_root_of_another_deployment_and_a_lost_one() {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&ours, &other] {
        assert!(run("init", folder.path(), &[]).status.success());
    }
    let key = ours.path().join("root.key");
    fs::copy(other.path().join("root.key"), &key).unwrap();
    refusal(ours.path(), &[]);
    fs::remove_file(&key).unwrap();
    refusal(ours.path(), &[]);
    // No new root was made, which would hide that the old one is lost.
    assert!(!key.exists());
}

#[test]
fn serve_refuses_a_wrong_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let [root, right, wrong] = ["root", "right", "wrong"].map(|name| folder.path().join(name));
    fs::write(&right, "a long and good passphrase").unwrap();
    fs::write(&wrong, "a long and bad passphrase!").unwrap();
    let data = folder.path().join("data");
    let made = run("init", &data, &by_passphrase(&root, &right));
    assert!(made.status.success(), "{made:?}");
    let said = refusal(&data, &by_passphrase(&root, &wrong));
    assert!(!said.contains("bad passphrase"), "{said}");
}

#[test]
fn init_names_the_command_that_serves_what_it_made() {
    let folder = tempfile::tempdir().unwrap();
    let [root, passphrase, data] = ["root", "passphrase", "data"].map(|it| folder.path().join(it));
    fs::write(&passphrase, "a long and good passphrase").unwrap();
    let options = by_passphrase(&root, &passphrase);
    let made = run("init", &data, &options);
    let said = String::from_utf8(made.stderr).unwrap();
    let next = format!(
        "Next: strongroom serve --data {} {}, then",
        data.display(),
        options.join(" ")
    );
    assert!(said.contains(&next), "{said}");
}

#[test]
fn a_refused_passphrase_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let [passphrase, data] = ["passphrase", "data"].map(|name| folder.path().join(name));
    fs::write(&passphrase, "short").unwrap();
    let refused = run(
        "init",
        &data,
        &by_passphrase(&data.join("root"), &passphrase),
    );
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(!data.exists());
}

#[tokio::test]
async fn log_lines_in_a_file_have_no_colour() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines");
    let file = fs::File::create(&path).unwrap();
    let server = Server::start_changed(None, |command| {
        command.env(LOG, "debug").stderr(file);
    });
    let server = server.unwrap();
    let client = server.client().unwrap();
    let request = EncryptRequest::new(tenant("acme"), "v");
    client.encrypt(request).await.unwrap();
    let lines = fs::read_to_string(&path).unwrap();
    assert!(lines.contains("answered request_id="), "{lines}");
    assert!(!lines.contains('\u{1b}'), "{lines}");
}

/// The arguments of a root of a passphrase.
fn by_passphrase<'a>(root: &'a Path, passphrase: &'a Path) -> [&'a str; 4] {
    let [root, file] = [root, passphrase].map(|path| path.to_str().unwrap());
    ["--passphrase-root", root, "--passphrase-file", file]
}

const ENABLED: [&str; 2] = ["--fips-mode", "enabled"];
const NOT_APPROVED: &str = "fips mode does not approve a root of a passphrase";

#[test]
fn fips_mode_takes_no_root_of_a_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let [root, passphrase, data] = ["root", "passphrase", "data"].map(|it| folder.path().join(it));
    fs::write(&passphrase, "a long and good passphrase").unwrap();
    let arguments = by_passphrase(&root, &passphrase);
    let enabled = [&arguments[..], &ENABLED].concat();
    let refused = run("init", &data, &enabled);
    assert!(!refused.status.success() && refused.stdout.is_empty());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains(NOT_APPROVED), "{said}");
    assert!(!root.exists() && !data.exists(), "nothing was made");
    // One that was made before is not used either.
    let made = run(
        "init",
        &data,
        &[&arguments[..], &["--fips-mode", "preferred"]].concat(),
    );
    assert!(made.status.success(), "{made:?}");
    let said = refusal(&data, &enabled);
    assert!(said.contains(NOT_APPROVED), "{said}");
}

#[test]
fn fips_mode_moves_from_no_root_of_a_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let [root, passphrase, data] = ["root", "passphrase", "data"].map(|it| folder.path().join(it));
    fs::write(&passphrase, "a long and good passphrase").unwrap();
    // A key file is a root like any other.
    let made = run("init", &data, &ENABLED);
    assert!(made.status.success(), "{made:?}");
    let config = folder.path().join("strongroom.toml");
    let former =
        format!("[former_root]\npassphrase_root = {root:?}\npassphrase_file = {passphrase:?}\n");
    fs::write(&config, former).unwrap();
    let more = [&["--config", config.to_str().unwrap()][..], &ENABLED].concat();
    let said = refusal(&data, &more);
    assert!(said.contains(NOT_APPROVED), "{said}");
}

#[test]
fn development_mode_refuses_a_real_deployment() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run("init", folder.path(), &[]).status.success());
    let refused = run("dev", folder.path(), &["--json", "--listen", "127.0.0.1:0"]);
    assert!(!refused.status.success());
    assert!(refused.stdout.is_empty());
}
