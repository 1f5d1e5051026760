//! Somebody writes to the rows of objects past the server: what was put in another's place is not
//! opened, and what was put back as a whole is found by `strongroom doctor`.

use std::sync::Arc;

use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, query, query_scalar};
use strongroom_client::{EntryFilter, ObjectFilter};
use strongroom_tests::poll::poll;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_tests::server;
use strongroom_types::body::{ObjectCreate, ObjectDelete, ObjectRead, ObjectUpdate, StoredObject};
use strongroom_types::{Code, ObjectId, Operation, Reason};

/// A room on a server of its own, and a connection to its database past it.
struct Tampered {
    room: Room,
    database: AnyConnection,
}

impl Tampered {
    async fn open(database: Database) -> Self {
        let room = Room::open(Arc::new(database.start())).await;
        install_default_drivers();
        let url = match room.server.database() {
            Some(url) => url.to_owned(),
            None => format!(
                "sqlite:{}",
                room.server.data().join("strongroom.db").display()
            ),
        };
        let database = AnyConnection::connect(&url).await.unwrap();
        Self { room, database }
    }

    async fn execute(&mut self, sql: &str) -> u64 {
        let statement = query(AssertSqlSafe(sql.to_owned()));
        statement
            .execute(&mut self.database)
            .await
            .unwrap()
            .rows_affected()
    }

    /// Runs what must change a row.
    async fn run(&mut self, sql: &str) {
        assert!(self.execute(sql).await > 0, "{sql}");
    }

    async fn keep(&self, name: &str, owner: &str, values: u64) -> StoredObject {
        let objects = self.room.client.objects();
        let request = ObjectCreate::new(tenant(owner), name, "1");
        let mut object = objects.create(request).await.unwrap();
        for version in 2..=values {
            let update = ObjectUpdate::new(version.to_string().as_str());
            object = objects.update(object.id, update).await.unwrap();
        }
        object
    }

    async fn assert_altered(&self, which: ObjectRead) {
        let read = self.room.client.objects().read(&which).await;
        let expected = (400, Code::CannotDecrypt);
        self.room
            .assert_refused(read, expected, Reason::Altered)
            .await;
    }

    async fn value(&self, which: ObjectRead) -> String {
        let read = self.room.client.objects().read(&which).await.unwrap();
        String::from_utf8(read.value.unwrap().0).unwrap()
    }

    /// Stops the server and runs `strongroom doctor`: whether all is well, and what it printed.
    fn doctor(&mut self) -> (bool, String) {
        self.room.own_server().kill().unwrap();
        let data = self.room.server.data().to_str().unwrap().to_owned();
        let database = self.room.server.database().map(str::to_owned);
        let mut arguments = vec!["doctor", "--data", &data];
        if let Some(url) = &database {
            arguments.extend(["--database", url]);
        }
        let output = server::run(&arguments).unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        self.room.restart();
        (output.status.success(), printed)
    }
}

fn old(object: &StoredObject) -> ObjectRead {
    ObjectRead {
        version: Some(1),
        ..ObjectRead::by_id(object.id)
    }
}

on_each!(
    Tampered,
    versions_of_an_object_cannot_be_exchanged,
    objects_cannot_be_exchanged,
    names_cannot_be_exchanged,
    a_column_that_decides_cannot_be_altered,
    doctor_finds_an_object_that_was_put_back_as_a_whole,
    doctor_finds_objects_that_are_gone_or_came_back,
);

async fn versions_of_an_object_cannot_be_exchanged(mut tampered: Tampered) {
    let object = tampered.keep("a", "acme", 2).await;
    assert_eq!(tampered.value(old(&object)).await, "1");
    for (from, to) in [(1, 1000), (2, 1), (1000, 2)] {
        let id = object.id;
        let sql = format!(
            "UPDATE object_version SET version = {to} WHERE object = '{id}' AND version = {from}"
        );
        tampered.run(&sql).await;
    }
    tampered.assert_altered(ObjectRead::by_id(object.id)).await;
    tampered.assert_altered(old(&object)).await;
}

async fn objects_cannot_be_exchanged(mut tampered: Tampered) {
    // Of one key context, so that nothing but the place differs.
    let one = tampered.keep("a", "acme", 1).await;
    let two = tampered.keep("b", "acme", 1).await;
    let far = 1000;
    for (from, to) in [
        ((one.id, 1), (one.id, far)),
        ((two.id, 1), (one.id, 1)),
        ((one.id, far), (two.id, 1)),
    ] {
        let sql = format!(
            "UPDATE object_version SET object = '{}', version = {} \
             WHERE object = '{}' AND version = {}",
            to.0, to.1, from.0, from.1
        );
        tampered.run(&sql).await;
    }
    tampered.assert_altered(ObjectRead::by_id(one.id)).await;
    tampered.assert_altered(ObjectRead::by_name("b")).await;
}

async fn names_cannot_be_exchanged(mut tampered: Tampered) {
    let one = tampered.keep("a", "acme", 1).await;
    let two = tampered.keep("b", "acme", 1).await;
    let hash = async |tampered: &mut Tampered, id| {
        let sql = format!("SELECT name_hash FROM object WHERE id = '{id}'");
        let hash = query_scalar::<_, Vec<u8>>(AssertSqlSafe(sql));
        hash.fetch_one(&mut tampered.database).await.unwrap()
    };
    let first = hash(&mut tampered, one.id).await;
    let second = hash(&mut tampered, two.id).await;
    for (id, hash) in [(one.id, vec![0; 32]), (two.id, first), (one.id, second)] {
        let sql = format!("UPDATE object SET name_hash = $1 WHERE id = '{id}'");
        let put = query(AssertSqlSafe(sql)).bind(hash);
        put.execute(&mut tampered.database).await.unwrap();
    }
    for name in ["a", "b"] {
        tampered.assert_altered(ObjectRead::by_name(name)).await;
    }
    tampered.assert_altered(ObjectRead::by_id(one.id)).await;
}

