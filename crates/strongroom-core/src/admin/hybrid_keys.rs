//! Hybrid keys, administered: made, listed, rotated, destroyed.

use core::marker::PhantomData;

use strongroom_types::body::{HybridKeyCreate, HybridKeyInfo, Page};
use strongroom_types::{ContextId, HybridAlgorithm};

use super::PageQuery;
use super::key_pairs::{Create, Describe, Destroy, List, Rotate};
use crate::ask::{Answered, Ask};
use crate::denial::Refused;
use crate::once::Once;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Makes a hybrid key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when there is one of the name.
    pub async fn hybrid_key_create(
        &self,
        ask: &Ask,
        request: HybridKeyCreate,
    ) -> Result<Answered<HybridKeyInfo>, Refused> {
        let create = Create {
            name: request.name,
            key_context: request.key_context,
            algorithm: request.algorithm,
            drawn: Once::new(),
        };
        self.administer(ask, create).await
    }

    /// Lists the hybrid keys that the caller may use. A page that is not full may have a next one.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn hybrid_keys(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<HybridKeyInfo>>, Refused> {
        self.administer(ask, List::<HybridAlgorithm>(query, PhantomData))
            .await
    }

    /// Describes a hybrid key, public keys and all.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn hybrid_key_describe(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<HybridKeyInfo>, Refused> {
        self.administer(ask, Describe::<HybridAlgorithm>(id, PhantomData))
            .await
    }

    /// Gives a hybrid key a new version. What was sealed to those before still opens.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn hybrid_key_rotate(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<HybridKeyInfo>, Refused> {
        self.administer(ask, Rotate::<HybridAlgorithm>(id, Once::new(), PhantomData))
            .await
    }

    /// Destroys a hybrid key with all its versions, public keys too.
    ///
    /// # Errors
    /// As for [`Strongroom::context_destroy`].
    pub async fn hybrid_key_destroy(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<()>, Refused> {
        self.destroy(ask, Destroy::<HybridAlgorithm>(id, PhantomData))
            .await
    }
}
