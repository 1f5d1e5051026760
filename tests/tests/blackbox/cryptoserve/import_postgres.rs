//! Their database on PostgreSQL, with the types that only it has: identifiers, enumerations, JSON and times
//! with a zone. What is there is read as text.

use std::sync::Arc;

use strongroom_tests::postgres;
use strongroom_tests::room::{Database, Room};
use tempfile::TempDir;

use super::import::{Theirs, all_open};

/// The enumerations, with the names that an object-relational mapper gives the values: those of the members.
const ENUMERATIONS: &str = "\
CREATE TYPE key_status AS ENUM ('ACTIVE', 'ROTATED', 'RETIRED');
CREATE TYPE application_status AS ENUM ('ACTIVE', 'SUSPENDED');
CREATE TYPE kem AS ENUM ('ML-KEM-768', 'ML-KEM-1024', 'ML-DSA-65');
CREATE TYPE place AS ENUM ('development', 'staging', 'production');
";

/// The same rows in columns of other types.
fn typed(sql: &str) -> String {
    let mut typed = ENUMERATIONS.to_owned();
    for line in sql.lines() {
        let line = if line.starts_with("CREATE TABLE") {
            column_types(line)
        } else {
            line.replace("'active'", "'ACTIVE'")
        };
        typed.push_str(&line);
        typed.push('\n');
    }
    typed
}

fn column_types(table: &str) -> String {
    let mut table = table
        .replace("VARCHAR(36)", "UUID")
        .replace("TIMESTAMP", "TIMESTAMPTZ")
        .replace("config TEXT", "config JSONB")
        .replace("derived TEXT", "derived JSON")
        .replace("allowed_contexts TEXT", "allowed_contexts JSON")
        .replace("environment VARCHAR(32)", "environment place")
        .replace("status VARCHAR(7)", "status key_status")
        .replace("status VARCHAR(16)", "status application_status");
    if table.contains("TABLE pqc_keys") {
        table = table.replace("algorithm VARCHAR(32)", "algorithm kem");
    }
    assert!(table.contains("UUID") || table.contains("JSONB"), "{table}");
    table
}

#[tokio::test]
async fn what_was_imported_from_columns_of_other_types_opens() {
    if !Database::Postgres.is_tested() {
        return;
    }
    let room = Room::open(Arc::new(Database::Postgres.start())).await;
    let url = postgres::database("cryptoserve").unwrap();
    let folder = TempDir::new().unwrap();
    let theirs = Theirs::fill(folder, &url, url.clone(), |sql| {
        let sql = sql.replace("@BLOB", "BYTEA").replace("@X'", "'\\x");
        typed(&sql)
    });
    let theirs = theirs.await;
    let tokens = theirs.folder.path().join("tokens.json");
    let said = theirs.imported(&room, &["--applications", tokens.to_str().unwrap()]);
    for line in [
        "contexts: 3 new, 0 there already",
        "keys: 6 new, 0 replaced, 0 there already",
        "  1 left out, as retired",
        "applications: 1 new, 0 there already",
    ] {
        assert!(said.contains(line), "{said}");
    }
    all_open(&room, &theirs).await;
}
