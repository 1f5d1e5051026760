//! A value of a named context.

use strongroom_types::body::{AskedAlgorithm, KeyRef};
use strongroom_types::{ContextName, KeyContext, Suite};

use super::{asked_suite, map_of};
use crate::denial::{Denial, Invalid};

/// A value to be sealed under a named context, or a ciphertext to be opened.
pub struct NamedItem {
    pub(super) name: ContextName,
    pub(super) map: KeyContext,
    pub(super) bytes: Vec<u8>,
    pub(super) associated_data: Option<Vec<u8>>,
    /// The suite that is asked for, in place of the context's.
    pub(super) suite: Option<Suite>,
}

impl NamedItem {
    /// # Errors
    /// The name does not fit into a key context; every name does.
    pub fn new(
        name: ContextName,
        bytes: Vec<u8>,
        associated_data: Option<Vec<u8>>,
    ) -> Result<Self, Denial> {
        Ok(Self {
            map: map_of(&name)?,
            name,
            bytes,
            associated_data,
            suite: None,
        })
    }

    /// Asks for a suite by name. It must be one that the context's policy
    /// allows; guards see it.
    ///
    /// # Errors
    /// There is none of these names.
    pub fn with_algorithm(mut self, asked: Option<AskedAlgorithm>) -> Result<Self, Denial> {
        if let Some(asked) = asked {
            let suite = asked_suite(asked);
            let unknown = || Invalid::Field("algorithm_override".into());
            self.suite = Some(suite.ok_or_else(unknown)?);
        }
        Ok(self)
    }
}

/// Whether a suite is asked for that there is, if one is.
///
/// # Errors
/// There is none of these names.
pub fn check_asked(asked: Option<AskedAlgorithm>) -> Result<(), Denial> {
    let unknown = asked.is_some_and(|asked| asked_suite(asked).is_none());
    if unknown {
        return Err(Invalid::Field("algorithm_override".into()).into());
    }
    Ok(())
}

/// Without the bytes.
impl core::fmt::Debug for NamedItem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NamedItem")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A value that was sealed under a named context.
#[derive(Clone, Debug)]
pub struct NamedSealed {
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
    /// The suite that sealed it.
    pub suite: Suite,
    /// The key that it is under.
    pub key: KeyRef,
    /// What guards say of it that do not block.
    pub warnings: Vec<String>,
}
