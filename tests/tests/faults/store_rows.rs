//! Somebody writes to the rows of stores past the server: what was put in another's place, in
//! another store or another workspace, does not open.

use std::sync::Arc;

use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, query, query_as};
use strongroom_tests::room::{Database, Room};
use strongroom_tests::stack::{Project, Stack};
use strongroom_types::{Outcome, Reason};

/// Two workspaces on a server of its own, and a connection to its database past it.
struct Tampered {
    room: Room,
    other: Room,
    server: Stack,
    others: Stack,
    database: AnyConnection,
}

/// A row, by what names it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    workspace: String,
    context: String,
    name: Vec<u8>,
    version: i64,
}

impl Tampered {
    async fn open(database: Database) -> Self {
        let room = Room::open(Arc::new(database.start())).await;
        let other = Room::open(Arc::clone(&room.server)).await;
        let mut servers = Vec::new();
        for room in [&room, &other] {
            let project = Project::of(room).await;
            let admin = project.admin(room, "x-stack");
            admin.declare("tokens").await;
            admin.declare("billing").await;
            servers.push(project.server(room, "x-stack"));
        }
        install_default_drivers();
        let url = room.server.database().map_or_else(
            || {
                format!(
                    "sqlite:{}",
                    room.server.data().join("strongroom.db").display()
                )
            },
            str::to_owned,
        );
        Self {
            database: AnyConnection::connect(&url).await.unwrap(),
            others: servers.pop().unwrap(),
            server: servers.pop().unwrap(),
            room,
            other,
        }
    }

    /// Sets a value, and finds the row that is new.
    async fn set(&mut self, server: &Stack, store: &str, key: &str, value: &str) -> Row {
        let before = self.rows().await;
        assert_eq!(server.set(store, key, value).await.status, 200);
        let mut rows = self.rows().await;
        rows.retain(|row| !before.contains(row));
        rows.pop().unwrap()
    }

    async fn rows(&mut self) -> Vec<Row> {
        let rows = query_as::<_, (String, String, Vec<u8>, i64)>(
            "SELECT workspace, context, name, version FROM store_value",
        );
        let rows = rows.fetch_all(&mut self.database).await.unwrap();
        let row = |(workspace, context, name, version)| Row {
            workspace,
            context,
            name,
            version,
        };
        rows.into_iter().map(row).collect()
    }

    /// Puts a row in the place of another, as a whole.
    async fn put(&mut self, from: &Row, to: &Row) {
        let delete = "DELETE FROM store_value
                      WHERE workspace = $1 AND context = $2 AND name = $3 AND version = $4";
        let delete = query(delete)
            .bind(&to.workspace)
            .bind(&to.context)
            .bind(&to.name)
            .bind(to.version);
        delete.execute(&mut self.database).await.unwrap();
        let copy = "INSERT INTO store_value
            SELECT $1, $2, $3, $4, key_version, client, created, size, digest, prefix, body
            FROM store_value WHERE workspace = $5 AND context = $6 AND name = $7 AND version = $8";
        // PostgreSQL wants to know the types of what is selected.
        let copy = copy.replace(
            "SELECT $1, $2, $3, $4",
            "SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BYTEA), CAST($4 AS BIGINT)",
        );
        let copy = if self.room.server.database().is_some() {
            copy
        } else {
            copy.replace("CAST($3 AS BYTEA)", "CAST($3 AS BLOB)")
        };
        let copy = query(AssertSqlSafe(copy))
            .bind(&to.workspace)
            .bind(&to.context)
            .bind(&to.name)
            .bind(to.version)
            .bind(&from.workspace)
            .bind(&from.context)
            .bind(&from.name)
            .bind(from.version);
        let put = copy.execute(&mut self.database).await.unwrap();
        assert_eq!(put.rows_affected(), 1);
    }

    /// Checks that a value does not open, and that the log says why.
    async fn assert_altered(&self, whose: &Room, server: &Stack, store: &str, key: &str) {
        let refused = server.get(store, key).await;
        assert_eq!(
            (refused.status, refused.text("code").as_str()),
            (400, "cannot_decrypt")
        );
        assert_eq!(refused.header("x-stack-known-error"), None);
        let ending = whose.ending(refused.entry().unwrap()).await;
        assert!(matches!(ending.0, Outcome::Failed | Outcome::Denied));
        assert_eq!(ending.1, Some(Reason::Altered));
    }
}

on_each!(
    Tampered,
    values_of_one_store_cannot_be_exchanged,
    values_of_two_stores_cannot_be_exchanged,
    values_of_two_workspaces_cannot_be_exchanged,
    a_value_keeps_its_version,
    no_hashed_key_stands_in_the_database,
);

async fn values_of_one_store_cannot_be_exchanged(mut tampered: Tampered) {
    let server = tampered.server.clone();
    let one = tampered.set(&server, "tokens", "one", "1").await;
    let two = tampered.set(&server, "tokens", "two", "2").await;
    tampered.put(&one, &two).await;
    let room = &tampered.room;
    tampered
        .assert_altered(room, &server, "tokens", "two")
        .await;
    let got = server.get("tokens", "one").await;
    assert_eq!(got.text("encrypted_value"), "1");
}

async fn values_of_two_stores_cannot_be_exchanged(mut tampered: Tampered) {
    let server = tampered.server.clone();
    let one = tampered.set(&server, "tokens", "k", "role=admin").await;
    let two = tampered.set(&server, "billing", "k", "role=user").await;
    assert_ne!(one.name, two.name, "one key has another name in each store");
    tampered.put(&one, &two).await;
    let room = &tampered.room;
    tampered.assert_altered(room, &server, "billing", "k").await;
}

async fn values_of_two_workspaces_cannot_be_exchanged(mut tampered: Tampered) {
    let (server, others) = (tampered.server.clone(), tampered.others.clone());
    let one = tampered.set(&server, "tokens", "k", "ours").await;
    let two = tampered.set(&others, "tokens", "k", "theirs").await;
    tampered.put(&one, &two).await;
    let other = &tampered.other;
    tampered.assert_altered(other, &others, "tokens", "k").await;
    let got = server.get("tokens", "k").await;
    assert_eq!(got.text("encrypted_value"), "ours");
}

async fn a_value_keeps_its_version(mut tampered: Tampered) {
    let server = tampered.server.clone();
    let row = tampered.set(&server, "tokens", "k", "v").await;
    let later = Row {
        version: 7,
        ..row.clone()
    };
    tampered.put(&row, &later).await;
    let room = &tampered.room;
    tampered.assert_altered(room, &server, "tokens", "k").await;
}

async fn no_hashed_key_stands_in_the_database(mut tampered: Tampered) {
    let key = "needle-hashed-key-as-a-client-would-send-it=";
    let server = tampered.server.clone();
    tampered.set(&server, "tokens", key, "needle-value").await;
    for table in ["store", "store_value", "context", "batch"] {
        let columns = match table {
            "store" => "body",
            "store_value" => "name, prefix, body",
            "context" => "map",
            _ => "entries, openings",
        };
        for column in columns.split(", ") {
            let sql = format!("SELECT {column} FROM {table}");
            let all = query_as::<_, (Vec<u8>,)>(AssertSqlSafe(sql));
            for (bytes,) in all.fetch_all(&mut tampered.database).await.unwrap() {
                for hidden in [b"needle".as_slice(), b"tokens", b"billing"] {
                    let found = bytes.windows(hidden.len()).any(|window| window == hidden);
                    assert!(!found, "{table}.{column}");
                }
            }
        }
    }
}
