//! Customers' keys behind the Providers port.

use std::sync::Arc;

use strongroom_core::ports::{ConnectError, Providers, Root};
use strongroom_types::ProviderKey;

/// Makes keys of descriptions. No provider is built in yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyProviders;

impl Providers for KeyProviders {
    fn connect(&self, description: &ProviderKey) -> Result<Arc<dyn Root>, ConnectError> {
        Err(ConnectError::NotBuilt {
            provider: description.kind(),
        })
    }
}
