//! Models: the fields of a row that are sealed, and those that stay as they are.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use strongroom_crypto::split::ValuePlace;

use super::fault::{SplitError, SplitLie};
use super::keyset::SplitKeyset;

/// Which fields of the rows of a table are sealed, each for its own column. Values of any JSON type
/// are sealed, and come back as they were; a field that is absent or null stays so.
///
/// ```
/// use strongroom_client::split::SealedFields;
///
/// let patients = SealedFields::of("patients").field("name").field("diagnosis").row_id("id");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedFields {
    table: String,
    fields: BTreeSet<String>,
    row: Option<String>,
}

/// A row as JSON.
type Row = Map<String, Value>;

impl SealedFields {
    /// Of a table, none yet.
    #[must_use]
    pub fn of(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            fields: BTreeSet::new(),
            row: None,
        }
    }

    /// And this field.
    #[must_use]
    pub fn field(mut self, name: &str) -> Self {
        self.fields.insert(name.to_owned());
        self
    }

    /// Binds each value to the row whose id stands in this field, a text or an integer.
    #[must_use]
    pub fn row_id(mut self, name: &str) -> Self {
        self.row = Some(name.to_owned());
        self
    }

    /// Seals the marked fields of rows: in their places stand the sealed values, in base64.
    ///
    /// # Errors
    /// As for one value; a row lacks the id that its values are bound to.
    pub async fn seal(&self, keys: &SplitKeyset, rows: &[Row]) -> Result<Vec<Row>, SplitError> {
        let ids = self.row_ids(rows)?;
        let mut places = Vec::new();
        let mut values = Vec::new();
        for (row, id) in rows.iter().zip(&ids) {
            for (field, value) in self.present(row) {
                places.push(self.place(field, id.as_deref()));
                values.push(zeroize::Zeroizing::new(json(field, value)?));
            }
        }
        let pairs = places
            .into_iter()
            .zip(values.iter().map(|value| value.as_slice()));
        let sealed = keys.seal_all(&pairs.collect::<Vec<_>>()).await?;
        let mut sealed = sealed.into_iter();
        self.replaced(rows, |_, _| {
            let sealed = sealed.next().ok_or(SplitLie::Malformed)?;
            Ok(Value::String(STANDARD.encode(sealed)))
        })
    }

    /// Opens the marked fields of rows.
    ///
    /// # Errors
    /// The first field that does not open.
    pub async fn open(&self, keys: &SplitKeyset, rows: &[Row]) -> Result<Vec<Row>, SplitError> {
        let ids = self.row_ids(rows)?;
        let mut places = Vec::new();
        let mut values = Vec::new();
        for (row, id) in rows.iter().zip(&ids) {
            for (field, value) in self.present(row) {
                let text = value.as_str().ok_or_else(|| broken(field))?;
                places.push(self.place(field, id.as_deref()));
                values.push(STANDARD.decode(text).map_err(|_base64| broken(field))?);
            }
        }
        let pairs = places.into_iter().zip(values.iter().map(Vec::as_slice));
        let opened = keys.open_each(&pairs.collect::<Vec<_>>()).await?;
        let mut opened = opened.into_iter();
        self.replaced(rows, |field, _| {
            let opened = opened.next().ok_or(SplitLie::Malformed)??;
            serde_json::from_slice(opened.expose()).map_err(|_no_json| broken(field))
        })
    }

    fn place<'a>(&'a self, field: &'a str, row: Option<&'a str>) -> ValuePlace<'a> {
        ValuePlace {
            table: &self.table,
            column: field,
            row,
        }
    }

    /// The marked fields that a row has, in their order.
    fn present<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.fields.iter().filter_map(|field| {
            let value = row.get(field).filter(|value| !value.is_null())?;
            Some((field.as_str(), value))
        })
    }

    /// The ids of rows, where values are bound to them.
    fn row_ids(&self, rows: &[Row]) -> Result<Vec<Option<String>>, SplitError> {
        let id = |row: &Row| {
            let Some(field) = &self.row else {
                return Ok(None);
            };
            match row.get(field) {
                Some(Value::String(id)) => Ok(Some(id.clone())),
                Some(Value::Number(id)) if id.is_i64() || id.is_u64() => Ok(Some(id.to_string())),
                _ => Err(broken(field)),
            }
        };
        rows.iter().map(id).collect()
    }

    fn replaced(
        &self,
        rows: &[Row],
        mut value: impl FnMut(&str, &Value) -> Result<Value, SplitError>,
    ) -> Result<Vec<Row>, SplitError> {
        let mut replaced = rows.to_vec();
        for (row, out) in rows.iter().zip(&mut replaced) {
            for (field, old) in self.present(row) {
                out.insert(field.to_owned(), value(field, old)?);
            }
        }
        Ok(replaced)
    }
}

fn broken(field: &str) -> SplitError {
    SplitError::Field(field.to_owned())
}

fn json(field: &str, value: &Value) -> Result<Vec<u8>, SplitError> {
    serde_json::to_vec(value).map_err(|_unserialisable| broken(field))
}
