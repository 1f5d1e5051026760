//! What another product sealed for a named context.
//!
//! ```text
//! imported key   a value of the named context's own, under a fresh data key of its context key, by the
//!                name that its ciphertexts call it: all keys that it can have been
//! ```
//!
//! So it is suspended, destroyed and moved to a customer's key with its context. Nothing seals with it. Which
//! formats open, the named context says, and a context policy that lists formats; the context that a header
//! names must be the one that the request names.

use std::sync::Arc;

use strongroom_crypto::foreign::cryptoserve::Ciphertext;
use strongroom_crypto::frame;
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::body::GuardedOperation;
use strongroom_types::{ContextId, Format, KeyVersion, Kind, Suite, WorkspaceId};

use super::NamedItem;
use super::find::NamedContext;
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial};
use crate::door::keyring::{ContextKeys, ImportedOpener, SealSpec};
use crate::door::{ItemPermit, KeyUse, Stopped};
use crate::fips::Algorithm;
use crate::ports::{InStore, SealedStoreValue};
use crate::stores::envelope;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// The longest material of a key.
pub(crate) const RING_BYTES_MAX: usize = strongroom_crypto::foreign::cryptoserve::RING_BYTES_MAX;

/// How much more a byte weighs in a batch that is tried with one key after another: so a batch has 8 MiB of
/// such, and one of another kind as before.
const TRIED_WEIGHS: usize = 8;

/// Where an imported key is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImportedPlace<'a> {
    pub(crate) context: ContextId,
    pub(crate) key_id: &'a str,
}

impl ImportedPlace<'_> {
    /// The name of its row.
    pub(crate) fn value_name(&self, state: &WorkspaceState) -> Vec<u8> {
        let keys = &state.keys.context_id;
        keys.store_value_name(self.context, self.key_id.as_bytes())
            .to_vec()
    }

    /// What it is bound to: `frame("imported key", workspace, key context, id, version)`.
    pub(crate) fn bound(&self, workspace: WorkspaceId, version: u64) -> Vec<u8> {
        let version = version.to_be_bytes();
        let parts: [&[u8]; 5] = [
            b"imported key",
            workspace.as_bytes(),
            self.context.as_bytes(),
            self.key_id.as_bytes(),
            &version,
        ];
        let mut bound = Vec::with_capacity(160);
        frame::push_list(&mut bound, parts.into_iter());
        bound
    }
}

/// A ciphertext of another product that may be opened once its entry is durable.
#[derive(Debug)]
pub(super) struct Imported {
    pub(super) keys: Arc<ContextKeys>,
    pub(super) format: Format,
    /// What it weighs in a batch.
    pub(super) holds: usize,
    /// How it is sealed, if FIPS mode does not approve it.
    pub(super) unapproved: Option<Algorithm>,
    key: OpensWith,
}

#[derive(Debug)]
enum OpensWith {
    Kept {
        sealed: Box<SealedStoreValue>,
        bound: Vec<u8>,
    },
    Bundle(KeyVersion),
}

/// The name of the key that clients of a named context get: `{key context}/{version}`.
pub(super) fn bundle_key_id(keys: &ContextKeys) -> String {
    format!("{}/{}", keys.id, keys.active.0)
}

/// Whether a key's name is one of ours: none of theirs has a slash.
fn names_bundle(key_id: &str) -> bool {
    key_id.contains('/')
}

/// The version of the key that clients of this named context got.
fn bundle_version(context: ContextId, key_id: &str) -> Option<KeyVersion> {
    let (id, version) = key_id.split_once('/')?;
    let own = id.parse().ok() == Some(context);
    version.parse().ok().map(KeyVersion).filter(|_| own)
}

/// The ciphertext, read again where it is opened.
fn read(bytes: &[u8]) -> Result<Ciphertext<'_>, Denial> {
    Ciphertext::parse(bytes).map_err(|_not_theirs| Denial::Ciphertext(CiphertextFault::Malformed))
}

