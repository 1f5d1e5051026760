//! CipherStash: npm `@cipherstash/protect-ffi` 0.32.0, `@cipherstash/stack` 1.1.1 as WebAssembly,
//! `@cipherstash/protect` 8.4.0 and `@cipherstash/nextjs` 1.1.0.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use strongroom_client::EntryFilter;
use strongroom_tests::cipherstash::CipherStash;
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome};

use crate::program::{node, output, root};

on_each_database!(
    cipherstash_clients_encrypt_and_decrypt_in_order,
    cipherstash_clients_lock_values_to_people,
    cipherstash_clients_use_keysets,
    cipherstash_clients_of_the_older_line_identify,
    cipherstash_clients_work_as_webassembly,
    cipherstash_sessions_of_next_open_what_is_locked,
    cipherstash_devices_are_signed_in,
    cipherstash_clients_lock_every_operation,
    cipherstash_clients_go_on_when_tokens_end,
);

/// A workspace as their clients are configured for it.
struct World {
    room: Room,
    cs: CipherStash,
    /// Where the older line's client keeps its tokens.
    profile: tempfile::TempDir,
}

impl World {
    async fn of(room: Room) -> Self {
        let cs = CipherStash::of(&room).await;
        let profile = tempfile::tempdir().unwrap();
        Self { room, cs, profile }
    }

    async fn run(&self, script: &str) {
        let nodes = root().join("target/clients/workos/node_modules");
        self.run_on(node(&nodes, 22), script).await;
    }

    /// Runs a script on a Node with the C library of the next Debian, which the native addon of their
    /// newer line needs.
    async fn run_natively(&self, script: &str) {
        let nodes = root().join("target/clients/workos/node_modules");
        let libc = root().join("target/clients/libc");
        let mut command = Command::new(libc.join("ld-linux-x86-64.so.2"));
        let own = ["/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu"];
        let path = format!("{}:{}", libc.display(), own.join(":"));
        command.args(["--library-path", &path]);
        command.arg(node(&nodes, 22).get_program());
        self.run_on(command, script).await;
    }

    async fn run_on(&self, mut command: Command, script: &str) {
        let modules = root().join("target/clients/cipherstash/node_modules");
        let scripts: PathBuf = root().join("tests/clients/cipherstash/node");
        let claims = || json!({"scopes": ["a", "b"]});
        let tokens = json!({
            "alice": self.room.token_with("alice", claims()).await,
            "bob": self.room.token_with("bob", claims()).await,
        });
        command
            .arg(scripts.join(format!("{script}.mjs")))
            .env("CLIENT_MODULES", modules)
            .env("SERVER", &self.room.server.sheet().url)
            .env("CRN", &self.cs.crn)
            .env("WORKSPACE", &self.cs.workspace)
            .env("CLIENT_ID", &self.cs.client_id)
            .env("CLIENT_KEY", &self.cs.client_key)
            .env("ACCESS_KEY", &self.cs.access_key)
            .env("TOKENS", tokens.to_string())
            .env("TOKEN_URL", &self.room.server.sheet().oidc.token_url)
            .env("LIBC", root().join("target/clients/libc"))
            .env("CS_CONFIG_PATH", self.profile.path());
        output(command, &[]);
    }

    async fn of_operation(&self, operation: Operation, outcome: Outcome) -> usize {
        let mut entries = self.room.entries(EntryFilter::default()).await;
        entries.retain(|entry| entry.operation == operation && entry.outcome == outcome);
        entries.len()
    }
}

async fn cipherstash_clients_encrypt_and_decrypt_in_order(room: Room) {
    let world = World::of(room).await;
    world.run("data").await;
    // What was noted with `unverifiedContext` is in the log.
    let entries = world.room.entries(EntryFilter::default()).await;
    let told = serde_json::to_string(&entries).unwrap();
    assert!(told.contains("INC-4711"));
    assert!(!told.contains("hello"));
}

async fn cipherstash_clients_lock_values_to_people(room: Room) {
    let world = World::of(room).await;
    world.run("locks").await;
    let denied = world
        .of_operation(Operation::KeysetRetrieve, Outcome::Denied)
        .await;
    assert!(denied >= 7, "{denied}");
}

async fn cipherstash_clients_use_keysets(room: Room) {
    let world = World::of(room).await;
    world.run("keysets").await;
    let made = world
        .of_operation(Operation::KeysetCreate, Outcome::Allowed)
        .await;
    assert_eq!(made, 1);
}

async fn cipherstash_clients_of_the_older_line_identify(room: Room) {
    World::of(room).await.run("older").await;
}

async fn cipherstash_clients_work_as_webassembly(room: Room) {
    World::of(room).await.run("wasm").await;
}

async fn cipherstash_sessions_of_next_open_what_is_locked(room: Room) {
    World::of(room).await.run("next").await;
}

async fn cipherstash_devices_are_signed_in(room: Room) {
    let world = World::of(room).await;
    world.run("device").await;
    let approved = world
        .of_operation(Operation::DeviceApprove, Outcome::Allowed)
        .await;
    assert_eq!(approved, 1);
}

async fn cipherstash_clients_lock_every_operation(room: Room) {
    let world = World::of(room).await;
    world.run_natively("matrix").await;
    let entries = world.room.entries(EntryFilter::default()).await;
    assert!(
        serde_json::to_string(&entries)
            .unwrap()
            .contains("INC-4712")
    );
}

async fn cipherstash_clients_go_on_when_tokens_end(room: Room) {
    let world = World::of(room).await;
    world.run_natively("refresh").await;
    let issued = world
        .of_operation(Operation::AccessTokenIssue, Outcome::Allowed)
        .await;
    assert!(issued >= 3, "{issued}");
}
