//! Measures searches over sealed rows: what finding them takes in a plain PostgreSQL, and what opening
//! them adds. The server opens them, by one `decrypt-batch` for each search; with split keys and with
//! CipherStash's clients it derives keys instead (`cargo xtask bench keys`), and the client opens.
//!
//! The published figures beside them are the vendor's medians without opening, on other machines and
//! with an extension of its own; they stand here for the order of magnitude.

#![expect(clippy::print_stdout, reason = "a program of the command line")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use strongroom_benches::failure::Failure;
use strongroom_benches::now;
use strongroom_benches::stats::Latencies;
use strongroom_benches::strongroom;
use strongroom_client::{Client, Encoding};
use strongroom_tests::people::{People, Person, Search};
use strongroom_tests::postgres;
use strongroom_types::KeyContext;
use strongroom_types::body::{Batch, DecryptItem, EncryptItem, ItemResult};

/// Rows that are sealed by one request.
const BATCH: usize = 5_000;

/// Keeps sealed rows in a PostgreSQL of its own and searches them.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary that seals and opens, built with the profile `dist`
    #[arg(long)]
    strongroom: PathBuf,
    /// How many rows there are
    #[arg(long, default_value_t = 100_000)]
    rows: usize,
    /// How often each search is made
    #[arg(long, default_value_t = 100)]
    rounds: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Box::pin(measure(&Arguments::parse())).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("search: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let directory = tempfile::Builder::new()
        .prefix("strongroom-bench-")
        .tempdir_in("target")?;
    let server = strongroom::start(&arguments.strongroom, directory.path()).await?;
    let client = Client::builder(&format!("http://{}", server.target.address))
        .api_key(server.api_key.as_str())
        .batch_encoding(Encoding::Cbor)
        .build()
        .map_err(Failure::other)?;
    let mut people = filled(&client, arguments.rows).await?;
    println!(
        "| search over {} rows | rows | found, p50 | found and opened by the server, p50 | opening adds | published, without opening |",
        arguments.rows
    );
    println!("|---|---|---|---|---|---|");
    for (name, search, published) in searches() {
        let (mut finding, mut opening) = (Latencies::default(), Latencies::default());
        let mut rows = 0;
        for _ in 0..arguments.rounds {
            let began = now();
            let found = people.find(&search).await;
            finding.push(began.elapsed());
            rows = found.len();
            open(&client, found).await?;
            opening.push(began.elapsed());
        }
        let (found, opened) = (finding.percentile(50), opening.percentile(50));
        println!(
            "| {name} | {rows} | {} | {} | {} | {published} |",
            ms(found),
            ms(opened),
            ms(opened.saturating_sub(found))
        );
    }
    Ok(())
}

fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

/// What is searched, and the vendor's medians for 10,000 / 100,000 / 1,000,000 rows.
fn searches() -> [(&'static str, Search, &'static str); 5] {
    let profile = json!({"city": "Bergen", "skills": [{"level": 123}]});
    [
        (
            "equality",
            Search::Email("person777@example.org".into()),
            "0.43 / 0.44 / 0.43 ms",
        ),
        (
            "part of a text",
            Search::NamePart("amily0012".into()),
            "1.0 / 2.5 / 18 ms",
        ),
        ("interval", Search::Age(17, 17), "none"),
        (
            "order, 100 rows",
            Search::SalaryBelow(50_000, 100),
            "4.1 / 6.7 / 6.9 ms",
        ),
        (
            "document",
            Search::Profile(profile),
            "0.66 / 0.65 / 0.68 ms",
        ),
    ]
}

async fn filled(client: &Client, rows: usize) -> Result<People, Failure> {
    let key = client.create_index_key(acme()?).await;
    let key = key.map_err(Failure::other)?.key;
    let mut people = People::create(&postgres::database("search")?, &key, &acme()?).await;
    let began = now();
    let numbers: Vec<usize> = (0..rows).collect();
    for some in numbers.chunks(BATCH) {
        let some: Vec<Person> = some.iter().copied().map(Person::number).collect();
        people.insert(&seal(client, some).await?).await;
    }
    people.index().await;
    println!(
        "{rows} rows sealed, with five terms each, and indexed in {:.1} s\n",
        began.elapsed().as_secs_f64()
    );
    Ok(people)
}

fn acme() -> Result<KeyContext, Failure> {
    KeyContext::new([("organizationId", "acme")]).map_err(Failure::other)
}

async fn seal(client: &Client, people: Vec<Person>) -> Result<Vec<(Person, Vec<u8>)>, Failure> {
    let mut items = Vec::with_capacity(people.len());
    for person in &people {
        items.push(EncryptItem::new(acme()?, serde_json::to_vec(person)?));
    }
    let batch = Batch {
        items,
        metadata: None,
    };
    let answer = client.encrypt_batch(batch).await.map_err(Failure::other)?;
    let sealed = answer.results.into_iter().map(|result| match result {
        ItemResult::Ok(sealed) => Ok(sealed.ciphertext.0),
        ItemResult::Err { .. } => Err(Failure::NoField("ciphertext")),
    });
    people
        .into_iter()
        .zip(sealed)
        .map(|(person, sealed)| Ok((person, sealed?)))
        .collect()
}

async fn open(client: &Client, sealed: Vec<Vec<u8>>) -> Result<(), Failure> {
    if sealed.is_empty() {
        return Ok(());
    }
    let context = acme()?;
    let items = sealed
        .into_iter()
        .map(|sealed| DecryptItem::new(context.clone(), sealed));
    let batch = Batch {
        items: items.collect(),
        metadata: None,
    };
    let answer = client.decrypt_batch(batch).await.map_err(Failure::other)?;
    let opened = |result: &ItemResult<_>| matches!(result, ItemResult::Ok(_));
    if answer.results.iter().all(opened) {
        return Ok(());
    }
    Err(Failure::NoField("plaintext"))
}
