//! WorkOS: npm `@workos-inc/node` 8.13.0 on Node 20 and 11.0.0 on Node 22, and `PyPI` `workos` 10.8.0,
//! synchronous and asynchronous.

mod vectors;
mod webhooks;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome, Permission};

use crate::program::{Serving, failure, node, output, python, root};

on_each_database!(
    workos_clients_keep_read_list_and_delete_objects,
    workos_clients_make_open_and_move_data_keys,
    workos_clients_read_what_the_others_encrypted,
    workos_clients_get_the_error_classes_that_they_know,
    workos_clients_walk_through_pages_both_ways,
    workos_clients_repeat_lost_requests_without_harm,
    workos_clients_of_another_workspace_open_nothing,
);

/// A client library in one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Library {
    Node8,
    Node11,
    PythonSync,
    PythonAsync,
}

use Library::{Node8, Node11, PythonAsync, PythonSync};

const ALL: [Library; 4] = [Node8, Node11, PythonSync, PythonAsync];

const PERMISSIONS: [Permission; 6] = [
    Permission::DataKeys,
    Permission::ObjectsRead,
    Permission::ObjectsWrite,
    Permission::ObjectsDelete,
    Permission::ObjectsList,
    Permission::LogRead,
];

fn modules() -> PathBuf {
    root().join("target/clients/workos/node_modules")
}

fn scripts() -> PathBuf {
    root().join("tests/clients/workos")
}

/// A script in the language of a library.
fn command(library: Library, script: &str) -> Command {
    let (mut command, file, name, value) = match library {
        Node8 => (node(&modules(), 20), "node", "CLIENT_PACKAGE", "workos-8"),
        Node11 => (node(&modules(), 22), "node", "CLIENT_PACKAGE", "workos-11"),
        PythonSync => (python(), "python", "CLIENT_KIND", "sync"),
        PythonAsync => (python(), "python", "CLIENT_KIND", "async"),
    };
    let extension = if file == "node" { "mjs" } else { "py" };
    command
        .arg(scripts().join(format!("{file}/{script}.{extension}")))
        .env(name, value)
        .env("CLIENT_MODULES", modules());
    command
}

/// A workspace and an API key for WorkOS clients in it.
struct Environment {
    room: Room,
    api_key: String,
}

impl Environment {
    async fn of(room: Room) -> Self {
        let (_, created) = room.make_client(&PERMISSIONS, &[&[]]).await;
        let api_key = created.api_key.secret;
        Self { room, api_key }
    }

    /// Another workspace on the same server.
    async fn another(&self) -> Self {
        Self::of(Room::open(Arc::clone(&self.room.server)).await).await
    }

    fn command(&self, library: Library, script: &str) -> Command {
        let mut command = command(library, script);
        command
            .env("SERVER", &self.room.server.sheet().url)
            .env("API_KEY", &self.api_key)
            .env("WORKSPACE", self.room.workspace.to_string());
        command
    }

    fn run(&self, library: Library, script: &str) {
        output(self.command(library, script), &[]);
    }

    /// Has values encrypted, or decrypted, by a library.
    fn local(&self, library: Library, what: &str, requests: &Value) -> Vec<String> {
        let mut command = self.command(library, "local");
        command.arg(what);
        let answers = output(command, requests.to_string().as_bytes());
        serde_json::from_str(&answers).unwrap()
    }
}

/// Runs a script with each library, in a workspace of its own.
async fn with_each(room: Room, script: &str) {
    let first = Environment::of(room).await;
    for library in ALL {
        first.another().await.run(library, script);
    }
}

async fn workos_clients_keep_read_list_and_delete_objects(room: Room) {
    with_each(room, "objects").await;
}

async fn workos_clients_make_open_and_move_data_keys(room: Room) {
    with_each(room, "data_keys").await;
}

async fn workos_clients_get_the_error_classes_that_they_know(room: Room) {
    with_each(room, "errors").await;
}

async fn workos_clients_walk_through_pages_both_ways(room: Room) {
    with_each(room, "paging").await;
}

async fn workos_clients_read_what_the_others_encrypted(room: Room) {
    let environment = Environment::of(room).await;
    let texts = ["sk_live_1", "naïve 🔑 text", ""];
    let data = [Value::Null, json!("réclamation/№ 7"), json!("record 7")];
    let context = json!({"organizationId": "org_acme"});
    let encrypt = texts
        .iter()
        .zip(&data)
        .map(|(text, data)| json!({"text": text, "context": context, "associated_data": data}));
    let encrypt: Value = encrypt.collect();
    let sealed = ALL.map(|writer| environment.local(writer, "encrypt", &encrypt));
    let decrypt = sealed.iter().flat_map(|of_one| of_one.iter().zip(&data));
    let decrypt = decrypt.map(|(sealed, data)| json!({"sealed": sealed, "associated_data": data}));
    let decrypt: Value = decrypt.collect();
    for reader in ALL {
        let opened = environment.local(reader, "decrypt", &decrypt);
        assert_eq!(opened, texts.repeat(ALL.len()), "{reader:?}");
    }
}

async fn workos_clients_repeat_lost_requests_without_harm(room: Room) {
    let first = Environment::of(room).await;
    for library in ALL {
        let environment = first.another().await;
        let proxy = Serving::start(environment.command(Node11, "lossy_proxy"));
        let mut command = environment.command(library, "retries");
        command.env("LOSSY_SERVER", &proxy.url);
        output(command, &[]);
        let made = of_operation(&environment.room, Operation::ObjectCreate).await;
        let allowed = |outcome| made.iter().filter(|found| **found == outcome).count();
        let repeated = if library == Node8 { 1 } else { 2 };
        assert_eq!(allowed(Outcome::Allowed), repeated, "{library:?}");
    }
}

/// How the uses of an operation ended.
async fn of_operation(room: &Room, operation: Operation) -> Vec<Outcome> {
    let mut entries = room.entries(EntryFilter::default()).await;
    entries.retain(|entry| entry.operation == operation);
    entries.iter().map(|entry| entry.outcome).collect()
}

async fn workos_clients_of_another_workspace_open_nothing(room: Room) {
    let acme = Environment::of(room).await;
    let beta = acme.another().await;
    let context = json!({"organizationId": "org_acme"});
    let request = json!([{"text": "secret", "context": context}]);
    let sealed = acme.local(Node11, "encrypt", &request).remove(0);
    for library in ALL {
        let mut command = beta.command(library, "local");
        command.arg("decrypt");
        let request = json!([{"sealed": sealed}]).to_string();
        let failed = failure(&mut command, request.as_bytes());
        assert!(failed.contains("400"), "{library:?} {failed}");
        let opened = of_operation(&beta.room, Operation::DataKeyUnwrap).await;
        assert!(!opened.contains(&Outcome::Allowed));
    }
}
