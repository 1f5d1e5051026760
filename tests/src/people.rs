//! A table of people in a PostgreSQL of the application's own, with every kind of index term: what
//! an application would do with the Rust client.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a fixture that cannot be set up fails its test"
)]

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, QueryBuilder, query_scalar,
};
use strongroom_client::index::{Column, ColumnKey, IndexKey, TermError, Token};
use strongroom_types::KeyContext;

use crate::hex;

const SCHEMA: &str = "
    CREATE TABLE people (
        id bigint PRIMARY KEY,
        sealed bytea NOT NULL,
        email bytea NOT NULL,
        name bigint[] NOT NULL,
        age bigint[] NOT NULL,
        salary bytea NOT NULL,
        profile bigint[] NOT NULL
    )";

const INDICES: &str = "
    CREATE INDEX people_email ON people (email);
    CREATE INDEX people_name ON people USING gin (name);
    CREATE INDEX people_age ON people USING gin (age);
    CREATE INDEX people_salary ON people (salary);
    CREATE INDEX people_profile ON people USING gin (profile);
    ANALYZE people";

/// Rows of one statement: seven parameters each, of the 65,535 that PostgreSQL takes.
const ROWS_AT_ONCE: usize = 5_000;

const GIVEN_NAMES: [&str; 8] = [
    "Ann", "Bob", "Chloé", "Dmitri", "Eleni", "Farid", "Grace", "Håkon",
];
const CITIES: [&str; 5] = ["Athens", "Bergen", "Cairo", "Delhi", "Essen"];

/// A row in the clear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Its number.
    pub id: i64,
    /// Unique.
    pub email: String,
    /// One of eight given names and a family name that eight share.
    pub name: String,
    /// 0 to 99.
    pub age: i64,
    /// 0 to 99,999.
    pub salary: i64,
    /// Where someone lives and what they do.
    pub profile: Value,
}

impl Person {
    /// The person of a number: always the same.
    pub fn number(id: usize) -> Self {
        let given = GIVEN_NAMES[id % GIVEN_NAMES.len()];
        Self {
            id: id.try_into().unwrap(),
            email: format!("person{id}@example.org"),
            name: format!("{given} Family{:05}", id / GIVEN_NAMES.len()),
            age: (id * 37 % 100).try_into().unwrap(),
            salary: (id * 7919 % 100_000).try_into().unwrap(),
            profile: json!({
                "city": CITIES[id / 3 % CITIES.len()],
                "skills": [{"name": "rust", "level": id % 500}, {"name": "sql", "level": id % 7}],
            }),
        }
    }
}

/// What is looked for.
#[derive(Debug, Clone)]
pub enum Search {
    /// The one with this address.
    Email(String),
    /// Those with this in their names.
    NamePart(String),
    /// Those of an age between two.
    Age(i64, i64),
    /// So many with the highest salaries, of those who have less than the first.
    SalaryBelow(i64, i64),
    /// Those whose profile contains this one.
    Profile(Value),
}

impl Search {
    /// The name of the index that is to be used.
    pub const fn index(&self) -> &'static str {
        match self {
            Self::Email(_) => "people_email",
            Self::NamePart(_) => "people_name",
            Self::Age(..) => "people_age",
            Self::SalaryBelow(..) => "people_salary",
            Self::Profile(_) => "people_profile",
        }
    }
}

/// The table, and the keys of its columns.
#[derive(Debug)]
pub struct People {
    connection: PgConnection,
    keys: Keys,
}

#[derive(Debug)]
struct Keys {
    email: ColumnKey,
    name: ColumnKey,
    age: ColumnKey,
    salary: ColumnKey,
    profile: ColumnKey,
}

impl Keys {
    fn new(key: &IndexKey, key_context: &KeyContext) -> Self {
        let column = |column| {
            key.column(&Column {
                key_context,
                table: "people",
                column,
                scope: None,
            })
        };
        Self {
            email: column("email"),
            name: column("name"),
            age: column("age"),
            salary: column("salary"),
            profile: column("profile"),
        }
    }
}

