//! What clients of keysets get.

use strongroom_crypto::keys::KEY_MATERIAL_BYTES;
use strongroom_crypto::secret::Secret;
use strongroom_types::body::KeysetInfo;

use super::KeysetPolicy;

/// A new data key.
#[derive(Debug)]
pub struct GeneratedKey {
    /// What the client makes its key of.
    pub material: Secret<KEY_MATERIAL_BYTES>,
    /// What it keeps, and shows to get the material again.
    pub tag: Vec<u8>,
    /// The policy with a value for each condition: what it keeps and shows as well.
    pub policy: Option<KeysetPolicy>,
}

/// A keyset, for a client that begins to use it.
#[derive(Debug)]
pub struct LoadedKeyset {
    /// What is said of it.
    pub info: KeysetInfo,
    /// What the client makes the keys of its index terms of.
    pub index_key: Secret<KEY_MATERIAL_BYTES>,
}
