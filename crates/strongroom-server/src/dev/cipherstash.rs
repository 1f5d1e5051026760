//! What CipherStash's clients need of a workspace.

use strongroom_core::{KeysetClientCreate, Strongroom, WhichKeyset};
use strongroom_types::{Bytes, IssuerId};

use super::state::{CipherStashKeys, DevWorkspace};
use super::{DevError, new_client, request_id};
use crate::compat::{client_key, member, operator};
use crate::server::own_ask;

/// Makes a client of keysets, an access key, and a client as which identities act.
pub(super) async fn set_up(room: &Strongroom, api_key: &str) -> Result<CipherStashKeys, DevError> {
    let administrator = new_client(room, api_key, "cipherstash", &operator()).await?;
    let identities = new_client(room, api_key, "cipherstash identities", &member()).await?;
    let request = KeysetClientCreate {
        keyset: WhichKeyset::Home,
        name: "development".to_owned(),
        description: String::new(),
    };
    let ask = own_ask(&administrator.api_key.secret, request_id()?);
    let made = room.keyset_client_create(&ask, request).await?.value;
    Ok(CipherStashKeys {
        api_key: administrator.api_key.secret,
        client_id: made.info.id,
        client_key: Bytes(client_key(&made.share).to_vec()),
        identities: identities.client.id,
        issuer: None,
    })
}

/// Lets the identities of the built-in issuer act by themselves, unless they may.
pub(super) async fn let_act(
    room: &Strongroom,
    workspace: &mut DevWorkspace,
    issuer: IssuerId,
) -> Result<(), DevError> {
    let Some(keys) = &mut workspace.cipherstash else {
        return Ok(());
    };
    if keys.issuer != Some(issuer) {
        let ask = own_ask(&workspace.api_key, request_id()?);
        room.issuer_act_as(&ask, issuer, Some(keys.identities))
            .await?;
        keys.issuer = Some(issuer);
    }
    Ok(())
}
