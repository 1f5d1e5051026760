//! Grants: the clients' share, sealed to one client and signed by the granting one.

use strongroom_types::ClientId;
use strongroom_types::body::SplitGrant;

use super::client_share::{CHECK_BYTES, ClientShare};
use super::place::SplitScope;
use super::signing::{GrantSigner, SIGNATURE_BYTES, SIGNER_BYTES, is_signed};
use crate::chunked::OVERHEAD_BYTES;
use crate::entropy::Entropy;
use crate::label::Label;
use crate::secret::Secret;
use crate::xwing::{CIPHERTEXT_BYTES, EncapsulateError, PrivateKey, PublicKey};
use crate::{frame, kdf, seal_to};

/// Bytes of a sealed share.
const SEALED_BYTES: usize = CIPHERTEXT_BYTES + OVERHEAD_BYTES + 32;

/// Whose grant it is, and of which share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantPlace {
    /// The keyset.
    pub scope: SplitScope,
    /// The client that it is for.
    pub client: ClientId,
    /// The epoch of the share.
    pub epoch: u32,
    /// Drawn for this grant.
    pub id: [u8; 16],
}

/// A grant as the server keeps it.
///
/// ```text
/// sealed    = X-Wing seal of S to the client's public key, context = label ‖ frame(place)
/// signature = Ed25519(granting key, label ‖ frame(place, check value, sealed))
/// place     = workspace, context id, client, epoch u32 BE, grant id
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose it is.
    pub place: GrantPlace,
    /// The check value of the share.
    pub check: [u8; CHECK_BYTES],
    /// The share, sealed.
    pub sealed: Vec<u8>,
    /// The granting client's signature.
    pub signature: [u8; SIGNATURE_BYTES],
}

/// Why a grant is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantFault {
    /// Another key signed it, or something else.
    #[error("the grant is not signed by the keyset's granting key")]
    Signer,
    /// It is sealed to another key.
    #[error("the grant is not sealed to this client's key")]
    Recipient,
    /// The share in it has another check value.
    #[error("the share in the grant is not the keyset's")]
    Share,
}

impl GrantPlace {
    fn context(&self) -> Vec<u8> {
        let parts = self.epoch.to_be_bytes();
        let framed = frame::list(&self.parts(&parts));
        [Label::SplitGrant.as_bytes(), &framed].concat()
    }

    fn message(&self, check: &[u8], sealed: &[u8]) -> Vec<u8> {
        let epoch = self.epoch.to_be_bytes();
        let [workspace, keyset, client, epoch, id] = self.parts(&epoch);
        let framed = frame::list(&[workspace, keyset, client, epoch, id, check, sealed]);
        [Label::SplitSignature.as_bytes(), &framed].concat()
    }

    fn parts<'a>(&'a self, epoch: &'a [u8; 4]) -> [&'a [u8]; 5] {
        [
            self.scope.workspace.as_bytes(),
            self.scope.keyset.as_bytes(),
            self.client.as_bytes(),
            epoch,
            &self.id,
        ]
    }
}

impl Grant {
    /// Seals the share to a client and signs that.
    ///
    /// # Errors
    /// The public key is not one, or there is no randomness.
    pub fn make(
        place: GrantPlace,
        share: &ClientShare,
        (recipient, signer): (&PublicKey, &GrantSigner),
        entropy: &dyn Entropy,
    ) -> Result<Self, EncapsulateError> {
        let check = share.check(&place.scope, place.epoch);
        let secret = share.secret().expose();
        let sealed = seal_to::seal_to(recipient, &place.context(), secret, entropy)?;
        let signature = signer.sign(&place.message(&check, &sealed))?;
        Ok(Self {
            place,
            check,
            sealed,
            signature,
        })
    }

    /// Reads a grant as it travels; `None` if a part has another length.
    #[must_use]
    pub fn from_body(scope: SplitScope, body: &SplitGrant) -> Option<Self> {
        let place = GrantPlace {
            scope,
            client: body.client,
            epoch: body.epoch,
            id: body.id.0.as_slice().try_into().ok()?,
        };
        let grant = Self {
            place,
            check: body.check.0.as_slice().try_into().ok()?,
            sealed: body.sealed.0.clone(),
            signature: body.signature.0.as_slice().try_into().ok()?,
        };
        (grant.sealed.len() == SEALED_BYTES).then_some(grant)
    }

    /// The grant as it travels.
    #[must_use]
    pub fn to_body(&self) -> SplitGrant {
        SplitGrant {
            id: self.place.id.to_vec().into(),
            client: self.place.client,
            epoch: self.place.epoch,
            check: self.check.to_vec().into(),
            sealed: self.sealed.clone().into(),
            signature: self.signature.to_vec().into(),
        }
    }

