//! How strong a password is.

use strongroom_crypto::strength::{Strength, measure};
use strongroom_types::Operation;
use zeroize::Zeroizing;

use super::{Bench, Tool};
use crate::denial::{Denial, Invalid};

/// The longest password, in bytes: as for hashing.
const PASSWORD_BYTES_MAX: usize = 4096;

/// A password to be measured.
pub struct PasswordMeasure(pub Zeroizing<String>);

/// Without the password.
impl core::fmt::Debug for PasswordMeasure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PasswordMeasure")
    }
}

impl Tool for PasswordMeasure {
    const OPERATION: Operation = Operation::PasswordMeasure;
    type Answer = Strength;

    fn algorithm(&self) -> &'static str {
        "length and alphabets"
    }

    fn work(&self, _bench: &Bench) -> Result<Strength, Denial> {
        if self.0.len() > PASSWORD_BYTES_MAX {
            return Err(Invalid::Field("password".into()).into());
        }
        Ok(measure(&self.0))
    }
}
