//! Passwords that the caller brings, hashed and checked. No key of Strongroom's takes part; each is an
//! entry that tells nothing of the password.

use std::sync::Arc;

use strongroom_crypto::password::{self, Checked, PasswordError};
use strongroom_types::{Operation, Permission};
use zeroize::Zeroizing;

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::compute::account;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::{Permit, Planned, Released, Stopped, Use};
use crate::fips::Algorithm;
use crate::once::Once;
use crate::strongroom::Strongroom;

/// A password to be hashed.
pub struct PasswordHash(pub Zeroizing<String>);

/// A password to be checked.
pub struct PasswordCheck {
    /// The password.
    pub password: Zeroizing<String>,
    /// What was made of the right one.
    pub hash: String,
}

/// Without the password.
impl core::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// Without password and hash.
impl core::fmt::Debug for PasswordCheck {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PasswordCheck")
    }
}

impl Strongroom {
    /// Hashes a password with Argon2id under a fresh salt.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn password_hash(
        &self,
        ask: &Ask,
        request: PasswordHash,
    ) -> Result<Answered<String>, Refused> {
        self.enter(ask, &Doing::of(request)).await
    }

    /// Checks a password against its hash.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; a wrong password is none.
    pub async fn password_check(
        &self,
        ask: &Ask,
        request: PasswordCheck,
    ) -> Result<Answered<Checked>, Refused> {
        self.enter(ask, &Doing::of(request)).await
    }
}

/// Work with a password on its way through the door.
struct Doing<R, T> {
    request: R,
    done: Once<T>,
}

impl<R, T> Doing<R, T> {
    const fn of(request: R) -> Self {
        Self {
            request,
            done: Once::new(),
        }
    }
}

impl Doing<PasswordHash, String> {
    async fn hash(&self, room: &Strongroom, caller: &Caller) -> Result<String, Denial> {
        let (password, entropy) = (self.request.0.clone(), Arc::clone(&room.entropy));
        let hash = move || password::hash(password.as_bytes(), &*entropy);
        let hashed = room.slow.run(caller, hash).await?;
        hashed.map_err(|_no_entropy| Denial::Unavailable)
    }
}

impl Use for Doing<PasswordHash, String> {
    const OPERATION: Operation = Operation::PasswordHash;
    const PERMISSION: Option<Permission> = Some(Permission::Compute);
    type Work = ();
    type Answer = String;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        room.check_fips(Algorithm::PasswordHash)?;
        self.done.of(self.hash(room, caller), |_| ()).await?;
        let account = account("Argon2id").using(Algorithm::PasswordHash);
        Ok(Planned { work: (), account })
    }

    fn release(&self, _room: &Strongroom, (): (), _permit: Permit) -> Released<String> {
        Released::of(self.done.take())
    }
}

impl Doing<PasswordCheck, Checked> {
    async fn check(&self, room: &Strongroom, caller: &Caller) -> Result<Checked, Denial> {
        let (password, hash) = (self.request.password.clone(), self.request.hash.clone());
        let check = move || password::check(password.as_bytes(), &hash);
        let checked = room.slow.run(caller, check).await?;
        checked.map_err(|error| match error {
            PasswordError::Entropy(_) => Denial::Unavailable,
            PasswordError::Text => Invalid::Field("hash".into()).into(),
        })
    }
}

impl Use for Doing<PasswordCheck, Checked> {
    const OPERATION: Operation = Operation::PasswordCheck;
    const PERMISSION: Option<Permission> = Some(Permission::Compute);
    type Work = ();
    type Answer = Checked;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        room.check_fips(Algorithm::PasswordHash)?;
        let checked = self.check(room, caller);
        let valid = self.done.of(checked, |checked| checked.valid).await?;
        let account = account("Argon2id")
            .using(Algorithm::PasswordHash)
            .fact("valid", if valid { "yes" } else { "no" });
        Ok(Planned { work: (), account })
    }

    fn release(&self, _room: &Strongroom, (): (), _permit: Permit) -> Released<Checked> {
        Released::of(self.done.take())
    }
}
