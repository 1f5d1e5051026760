//! Making, counting, opening and destroying sealed stores.

use reqwest::Method;
use strongroom_crypto::entropy::{Entropy as _, SystemEntropy};
use strongroom_log::Hash;
use strongroom_types::body::{
    Evaluate, Evaluated, Page, SealedStoreCreate, SealedStoreInfo, SlotInfo, SlotKind, SlotPut,
    SlotSummary,
};
use strongroom_types::{Bytes, StoreName};

use super::fault::{Lie, StoreError};
use super::passphrase::{PassphraseError, Stretched};
use super::root::{StoreRoot, StoreScope};
use super::sealed_store::SealedStore;
use super::secret::ClientSecret;
use super::slot::WrappedRoot;
use crate::admin::PageQuery;
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// What opens a slot.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// A generated secret.
    Secret(&'a ClientSecret),
    /// A passphrase. The server takes part in each try, counts them, and allows ten an hour.
    Passphrase(&'a str),
}

impl Unlock<'_> {
    /// Whether it can be what opens a slot, before anything is made for it.
    fn check(&self) -> Result<(), PassphraseError> {
        match self {
            Self::Secret(_) => Ok(()),
            Self::Passphrase(passphrase) => Stretched::check(passphrase),
        }
    }

    const fn kind(&self) -> SlotKind {
        match self {
            Self::Secret(_) => SlotKind::Secret,
            Self::Passphrase(_) => SlotKind::Passphrase,
        }
    }
}

impl core::fmt::Debug for Unlock<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.kind().name())
    }
}

/// Sealed stores: names and values that the server cannot read.
#[derive(Clone, Copy, Debug)]
pub struct Stores<'a>(pub(crate) &'a Client);

impl Client {
    /// Sealed stores.
    #[must_use]
    pub const fn stores(&self) -> Stores<'_> {
        Stores(self)
    }
}

