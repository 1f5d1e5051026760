//! Idempotency-Key: a repeated request does not create twice.
//!
//! The record, scoped to workspace, client and identity, commits with what was made. It holds keyed
//! hashes and the id of what was made, or a data key as its caller keeps it: wrapped. Never a secret.

use strongroom_types::WorkspaceId;

use crate::ask::{Ask, Idempotency};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid};
use crate::ports::{Change, IdempotencyRow, Micros};
use crate::strongroom::Strongroom;
use crate::time::seconds;

/// How long a key is remembered.
const LIFETIME: Micros = seconds(24 * 3600);
/// The longest Idempotency-Key, in bytes.
const KEY_BYTES_MAX: usize = 255;

impl Strongroom {
    /// What this request made before, under the same key.
    pub(crate) async fn made_before(
        &self,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Option<String>, Denial> {
        let Some(idempotency) = &ask.idempotency else {
            return Ok(None);
        };
        if !(1..=KEY_BYTES_MAX).contains(&idempotency.key.len()) {
            return Err(Invalid::Header("Idempotency-Key").into());
        }
        let key = self.idempotency_key(caller, idempotency);
        let row = self
            .store
            .idempotency(caller.state.id, &key, self.time.now())
            .await?;
        match row {
            None => Ok(None),
            Some(row) if row.request == self.idempotency_request(caller.state.id, idempotency) => {
                Ok(Some(row.made))
            }
            Some(_) => Err(Denial::IdempotencyMismatch),
        }
    }

    /// The row that remembers what this request makes.
    pub(crate) fn remember_made(&self, caller: &Caller, ask: &Ask, made: String) -> Option<Change> {
        let idempotency = ask.idempotency.as_ref()?;
        Some(Change::InsertIdempotency(IdempotencyRow {
            key: self.idempotency_key(caller, idempotency),
            request: self.idempotency_request(caller.state.id, idempotency),
            made,
            expires: self.time.now().saturating_add(LIFETIME),
        }))
    }

    fn idempotency_key(&self, caller: &Caller, idempotency: &Idempotency) -> Vec<u8> {
        let identity = caller.identity.as_ref();
        let issuer = identity.map(|identity| identity.issuer);
        let parts = [
            b"key".as_slice(),
            caller.state.id.as_bytes(),
            caller.client.id.as_bytes(),
            issuer
                .as_ref()
                .map_or(&[], |issuer| issuer.as_bytes().as_slice()),
            identity.map_or(&[], |identity| identity.subject.as_bytes()),
            idempotency.key.as_bytes(),
        ];
        self.deployment.idempotency_hash(&parts).to_vec()
    }

    fn idempotency_request(&self, workspace: WorkspaceId, idempotency: &Idempotency) -> Vec<u8> {
        let parts = [
            b"request".as_slice(),
            workspace.as_bytes(),
            &idempotency.request_digest,
        ];
        self.deployment.idempotency_hash(&parts).to_vec()
    }
}