impl People {
    /// Makes the table in an empty database.
    pub async fn create(url: &str, key: &IndexKey, key_context: &KeyContext) -> Self {
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute(SCHEMA).await.unwrap();
        Self {
            connection,
            keys: Keys::new(key, key_context),
        }
    }

    /// Inserts people, each with what was sealed of it.
    pub async fn insert(&mut self, people: &[(Person, Vec<u8>)]) {
        for some in people.chunks(ROWS_AT_ONCE) {
            let mut insert = QueryBuilder::new("INSERT INTO people ");
            insert.push_values(some, |mut row, (person, sealed)| {
                let keys = &self.keys;
                row.push_bind(person.id).push_bind(sealed);
                row.push_bind(keys.email.equality(person.email.as_bytes()).to_vec());
                row.push_bind(numbers(keys.name.text(&person.name)));
                row.push_bind(numbers(Ok(keys.age.range(person.age.into()))));
                row.push_bind(keys.salary.order(person.salary.into()).to_vec());
                row.push_bind(numbers(keys.profile.document(&person.profile)));
            });
            insert.build().execute(&mut self.connection).await.unwrap();
        }
    }

    /// Makes the indices, once all rows are there.
    pub async fn index(&mut self) {
        self.connection.execute(INDICES).await.unwrap();
    }

    /// What was sealed of those who are found, which may be some too many.
    pub async fn find(&mut self, search: &Search) -> Vec<Vec<u8>> {
        let query = self.query("SELECT sealed", search);
        let found = query_scalar(AssertSqlSafe(query));
        found.fetch_all(&mut self.connection).await.unwrap()
    }

    /// How PostgreSQL goes about it.
    pub async fn explain(&mut self, search: &Search) -> String {
        let query = self.query("EXPLAIN SELECT sealed", search);
        let plan = query_scalar::<_, String>(AssertSqlSafe(query));
        plan.fetch_all(&mut self.connection)
            .await
            .unwrap()
            .join("\n")
    }

    /// Extensions beside the one that every PostgreSQL has.
    pub async fn extensions(&mut self) -> i64 {
        let query = "SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql'";
        let count = query_scalar(query).fetch_one(&mut self.connection);
        count.await.unwrap()
    }

    /// Rows that hold a text anywhere, as PostgreSQL writes them.
    pub async fn rows_with(&mut self, text: &str) -> i64 {
        let query = "SELECT count(*) FROM people WHERE position($1::bytea in sealed) > 0
                        OR people::text ILIKE '%' || convert_from($1, 'UTF8') || '%'";
        let count = query_scalar(query).bind(text.as_bytes());
        count.fetch_one(&mut self.connection).await.unwrap()
    }

    fn query(&self, select: &str, search: &Search) -> String {
        let keys = &self.keys;
        let condition = match search {
            Search::Email(email) => {
                format!("email = {}", bytea(&keys.email.equality(email.as_bytes())))
            }
            Search::NamePart(part) => format!("name @> {}", array(keys.name.text_query(part))),
            Search::Age(low, high) => {
                let query = keys.age.range_query((*low).into(), (*high).into());
                format!("age && {}", array(query))
            }
            Search::SalaryBelow(bound, limit) => format!(
                "salary < {} ORDER BY salary DESC LIMIT {limit}",
                bytea(&keys.salary.order((*bound).into()))
            ),
            Search::Profile(part) => {
                format!("profile @> {}", array(keys.profile.document_query(part)))
            }
        };
        format!("{select} FROM people WHERE {condition}")
    }
}

fn numbers(tokens: Result<Vec<Token>, TermError>) -> Vec<i64> {
    tokens.unwrap().into_iter().map(Token::get).collect()
}

fn array(tokens: Result<Vec<Token>, TermError>) -> String {
    let numbers = numbers(tokens).into_iter().map(|number| number.to_string());
    format!("'{{{}}}'::bigint[]", numbers.collect::<Vec<_>>().join(","))
}

fn bytea(bytes: &[u8]) -> String {
    format!("'\\x{}'::bytea", hex::encode(bytes))
}
