//! Applications of theirs, and the tokens that an import gets for them.

use serde_json::Value;
use strongroom_tests::cryptoserve::decrypt;
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;

use super::import::Theirs;
use super::refused;

on_each_database!(
    applications_of_one_name_are_kept_apart,
    an_application_that_is_refused_takes_no_tokens_of_others_with_it,
);

/// Theirs has names that are unique for each user. Here one client registers them all.
async fn applications_of_one_name_are_kept_apart(room: Room) {
    let theirs = Theirs::sqlite().await;
    // Somebody names theirs as the first would be called.
    for (id, name) in [
        ("app_other", "billing"),
        ("app_sly", "billing (app_billing)"),
    ] {
        let row = format!(
            "INSERT INTO applications (id, tenant_id, user_id, name, description, team, environment, \
             allowed_contexts, status, created_at) SELECT '{id}', tenant_id, '{id}', '{name}', \
             description, team, environment, '[\"old-notes\"]', status, created_at \
             FROM applications WHERE id = 'app_billing'"
        );
        theirs.run(&row).await;
    }
    let file = theirs.folder.path().join("tokens.json");
    let file = file.to_str().unwrap();
    let said = theirs.imported(&room, &["--applications", file]);
    for line in [
        "applications: 3 new, 0 there already",
        "kept apart from others of its name: \"billing\" is \"billing (app_billing) (app_billing)\"",
        "kept apart from others of its name: \"billing\" is \"billing (app_other)\"",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let tokens: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let access = |id: &str| {
        let mut tokens = tokens.as_array().unwrap().iter();
        let one = tokens.find(|one| one["was"] == id).unwrap();
        one["access_token"].as_str().unwrap().to_owned()
    };
    // Each has its own contexts, and none of the other's.
    let (_, sealed, _) = theirs.one("v1");
    let reply = decrypt(&room, &access("app_other"), "old-notes", sealed).await;
    assert_eq!(reply.text("plaintext"), theirs.sealed["plaintext"]);
    let (_, sealed, _) = theirs.one("v3");
    for id in ["app_other", "app_sly"] {
        refused(&decrypt(&room, &access(id), "user-pii", sealed).await, 403);
    }
    // Again they are there, and it is said of each.
    let again = theirs.imported(&room, &["--applications", file]);
    assert!(
        again.contains("applications: 0 new, 3 there already"),
        "{again}"
    );
    assert!(again.contains("\"billing (app_other)\""), "{again}");
}

async fn an_application_that_is_refused_takes_no_tokens_of_others_with_it(room: Room) {
    let theirs = Theirs::sqlite().await;
    let row = "INSERT INTO applications (id, tenant_id, user_id, name, description, team, environment, \
               allowed_contexts, status, created_at) SELECT 'app_long', tenant_id, user_id, 'long', \
               description, 'money' || hex(zeroblob(100)), environment, allowed_contexts, status, \
               created_at FROM applications WHERE id = 'app_billing'";
    theirs.run(row).await;
    let file = theirs.folder.path().join("tokens.json");
    let said = theirs.imported(&room, &["--applications", file.to_str().unwrap()]);
    for line in [
        "applications: 1 new, 0 there already",
        "left out, for what it is called or said to be: \"long\"",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let tokens: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let names: Vec<_> = tokens.as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 1);
    assert_eq!(names[0]["app_name"], "billing");
}
