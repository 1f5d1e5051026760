//! Every kind of setting: the file, over it the environment, over it a flag.
//!
//! The environment of a process is not to be changed by its threads: each case is read by another
//! process, which is this test program again.

use std::path::Path;
use std::process::Command;

use clap::Parser as _;
use serde_json::{Value, json};
use strongroom_server::RootSource;

use super::{ConnectionArgs, ServerArgs, variable};

/// The name of the arguments' variable, one argument a line.
const ARGUMENTS: &str = "SETTINGS_TEST_ARGUMENTS";

#[derive(clap::Parser)]
struct Server {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(clap::Parser)]
struct Connection {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What was read, by the names of the table below.
fn described(arguments: &[&str]) -> Value {
    if arguments.first() == Some(&"connection") {
        let args = Connection::parse_from(arguments).connection;
        let file = args.file.read().unwrap();
        return json!({ "api_key": args.api_key(&file).unwrap().as_str() });
    }
    let config = Server::parse_from(arguments).server.config().unwrap();
    let passphrase = match &config.root {
        RootSource::Passphrase { passphrase, .. } => passphrase.as_str(),
        _ => "",
    };
    json!({
        "port": config.listen.port().to_string(),
        "anchor": config.anchor,
        "plain": config.allow_plain_http.to_string(),
        "loopback_issuers": config.issuers.loopback.to_string(),
        "private_issuers": config.issuers.private.to_string(),
        "loopback_webhooks": config.webhooks.loopback.to_string(),
        "private_webhooks": config.webhooks.private.to_string(),
        "loopback_keys": config.customer_keys.reach.loopback.to_string(),
        "private_keys": config.customer_keys.reach.private.to_string(),
        "machine": config.customer_keys.machine_credentials.to_string(),
        "tokens": config.customer_keys.tokens.join(","),
        "urls": config.stack_backend_urls.join(","),
        "passphrase": passphrase,
    })
}

/// What the process of a case runs; in the process of all tests nobody asks.
#[test]
fn describes_its_settings_to_who_asks() {
    let Some(arguments) = variable(ARGUMENTS) else {
        return;
    };
    let arguments: Vec<_> = arguments.lines().collect();
    crate::print::line(format_args!("\nread: {}", described(&arguments))).unwrap();
}

fn read_elsewhere(arguments: &[&str], environment: &[(&str, &str)]) -> Value {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STRONGROOM_") {
            command.env_remove(name);
        }
    }
    command.args([
        "--exact",
        "config::precedence::describes_its_settings_to_who_asks",
    ]);
    command.arg("--nocapture");
    command.env(ARGUMENTS, arguments.join("\n"));
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    let line = printed.lines().find_map(|line| line.strip_prefix("read: "));
    serde_json::from_str(line.unwrap_or_else(|| panic!("{output:?}"))).unwrap()
}

