//! What wraps a seed, by name.

use core::fmt;
use core::str::FromStr;

use strongroom_types::{CustomerKeyId, KeyVersion};

/// The key that wraps the seeds of a key context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrapper {
    /// A version of the workspace's root: `root/1`.
    Root(KeyVersion),
    /// A customer's own key: `ck_…`.
    Customer(CustomerKeyId),
}

impl Wrapper {
    /// The customer's key, if it is one.
    #[must_use]
    pub const fn customer(&self) -> Option<CustomerKeyId> {
        match self {
            Self::Root(_) => None,
            Self::Customer(id) => Some(*id),
        }
    }
}

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(version) => write!(f, "root/{version}"),
            Self::Customer(id) => id.fmt(f),
        }
    }
}

/// A text that names no wrapper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a wrapping key")]
pub struct WrapperError;

impl FromStr for Wrapper {
    type Err = WrapperError;

    fn from_str(text: &str) -> Result<Self, WrapperError> {
        match text.strip_prefix("root/") {
            Some(version) => {
                let parsed = version
                    .parse()
                    .ok()
                    .map(|number| Self::Root(KeyVersion(number)));
                parsed.filter(|wrapper| wrapper.to_string() == text)
            }
            None => text.parse().ok().map(Self::Customer),
        }
        .ok_or(WrapperError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrapper_has_one_name() {
        for wrapper in [
            Wrapper::Root(KeyVersion(1)),
            Wrapper::Root(KeyVersion(u32::MAX)),
            Wrapper::Customer(CustomerKeyId::from_bytes([7; 16])),
        ] {
            assert_eq!(wrapper.to_string().parse(), Ok(wrapper));
        }
        for wrong in [
            "", "root", "root/", "root/01", "root/+1", "root/x", "ck_", "pol_",
        ] {
            assert_eq!(wrong.parse::<Wrapper>(), Err(WrapperError), "{wrong}");
        }
    }
}
