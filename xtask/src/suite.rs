//! The suites: what each runs, and how long it may take on two idle cores.

use std::fs;

use crate::bench::{self, Bench};
use crate::failure::Failure;
use crate::setup::{Tool, ensure, tool_path, venv_path};
use crate::shell::{Shell, root};

/// One suite of tests.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    /// Expected upper bound with a cold build; more is reported, three times as much is a hang.
    pub(crate) budget_s: u64,
    pub(crate) run: fn(&mut Shell) -> Result<(), Failure>,
}

/// What every change must pass, in this order.
pub(crate) const TEST: &[Suite] = &[
    suite("fmt", 30, fmt),
    suite("tidy", 30, tidy),
    suite("clippy", 600, clippy),
    suite("deny", 420, deny),
    suite("units", 900, units),
    suite("docs", 300, docs),
    suite("blackbox", 1200, blackbox),
    suite("roots", 600, roots),
    suite("vectors", 120, vectors),
    suite("python", 120, python),
    suite("openapi", 120, openapi),
    suite("demo", 180, demo),
    suite("clients", 600, clients),
];

/// What takes too long for every change.
pub(crate) const SOAK: &[Suite] = &[
    suite("long", 3600, long),
    suite("search", 3600, search),
    suite("fuzz", 7200, fuzz),
];

const fn suite(
    name: &'static str,
    budget_s: u64,
    run: fn(&mut Shell) -> Result<(), Failure>,
) -> Suite {
    Suite {
        name,
        budget_s,
        run,
    }
}

fn fmt(shell: &mut Shell) -> Result<(), Failure> {
    shell.run("cargo fmt --all --check", &[])
}

fn clippy(shell: &mut Shell) -> Result<(), Failure> {
    shell.run(
        "cargo clippy --locked --workspace --all-targets -- -D warnings",
        &[],
    )?;
    shell.run(
        "cargo clippy --locked --package strongroom-tests --features skip-lock-tag,clients,roots --all-targets -- -D warnings",
        &[],
    )
}

fn tidy(shell: &mut Shell) -> Result<(), Failure> {
    shell.run("cargo xtask tidy", &[])
}

/// Advisories are left out: their database is fetched from the network at every run, and a test
/// that depends on the day is no test. Nothing runs `cargo deny check advisories` but who calls it.
fn deny(shell: &mut Shell) -> Result<(), Failure> {
    ensure(shell, Tool::CargoDeny)?;
    shell.run(
        &format!("{} --locked check", tool_path("cargo-deny").display()),
        &["bans", "licenses", "sources"],
    )
}

fn units(shell: &mut Shell) -> Result<(), Failure> {
    ensure(shell, Tool::Postgres)?;
    on_both_databases(shell);
    shell.run(
        "cargo test --locked --workspace --exclude strongroom-tests --lib --bins --tests",
        &["--no-fail-fast"],
    )
}

fn docs(shell: &mut Shell) -> Result<(), Failure> {
    shell.run("cargo test --locked --workspace --doc", &[])?;
    shell.set("RUSTDOCFLAGS", "-D warnings");
    shell.run("cargo doc --locked --workspace --no-deps", &[])
}

fn blackbox(shell: &mut Shell) -> Result<(), Failure> {
    ensure(shell, Tool::Postgres)?;
    on_both_databases(shell);
    build_binary(shell)?;
    shell.run(
        "cargo test --locked --package strongroom-tests --no-fail-fast",
        &[],
    )?;
    shell.run(
        "cargo test --locked --package strongroom-tests --features skip-lock-tag --test derivation",
        &[],
    )
}

/// Keys that others keep: real devices and services, installed here.
fn roots(shell: &mut Shell) -> Result<(), Failure> {
    for tool in [Tool::SoftHsm, Tool::Moto, Tool::OpenBao] {
        ensure(shell, tool)?;
    }
    on_both_databases(shell);
    build_binary(shell)?;
    shell.run(
        "cargo test --locked --package strongroom-tests --features roots --test roots",
        &["--no-fail-fast"],
    )?;
    for left_out in ["pkcs11", "aws-kms", ""] {
        shell.run(
            "cargo check --locked --package strongroom-server --no-default-features",
            &["--features", left_out],
        )?;
    }
    Ok(())
}

fn vectors(shell: &mut Shell) -> Result<(), Failure> {
    shell.run("cargo xtask vectors --check", &[])
}

fn python(shell: &mut Shell) -> Result<(), Failure> {
    ensure(shell, Tool::PythonPackages)?;
    let scripts = python_scripts()?;
    if scripts.is_empty() {
        return Err(Failure::NoTest);
    }
    let python = venv_path("python");
    scripts
        .iter()
        .try_for_each(|script| shell.run(&format!("{} {script}", python.display()), &[]))
}

fn python_scripts() -> Result<Vec<String>, Failure> {
    let folder = root().join("tests/python");
    let mut scripts: Vec<String> = fs::read_dir(&folder)
        .map_err(Failure::file(folder))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .map(|path| path.display().to_string())
        .collect();
    scripts.sort();
    Ok(scripts)
}

fn openapi(shell: &mut Shell) -> Result<(), Failure> {
    shell.run("cargo xtask openapi --check", &[])
}

fn demo(shell: &mut Shell) -> Result<(), Failure> {
    build_binary(shell)?;
    shell.run("target/debug/strongroom demo", &[])?;
    match shell.output()?.trim_end().lines().last() {
        Some("demo: ok") => Ok(()),
        _ => Err(Failure::Demo),
    }
}

/// Other products' own clients against the real binary.
fn clients(shell: &mut Shell) -> Result<(), Failure> {
    ensure(shell, Tool::Postgres)?;
    ensure(shell, Tool::WorkOsClients)?;
    ensure(shell, Tool::StackClients)?;
    ensure(shell, Tool::CipherStashClients)?;
    ensure(shell, Tool::NewerLibc)?;
    ensure(shell, Tool::CryptoServeClients)?;
    on_both_databases(shell);
    build_binary(shell)?;
    shell.run(
        "cargo test --locked --package strongroom-tests --features clients --test clients",
        &[],
    )
}

fn long(shell: &mut Shell) -> Result<(), Failure> {
    shell.set("STRONGROOM_SOAK", "1");
    units(shell)?;
    blackbox(shell)
}

/// Searches over a million rows, beside what is published of others: a table to read, not a bar.
fn search(_shell: &mut Shell) -> Result<(), Failure> {
    let rows = ["--rows".to_owned(), "1000000".to_owned()];
    bench::run(Some(Bench::Search), &rows)
}

/// Ten minutes for each target; what it finds stays below `fuzz/artifacts`.
fn fuzz(shell: &mut Shell) -> Result<(), Failure> {
    ensure(shell, Tool::CargoFuzz)?;
    let cargo_fuzz = format!("{} fuzz", tool_path("cargo-fuzz").display());
    shell.set("RUSTUP_TOOLCHAIN", "nightly");
    let targets = shell.read(&format!("{cargo_fuzz} list"))?;
    targets.lines().try_for_each(|target| {
        shell.run(
            &format!("{cargo_fuzz} run {target} -- -max_total_time=600"),
            &[],
        )
    })
}

fn build_binary(shell: &Shell) -> Result<(), Failure> {
    shell.run("cargo build --locked --package strongroom", &[])
}

fn on_both_databases(shell: &mut Shell) {
    shell.set("STRONGROOM_TEST_DATABASES", "sqlite,postgres");
    shell.set(
        "STRONGROOM_BIN",
        root().join("target/debug/strongroom").display().to_string(),
    );
}
