//! A test in a process of its own: a PKCS#11 module is initialised once in a process, and reads its
//! settings from the environment of that process.

use std::process::Command;

use strongroom_tests::softhsm::{CONFIGURATION, SoftHsm};

/// Names the directory of tokens to the process of its own.
const INSIDE: &str = "STRONGROOM_TEST_INSIDE";

/// Runs the test `name` again, with tokens of its own; in there, runs `body`.
pub(crate) fn with_tokens(name: &str, body: impl AsyncFnOnce()) {
    if is_inside() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(body());
        return;
    }
    let hsm = SoftHsm::start();
    let ran = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, hsm.directory())
        .env(CONFIGURATION, hsm.configuration())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let failed = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}{failed}");
    assert!(said.contains("1 passed"), "no such test: {said}");
}

/// The tokens of this process.
pub(crate) fn tokens() -> SoftHsm {
    SoftHsm::at(directory().expect("only inside"))
}

fn is_inside() -> bool {
    directory().is_some()
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test tells its own process where the tokens are"
)]
fn directory() -> Option<std::path::PathBuf> {
    std::env::var_os(INSIDE).map(Into::into)
}
