//! Signing keys, administered: made, listed, rotated, destroyed.

use core::marker::PhantomData;

use strongroom_types::body::{Page, SigningKeyCreate, SigningKeyInfo};
use strongroom_types::{ContextId, SigningAlgorithm};

use super::PageQuery;
use super::key_pairs::{Create, Describe, Destroy, List, Rotate};
use crate::ask::{Answered, Ask};
use crate::denial::Refused;
use crate::once::Once;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Makes a signing key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when there is one of the name.
    pub async fn signing_key_create(
        &self,
        ask: &Ask,
        request: SigningKeyCreate,
    ) -> Result<Answered<SigningKeyInfo>, Refused> {
        let create = Create {
            name: request.name,
            key_context: request.key_context,
            algorithm: request.algorithm,
            drawn: Once::new(),
        };
        self.administer(ask, create).await
    }

    /// Lists the signing keys that the caller may use. A page that is not full may have a next one.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn signing_keys(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<SigningKeyInfo>>, Refused> {
        self.administer(ask, List::<SigningAlgorithm>(query, PhantomData))
            .await
    }

    /// Describes a signing key, public keys and all.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn signing_key_describe(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<SigningKeyInfo>, Refused> {
        self.administer(ask, Describe::<SigningAlgorithm>(id, PhantomData))
            .await
    }

    /// Gives a signing key a new version, and erases the private key of the one before.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn signing_key_rotate(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<SigningKeyInfo>, Refused> {
        self.administer(
            ask,
            Rotate::<SigningAlgorithm>(id, Once::new(), PhantomData),
        )
        .await
    }

    /// Destroys a signing key with all its versions, public keys too.
    ///
    /// # Errors
    /// As for [`Strongroom::context_destroy`].
    pub async fn signing_key_destroy(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<()>, Refused> {
        self.destroy(ask, Destroy::<SigningAlgorithm>(id, PhantomData))
            .await
    }
}
