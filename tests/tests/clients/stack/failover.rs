//! Two servers on one PostgreSQL: the unmodified client goes on at the second when the first is
//! killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::json;
use strongroom_tests::deployment::{Deployment, Serving};
use strongroom_tests::postgres;
use strongroom_tests::room::Database;
use strongroom_tests::stack::{ADMIN, SERVER, Stack, project_id};
use strongroom_types::{Permission, WorkspaceId};

use super::Library;

/// The API key of a new client of a workspace.
async fn key_of(serving: &Serving, administrator: &str, permissions: &[Permission]) -> String {
    let request = json!({"name": "stack", "permissions": permissions, "allowed_contexts": [{}]});
    let made = serving.post("/v1/clients", administrator, &request).await;
    let made: serde_json::Value = serde_json::from_slice(&made.body).unwrap();
    let secret = made.pointer("/api_key/secret").unwrap();
    secret.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn stack_clients_go_on_at_the_second_of_two_servers() {
    if !Database::Postgres.is_tested() {
        return;
    }
    let database = postgres::database("stack").unwrap();
    let arguments = ["--database", &database];
    let mut deployment = Deployment::new(&arguments, &[("STRONGROOM_SURFACES", "stack")]);
    let system = deployment.init();
    let second = deployment.serve();
    deployment.set("STRONGROOM_STACK_BACKEND_URLS", &second.url);
    let first = deployment.serve();
    let made = json!({"name": "acme"});
    let made = first.post("/v1/workspaces", &system, &made).await;
    let made: serde_json::Value = serde_json::from_slice(&made.body).unwrap();
    let text = |pointer: &str| made.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let workspace: WorkspaceId = text("/workspace/id").parse().unwrap();
    let administrator = text("/api_key/secret");
    let server_key = key_of(&first, &administrator, &SERVER).await;
    let admin_key = key_of(&first, &administrator, &ADMIN).await;
    let project = project_id(workspace);
    let admin = Stack::admin(&second.url, "x-stack", &project, &admin_key);
    admin.declare("tokens").await;

    let mut command = Library::Newer.command("failover");
    let mut child = command
        .env("STACK_API_URL", &first.url)
        .env("PROJECT", project)
        .env("SERVER_KEY", server_key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "first");
    let _said = first.stop();
    child.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    assert_eq!(said.next().unwrap().unwrap(), "second");
    assert!(child.wait().unwrap().success());
}
