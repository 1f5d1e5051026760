//! The table: records, each with a tenant and an identity.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use strongroom_types::KeyContext;

use super::DemoError;

/// The shipped table, see `data/README.md` for its source.
const SHIPPED: &[u8] = include_bytes!("../../../data/flights.csv");
const SHIPPED_TENANT: &str = "airline";
const SHIPPED_IDENTITY: &str = "aircraft";

/// A row of the table.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) tenant: String,
    pub(super) identity: String,
    pub(super) key_context: KeyContext,
    /// The row as a JSON object.
    pub(super) plaintext: Vec<u8>,
}

/// All rows, and which of them belong together.
#[derive(Debug)]
pub(super) struct Table {
    records: Vec<Record>,
    tenants: BTreeMap<String, Vec<usize>>,
    identities: BTreeMap<String, Vec<usize>>,
}

impl Table {
    /// The flights that left New York on two days of 2013.
    pub(super) fn shipped() -> Result<Self, DemoError> {
        let path = Path::new("flights.csv");
        Self::parse(SHIPPED, path, SHIPPED_TENANT, SHIPPED_IDENTITY)
    }

    /// A table from a file.
    pub(super) fn read(path: &Path, tenant: &str, identity: &str) -> Result<Self, DemoError> {
        let file = std::fs::File::open(path).map_err(|error| DemoError::Csv {
            path: path.to_owned(),
            source: error.into(),
        })?;
        Self::parse(file, path, tenant, identity)
    }

    fn parse(
        text: impl Read,
        path: &Path,
        tenant: &str,
        identity: &str,
    ) -> Result<Self, DemoError> {
        let wrong = |source| DemoError::Csv {
            path: PathBuf::from(path),
            source,
        };
        let mut reader = csv::Reader::from_reader(text);
        let header = reader.headers().map_err(wrong)?.clone();
        let (tenant, identity) = (column(&header, tenant)?, column(&header, identity)?);
        let mut table = Self {
            records: Vec::new(),
            tenants: BTreeMap::new(),
            identities: BTreeMap::new(),
        };
        for row in reader.records() {
            let row = row.map_err(wrong)?;
            table.push(record(&header, &row, tenant, identity)?);
        }
        table.check()
    }

    fn push(&mut self, record: Record) {
        let row = self.records.len();
        let group = |groups: &mut BTreeMap<String, Vec<usize>>, name: &str| {
            groups.entry(name.to_owned()).or_default().push(row);
        };
        group(&mut self.tenants, &record.tenant);
        group(&mut self.identities, &record.identity);
        self.records.push(record);
    }

    fn check(self) -> Result<Self, DemoError> {
        let (tenants, identities) = (self.tenants.len(), self.identities.len());
        if tenants < 2 || identities < 2 {
            return Err(DemoError::TooSmall {
                tenants,
                identities,
            });
        }
        Ok(self)
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The rows of each tenant.
    pub(super) fn tenants(&self) -> &BTreeMap<String, Vec<usize>> {
        &self.tenants
    }

    /// The rows of each identity.
    pub(super) fn identities(&self) -> &BTreeMap<String, Vec<usize>> {
        &self.identities
    }

    /// The rows of a tenant, by number.
    pub(super) fn rows_of(&self, tenant: &str) -> impl Iterator<Item = (usize, &Record)> {
        self.records
            .iter()
            .enumerate()
            .filter(move |(_, record)| record.tenant == tenant)
    }

    /// The two tenants with most records.
    pub(super) fn two_tenants(&self) -> Result<[&str; 2], DemoError> {
        let mut tenants: Vec<_> = self.tenants.iter().collect();
        tenants.sort_by_key(|(_, rows)| core::cmp::Reverse(rows.len()));
        match tenants.as_slice() {
            [(first, _), (second, _), ..] => Ok([first, second]),
            _ => Err(DemoError::TooSmall {
                tenants: tenants.len(),
                identities: self.identities.len(),
            }),
        }
    }
}

fn column(header: &csv::StringRecord, name: &str) -> Result<usize, DemoError> {
    header
        .iter()
        .position(|column| column == name)
        .ok_or_else(|| DemoError::Column {
            column: name.to_owned(),
        })
}

fn record(
    header: &csv::StringRecord,
    row: &csv::StringRecord,
    tenant: usize,
    identity: usize,
) -> Result<Record, DemoError> {
    let cell = |index| match row.get(index).map(str::trim) {
        None | Some("") => Err(DemoError::EmptyCell {
            line: row.position().map_or(0, csv::Position::line),
            column: header.get(index).unwrap_or_default().to_owned(),
        }),
        Some(_) => Ok(row.get(index).unwrap_or_default().to_owned()),
    };
    let (tenant, identity) = (cell(tenant)?, cell(identity)?);
    let object: serde_json::Map<_, _> = header
        .iter()
        .zip(row)
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    Ok(Record {
        key_context: KeyContext::new([("tenant", tenant.as_str())])?,
        tenant,
        identity,
        plaintext: serde_json::Value::Object(object).to_string().into_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Table, DemoError> {
        Table::parse(text.as_bytes(), Path::new("t.csv"), "tenant", "person")
    }

    #[test]
    fn shipped_table_is_large_enough_to_mean_something() {
        let table = Table::shipped().unwrap();
        assert!(table.records().len() >= 1000);
        assert!(table.tenants().len() >= 2);
    }

    #[test]
    fn rows_are_grouped_by_tenant_and_identity() {
        let table = parse("tenant,person,x\na,p,1\nb,q,2\na,q,3\n").unwrap();
        assert_eq!(table.tenants()["a"], [0, 2]);
        assert_eq!(table.identities()["q"], [1, 2]);
        assert_eq!(table.two_tenants().unwrap(), ["a", "b"]);
        assert_eq!(
            table.records()[0].plaintext,
            br#"{"person":"p","tenant":"a","x":"1"}"#
        );
    }

    #[test]
    fn tables_that_show_nothing_are_refused() {
        assert!(matches!(
            parse("tenant,person\na,p\na,q\n"),
            Err(DemoError::TooSmall { tenants: 1, .. })
        ));
        assert!(matches!(
            parse("tenant\na\n"),
            Err(DemoError::Column { .. })
        ));
        assert!(matches!(
            parse("tenant,person\na\n"),
            Err(DemoError::Csv { .. })
        ));
    }

    #[test]
    fn an_empty_cell_is_named_by_line_and_column() {
        for (text, at, name) in [
            ("tenant,person\na,p\n,q\n", 3, "tenant"),
            ("tenant,person\na,\nb,q\n", 2, "person"),
            ("tenant,person\na,p\nb, \n", 3, "person"),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(
                matches!(&refused, DemoError::EmptyCell { line, column } if *line == at && column == name),
                "{refused}"
            );
        }
    }
}
