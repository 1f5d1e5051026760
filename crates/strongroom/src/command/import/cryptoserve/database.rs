//! Their database, which is only read: SQLite or PostgreSQL.
//!
//! Everything is cast to text or to a number, so that one body of SQL reads both, whatever types their columns
//! have.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sqlx::any::{AnyPoolOptions, AnyRow, install_default_drivers};
use sqlx::{AnyPool, Row as _, query};
use strongroom_crypto::foreign::cryptoserve::WrappedKemKey;
use strongroom_types::body::NamedContextConfig;

use super::CryptoServeImportError as ImportError;

/// How many rows are read together.
const ROWS: i64 = 50;
/// The longest name and description that Strongroom keeps, in characters.
const DISPLAY_NAME_CHARS: usize = 200;
const DESCRIPTION_CHARS: usize = 1000;

/// Their database.
pub(super) struct Database(AnyPool);

/// A tenant of theirs.
#[derive(Clone, Debug)]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) slug: String,
}

/// A context of theirs.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) name: String,
    display_name: Option<String>,
    description: Option<String>,
    config: Option<String>,
}

/// A key of theirs, which is derived.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) context: String,
    pub(super) version: u32,
    created: String,
    status: String,
}

/// A private key of theirs, wrapped.
pub(super) struct KemKey {
    pub(super) id: String,
    pub(super) context: String,
    pub(super) algorithm: String,
    pub(super) wrapped: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    status: String,
}

/// An application of theirs.
#[derive(Debug)]
pub(super) struct Application {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) team: String,
    pub(super) environment: String,
    pub(super) description: Option<String>,
    allowed_contexts: Option<String>,
}

#[cfg(test)]
impl Application {
    /// One of which nothing else is said.
    pub(super) fn named(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            team: String::new(),
            environment: String::new(),
            description: None,
            allowed_contexts: None,
        }
    }
}

/// What their address is in words that are read here.
fn address(theirs: &str) -> Result<String, ImportError> {
    let (scheme, rest) = theirs.split_once("://").ok_or(ImportError::Address)?;
    match scheme
        .split_once('+')
        .map_or(scheme, |(scheme, _driver)| scheme)
    {
        "sqlite" => Ok(format!("sqlite://{}?mode=ro", sqlite_path(rest))),
        // What their driver calls `ssl`, ours would leave unread.
        "postgres" | "postgresql" => {
            let rest = rest.replace("?ssl=", "?sslmode=");
            Ok(format!("postgres://{}", rest.replace("&ssl=", "&sslmode=")))
        }
        _ => Err(ImportError::Address),
    }
}

/// They write four slashes before a path from the root, and three before any other; people write three
/// before both.
fn sqlite_path(rest: &str) -> &str {
    let inner = rest.strip_prefix('/').unwrap_or(rest);
    if inner.starts_with('/') || !std::path::Path::new(rest).exists() {
        return inner;
    }
    rest
}

impl Database {
    pub(super) async fn open(theirs: &str) -> Result<Self, ImportError> {
        install_default_drivers();
        let pool = AnyPoolOptions::new().max_connections(1);
        Ok(Self(pool.connect(&address(theirs)?).await?))
    }

    /// The tenant that is named by id or slug, or the only one.
    pub(super) async fn tenant(&self, named: Option<&str>) -> Result<Tenant, ImportError> {
        let rows = query(
            "SELECT CAST(id AS TEXT), CAST(slug AS TEXT) FROM tenants ORDER BY CAST(slug AS TEXT)",
        );
        let rows = rows.fetch_all(&self.0).await?;
        let tenants = rows.iter().map(|row| {
            Ok(Tenant {
                id: row.try_get(0)?,
                slug: row.try_get(1)?,
            })
        });
        let tenants: Vec<Tenant> = tenants.collect::<Result<_, sqlx::Error>>()?;
        let there = || {
            let slugs: Vec<&str> = tenants.iter().map(|tenant| tenant.slug.as_str()).collect();
            slugs.join(", ")
        };
        match (named, tenants.as_slice()) {
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(ImportError::SeveralTenants { there: there() }),
            (Some(named), all) => {
                let is = |tenant: &&Tenant| tenant.id == named || tenant.slug == named;
                let found = all.iter().find(is).cloned();
                found.ok_or_else(|| ImportError::NoTenant { there: there() })
            }
        }
    }

