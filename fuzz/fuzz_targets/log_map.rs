//! Proofs and nodes of a sealed store's map: no panic, and one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_log::map::{MapChild, MapKey, MapNode, MapNodeId, MapProof};
use strongroom_log::sha256;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = MapProof::decode(bytes) {
        assert_eq!(proof.encode(), bytes);
        let key = MapKey::from_bytes([7; 32]);
        assert!(proof.verify(key, None, sha256(b"another")).is_err());
    }
    if let Ok(node) = MapNode::decode(bytes) {
        assert_eq!(node.encode(), bytes);
    }
    if let Ok(child) = MapChild::decode(bytes) {
        assert_eq!(child.encode(), bytes);
    }
    if let Ok(id) = MapNodeId::decode(bytes) {
        assert_eq!(id.encode(), bytes);
    }
});
