//! What their servers refuse.

use strongroom_crypto::foreign::stack::{StackSealError, StackValueError};

use crate::error::{ClientError, RequestError, TransportError};

/// Why there is no answer of a Data Vault. Never holds a key, a name or a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// The request could not be formed; nothing was sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// There was no answer, or it broke off.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The project has no such store.
    #[error("the project has no such store")]
    NoStore,
    /// The store has no value of the name.
    #[error("the store has no value of this name")]
    NoValue,
    /// The key is not one of the project's, or there is no such project.
    #[error("the key is not one of the project's, or there is no such project")]
    Key,
    /// Something else.
    #[error("refused with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not one of a Data Vault.
    #[error("the answer is not one of a data vault")]
    Decode,
    /// A value does not open.
    #[error(transparent)]
    Value(#[from] StackValueError),
    /// A value was not sealed.
    #[error(transparent)]
    Seal(#[from] StackSealError),
}

impl From<StackError> for ClientError {
    fn from(error: StackError) -> Self {
        Self::Stack(error)
    }
}

impl StackError {
    pub(super) fn decode(error: reqwest::Error) -> Self {
        if error.is_decode() {
            return Self::Decode;
        }
        TransportError::new(error).into()
    }

    /// What is wrong, by the header that names it and by the status; `None` if nothing is.
    pub(super) fn of(response: &reqwest::Response) -> Option<Self> {
        let named = response.headers().get("x-stack-known-error");
        match named.and_then(|code| code.to_str().ok()) {
            Some("DATA_VAULT_STORE_DOES_NOT_EXIST") => Some(Self::NoStore),
            Some("DATA_VAULT_STORE_HASHED_KEY_DOES_NOT_EXIST") => Some(Self::NoValue),
            Some("INVALID_SECRET_SERVER_KEY" | "CURRENT_PROJECT_NOT_FOUND") => Some(Self::Key),
            None if response.status().is_success() => None,
            _ => Some(Self::Refused {
                status: response.status().as_u16(),
            }),
        }
    }
}