    /// The contexts that the tenant has keys or applications of: theirs were everybody's.
    pub(super) async fn contexts(
        &self,
        tenant: &Tenant,
        applications: &[Application],
    ) -> Result<Vec<Context>, ImportError> {
        let mut wanted = BTreeSet::new();
        for table in [
            "SELECT DISTINCT CAST(context AS TEXT) FROM keys WHERE CAST(tenant_id AS TEXT) = $1",
            "SELECT DISTINCT CAST(context AS TEXT) FROM pqc_keys WHERE CAST(tenant_id AS TEXT) = $1",
        ] {
            for row in query(table).bind(&tenant.id).fetch_all(&self.0).await? {
                wanted.insert(row.try_get::<String, _>(0)?);
            }
        }
        wanted.extend(applications.iter().flat_map(Application::contexts));
        let rows = query(
            "SELECT CAST(name AS TEXT), CAST(display_name AS TEXT), CAST(description AS TEXT),
                    CAST(config AS TEXT)
             FROM contexts ORDER BY CAST(name AS TEXT)",
        );
        let mut contexts = Vec::new();
        for row in rows.fetch_all(&self.0).await? {
            let context = Context {
                name: row.try_get(0)?,
                display_name: row.try_get(1)?,
                description: row.try_get(2)?,
                config: row.try_get(3)?,
            };
            contexts.extend(wanted.contains(&context.name).then_some(context));
        }
        Ok(contexts)
    }

    pub(super) async fn has_context(&self, name: &str) -> Result<bool, ImportError> {
        let row = query("SELECT 1 FROM contexts WHERE CAST(name AS TEXT) = $1");
        Ok(row.bind(name).fetch_optional(&self.0).await?.is_some())
    }

    pub(super) async fn count(&self, tenant: &Tenant) -> Result<u64, ImportError> {
        let mut count = 0_i64;
        for table in [
            "SELECT COUNT(*) FROM keys WHERE CAST(tenant_id AS TEXT) = $1",
            "SELECT COUNT(*) FROM pqc_keys WHERE CAST(tenant_id AS TEXT) = $1",
        ] {
            let row = query(table).bind(&tenant.id).fetch_one(&self.0).await?;
            count = count.saturating_add(row.try_get::<i64, _>(0)?);
        }
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Some keys, after one.
    pub(super) async fn keys(&self, tenant: &Tenant, after: &str) -> Result<Vec<Key>, ImportError> {
        let rows = query(
            "SELECT CAST(id AS TEXT), CAST(context AS TEXT), CAST(version AS BIGINT),
                    CAST(created_at AS TEXT), CAST(status AS TEXT)
             FROM keys WHERE CAST(tenant_id AS TEXT) = $1 AND CAST(id AS TEXT) > $2
             ORDER BY CAST(id AS TEXT) LIMIT $3",
        );
        let rows = rows.bind(&tenant.id).bind(after).bind(ROWS);
        let key = |row: &AnyRow| {
            let version: i64 = row.try_get(2)?;
            Ok(Key {
                id: row.try_get(0)?,
                context: row.try_get(1)?,
                version: u32::try_from(version).unwrap_or(0),
                created: row.try_get::<Option<String>, _>(3)?.unwrap_or_default(),
                status: row.try_get(4)?,
            })
        };
        rows.fetch_all(&self.0).await?.iter().map(key).collect()
    }

    /// Some private keys, after one.
    pub(super) async fn kem_keys(
        &self,
        tenant: &Tenant,
        after: &str,
    ) -> Result<Vec<KemKey>, ImportError> {
        let rows = query(
            "SELECT CAST(id AS TEXT), CAST(context AS TEXT), CAST(algorithm AS TEXT),
                    encrypted_private_key, private_key_nonce, CAST(status AS TEXT)
             FROM pqc_keys
             WHERE CAST(tenant_id AS TEXT) = $1 AND CAST(id AS TEXT) > $2
               AND CAST(algorithm AS TEXT) LIKE '%ML-KEM%'
             ORDER BY CAST(id AS TEXT) LIMIT $3",
        );
        let rows = rows.bind(&tenant.id).bind(after).bind(ROWS);
        let key = |row: &AnyRow| {
            Ok(KemKey {
                id: row.try_get(0)?,
                context: row.try_get(1)?,
                algorithm: row.try_get(2)?,
                wrapped: row.try_get(3)?,
                nonce: row.try_get(4)?,
                status: row.try_get(5)?,
            })
        };
        rows.fetch_all(&self.0).await?.iter().map(key).collect()
    }

    pub(super) async fn applications(
        &self,
        tenant: &Tenant,
    ) -> Result<Vec<Application>, ImportError> {
        let rows = query(
            "SELECT CAST(id AS TEXT), CAST(name AS TEXT), CAST(team AS TEXT),
                    CAST(environment AS TEXT), CAST(description AS TEXT),
                    CAST(allowed_contexts AS TEXT)
             FROM applications
             WHERE CAST(tenant_id AS TEXT) = $1 AND LOWER(CAST(status AS TEXT)) = 'active'
             ORDER BY CAST(id AS TEXT)",
        );
        let application = |row: &AnyRow| {
            Ok(Application {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                team: row.try_get(2)?,
                environment: row.try_get(3)?,
                description: row.try_get(4)?,
                allowed_contexts: row.try_get(5)?,
            })
        };
        let rows = rows.bind(&tenant.id).fetch_all(&self.0).await?;
        rows.iter().map(application).collect()
    }
}

/// Whether there are no more rows after so many.
pub(super) fn is_last(rows: usize) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows < ROWS)
}

