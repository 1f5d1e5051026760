//! Stack Auth: npm `@stackframe/js` 2.8.77, which sends `x-stack-*`, and 2.8.108, which sends
//! `x-hexclave-*`.

mod failover;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_client::stack::StackName;
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_tests::stack::{Project, project_id};
use strongroom_types::{Operation, Outcome};

use crate::program::{node, output, root};

on_each_database!(
    stack_clients_declare_set_get_and_delete,
    stack_clients_get_the_errors_that_they_know,
    stack_clients_read_what_the_others_wrote,
    stack_clients_leave_no_name_in_the_log,
);

/// A client library in one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Library {
    Older,
    Newer,
}

const ALL: [Library; 2] = [Library::Older, Library::Newer];

impl Library {
    const fn package(self) -> &'static str {
        match self {
            Self::Older => "stack-2.8.77",
            Self::Newer => "stack-2.8.108",
        }
    }

    fn command(self, script: &str) -> Command {
        let nodes = root().join("target/clients/workos/node_modules");
        let modules = root().join("target/clients/stack/node_modules");
        let scripts: PathBuf = root().join("tests/clients/stack/node");
        let mut command = node(&nodes, 22);
        command
            .arg(scripts.join(format!("{script}.mjs")))
            .env("CLIENT_PACKAGE", self.package())
            .env("CLIENT_MODULES", modules);
        command
    }
}

/// A workspace as a project.
struct World {
    room: Room,
    project: Project,
}

impl World {
    async fn of(room: Room) -> Self {
        let project = Project::of(&room).await;
        Self { room, project }
    }

    /// Another workspace on the same server.
    async fn another(&self) -> Self {
        Self::of(Room::open(Arc::clone(&self.room.server)).await).await
    }

    fn command(&self, library: Library, script: &str) -> Command {
        let mut command = library.command(script);
        command
            .env("SERVER", &self.room.server.sheet().url)
            .env("PROJECT", &self.project.id)
            .env("SERVER_KEY", &self.project.server_key)
            .env("ADMIN_KEY", &self.project.admin_key);
        command
    }

    fn exchange(&self, library: Library, what: &str, requests: &Value) -> Vec<Value> {
        let mut command = self.command(library, "exchange");
        command.arg(what);
        let answers = output(command, requests.to_string().as_bytes());
        serde_json::from_str(&answers).unwrap()
    }

    async fn of_operation(&self, operation: Operation) -> Vec<Outcome> {
        let mut entries = self.room.entries(EntryFilter::default()).await;
        entries.retain(|entry| entry.operation == operation);
        entries.iter().map(|entry| entry.outcome).collect()
    }
}

async fn stack_clients_declare_set_get_and_delete(room: Room) {
    let first = World::of(room).await;
    for library in ALL {
        let world = first.another().await;
        output(world.command(library, "stores"), &[]);
        let deleted = world.of_operation(Operation::StoreDelete).await;
        assert_eq!(deleted, [Outcome::Allowed], "{library:?}");
    }
}

async fn stack_clients_get_the_errors_that_they_know(room: Room) {
    let first = World::of(room).await;
    for library in ALL {
        let world = first.another().await;
        let mut command = world.command(library, "errors");
        command
            .env("OTHER_KEY", &first.project.server_key)
            .env("OTHER_PROJECT", project_id(first.room.workspace));
        output(command, &[]);
    }
}

async fn stack_clients_read_what_the_others_wrote(room: Room) {
    let world = World::of(room).await;
    for (writer, reader) in [(ALL[0], ALL[1]), (ALL[1], ALL[0])] {
        let values = ["sk_live_1", "naïve 🔑 text", ""];
        let requests = values.iter().enumerate().map(|(n, value)| {
            let key = format!("kéy😀 {n}");
            let store = writer.package().replace('.', "-");
            json!({"store": store, "key": key, "value": value, "secret": "s".repeat(32)})
        });
        let requests: Value = requests.collect();
        world.exchange(writer, "set", &requests);
        assert_eq!(world.exchange(reader, "get", &requests), values);
    }
}

async fn stack_clients_leave_no_name_in_the_log(room: Room) {
    let world = World::of(room).await;
    let request = json!([{"store": "tokens", "key": "k", "value": "v", "secret": "secret"}]);
    world.exchange(Library::Newer, "set", &request);
    world.exchange(Library::Newer, "get", &request);
    let entries = world.room.entries(EntryFilter::default()).await;
    let told = serde_json::to_string(&entries).unwrap();
    assert!(told.contains("store.get") && told.contains("store.set"));
    // What the client made of the name and the secret, and the value as it sealed it.
    let name = StackName::derive("secret", "k");
    let project = &world.project;
    let stored = project.server(&world.room, "x-stack");
    let stored = stored.get("tokens", name.hashed_key()).await;
    let stored: Value = serde_json::from_slice(&stored.body).unwrap();
    let sealed = stored.get("encrypted_value").unwrap().as_str().unwrap();
    for hidden in [name.hashed_key(), sealed, project.server_key.as_str()] {
        assert!(!told.contains(hidden), "{hidden}");
    }
}
