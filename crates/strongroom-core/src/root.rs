//! The deployment's root while it moves: what the former root wrapped is read until it is wrapped by
//! the present one.

use std::sync::Arc;

use async_trait::async_trait;
use strongroom_crypto::keys::{Place, Seed};
use strongroom_types::KeyContext;

use crate::ports::{Root, RootError};

/// The present root, and the one whose seeds move to it.
#[derive(Clone, Debug)]
pub(crate) struct MovingRoot {
    pub(crate) present: Arc<dyn Root>,
    pub(crate) former: Arc<dyn Root>,
}

#[async_trait]
impl Root for MovingRoot {
    fn kind(&self) -> &'static str {
        self.present.kind()
    }

    /// What the former root wrapped may not have moved yet.
    fn is_symmetric(&self) -> bool {
        self.present.is_symmetric() && self.former.is_symmetric()
    }

    async fn wrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        seed: &Seed,
    ) -> Result<Vec<u8>, RootError> {
        self.present.wrap(place, context, seed).await
    }

    async fn unwrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        wrapped: &[u8],
    ) -> Result<Seed, RootError> {
        match self.present.unwrap(place, context, wrapped).await {
            Err(error) if is_of_another(&error) => {
                self.former.unwrap(place, context, wrapped).await
            }
            unwrapped => unwrapped,
        }
    }

    async fn probe(&self) -> Result<(), RootError> {
        self.present.probe().await
    }
}

/// Whether another root may have wrapped what this one does not unwrap. Some providers refuse what is
/// not theirs.
const fn is_of_another(error: &RootError) -> bool {
    matches!(
        error,
        RootError::WrongRoot { .. } | RootError::Refused { .. }
    )
}

/// A seed under another root; `None` if it is there already.
///
/// # Errors
/// A provider does not do its duty, or the seed is of neither root.
pub(crate) async fn rewrap(
    place: &Place,
    wrapped: &[u8],
    roots: &MovingRoot,
) -> Result<Option<Vec<u8>>, RootError> {
    match roots.present.unwrap(place, None, wrapped).await {
        Ok(_) => Ok(None),
        Err(error) if is_of_another(&error) => {
            let seed = roots.former.unwrap(place, None, wrapped).await?;
            roots.present.wrap(place, None, &seed).await.map(Some)
        }
        Err(error) => Err(error),
    }
}