fn retired(status: &str) -> bool {
    status.eq_ignore_ascii_case("retired")
}

impl Key {
    pub(super) fn is_retired(&self) -> bool {
        retired(&self.status)
    }

    /// Whether it is from before their third format, so that it may have ciphertexts of the first two. One whose
    /// date cannot be read is not.
    pub(super) fn is_early(&self) -> bool {
        let date = self.created.get(..10).unwrap_or_default();
        let digits = date.bytes().filter(u8::is_ascii_digit).count();
        digits == 8 && date < "2025-12-30"
    }
}

impl KemKey {
    pub(super) fn row(&self) -> WrappedKemKey<'_> {
        WrappedKemKey {
            id: &self.id,
            context: &self.context,
            algorithm: &self.algorithm,
            wrapped: &self.wrapped,
            nonce: &self.nonce,
        }
    }

    pub(super) fn is_retired(&self) -> bool {
        retired(&self.status)
    }
}

impl Application {
    pub(super) fn contexts(&self) -> Vec<String> {
        let text = self.allowed_contexts.as_deref().unwrap_or("[]");
        serde_json::from_str(text).unwrap_or_default()
    }
}

impl Context {
    pub(super) fn display_name(&self) -> String {
        let name = self.display_name.as_deref().filter(|name| !name.is_empty());
        let name = name.unwrap_or(&self.name).chars();
        name.take(DISPLAY_NAME_CHARS).collect()
    }

    pub(super) fn description(&self) -> String {
        let text = self.description.as_deref().unwrap_or_default().chars();
        text.take(DESCRIPTION_CHARS).collect()
    }

    /// What is said of its data, as far as Strongroom knows the words, and how many it does not.
    pub(super) fn config(&self) -> (NamedContextConfig, u64) {
        let text = self.config.as_deref().unwrap_or("{}");
        let Ok(Value::Object(theirs)) = serde_json::from_str(text) else {
            return (NamedContextConfig::default(), 0);
        };
        let (mut ours, mut left_out) = (Map::new(), 0);
        for (section, words) in theirs {
            let Value::Object(words) = words else {
                left_out += 1;
                continue;
            };
            let mut known = Map::new();
            for (word, value) in words {
                let one = Value::Object(Map::from_iter([(word.clone(), value.clone())]));
                let alone = Value::Object(Map::from_iter([(section.clone(), one)]));
                if serde_json::from_value::<NamedContextConfig>(alone).is_ok() {
                    known.insert(word, value);
                } else {
                    left_out += 1;
                }
            }
            if !known.is_empty() {
                ours.insert(section, Value::Object(known));
            }
        }
        let config = serde_json::from_value(Value::Object(ours));
        (config.unwrap_or_default(), left_out)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use strongroom_types::body::{Retention, RetentionPart, Sensitivity};

    use super::*;

    #[test]
    fn addresses_are_read_in_their_words_and_in_ours() {
        for (theirs, ours) in [
            (
                "sqlite:////srv/no/such.db",
                "sqlite:///srv/no/such.db?mode=ro",
            ),
            ("sqlite+aiosqlite:///./cs.db", "sqlite://./cs.db?mode=ro"),
            ("sqlite:////dev/null", "sqlite:///dev/null?mode=ro"),
            ("sqlite:///dev/null", "sqlite:///dev/null?mode=ro"),
            ("postgresql+asyncpg://u@h/d", "postgres://u@h/d"),
        ] {
            assert_eq!(address(theirs).unwrap(), ours, "{theirs}");
        }
        for wrong in ["mysql://u@h/d", "cs.db", ""] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_said_of_data_is_taken_as_far_as_it_is_known() {
        let context = Context {
            name: "a".into(),
            display_name: None,
            description: None,
            config: Some(
                r#"{"data_identity":{"sensitivity":"critical","pii":true,"mood":"blue"},
                    "regulatory":{"frameworks":["GDPR"],"retention":{"days":1}},"more":1}"#
                    .into(),
            ),
        };
        let (config, left_out) = context.config();
        assert_eq!(config.data_identity.sensitivity, Sensitivity::Critical);
        assert!(config.data_identity.pii);
        assert_eq!(config.regulatory.frameworks, ["GDPR"]);
        let retention = config.regulatory.retention;
        let parts = BTreeMap::from([("days".to_owned(), RetentionPart::Number(1))]);
        assert_eq!(retention, Some(Retention::Parts(parts)));
        assert_eq!(left_out, 2);
    }

    #[test]
    fn a_key_is_early_only_if_its_date_says_so() {
        let key = |created: &str| Key {
            id: String::new(),
            context: String::new(),
            version: 1,
            created: created.into(),
            status: "ACTIVE".into(),
        };
        assert!(key("2025-12-29 23:59:59").is_early());
        for date in ["2025-12-30 00:00:00", "2026-01-01", "", "yesterday-1"] {
            assert!(!key(date).is_early(), "{date}");
        }
    }
}
