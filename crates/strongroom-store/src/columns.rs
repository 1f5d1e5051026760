//! Rows as the database gives them, and the values they must hold.

use core::str::FromStr;

use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row as _, Type};
use strongroom_core::ports::{Micros, StoreError};
use strongroom_log::Hash;
use strongroom_types::KeyVersion;

/// A row of a known table. A column that does not hold what it must makes the row damaged.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'r> {
    row: &'r AnyRow,
    table: &'static str,
}

impl<'r> Columns<'r> {
    pub(crate) const fn new(table: &'static str, row: &'r AnyRow) -> Self {
        Self { row, table }
    }

    pub(crate) const fn damaged(&self) -> StoreError {
        StoreError::Damaged { table: self.table }
    }

    fn value<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: Decode<'r, Any> + Type<Any>,
    {
        self.row
            .try_get(column)
            .map_err(|_undecodable| self.damaged())
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.value(column)
    }

    /// NULL as the empty string.
    pub(crate) fn bytes_or_empty(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        Ok(self.value::<Option<Vec<u8>>>(column)?.unwrap_or_default())
    }

    pub(crate) fn hash(&self, column: usize) -> Result<Hash, StoreError> {
        let bytes = self.value::<&[u8]>(column)?.try_into();
        bytes
            .map(Hash::from_bytes)
            .map_err(|_other_length| self.damaged())
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, StoreError> {
        self.value(column)
    }

    /// An id in its text form.
    pub(crate) fn id<T: FromStr>(&self, column: usize) -> Result<T, StoreError> {
        let text: &str = self.value(column)?;
        text.parse().map_err(|_not_an_id| self.damaged())
    }

    /// One of a closed list of names.
    pub(crate) fn name<T>(
        &self,
        column: usize,
        from_name: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        from_name(self.value(column)?).ok_or_else(|| self.damaged())
    }

    pub(crate) fn time(&self, column: usize) -> Result<Micros, StoreError> {
        self.value(column)
    }

    pub(crate) fn optional_time(&self, column: usize) -> Result<Option<Micros>, StoreError> {
        self.value(column)
    }

    /// `None` for NULL.
    pub(crate) fn optional_number(&self, column: usize) -> Result<Option<u64>, StoreError> {
        let number = self.value::<Option<i64>>(column)?.map(u64::try_from);
        number.transpose().map_err(|_negative| self.damaged())
    }

    pub(crate) fn key_version(&self, column: usize) -> Result<KeyVersion, StoreError> {
        let version = u32::try_from(self.number(column)?);
        version.map(KeyVersion).map_err(|_too_large| self.damaged())
    }

    pub(crate) fn number(&self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.value::<i64>(column)?).map_err(|_negative| self.damaged())
    }
}

/// A number as the databases keep it. Nothing that is counted reaches 2^63; a limit above it is as
/// good as the largest.
pub(crate) fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Why a query over a table failed.
pub(crate) fn failed(table: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| {
        if is_damage(&error) {
            StoreError::Damaged { table }
        } else {
            StoreError::Unavailable(Box::new(error))
        }
    }
}

/// Whether a query failed because a column holds another type than it must.
pub(crate) const fn is_damage(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::AnyDriverError(_)
    )
}

/// `$1, $2, …`: `count` placeholders, the first of them number `first`.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    numbers.join(", ")
}
