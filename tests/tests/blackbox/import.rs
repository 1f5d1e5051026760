//! `strongroom import stack`: a store of Stack Auth's kind is moved by a list of its names, and its
//! clients read on.

use std::process::Output;
use std::sync::Arc;

use strongroom_client::stack::{StackName, StackProject, StackStore};
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_tests::server::run_with_input;
use strongroom_tests::stack::Project;
use tempfile::TempDir;

on_each_database!(
    the_rust_client_sets_and_gets_as_others_do,
    a_store_is_moved_by_the_names_that_are_listed,
    nothing_is_replaced_unless_it_is_asked_for,
    a_wrong_secret_moves_nothing_that_does_not_open,
);

const SECRET: &str = "a secret of thirty-two bytes, say";

/// A project with a store, in a workspace of its own.
struct Side {
    project: Project,
    store: StackStore,
    url: String,
}

impl Side {
    async fn of(room: &Room) -> Self {
        let project = Project::of(room).await;
        project.admin(room, "x-stack").declare("tokens").await;
        let url = room.server.sheet().url.clone();
        let client = StackProject::new(&url, &project.id, &project.server_key, false).unwrap();
        Self {
            store: client.store("tokens".parse().unwrap()),
            project,
            url,
        }
    }

    async fn get(&self, name: &str) -> Option<String> {
        let name = StackName::derive(SECRET, name);
        let value = self.store.get(&name).await.unwrap()?;
        Some(String::from_utf8(value.into_vec()).unwrap())
    }

    async fn set(&self, name: &str, value: &str) {
        let name = StackName::derive(SECRET, name);
        self.store.set(&name, value).await.unwrap();
    }
}

async fn sides(room: Room) -> (Side, Side, Room) {
    let other = Room::open(Arc::clone(&room.server)).await;
    (Side::of(&room).await, Side::of(&other).await, room)
}

fn import(from: &Side, to: &Side, secret: &str, names: &str, more: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (from_key, to_key) = (
        file("from", &from.project.server_key),
        file("to", &to.project.server_key),
    );
    let secret = file("secret", secret);
    let mut arguments = vec!["import", "stack", "--store", "tokens"];
    arguments.extend(["--from", &from.url, "--from-project", &from.project.id]);
    arguments.extend(["--from-key-file", &from_key, "--to", &to.url]);
    arguments.extend(["--to-project", &to.project.id, "--to-key-file", &to_key]);
    arguments.extend(["--secret-file", &secret]);
    arguments.extend(more);
    run_with_input(&arguments, names.as_bytes()).unwrap()
}

fn said(output: &Output) -> (bool, String) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

async fn the_rust_client_sets_and_gets_as_others_do(room: Room) {
    let (side, _, _room) = sides(room).await;
    assert_eq!(side.get("user:42").await, None);
    for value in ["sk_live_1", "", "naïve 🔑 \0"] {
        side.set("user:42", value).await;
        assert_eq!(side.get("user:42").await.as_deref(), Some(value));
    }
    let none = StackProject::new(&side.url, &side.project.id, "sr_nobody", false).unwrap();
    let none = none.store("tokens".parse().unwrap());
    let refused = none.get_sealed("k").await.unwrap_err();
    assert!(matches!(refused, strongroom_client::stack::StackError::Key));
}

async fn a_store_is_moved_by_the_names_that_are_listed(room: Room) {
    let (from, to, _room) = sides(room).await;
    for name in ["a", "kéy😀", "left behind"] {
        from.set(name, &format!("of {name}")).await;
    }
    let output = import(&from, &to, SECRET, "a\nkéy😀\nnobody\n", &[]);
    let expected = "moved 2, there already 0, without a value 1\n".to_owned();
    assert_eq!(said(&output), (true, expected));
    for name in ["a", "kéy😀"] {
        assert_eq!(to.get(name).await, Some(format!("of {name}")));
    }
    assert_eq!(to.get("left behind").await, None);
    // Begun again, it does nothing twice.
    let again = import(&from, &to, SECRET, "a\nkéy😀\nleft behind\n", &[]);
    let expected = "moved 1, there already 2, without a value 0\n".to_owned();
    assert_eq!(said(&again), (true, expected));
}

async fn nothing_is_replaced_unless_it_is_asked_for(room: Room) {
    let (from, to, _room) = sides(room).await;
    from.set("a", "old").await;
    to.set("a", "new").await;
    let (done, text) = said(&import(&from, &to, SECRET, "a\n", &[]));
    assert!(
        !done && text.contains("line 1") && text.contains("--overwrite"),
        "{text}"
    );
    assert_eq!(to.get("a").await.as_deref(), Some("new"));
    let (done, _) = said(&import(&from, &to, SECRET, "a\n", &["--overwrite"]));
    assert!(done);
    assert_eq!(to.get("a").await.as_deref(), Some("old"));
}

async fn a_wrong_secret_moves_nothing_that_does_not_open(room: Room) {
    let (from, to, _room) = sides(room).await;
    from.set("a", "value").await;
    let expected = "moved 0, there already 0, without a value 1\n".to_owned();
    assert_eq!(
        said(&import(&from, &to, "wrong", "a\n", &[])),
        (true, expected)
    );
    let name = StackName::derive(SECRET, "a");
    from.store
        .set_sealed(name.hashed_key(), "AQBhbHRlcmVk")
        .await
        .unwrap();
    let (done, text) = said(&import(&from, &to, SECRET, "a\n", &[]));
    assert!(!done && text.contains("line 1"), "{text}");
    assert!(!text.contains(SECRET) && !text.contains(&from.project.server_key));
    assert_eq!(to.get("a").await, None);
}