impl Strongroom {
    /// Finds what opens a ciphertext of another product, if its header agrees with the request and the context
    /// opens its format.
    pub(super) async fn find_imported(
        &self,
        caller: &Caller,
        named: &NamedContext,
        item: &NamedItem,
    ) -> Result<(Imported, KeyUse), Stopped> {
        let ciphertext = read(&item.bytes)?;
        let says = ciphertext.context();
        if says.is_some_and(|context| context != item.name.as_str()) {
            return Err(Denial::Ciphertext(CiphertextFault::OtherContext).into());
        }
        let found = if names_bundle(ciphertext.key_id()) {
            let version = bundle_version(named.id, ciphertext.key_id());
            let version = version.ok_or(Denial::Ciphertext(CiphertextFault::KeyVersion))?;
            self.find_bundle(caller, named, version, &ciphertext).await
        } else {
            self.find_kept(caller, named, &ciphertext).await
        }?;
        let symmetric = self.wraps_symmetrically(&caller.state, found.0.keys.wrapper());
        // The suite is replaced by how theirs is sealed.
        let of = (GuardedOperation::Decrypt, Suite::default());
        let opening = named.use_now(self, caller, of, symmetric);
        let guards = &caller.state.guards;
        guards.admit_imported(&opening, ciphertext.algorithm())?;
        Ok(found)
    }

    async fn find_kept(
        &self,
        caller: &Caller,
        named: &NamedContext,
        ciphertext: &Ciphertext<'_>,
    ) -> Result<(Imported, KeyUse), Stopped> {
        let format = ciphertext.format();
        if !named.body.formats.contains(&format) {
            return Err(Denial::FormatNotAccepted.into());
        }
        let (state, context) = (&caller.state, named.id);
        let place = ImportedPlace {
            context,
            key_id: ciphertext.key_id(),
        };
        let name = place.value_name(state);
        let found = self.store.store_value(state.id, context, &name).await?;
        let InStore::Value(sealed) = found else {
            return Err(Denial::Ciphertext(CiphertextFault::KeyVersion).into());
        };
        let row = envelope(&sealed)?;
        let of = (Kind::Named, context);
        let keys = self.keys_of_kept_value(caller, of, &row).await?;
        keys.rules.check_imported(format)?;
        let key_use = KeyUse::opening(&keys, &row);
        let bound = place.bound(state.id, sealed.row.version);
        let tried = ciphertext.tried_bytes().saturating_mul(TRIED_WEIGHS);
        let row_bytes = sealed.prefix.len() + sealed.body.len();
        let sealed = Box::new(sealed);
        let imported = Imported {
            keys,
            format,
            holds: tried.saturating_add(row_bytes),
            unapproved: Algorithm::unapproved_of(format, ciphertext.algorithm()),
            key: OpensWith::Kept { sealed, bound },
        };
        Ok((imported, key_use))
    }

    async fn find_bundle(
        &self,
        caller: &Caller,
        named: &NamedContext,
        version: KeyVersion,
        ciphertext: &Ciphertext<'_>,
    ) -> Result<(Imported, KeyUse), Stopped> {
        if !named.body.key_bundle || ciphertext.format() != Format::CsSdkV4 {
            return Err(Denial::FormatNotAccepted.into());
        }
        let keys = self.keys_of_bundle(caller, named.id, version).await?;
        keys.rules.check_imported(Format::CsSdkV4)?;
        let key_use = KeyUse::opening_version(&keys, version);
        let imported = Imported {
            keys,
            format: Format::CsSdkV4,
            holds: 0,
            unapproved: Algorithm::unapproved_of(Format::CsSdkV4, ciphertext.algorithm()),
            key: OpensWith::Bundle(version),
        };
        Ok((imported, key_use))
    }
}

impl Imported {
    pub(super) fn open(&self, permit: ItemPermit, item: &NamedItem) -> Result<SecretBytes, Denial> {
        let ciphertext = read(&item.bytes)?;
        let associated_data = item.associated_data.as_deref();
        let opener = self.opener()?;
        let keys = &self.keys;
        keys.open_imported(permit, &opener, &ciphertext, associated_data)
    }

    pub(super) fn rewrap(
        &self,
        permit: ItemPermit,
        item: &NamedItem,
        under: (&ContextKeys, &SealSpec<'_>),
    ) -> Result<Vec<u8>, Denial> {
        let ciphertext = read(&item.bytes)?;
        let opener = self.opener()?;
        self.keys
            .rewrap_imported(permit, &opener, &ciphertext, under)
    }

    fn opener(&self) -> Result<ImportedOpener<'_>, Denial> {
        Ok(match &self.key {
            OpensWith::Kept { sealed, bound } => {
                ImportedOpener::Kept(bound, Box::new(envelope(sealed)?))
            }
            OpensWith::Bundle(version) => ImportedOpener::Bundle(*version),
        })
    }
}
