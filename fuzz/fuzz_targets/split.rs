//! Split values and grants: no panic, and one spelling of each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::split::{Grant, SplitKeyOf, SplitScope};
use strongroom_types::body::SplitGrant;
use strongroom_types::{ContextId, WorkspaceId};

const SCOPE: SplitScope = SplitScope {
    workspace: WorkspaceId::from_bytes([1; 16]),
    keyset: ContextId::from_bytes([2; 32]),
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok((envelope, _)) = SplitKeyOf::parse(bytes) {
        assert_eq!(envelope.header.encode().as_deref(), Ok(envelope.header_bytes));
    }
    let Ok(body) = serde_json::from_slice::<SplitGrant>(bytes) else {
        return;
    };
    if let Some(grant) = Grant::from_body(SCOPE, &body) {
        assert_eq!(grant.to_body(), body);
    }
});
