//! Why a customer's key is not used.

use strongroom_types::{Code, Reason};

use crate::denial::Denial;
use crate::ports::{ConnectError, RootError};

/// Why a customer's key is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomerKeyFault {
    /// Its provider does not answer, or says no.
    #[error(transparent)]
    Provider(#[from] RootError),
    /// It cannot be reached in the way described any more.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It has not shown yet that it wraps and unwraps.
    #[error("it is not verified yet")]
    Unverified,
    /// It is suspended.
    #[error("it is disabled")]
    Disabled,
    /// It may only be moved away from.
    #[error("it is enabled for rewrap only")]
    RewrapOnly,
    /// It is not the key that was verified before.
    #[error("it is not the key that was verified before")]
    Other,
    /// There is no such key any more.
    #[error("it is not registered")]
    Unknown,
}

impl From<CustomerKeyFault> for Denial {
    fn from(fault: CustomerKeyFault) -> Self {
        Self::CustomerKey(fault)
    }
}

impl CustomerKeyFault {
    /// What callers who use the key are told: the provider, and whether it answers. Why it says no is
    /// in the entry, and told to whoever administers the key.
    pub(crate) fn outline(self) -> String {
        match self {
            Self::Provider(error @ RootError::Unavailable { .. }) => {
                format!("provider {} does not answer", error.provider())
            }
            Self::Provider(error) => format!("provider {} does not unwrap it", error.provider()),
            Self::Connect(_) => "its provider cannot be reached".to_owned(),
            Self::Unverified | Self::Disabled | Self::RewrapOnly | Self::Other | Self::Unknown => {
                "it may not be used now".to_owned()
            }
        }
    }

    /// What the caller may branch on.
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Provider(RootError::Unavailable { .. }) | Self::Connect(_) => {
                Code::RootUnavailable
            }
            Self::Provider(RootError::Refused { .. } | RootError::WrongRoot { .. })
            | Self::Disabled
            | Self::RewrapOnly
            | Self::Unknown => Code::KeyDisabled,
            Self::Unverified | Self::Other => Code::Conflict,
        }
    }

    /// What the entry says.
    pub(crate) const fn reason(self) -> Reason {
        match self {
            Self::Provider(RootError::Unavailable { .. }) | Self::Connect(_) => {
                Reason::CustomerKeyUnreachable
            }
            Self::Provider(RootError::Refused { .. }) => Reason::CustomerKeyRefused,
            Self::Provider(RootError::WrongRoot { .. }) | Self::Other => Reason::CustomerKeyOther,
            Self::Disabled | Self::RewrapOnly | Self::Unknown => Reason::CustomerKeyDisabled,
            Self::Unverified => Reason::CustomerKeyUnverified,
        }
    }
}
