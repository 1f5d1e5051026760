//! Hashing, authenticating and deriving over what the caller brings. No key of Strongroom's takes part;
//! each is an entry all the same, and answered when that is durable.

use strongroom_crypto::derivation::{self, DerivationError};
use strongroom_crypto::digest;
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::body::{
    DerivationFunction, DeriveAnswer, DeriveRequest, HashAnswer, HashRequest, MacAnswer, MacRequest,
};
use strongroom_types::{Bytes, Operation, Permission};
use zeroize::Zeroizing;

use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::fips::{Algorithm, Derivation};
use crate::once::Once;
use crate::strongroom::Strongroom;

/// The fewest bytes of a caller's MAC key: NIST SP 800-131A asks for 112 bits.
const MAC_KEY_BYTES_MIN: usize = 16;

impl Strongroom {
    /// Hashes.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn hash(
        &self,
        ask: &Ask,
        request: HashRequest,
    ) -> Result<Answered<HashAnswer>, Refused> {
        named(self.enter(ask, &request).await)
    }

    /// Authenticates.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn mac(
        &self,
        ask: &Ask,
        request: MacRequest,
    ) -> Result<Answered<MacAnswer>, Refused> {
        named(self.enter(ask, &request).await)
    }

    /// Draws random bytes.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn random(&self, ask: &Ask, bytes: u8) -> Result<Answered<SecretBytes>, Refused> {
        self.enter(ask, &Random(usize::from(bytes))).await
    }

    /// Derives.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the function costs more than
    /// allowed.
    pub async fn derive(
        &self,
        ask: &Ask,
        request: DeriveRequest,
    ) -> Result<Answered<DeriveAnswer>, Refused> {
        let deriving = Deriving {
            request,
            done: Once::new(),
        };
        named(self.enter(ask, &deriving).await)
    }
}

/// An account of work without a key.
pub(crate) fn account(algorithm: &str) -> Account {
    Account::of_one().fact("algorithm", algorithm)
}

/// Random bytes for a caller.
struct Random(usize);

impl Use for Random {
    const OPERATION: Operation = Operation::Random;
    const PERMISSION: Option<Permission> = Some(Permission::Compute);
    type Work = SecretBytes;
    type Answer = SecretBytes;

    async fn plan(
        &self,
        room: &Strongroom,
        _caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<SecretBytes>, Stopped> {
        let mut bytes = Zeroizing::new(vec![0; self.0]);
        let filled = room.entropy.fill(&mut bytes);
        filled.map_err(|_no_entropy| Denial::Unavailable)?;
        let account = Account::of_one().fact("bytes", &self.0.to_string());
        let work = SecretBytes::from(core::mem::take(&mut *bytes));
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        drawn: SecretBytes,
        _permit: Permit,
    ) -> Released<SecretBytes> {
        Released::of(Ok(drawn))
    }
}

impl Use for HashRequest {
    const OPERATION: Operation = Operation::Hash;
    const PERMISSION: Option<Permission> = Some(Permission::Compute);
    type Work = ();
    type Answer = HashAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        _caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        let algorithm = Algorithm::Hash(self.algorithm);
        room.check_fips(algorithm)?;
        let account = account(self.algorithm.name()).using(algorithm);
        Ok(Planned { work: (), account })
    }

    fn release(&self, _room: &Strongroom, (): (), _permit: Permit) -> Released<HashAnswer> {
        Released::of(Ok(HashAnswer {
            digest: digest::hash(self.algorithm, &self.data.0).into(),
            log_entry: None,
        }))
    }
}

impl Use for MacRequest {
    const OPERATION: Operation = Operation::Mac;
    const PERMISSION: Option<Permission> = Some(Permission::Compute);
    type Work = ();
    type Answer = MacAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        _caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        let algorithm = Algorithm::Mac(self.algorithm);
        room.check_fips(algorithm)?;
        if self.key.0.len() < MAC_KEY_BYTES_MIN {
            return Err(Denial::from(Invalid::Field("key".into())).into());
        }
        let account = account(self.algorithm.name()).using(algorithm);
        Ok(Planned { work: (), account })
    }

    fn release(&self, _room: &Strongroom, (): (), _permit: Permit) -> Released<MacAnswer> {
        Released::of(Ok(MacAnswer {
            mac: digest::mac(self.algorithm, &self.key.0, &self.data.0).into(),
            log_entry: None,
        }))
    }
}

/// A derivation on its way through the door.
struct Deriving {
    request: DeriveRequest,
    done: Once<SecretBytes>,
}

impl Deriving {
    async fn derive(&self, room: &Strongroom, caller: &Caller) -> Result<SecretBytes, Denial> {
        let function = self.request.function.clone();
        let secret = Zeroizing::new(self.request.secret.0.clone());
        let bytes = usize::from(self.request.bytes);
        let is_slow = derivation(&function).is_slow();
        let derive = move || derivation(&function).derive(&secret, bytes);
        let derived = if is_slow {
            room.slow.run(caller, derive).await?
        } else {
            derive()
        };
        derived.map_err(|error| fault(error).into())
    }
}

impl Use for Deriving {
    const OPERATION: Operation = Operation::Derive;
    const PERMISSION: Option<Permission> = Some(Permission::Compute);
    type Work = ();
    type Answer = DeriveAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        let named = Derivation::of(&self.request.function);
        let algorithm = Algorithm::Derivation(named);
        room.check_fips(algorithm)?;
        self.done.of(self.derive(room, caller), |_| ()).await?;
        let account = account(named.name()).using(algorithm);
        Ok(Planned { work: (), account })
    }

    fn release(&self, _room: &Strongroom, (): (), _permit: Permit) -> Released<DeriveAnswer> {
        Released::of(self.done.take().map(|derived| DeriveAnswer {
            derived: derived.into_vec().into(),
            log_entry: None,
        }))
    }
}

/// The field that is at fault.
fn fault(error: DerivationError) -> Invalid {
    let field = match error {
        DerivationError::Length => "bytes",
        DerivationError::Cost => "function",
        DerivationError::Salt => "salt",
        DerivationError::Secret => "secret",
    };
    Invalid::Field(field.into())
}

fn or_empty(bytes: Option<&Bytes>) -> &[u8] {
    bytes.map_or(&[], |bytes| &bytes.0)
}

fn derivation(function: &DerivationFunction) -> derivation::Derivation<'_> {
    match function {
        DerivationFunction::Hkdf { hash, salt, info } => derivation::Derivation::Hkdf {
            hash: *hash,
            salt: or_empty(salt.as_ref()),
            info: or_empty(info.as_ref()),
        },
        DerivationFunction::Pbkdf2 {
            hash,
            salt,
            iterations,
        } => derivation::Derivation::Pbkdf2 {
            hash: *hash,
            salt: &salt.0,
            iterations: *iterations,
        },
        DerivationFunction::Kbkdf { hash, info } => derivation::Derivation::Kbkdf {
            hash: *hash,
            info: &info.0,
        },
        DerivationFunction::Argon2id {
            salt,
            memory_kib,
            passes,
            lanes,
        } => derivation::Derivation::Argon2id {
            salt: &salt.0,
            memory_kib: *memory_kib,
            passes: *passes,
            lanes: *lanes,
        },
        DerivationFunction::Scrypt { salt, log_n, r, p } => derivation::Derivation::Scrypt {
            salt: &salt.0,
            log_n: *log_n,
            r: *r,
            p: *p,
        },
    }
}
