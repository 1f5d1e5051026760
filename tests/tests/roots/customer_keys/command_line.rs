//! `strongroom admin customer-keys` and `strongroom admin jobs`, with keys in `moto`.

use std::fs;

use serde_json::{Value, json};
use strongroom_tests::server;
use strongroom_types::body::{
    CustomerKeyInfo, CustomerKeyMoves, CustomerKeyState, JobInfo, JobState, WhichKey, WrappingKind,
};

use super::providers::{Kms, SECRET};
use super::world::World;
use crate::keys::context;

/// Runs `strongroom admin`, and answers what it printed; it never prints a secret.
fn admin(world: &World, arguments: &[&str], input: &Value) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("api.key");
    fs::write(&file, &world.api_key).unwrap();
    let url = world.server.url.as_str();
    let connection = ["--url", url, "--api-key-file", file.to_str().unwrap()];
    let all = [&["admin"], arguments, &connection].concat();
    let ran = server::run_with_input(&all, input.to_string().as_bytes()).unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    let printed = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{arguments:?}: {said}");
    assert!(!printed.contains(SECRET) && !said.contains(SECRET));
    ran.stdout
}

fn json<T: serde::de::DeserializeOwned>(printed: &[u8]) -> T {
    serde_json::from_slice(printed).unwrap()
}

/// Registers and verifies a key as the help says.
fn key(world: &World, description: &Value) -> String {
    let request = json!({"name": "Acme", "key": description});
    let printed = admin(world, &["customer-keys", "register", "-"], &request);
    let id = json::<CustomerKeyInfo>(&printed).id.to_string();
    let printed = admin(world, &["customer-keys", "verify", &id], &Value::Null);
    let verified: CustomerKeyInfo = json(&printed);
    assert_eq!(verified.state, CustomerKeyState::Active);
    id
}

/// Runs what begins a job, and watches it to its end.
fn watched(world: &World, arguments: &[&str]) -> JobInfo {
    let all = [&["customer-keys"], arguments, &["--watch"]].concat();
    let job = json::<CustomerKeyMoves>(&admin(world, &all, &Value::Null)).job;
    assert_eq!(job.state, JobState::Done);
    assert_eq!((job.moved, job.failed, job.remaining), (1, 0, 0));
    job
}

/// The commands are waited for; the gate answers on a thread of its own meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_goes_its_way_by_commands() {
    let kms = Kms::start().await;
    let world = World::start().await;
    let acme = context("org_acme");
    let sealed = world.seal(&acme, "value").await;
    let old = key(&world, &kms.description(&kms.make_key().await));
    watched(&world, &["attach", &old, "organizationId=org_acme"]);
    let which = ["customer-keys", "which", "organizationId=org_acme"];
    let told: WhichKey = json(&admin(&world, &which, &Value::Null));
    assert_eq!(told.wrapped_by, WrappingKind::CustomerKey);
    assert_eq!(told.customer_key.unwrap().to_string(), old);
    world.opens(&acme, &sealed, "value").await;

    let new = key(&world, &kms.description(&kms.make_key().await));
    let job = watched(&world, &["replace", &old, &new]);
    let shown = admin(&world, &["jobs", "show", &job.id.to_string()], &Value::Null);
    assert_eq!(json::<JobInfo>(&shown), job);
    admin(&world, &["customer-keys", "delete", &old], &Value::Null);
    world.opens(&acme, &sealed, "value").await;

    // Nothing is left to move.
    let again = admin(&world, &["jobs", "--watch", "rewrap"], &Value::Null);
    let again: JobInfo = json(&again);
    assert_eq!((again.state, again.moved), (JobState::Done, 0));
    assert!(admin(&world, &["jobs", "--watch"], &Value::Null).is_empty());
    watched(&world, &["detach", &new]);
    admin(&world, &["customer-keys", "delete", &new], &Value::Null);
    world.opens(&acme, &sealed, "value").await;
}
