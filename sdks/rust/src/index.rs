//! Index terms: what a database finds sealed values by, made where the plaintext is.
//!
//! An index key is a data key of a key context, made once and kept wrapped where the application
//! keeps its settings; unwrapping it is an entry of the log. What the terms of each kind tell
//! whoever reads the database is in [`strongroom_crypto::index`].
//!
//! ```no_run
//! use strongroom_client::index::Column;
//! use strongroom_client::{Client, ClientError};
//! use strongroom_types::KeyContext;
//!
//! # async fn example(client: Client, wrapped_key: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//! let acme = KeyContext::new([("organizationId", "org_acme")])?;
//! let key = client.index_key(acme.clone(), wrapped_key).await?;
//! let names = key.column(&Column { key_context: &acme, table: "users", column: "name", scope: None });
//!
//! // INSERT INTO users (sealed, name_terms) VALUES ($1, $2)
//! let stored: Vec<i64> = names.text("Ann Miller")?.into_iter().map(|token| token.get()).collect();
//! // SELECT sealed FROM users WHERE name_terms @> $1
//! let needle = names.text_query("mill")?;
//! # Ok(())
//! # }
//! ```
//!
//! Terms of one person, where a column is about people, have a scope: the lock of a
//! [`LockContext`](crate::LockContext) with that person's claims.
//!
//! ```
//! use strongroom_client::LockContext;
//! use strongroom_client::index::{ResolvedLock, UnmetTerm};
//! use strongroom_types::{ClaimValue, Claims, IssuerId};
//!
//! fn scope_of(issuer: IssuerId, subject: &str) -> Result<ResolvedLock, UnmetTerm> {
//!     let claims = Claims::from([("sub".into(), ClaimValue::Text(subject.into()))]);
//!     LockContext::new().scope(issuer, &claims)
//! }
//! # let ann = scope_of(IssuerId::from_bytes([1; 16]), "ann");
//! # assert!(ann.is_ok_and(|ann| Some(ann) != scope_of(IssuerId::from_bytes([1; 16]), "bob").ok()));
//! ```

pub use strongroom_crypto::index::{
    Column, ColumnKey, DEPTH_MAX, EQUALITY_BYTES, IndexKey, ORDER_BYTES, Ordinal, RANGE_TOKENS,
    Step, TOKENS_MAX, TRIGRAM_SCALARS, TermError, Token,
};

pub use strongroom_crypto::keys::{ResolvedLock, UnmetTerm};
use strongroom_crypto::secret::{Secret, SecretBytes};
use strongroom_types::body::{DataKeyCreate, DataKeyUnwrap};
use strongroom_types::{Bytes, KeyContext};

use crate::client::Client;
use crate::error::{ClientError, DecodeError};

/// A new index key.
#[derive(Debug)]
pub struct IndexKeyCreated {
    /// The key, to make terms with.
    pub key: IndexKey,
    /// The key as it is to be kept: for [`Client::index_key`].
    pub wrapped_key: Bytes,
}

impl Client {
    /// Makes the index key of a key context.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn create_index_key(
        &self,
        key_context: KeyContext,
    ) -> Result<IndexKeyCreated, ClientError> {
        let request = DataKeyCreate::new(key_context);
        let made = self.create_data_key(request).await?;
        Ok(IndexKeyCreated {
            key: index_key_in(made.plaintext)?,
            wrapped_key: made.wrapped_key,
        })
    }

    /// Opens the index key of a key context.
    ///
    /// # Errors
    /// The server refused or did not answer, or the wrapped key is not one of 32 bytes.
    pub async fn index_key(
        &self,
        key_context: KeyContext,
        wrapped_key: impl Into<Bytes>,
    ) -> Result<IndexKey, ClientError> {
        let request = DataKeyUnwrap::new(key_context, wrapped_key);
        let opened = self.unwrap_data_key(request).await?;
        Ok(index_key_in(opened.plaintext)?)
    }
}

fn index_key_in(data_key: Option<Bytes>) -> Result<IndexKey, DecodeError> {
    let data_key = SecretBytes::from(data_key.unwrap_or_default().0);
    let bytes = data_key.expose();
    let secret = bytes
        .try_into()
        .map_err(|_length| DecodeError::IndexKey { bytes: bytes.len() })?;
    Ok(IndexKey::new(&Secret::from_bytes(secret)))
}
