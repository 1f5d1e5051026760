//! What CryptoServe's clients need of a workspace.

use strongroom_core::{Denial, NamedContextCreate, Role, Strongroom};
use strongroom_types::ContextName;
use strongroom_types::body::{AlgorithmPolicy, PolicyEnforcement};

use super::state::CryptoServeKeys;
use super::{DevError, make_client, request_id};
use crate::compat::SHIPPED;
use crate::server::own_ask;

/// Declares the contexts that there are, and makes an owner and a viewer.
pub(super) async fn set_up(room: &Strongroom, api_key: &str) -> Result<CryptoServeKeys, DevError> {
    for (name, display_name, config) in SHIPPED {
        let name: ContextName = name.parse().map_err(|_no_name| DevError::Damaged)?;
        let request = NamedContextCreate {
            name,
            display_name: display_name.to_owned(),
            description: String::new(),
            config: serde_json::from_str(config).map_err(|_shape| DevError::Damaged)?,
            algorithm_policy: AlgorithmPolicy::default(),
            enforcement: PolicyEnforcement::default(),
        };
        let ask = own_ask(api_key, request_id()?);
        match room.named_context_create(&ask, request).await {
            Ok(_) => {}
            // A start before this one came so far.
            Err(refused) if matches!(refused.denial, Denial::Conflict(_)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    let (owner, viewer) = (Role::Owner.permissions(), Role::Viewer.permissions());
    Ok(CryptoServeKeys {
        owner: make_client(room, api_key, "cryptoserve owner", &owner).await?,
        viewer: make_client(room, api_key, "cryptoserve viewer", &viewer).await?,
    })
}
