//! Sealed rows in a PostgreSQL of the application's own, found by index terms.

use std::collections::BTreeSet;

use serde_json::json;
use strongroom_client::index::{Column, IndexKey};
use strongroom_client::{Client, EntryFilter};
use strongroom_tests::on_each_database;
use strongroom_tests::people::{People, Person, Search};
use strongroom_tests::room::{Database, Room, run, tenant};
use strongroom_types::Code;
use strongroom_types::body::{Batch, DataKeyCreate, DecryptItem, EncryptItem, ItemResult};

on_each_database!(
    an_index_key_is_the_same_each_time_and_its_use_is_logged,
    an_index_key_is_of_one_key_context_and_of_32_bytes,
);

/// Items of one request.
const BATCH: usize = 5_000;
const ROWS: usize = 20_000;
const ROWS_OF_SOAK: usize = 1_000_000;

async fn an_index_key_is_the_same_each_time_and_its_use_is_logged(room: Room) {
    let made = room.client.create_index_key(tenant("acme")).await.unwrap();
    let again = room.client.index_key(tenant("acme"), made.wrapped_key);
    let again = again.await.unwrap();
    assert_eq!(term(&made.key), term(&again));
    let other = room.client.create_index_key(tenant("acme")).await.unwrap();
    assert_ne!(term(&other.key), term(&again));
    let operations = room.entries(EntryFilter::default()).await;
    let operations: Vec<_> = operations
        .iter()
        .map(|entry| entry.operation.name())
        .collect();
    assert!(operations.contains(&"data-key.unwrap"), "{operations:?}");
}

async fn an_index_key_is_of_one_key_context_and_of_32_bytes(room: Room) {
    let made = room.client.create_index_key(tenant("acme")).await.unwrap();
    let refused = room.client.index_key(tenant("beta"), made.wrapped_key);
    assert_eq!(
        refused.await.unwrap_err().code(),
        Some(Code::ContextMismatch)
    );
    let long = DataKeyCreate {
        bytes: Some(64),
        ..DataKeyCreate::new(tenant("acme"))
    };
    let long = room.client.create_data_key(long).await.unwrap();
    let refused = room.client.index_key(tenant("acme"), long.wrapped_key);
    let refused = refused.await.unwrap_err().to_string();
    assert_eq!(refused, "an index key has 32 bytes, this data key has 64");
}

fn term(key: &IndexKey) -> [u8; 16] {
    let column = Column {
        key_context: &tenant("acme"),
        table: "users",
        column: "email",
        scope: None,
    };
    key.column(&column).equality(b"ann@example.org")
}

/// The database that is searched is the application's, so that the server's matters not.
#[tokio::test]
async fn sealed_rows_are_found_by_their_terms_with_indices_of_a_plain_postgresql() {
    run(Database::Sqlite, searches).await;
}

async fn searches(room: Room) {
    let context = tenant("acme");
    let key = room.client.create_index_key(context.clone()).await.unwrap();
    let url = strongroom_tests::postgres::database("people").unwrap();
    let mut people = People::create(&url, &key.key, &context).await;
    let rows: Vec<Person> = (0..rows()).map(Person::number).collect();
    for some in rows.chunks(BATCH) {
        let sealed = seal(&room.client, some).await;
        people.insert(&sealed).await;
    }
    people.index().await;
    assert_eq!(people.extensions().await, 0);
    for text in ["Family00", "person1", "Bergen"] {
        assert_eq!(people.rows_with(text).await, 0, "{text}");
    }
    for (search, wanted) in searched() {
        let plan = people.explain(&search).await;
        assert!(plan.contains(search.index()), "{search:?}: {plan}");
        assert!(!plan.contains("Seq Scan"), "{search:?}: {plan}");
        let found = open(&room.client, people.find(&search).await).await;
        let found: BTreeSet<_> = found
            .iter()
            .filter(|it| wanted(it))
            .map(|it| it.id)
            .collect();
        let all = rows
            .iter()
            .filter(|it| wanted(it))
            .map(|it| it.id)
            .collect();
        assert!(!found.is_empty(), "{search:?}");
        assert_eq!(found, all, "{search:?}");
    }
    let search = Search::SalaryBelow(50_000, 30);
    let plan = people.explain(&search).await;
    assert!(
        plan.contains("Index Scan") && !plan.contains("Sort"),
        "{plan}"
    );
    let found = open(&room.client, people.find(&search).await).await;
    let found: Vec<_> = found.iter().map(|person| person.salary).collect();
    let mut highest: Vec<_> = rows
        .iter()
        .map(|it| it.salary)
        .filter(|it| *it < 50_000)
        .collect();
    highest.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(found, highest[..30]);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the soak names itself, there is no other way in"
)]
fn rows() -> usize {
    match std::env::var("STRONGROOM_SOAK") {
        Ok(_) => ROWS_OF_SOAK,
        Err(_) => ROWS,
    }
}

/// Whether someone is meant.
type Wanted = fn(&Person) -> bool;

/// What is looked for, and who is meant.
fn searched() -> Vec<(Search, Wanted)> {
    let skill = json!({"city": "Bergen", "skills": [{"level": 123}]});
    vec![
        (Search::Email("person777@example.org".into()), |it| {
            it.email == "person777@example.org"
        }),
        (Search::NamePart("AMILY0012".into()), |it| {
            it.name.to_lowercase().contains("amily0012")
        }),
        (Search::NamePart("CHLOÉ FAMILY0001".into()), |it| {
            it.name.to_lowercase().contains("chloé family0001")
        }),
        (Search::Age(17, 18), |it| (17..=18).contains(&it.age)),
        (Search::Profile(skill), |it| {
            let skills = it.profile["skills"].as_array().unwrap();
            it.profile["city"] == "Bergen" && skills.iter().any(|skill| skill["level"] == 123)
        }),
    ]
}

fn batch<T>(items: Vec<T>) -> Batch<T> {
    Batch {
        items,
        metadata: None,
    }
}

async fn seal(client: &Client, people: &[Person]) -> Vec<(Person, Vec<u8>)> {
    let items = people.iter().map(|person| {
        let plaintext = serde_json::to_vec(person).unwrap();
        EncryptItem::new(tenant("acme"), plaintext)
    });
    let answer = client.encrypt_batch(batch(items.collect())).await.unwrap();
    let sealed = answer.results.into_iter().map(|result| match result {
        ItemResult::Ok(sealed) => sealed.ciphertext.0,
        ItemResult::Err { error } => panic!("{error:?}"),
    });
    people.iter().cloned().zip(sealed).collect()
}

async fn open(client: &Client, sealed: Vec<Vec<u8>>) -> Vec<Person> {
    let mut people = Vec::with_capacity(sealed.len());
    for some in sealed.chunks(BATCH) {
        let items = some.iter().cloned();
        let items = items.map(|sealed| DecryptItem::new(tenant("acme"), sealed));
        let answer = client.decrypt_batch(batch(items.collect())).await.unwrap();
        people.extend(answer.results.into_iter().map(|result| match result {
            ItemResult::Ok(opened) => {
                serde_json::from_slice::<Person>(&opened.plaintext.0).unwrap()
            }
            ItemResult::Err { error } => panic!("{error:?}"),
        }));
    }
    people
}