/// Name, in the file, in the environment, as a flag, and what is read from each.
type Row<'a> = (&'a str, &'a str, (&'a str, &'a str), &'a str, [&'a str; 3]);

type OwnedRow = (String, String, (String, String), String, [String; 3]);

const SERVER: &[Row<'_>] = &[
    (
        "port",
        "listen = '127.0.0.1:1'",
        ("STRONGROOM_LISTEN", "127.0.0.1:2"),
        "--listen=127.0.0.1:3",
        ["1", "2", "3"],
    ),
    (
        "anchor",
        "anchor = 'a'",
        ("STRONGROOM_ANCHOR", "b"),
        "--anchor=c",
        ["a", "b", "c"],
    ),
    (
        "urls",
        "stack_backend_urls = ['a', 'b']",
        ("STRONGROOM_STACK_BACKEND_URLS", "c,d"),
        "--stack-backend-url=e",
        ["a,b", "c,d", "e"],
    ),
    (
        "tokens",
        "customer_keys.tokens = ['a', 'b']",
        ("STRONGROOM_CUSTOMER_TOKENS", "c,d"),
        "--customer-token=e",
        ["a,b", "c,d", "e"],
    ),
];

/// Name, key of the file, variable and flag of each switch.
const SWITCHES: &[[&str; 4]] = &[
    [
        "plain",
        "allow_plain_http",
        "STRONGROOM_ALLOW_PLAIN_HTTP",
        "--allow-plain-http",
    ],
    [
        "loopback_issuers",
        "allow_loopback_issuers",
        "STRONGROOM_ALLOW_LOOPBACK_ISSUERS",
        "--allow-loopback-issuers",
    ],
    [
        "private_issuers",
        "allow_private_issuers",
        "STRONGROOM_ALLOW_PRIVATE_ISSUERS",
        "--allow-private-issuers",
    ],
    [
        "loopback_webhooks",
        "allow_loopback_webhooks",
        "STRONGROOM_ALLOW_LOOPBACK_WEBHOOKS",
        "--allow-loopback-webhooks",
    ],
    [
        "private_webhooks",
        "allow_private_webhooks",
        "STRONGROOM_ALLOW_PRIVATE_WEBHOOKS",
        "--allow-private-webhooks",
    ],
    [
        "loopback_keys",
        "customer_keys.allow_loopback",
        "STRONGROOM_ALLOW_LOOPBACK_KEYS",
        "--allow-loopback-keys",
    ],
    [
        "private_keys",
        "customer_keys.allow_private",
        "STRONGROOM_ALLOW_PRIVATE_KEYS",
        "--allow-private-keys",
    ],
    [
        "machine",
        "customer_keys.machine_credentials",
        "STRONGROOM_ALLOW_MACHINE_CREDENTIALS",
        "--allow-machine-credentials",
    ],
];

/// A configuration file of these lines.
fn write(path: &Path, lines: &[String]) {
    std::fs::write(path, lines.join("\n")).unwrap();
}

fn check(config: &Path, rows: &[OwnedRow]) {
    let lines: Vec<_> = rows.iter().map(|row| row.1.clone()).collect();
    write(config, &lines);
    let environment: Vec<_> = rows
        .iter()
        .map(|row| (row.2.0.as_str(), row.2.1.as_str()))
        .collect();
    let flags: Vec<_> = rows.iter().map(|row| row.3.as_str()).collect();
    let base = ["strongroom", "--config", config.to_str().unwrap()];
    let all = [&base[..], &flags].concat();
    let read = [
        read_elsewhere(&base, &[]),
        read_elsewhere(&base, &environment),
        read_elsewhere(&all, &environment),
    ];
    for (name, _, _, _, expected) in rows {
        let read = read.each_ref().map(|read| read[name].as_str().unwrap());
        assert_eq!(read, expected.each_ref().map(String::as_str), "{name}");
    }
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("strongroom.toml");
    let rows = SERVER
        .iter()
        .map(|(name, line, (variable, value), flag, expected)| {
            (
                (*name).to_owned(),
                (*line).to_owned(),
                ((*variable).to_owned(), (*value).to_owned()),
                (*flag).to_owned(),
                expected.map(str::to_owned),
            )
        });
    check(&config, &rows.collect::<Vec<_>>());
    for [first, then, last] in [["true", "false", "true"], ["false", "true", "false"]] {
        let rows = SWITCHES.iter().map(|[name, key, variable, flag]| {
            let flag = if last == "true" {
                (*flag).to_owned()
            } else {
                format!("{flag}={last}")
            };
            (
                (*name).to_owned(),
                format!("{key} = {first}"),
                ((*variable).to_owned(), then.to_owned()),
                flag,
                [first, then, last].map(str::to_owned),
            )
        });
        check(&config, &rows.collect::<Vec<_>>());
    }
}

#[test]
fn a_file_of_a_secret_that_a_flag_names_goes_before_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["file", "flag"] {
        std::fs::write(place(name), format!("from the {name}\n")).unwrap();
    }
    let config = place("strongroom.toml");
    let lines = format!(
        "root.passphrase_root = 'root'\nroot.passphrase_file = '{0}'\nclient.api_key_file = '{0}'",
        place("file")
    );
    write(Path::new(&config), &[lines]);
    for (what, variable, flag, first) in [
        (
            "passphrase",
            "STRONGROOM_PASSPHRASE",
            "--passphrase-file",
            "strongroom",
        ),
        (
            "api_key",
            "STRONGROOM_API_KEY",
            "--api-key-file",
            "connection",
        ),
    ] {
        let flagged = place("flag");
        let base = [first, "--config", &config];
        let all = [&base[..], &[flag, &flagged]].concat();
        let environment = [(variable, "from the environment")];
        assert_eq!(read_elsewhere(&base, &[])[what], "from the file");
        assert_eq!(
            read_elsewhere(&base, &environment)[what],
            "from the environment"
        );
        assert_eq!(read_elsewhere(&all, &environment)[what], "from the flag");
    }
}