    /// Whether the granting key signed it.
    #[must_use]
    pub fn is_signed_by(&self, signer: &[u8; SIGNER_BYTES]) -> bool {
        let message = self.place.message(&self.check, &self.sealed);
        is_signed(signer, &message, &self.signature)
    }

    /// The share, once the signature and its check value are right.
    ///
    /// # Errors
    /// What is wrong with the grant.
    pub fn open(
        &self,
        key: &PrivateKey,
        signer: &[u8; SIGNER_BYTES],
    ) -> Result<ClientShare, GrantFault> {
        if !self.is_signed_by(signer) {
            return Err(GrantFault::Signer);
        }
        let opened = seal_to::open_sealed_to(key, &self.place.context(), &self.sealed);
        let opened = opened.map_err(|_closed| GrantFault::Recipient)?;
        let secret = <[u8; 32]>::try_from(opened.expose()).map_err(|_length| GrantFault::Share)?;
        let share = ClientShare::from_secret(Secret::from_bytes(secret));
        let check = share.check(&self.place.scope, self.place.epoch);
        if kdf::verify(&check, &self.check) {
            Ok(share)
        } else {
            Err(GrantFault::Share)
        }
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::{ContextId, WorkspaceId};

    use super::*;
    use crate::entropy::SystemEntropy;

    fn place() -> GrantPlace {
        GrantPlace {
            scope: SplitScope {
                workspace: WorkspaceId::from_bytes([1; 16]),
                keyset: ContextId::from_bytes([2; 32]),
            },
            client: ClientId::from_bytes([3; 16]),
            epoch: 1,
            id: [4; 16],
        }
    }

    #[test]
    fn a_grant_opens_for_its_client_under_its_signer_only() {
        let share = ClientShare::generate(&SystemEntropy).unwrap();
        let [signer, other_signer] = [0, 1].map(|_| GrantSigner::generate(&SystemEntropy).unwrap());
        let [key, other_key] = [0, 1].map(|_| PrivateKey::generate(&SystemEntropy).unwrap());
        let keys = (key.public_key(), &signer);
        let grant = Grant::make(place(), &share, keys, &SystemEntropy).unwrap();
        assert!(grant.open(&key, signer.public()).unwrap() == share);
        let travelled = Grant::from_body(place().scope, &grant.to_body());
        assert_eq!(travelled.as_ref(), Some(&grant));
        let opened = grant.open(&other_key, signer.public());
        assert_eq!(opened.unwrap_err(), GrantFault::Recipient);
        let opened = grant.open(&key, other_signer.public());
        assert_eq!(opened.unwrap_err(), GrantFault::Signer);
    }

    #[test]
    fn every_part_of_a_grant_is_signed() {
        let share = ClientShare::generate(&SystemEntropy).unwrap();
        let signer = GrantSigner::generate(&SystemEntropy).unwrap();
        let key = PrivateKey::generate(&SystemEntropy).unwrap();
        let keys = (key.public_key(), &signer);
        let grant = Grant::make(place(), &share, keys, &SystemEntropy).unwrap();
        let mut moved = vec![grant; 8];
        moved[0].place.scope.workspace = WorkspaceId::from_bytes([9; 16]);
        moved[1].place.scope.keyset = ContextId::from_bytes([9; 32]);
        moved[2].place.client = ClientId::from_bytes([9; 16]);
        moved[3].place.epoch = 2;
        moved[4].place.id = [9; 16];
        moved[5].check[0] ^= 1;
        moved[6].sealed[1200] ^= 1;
        moved[7].signature[0] ^= 1;
        for (at, moved) in moved.iter().enumerate() {
            let opened = moved.open(&key, signer.public());
            assert_eq!(opened.unwrap_err(), GrantFault::Signer, "{at}");
        }
    }

    #[test]
    fn a_share_of_another_check_value_is_named() {
        let [share, other] = [0, 1].map(|_| ClientShare::generate(&SystemEntropy).unwrap());
        let signer = GrantSigner::generate(&SystemEntropy).unwrap();
        let key = PrivateKey::generate(&SystemEntropy).unwrap();
        let keys = (key.public_key(), &signer);
        let mut grant = Grant::make(place(), &share, keys, &SystemEntropy).unwrap();
        grant.check = other.check(&grant.place.scope, 1);
        let message = grant.place.message(&grant.check, &grant.sealed);
        grant.signature = signer.sign(&message).unwrap();
        let opened = grant.open(&key, signer.public());
        assert_eq!(opened.unwrap_err(), GrantFault::Share);
    }
}
