//! The store that the vectors are of, from what stands in them.

use strongroom_client::store::{StoreRoot, StoreScope};
use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_types::WorkspaceId;

/// Bytes that are drawn again and again.
#[derive(Debug)]
pub(crate) struct Fixed<'a>(pub(crate) &'a [u8]);

impl Entropy for Fixed<'_> {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyUnavailable> {
        let drawn = self.0.iter().cycle();
        for (byte, drawn) in out.iter_mut().zip(drawn) {
            *byte = *drawn;
        }
        Ok(())
    }
}

/// A root of these bytes.
pub(crate) fn root(bytes: &[u8]) -> StoreRoot {
    StoreRoot::generate(&Fixed(bytes)).unwrap()
}

/// The store of this name in this workspace.
pub(crate) fn scope(workspace: &[u8], store: &str) -> StoreScope {
    StoreScope {
        workspace: WorkspaceId::from_bytes(workspace.try_into().unwrap()),
        store: store.parse().unwrap(),
    }
}
