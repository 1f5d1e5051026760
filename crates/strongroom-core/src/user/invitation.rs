//! Invitations, and their secret as text.
//!
//! ```text
//! invitation token = "sri_" ‖ base32(workspace id, 16 bytes ‖ invitation id, 16 bytes ‖ secret, 32 bytes)
//! ```
//!
//! It is no credential but for accepting: nothing else reads it.

use serde::{Deserialize, Serialize};
use strongroom_crypto::kdf;
use strongroom_crypto::secret::Secret;
use strongroom_types::{Bytes, ClientId, ContextName, InvitationId, WorkspaceId, base32};
use zeroize::Zeroizing;

use super::Role;
use crate::denial::Denial;
use crate::ports::{Micros, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// What an invitation's token starts with.
const PREFIX: &str = "sri_";

/// An invitation as it stands at one state epoch.
#[derive(Debug)]
pub(crate) struct Invitation {
    pub(crate) id: InvitationId,
    pub(crate) created: Micros,
    pub(crate) body: InvitationBody,
}

/// The part of an invitation's record that is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InvitationBody {
    pub(crate) email: String,
    #[serde(with = "role_name")]
    pub(crate) role: Role,
    /// The named contexts of the user to be; those of whoever invites, if absent.
    pub(crate) contexts: Option<Vec<ContextName>>,
    pub(crate) inviter: ClientId,
    pub(crate) expires: Micros,
    /// Keyed hash of the secret.
    pub(crate) hash: Bytes,
}

/// A role as records write it.
mod role_name {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Role;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    pub(super) fn serialize<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(role.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Role, D::Error> {
        let name = String::deserialize(from)?;
        Role::named(&name).ok_or_else(|| de::Error::custom("no role has this name"))
    }
}

impl InvitationBody {
    /// Whether its time is not over.
    pub(crate) fn lasts(&self, now: Micros) -> bool {
        now < self.expires
    }
}

/// An invitation's token.
pub(crate) struct InvitationToken {
    pub(crate) workspace: WorkspaceId,
    pub(crate) invitation: InvitationId,
    pub(crate) secret: Secret<32>,
}

impl InvitationToken {
    /// Reads the text of a token; `None` for every other.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(base32::decode(text.strip_prefix(PREFIX)?)?);
        let (workspace, rest) = bytes.split_first_chunk::<16>()?;
        let (invitation, secret) = rest.split_first_chunk::<16>()?;
        Some(Self {
            workspace: WorkspaceId::from_bytes(*workspace),
            invitation: InvitationId::from_bytes(*invitation),
            secret: Secret::from_bytes(secret.try_into().ok()?),
        })
    }

    pub(crate) fn format(&self) -> Zeroizing<String> {
        let (workspace, invitation) = (self.workspace.as_bytes(), self.invitation.as_bytes());
        let parts = [workspace.as_slice(), invitation, self.secret.expose()];
        let bytes = Zeroizing::new(parts.concat());
        Zeroizing::new(format!("{PREFIX}{}", base32::encode(&bytes)))
    }
}

impl Strongroom {
    /// `HMAC-SHA-256(credentials key, label ‖ frame(workspace id, invitation id, secret))`
    pub(crate) fn invitation_hash(&self, token: &InvitationToken) -> [u8; 32] {
        let (workspace, invitation) = (token.workspace.as_bytes(), token.invitation.as_bytes());
        let parts: [&[u8]; 3] = [workspace, invitation, token.secret.expose()];
        self.deployment.invitation_hash(&parts)
    }

    /// The invitation that a token is of, if it can be accepted now. One that was accepted, was
    /// withdrawn or has ended is as unknown as none.
    ///
    /// # Errors
    /// There is none, or the store does not answer.
    pub(crate) async fn invitation_of(
        &self,
        state: &WorkspaceState,
        token: &InvitationToken,
    ) -> Result<Invitation, Denial> {
        let (kind, id) = (RecordKind::Invitation, token.invitation.to_string());
        let row = self.store.record(state.id, kind, &id).await?;
        let row = row.ok_or(Denial::Unauthenticated)?;
        let invitation = record::invitation(&state.keys, state.id, &row)?;
        let body = &invitation.body;
        let known = kdf::verify(&body.hash.0, &self.invitation_hash(token));
        if !known || !body.lasts(self.time.now()) {
            return Err(Denial::Unauthenticated);
        }
        Ok(invitation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_has_one_spelling_and_is_no_other_credential() {
        let token = InvitationToken {
            workspace: WorkspaceId::from_bytes([1; 16]),
            invitation: InvitationId::from_bytes([2; 16]),
            secret: Secret::from_bytes([3; 32]),
        };
        let text = token.format();
        let read = InvitationToken::parse(&text).unwrap();
        let place = (token.workspace, token.invitation);
        assert_eq!((read.workspace, read.invitation), place);
        assert_eq!(read.secret.expose(), &[3; 32]);
        assert!(!crate::door::is_api_key(&text));
        assert!(crate::application::RefreshToken::parse(&text).is_none());
        for wrong in [
            text.replace("sri_", "srr_"),
            text.to_uppercase(),
            format!("{}0", *text),
            text.chars().take(60).collect(),
            String::new(),
        ] {
            assert!(InvitationToken::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
