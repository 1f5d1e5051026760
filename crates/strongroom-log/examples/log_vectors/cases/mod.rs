//! All cases. Each failing one differs from one that is read in a single fault.

mod bundle;
mod checkpoint;
mod edit;
mod entry;
mod item;
mod map;
mod opening;
mod proof;
mod receipt;
mod text;

use std::error::Error;

use strongroom_log::{
    ContextUse, ContextUses, Entry, Facts, NoteError, NoteSigner, Opening, Openings, PrivateField,
    sha256,
};
use strongroom_types::{
    ClientId, ContextId, KeyVersion, Kind, Operation, Outcome, Reason, RequestId, Suite,
};

use crate::vector::Vector;

pub(crate) type Cases = Result<Vec<Vector>, Box<dyn Error>>;

/// Every case, in the order of the formats.
pub(crate) fn all() -> Cases {
    let groups = [
        entry::entries()?,
        bundle::bundles()?,
        opening::openings()?,
        item::items()?,
        text::tile_paths(),
        text::verifier_keys()?,
        checkpoint::checkpoints()?,
        receipt::receipts()?,
        proof::inclusion()?,
        proof::consistency()?,
        map::roots()?,
        map::proofs()?,
        map::small_proofs()?,
    ];
    Ok(groups.concat())
}

pub(crate) const ORIGIN: &str = "example.com/strongroom/log";

/// The log's key: an Ed25519 seed of 32 times 7, for the vectors only.
pub(crate) fn signer() -> Result<NoteSigner, NoteError> {
    NoteSigner::from_seed(ORIGIN, &[7; 32])
}

/// An entry with no optional field.
pub(crate) fn plain_entry() -> Entry {
    Entry {
        time_us: 1_700_000_000_000_000,
        operation: Operation::Encrypt,
        outcome: Outcome::Allowed,
        reason: None,
        of: None,
        client: None,
        request_id: RequestId::from_bytes([1; 16]),
        count: 1,
        contexts: ContextUses::none(),
        output: None,
        items: None,
        facts: Facts::default(),
        commitments: Openings::default().commitments(),
    }
}

pub(crate) fn opening(field: PrivateField, value: &str) -> Opening {
    Opening {
        field,
        salt: [0xa0 | field.code(); 32],
        value: value.as_bytes().to_vec(),
    }
}

pub(crate) fn all_openings() -> Openings {
    let mut openings = Openings::default();
    for (field, value) in PrivateField::ALL.into_iter().zip([
        r#"{"issuer":"https://id.example","subject":"alice"}"#,
        r#"[{"organizationId":"org_acme"}]"#,
        "192.0.2.7",
        "example-client/1.0",
        r#"{"ticket":"4711"}"#,
    ]) {
        openings.insert(opening(field, value));
    }
    openings
}

pub(crate) fn context_use(place: u32) -> ContextUse {
    let context = sha256(&place.to_be_bytes());
    ContextUse {
        kind: Kind::Context,
        context: ContextId::from_bytes(*context.as_bytes()),
        key_version: KeyVersion(place + 1),
        suite: Some(Suite::Aes256Gcm),
        count: 1,
    }
}

/// An entry with every optional field, two key contexts and two facts.
pub(crate) fn full_entry() -> Result<Entry, Box<dyn Error>> {
    let mut facts = Facts::default();
    facts.insert("final_after", "2026-12-24T00:00:00Z")?;
    facts.insert("policy", "pol_00000000000000000000000000")?;
    Ok(Entry {
        operation: Operation::Decrypt,
        outcome: Outcome::Denied,
        reason: Some(Reason::LockNotMet),
        of: Some(41),
        client: Some(ClientId::from_bytes([2; 16])),
        count: 2,
        contexts: ContextUses::new(vec![context_use(0), context_use(1)])?,
        output: Some(sha256(b"output")),
        items: Some(sha256(b"items")),
        facts,
        commitments: all_openings().commitments(),
        ..plain_entry()
    })
}
