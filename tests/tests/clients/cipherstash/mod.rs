//! CipherStash: npm `@cipherstash/protect-ffi` 0.32.0, `@cipherstash/stack` 1.1.1 natively and as
//! WebAssembly, `@cipherstash/protect` 8.4.0, `@cipherstash/nextjs` 1.1.0 and `stash` 1.1.1.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use strongroom_client::EntryFilter;
use strongroom_tests::cipherstash::CipherStash;
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_tests::server::CipherStashSheet;
use strongroom_types::body::EntryView;
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
    cipherstash_audit_notes_are_of_their_operations,
    cipherstash_clients_find_what_they_stored,
    cipherstash_clients_tell_damage_from_identity,
    cipherstash_clients_say_what_was_refused,
    cipherstash_clients_go_on_when_tokens_end,
    cipherstash_clients_accept_what_development_mode_prints,
);

/// A workspace as their clients are configured for it.
struct World {
    room: Room,
    settings: CipherStashSheet,
    /// Where the older line's client keeps its tokens.
    profile: tempfile::TempDir,
}

impl World {
    async fn of(room: Room) -> Self {
        let cs = CipherStash::of(&room).await;
        let settings = CipherStashSheet {
            workspace_crn: cs.crn,
            workspace_id: cs.workspace,
            client_id: cs.client_id,
            client_key: cs.client_key,
            access_key: cs.access_key,
            cts_url: room.server.sheet().url.clone(),
        };
        Self::with(room, settings)
    }

    fn with(room: Room, settings: CipherStashSheet) -> Self {
        let profile = tempfile::tempdir().unwrap();
        Self {
            room,
            settings,
            profile,
        }
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
            .env("SERVER", &self.settings.cts_url)
            .env("CRN", &self.settings.workspace_crn)
            .env("WORKSPACE", &self.settings.workspace_id)
            .env("CLIENT_ID", &self.settings.client_id)
            .env("CLIENT_KEY", &self.settings.client_key)
            .env("ACCESS_KEY", &self.settings.access_key)
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
    World::of(room).await.run_natively("matrix").await;
}

/// What `.audit` notes is in the one entry of its operation, with who and how many.
async fn cipherstash_audit_notes_are_of_their_operations(room: Room) {
    let world = World::of(room).await;
    world.run_natively("audit").await;
    let entries = world.room.entries(EntryFilter::default()).await;
    let noted: Vec<_> = entries.iter().filter_map(noted).collect();
    let alice = Some("alice");
    // A person has three fields, and there are two people.
    let expected = [("value", 1), ("model", 3), ("values", 3), ("models", 6)];
    let expected = expected.into_iter().flat_map(|(what, count)| {
        let (sealed, opened) = (Operation::KeysetGenerate, Operation::KeysetRetrieve);
        let row = |how, operation| (format!("{what} {how}"), operation, alice, count);
        [row("sealed", sealed), row("opened", opened)]
    });
    assert_eq!(noted, expected.collect::<Vec<_>>());
}

/// The ticket of an entry, and what the entry is of.
fn noted(entry: &EntryView) -> Option<(String, Operation, Option<&str>, u32)> {
    let noted = serde_json::to_value(entry.metadata.as_ref()?).unwrap();
    let ticket = noted.get("ticket")?.as_str().unwrap().to_owned();
    let subject = entry.identity.as_ref().map(|who| who.subject.as_str());
    assert_eq!(entry.outcome, Outcome::Allowed, "{ticket}");
    Some((ticket, entry.operation, subject, entry.count))
}

async fn cipherstash_clients_find_what_they_stored(room: Room) {
    World::of(room).await.run_natively("queries").await;
}

async fn cipherstash_clients_tell_damage_from_identity(room: Room) {
    World::of(room).await.run_natively("damaged").await;
}

async fn cipherstash_clients_say_what_was_refused(room: Room) {
    World::of(room).await.run_natively("refusals").await;
}

/// `dev --json` prints what their clients need, for both workspaces.
async fn cipherstash_clients_accept_what_development_mode_prints(room: Room) {
    let sheet = room.server.sheet().clone();
    let first = World::with(room, sheet.cipherstash.clone());
    first.run("data").await;
    first.run("locks").await;
    let second = sheet.second_workspace.cipherstash;
    assert_ne!(second.workspace_id, sheet.cipherstash.workspace_id);
    let second = World::with(first.room, second);
    second.run("data").await;
    second.run("locks").await;
}

async fn cipherstash_clients_go_on_when_tokens_end(room: Room) {
    let world = World::of(room).await;
    world.run_natively("refresh").await;
    let issued = world
        .of_operation(Operation::AccessTokenIssue, Outcome::Allowed)
        .await;
    assert!(issued >= 3, "{issued}");
}
