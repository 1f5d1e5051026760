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
        self.enter(ask, &request).await
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
        self.enter(ask, &request).await
    }
}

impl Use for PasswordHash {
    const OPERATION: Operation = Operation::PasswordHash;
    const PERMISSION: Option<Permission> = Some(Permission::Compute);
    type Work = String;
    type Answer = String;

    async fn plan(
        &self,
        room: &Strongroom,
        _caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<String>, Stopped> {
        room.check_fips(Algorithm::PasswordHash)?;
        let (password, entropy) = (self.0.clone(), Arc::clone(&room.entropy));
        let hash = move || password::hash(password.as_bytes(), &*entropy);
        let hashed = room.slow.run(hash).await?;
        Ok(Planned {
            work: hashed.map_err(|_no_entropy| Denial::Unavailable)?,
            account: account("Argon2id"),
        })
    }

    fn release(&self, _room: &Strongroom, hashed: String, _permit: Permit) -> Released<String> {
        Released::of(Ok(hashed))
    }
}

impl Use for PasswordCheck {
    const OPERATION: Operation = Operation::PasswordCheck;
    const PERMISSION: Option<Permission> = Some(Permission::Compute);
    type Work = Checked;
    type Answer = Checked;

    async fn plan(
        &self,
        room: &Strongroom,
        _caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Checked>, Stopped> {
        room.check_fips(Algorithm::PasswordHash)?;
        let (password, hash) = (self.password.clone(), self.hash.clone());
        let check = move || password::check(password.as_bytes(), &hash);
        let checked = room.slow.run(check).await?;
        let checked = checked.map_err(|error| match error {
            PasswordError::Entropy(_) => Denial::Unavailable,
            PasswordError::Text => Invalid::Field("hash".into()).into(),
        })?;
        let said = if checked.valid { "yes" } else { "no" };
        Ok(Planned {
            work: checked,
            account: account("Argon2id").fact("valid", said),
        })
    }

    fn release(&self, _room: &Strongroom, checked: Checked, _permit: Permit) -> Released<Checked> {
        Released::of(Ok(checked))
    }
}