impl Stores<'_> {
    /// Makes a store with one slot, and opens it.
    ///
    /// # Errors
    /// The server refused or did not answer; `conflict` tells that there is one of the name.
    pub async fn create(
        &self,
        request: &SealedStoreCreate,
        slot: &StoreName,
        unlock: Unlock<'_>,
    ) -> Result<SealedStore, StoreError> {
        unlock.check()?;
        let made: SealedStoreInfo = self.0.create("/v1/stores", request).await?;
        let scope = StoreScope {
            workspace: made.workspace,
            store: request.name.clone(),
        };
        let root = StoreRoot::generate(&SystemEntropy)?;
        let place = (&scope, slot, made.epoch);
        if let Err(error) = self.put_slot(&root, place, unlock, false).await {
            // Nothing opens it, so that nobody can have put anything into it.
            let _left_behind = self.delete(&request.name).await;
            return Err(error);
        }
        Ok(SealedStore::new(self.0.clone(), root, scope, made.epoch))
    }

    /// Counts the sealed stores. Nothing lists what is in one.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<SealedStoreInfo>, ClientError> {
        self.0.list("/v1/stores", query).await
    }

    /// Destroys a store with all that it holds.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn delete(&self, store: &StoreName) -> Result<(), ClientError> {
        remove(self.0, format!("/v1/stores/{store}")).await
    }

    /// Opens a store by one of its slots.
    ///
    /// # Errors
    /// The secret does not open the slot; the server refused or did not answer.
    pub async fn open(
        &self,
        store: &StoreName,
        slot: &StoreName,
        unlock: Unlock<'_>,
    ) -> Result<SealedStore, StoreError> {
        let path = slot_path(store, slot);
        let info: SlotInfo = Call::get(&path).answer(self.0).await?;
        if info.slot != *slot {
            return Err(Lie::Malformed.into());
        }
        let scope = StoreScope {
            workspace: info.workspace,
            store: store.clone(),
        };
        let hardened;
        let secret = match (info.kind, unlock) {
            (SlotKind::Secret, Unlock::Secret(secret)) => secret,
            (SlotKind::Passphrase, Unlock::Passphrase(passphrase)) => {
                let salt = info
                    .salt
                    .as_ref()
                    .and_then(|salt| salt.0.as_slice().try_into().ok());
                let salt = salt.ok_or(Lie::Malformed)?;
                let (secret, _) = self
                    .harden(passphrase, &salt, (&scope, slot), "evaluate")
                    .await?;
                hardened = secret;
                &hardened
            }
            (SlotKind::Secret | SlotKind::Passphrase, _) => return Err(StoreError::SlotKind),
        };
        let wrapped = WrappedRoot {
            slot: info.slot,
            kind: info.kind,
            epoch: info.epoch,
            sealed: info.wrapped.0,
        };
        let root = wrapped.unwrap(secret, &scope);
        let root = root.map_err(|_other_secret| StoreError::Secret)?;
        Ok(SealedStore::new(self.0.clone(), root, scope, info.epoch))
    }

    /// Lists the slots of a store.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn slots(&self, store: &StoreName) -> Result<Vec<SlotSummary>, ClientError> {
        let path = format!("/v1/stores/{store}/slots");
        let page: Page<SlotSummary> = Call::get(path).answer(self.0).await?;
        Ok(page.items)
    }

    /// Removes a slot: its secret opens nothing any more. Whoever opened it before may have kept the
    /// store's root.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn remove_slot(
        &self,
        store: &StoreName,
        slot: &StoreName,
    ) -> Result<(), ClientError> {
        remove(self.0, slot_path(store, slot)).await
    }

    /// Wraps a root for a secret, and has it kept.
    pub(super) async fn put_slot(
        &self,
        root: &StoreRoot,
        (scope, slot, epoch): (&StoreScope, &StoreName, u32),
        unlock: Unlock<'_>,
        replace: bool,
    ) -> Result<(), StoreError> {
        let kind = unlock.kind();
        let (hardened, mut salt, mut ticket);
        (salt, ticket) = (None, None);
        let secret = match unlock {
            Unlock::Secret(secret) => secret,
            Unlock::Passphrase(passphrase) => {
                let mut drawn = [0; Stretched::SALT_BYTES];
                SystemEntropy.fill(&mut drawn)?;
                let made = self.harden(passphrase, &drawn, (scope, slot), "prepare");
                (hardened, ticket) = made.await?;
                salt = Some(drawn.into());
                &hardened
            }
        };
        let place = (scope, slot.clone(), kind, epoch);
        let wrapped = WrappedRoot::wrap(root, secret, place, &SystemEntropy)?;
        let put = SlotPut {
            kind,
            epoch,
            wrapped: wrapped.sealed.into(),
            salt,
            ticket,
            replace,
        };
        let path = slot_path(&scope.store, slot);
        let _kept: SlotInfo = self.0.change(Method::PUT, path, &put).await?;
        Ok(())
    }

    /// Hardens a passphrase with the server's part.
    async fn harden(
        &self,
        passphrase: &str,
        salt: &[u8; Stretched::SALT_BYTES],
        (scope, slot): (&StoreScope, &StoreName),
        step: &str,
    ) -> Result<(ClientSecret, Option<Bytes>), StoreError> {
        let (passphrase, salt) = (zeroize::Zeroizing::new(passphrase.to_owned()), *salt);
        // Argon2id takes a while, and blocks no other task meanwhile.
        let stretched =
            tokio::task::spawn_blocking(move || Stretched::new(&passphrase, &salt, &SystemEntropy));
        let stretched = stretched
            .await
            .map_err(|_panicked| PassphraseError::Argon2)??;
        let request = Evaluate {
            blinded: (*stretched.blinded()).into(),
        };
        let path = format!("{}/{step}", slot_path(&scope.store, slot));
        let answer: Evaluated = Call::post(path).json(&request).answer(self.0).await?;
        let secret = stretched.finish(&answer.evaluated.0, scope, slot)?;
        Ok((secret, answer.ticket))
    }
}

async fn remove(client: &Client, path: String) -> Result<(), ClientError> {
    Call::new(Method::DELETE, path).send(client).await?;
    Ok(())
}

fn slot_path(store: &StoreName, slot: &StoreName) -> String {
    format!("/v1/stores/{store}/slots/{slot}")
}

/// 32 bytes of an answer.
pub(super) fn hash_of(bytes: &Bytes) -> Result<Hash, Lie> {
    let bytes = bytes.0.as_slice().try_into();
    bytes
        .map(Hash::from_bytes)
        .map_err(|_other_length| Lie::Malformed)
}