async fn a_column_that_decides_cannot_be_altered(mut tampered: Tampered) {
    let object = tampered.keep("a", "acme", 3).await;
    let other = tampered.keep("b", "other", 1).await;
    let expiring = ObjectUpdate {
        expires_in: Some(3600),
        ..ObjectUpdate::new("4")
    };
    let objects = tampered.room.client.objects();
    objects.update(object.id, expiring).await.unwrap();
    let id = object.id;
    for (alter, undo) in [
        ("version = 1", "version = 4"),
        ("expires = expires + 1", "expires = expires - 1"),
        ("purge = purge + 1", "purge = purge - 1"),
    ] {
        tampered
            .run(&format!("UPDATE object SET {alter} WHERE id = '{id}'"))
            .await;
        tampered.assert_altered(ObjectRead::by_id(id)).await;
        tampered
            .run(&format!("UPDATE object SET {undo} WHERE id = '{id}'"))
            .await;
        assert_eq!(tampered.value(ObjectRead::by_id(id)).await, "4");
    }
    let (own, foreign) = (object.key.id, other.key.id);
    tampered
        .run(&format!(
            "UPDATE object SET context = '{foreign}' WHERE id = '{id}'"
        ))
        .await;
    tampered.assert_altered(ObjectRead::by_id(id)).await;
    tampered
        .run(&format!(
            "UPDATE object SET context = '{own}' WHERE id = '{id}'"
        ))
        .await;
    let objects = tampered.room.client.objects();
    objects.delete(id, ObjectDelete::default()).await.unwrap();
    tampered
        .run(&format!(
            "UPDATE object SET deleted = NULL WHERE id = '{id}'"
        ))
        .await;
    tampered.assert_altered(ObjectRead::by_id(id)).await;
    // A list tells no lies either.
    let objects = tampered.room.client.objects();
    let listed = objects.list(&ObjectFilter::default()).await;
    let expected = (400, Code::CannotDecrypt);
    tampered
        .room
        .assert_refused(listed, expected, Reason::Altered)
        .await;
}

async fn doctor_finds_an_object_that_was_put_back_as_a_whole(mut tampered: Tampered) {
    let object = tampered.keep("a", "acme", 1).await;
    let id = object.id;
    tampered.keep("b", "acme", 3).await;
    assert_eq!(tampered.doctor(), (true, String::new()));
    let copy = format!("CREATE TABLE kept AS SELECT * FROM object WHERE id = '{id}'");
    tampered.execute(&copy).await;
    let objects = tampered.room.client.objects();
    objects.update(id, ObjectUpdate::new("2")).await.unwrap();
    for sql in [
        format!("DELETE FROM object_version WHERE object = '{id}' AND version = 2"),
        format!(
            "UPDATE object SET body = kept.body, version = kept.version, changed = kept.changed, \
             updated = kept.updated FROM kept WHERE object.id = '{id}'"
        ),
    ] {
        tampered.run(&sql).await;
    }
    // Nothing in the row tells: it is what it once was.
    assert_eq!(tampered.value(ObjectRead::by_id(id)).await, "1");
    let (well, printed) = tampered.doctor();
    assert!(!well);
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(
        printed.contains(&id.to_string()) && printed.contains("was put back"),
        "{printed}"
    );
}

async fn doctor_finds_objects_that_are_gone_or_came_back(mut tampered: Tampered) {
    let gone = tampered.keep("gone", "acme", 1).await.id;
    let back = tampered.keep("back", "acme", 1).await.id;
    for table in ["object", "object_version"] {
        tampered
            .execute(&format!(
                "CREATE TABLE kept_{table} AS SELECT * FROM {table}"
            ))
            .await;
    }
    let delete = ObjectDelete {
        version_check: None,
        purge_in: Some(0),
    };
    let objects = tampered.room.client.objects();
    objects.delete(back, delete).await.unwrap();
    poll(async || {
        let purges = EntryFilter {
            operation: Some(Operation::ObjectPurge),
            ..EntryFilter::default()
        };
        (!tampered.room.entries(purges).await.is_empty()).then_some(())
    })
    .await;
    assert_eq!(tampered.doctor(), (true, String::new()));
    let made_up = ObjectId::from_bytes([5; 16]);
    for sql in [
        format!("DELETE FROM object_version WHERE object = '{gone}'"),
        format!("DELETE FROM object WHERE id = '{gone}'"),
        format!("INSERT INTO object SELECT * FROM kept_object WHERE id = '{back}'"),
        format!(
            "INSERT INTO object_version SELECT * FROM kept_object_version WHERE object = '{back}'"
        ),
        format!("UPDATE kept_object SET id = '{made_up}' WHERE id = '{gone}'"),
        format!("UPDATE kept_object_version SET object = '{made_up}' WHERE object = '{gone}'"),
        format!("INSERT INTO object SELECT * FROM kept_object WHERE id = '{made_up}'"),
        format!(
            "INSERT INTO object_version SELECT * FROM kept_object_version WHERE object = '{made_up}'"
        ),
    ] {
        tampered.run(&sql).await;
    }
    let (well, printed) = tampered.doctor();
    assert!(!well);
    for (id, said) in [
        (gone, "is gone, but entry"),
        (back, "was purged by entry"),
        (made_up, "no entry made it"),
    ] {
        let line = printed.lines().find(|line| line.contains(&id.to_string()));
        assert!(line.unwrap().contains(said), "{printed}");
    }
    assert_eq!(printed.lines().count(), 3, "{printed}");
}
