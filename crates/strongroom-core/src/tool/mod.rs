//! Work with keys and secrets that the caller brings and takes away again: agreement, sealing to
//! public keys, JOSE, shares. No key of Strongroom's opens anything here; each is an entry all the
//! same, and answered when that is durable. The entry names the algorithm, never what was brought.

mod agreement;
mod hpke;
mod jose;
mod sharing;
mod strength;

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_types::{Operation, Permission};

pub use agreement::{Agree, AgreementPair};
pub use hpke::{HpkeOpen, HpkeSeal};
pub use jose::{JweDecrypt, JweEncrypt, JwkMake, JwkThumbprint, JwsSign, JwsVerify};
pub use sharing::{Combine, SecretShare, Split};
pub use strength::PasswordMeasure;

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::compute::account;
use crate::denial::{Denial, Refused};
use crate::door::{Permit, Planned, Released, Stopped, Use};
use crate::fips::Algorithm;
use crate::once::Once;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// What the work is done with.
#[derive(Debug)]
pub struct Bench {
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) state: Arc<WorkspaceState>,
}

/// One kind of work, with what it is done on.
pub trait Tool: Send + Sync + 'static {
    /// What its entry calls it.
    const OPERATION: Operation;
    /// What the caller gets.
    type Answer: Send + 'static;

    /// The algorithm, for the entry.
    fn algorithm(&self) -> &'static str;

    /// What FIPS mode is asked about; `None` where everything that it does is approved.
    fn in_question(&self) -> Option<Algorithm> {
        None
    }

    /// Whether it takes so long that it waits for a turn beside the other work.
    fn is_slow(&self) -> bool {
        false
    }

    /// Does it. Nobody gets the answer before the entry is durable.
    ///
    /// # Errors
    /// What was brought does not do.
    fn work(&self, bench: &Bench) -> Result<Self::Answer, Denial>;

    /// Whether what was brought held, for the entry of a check.
    fn held(_answer: &Self::Answer) -> Option<bool> {
        None
    }
}

impl Strongroom {
    /// Does work with what the caller brings.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn use_tool<T: Tool>(
        &self,
        ask: &Ask,
        tool: T,
    ) -> Result<Answered<T::Answer>, Refused> {
        let using = Using {
            tool: Arc::new(tool),
            done: Once::new(),
        };
        self.enter(ask, &using).await
    }
}

/// A tool on its way through the door.
struct Using<T: Tool> {
    tool: Arc<T>,
    done: Once<T::Answer>,
}

impl<T: Tool> Using<T> {
    async fn work(&self, room: &Strongroom, caller: &Caller) -> Result<T::Answer, Denial> {
        let bench = Bench {
            entropy: Arc::clone(&room.entropy),
            state: Arc::clone(&caller.state),
        };
        let tool = Arc::clone(&self.tool);
        if tool.is_slow() {
            return room.slow.run(caller, move || tool.work(&bench)).await?;
        }
        tool.work(&bench)
    }
}

impl<T: Tool> Use for Using<T> {
    const OPERATION: Operation = T::OPERATION;
    const PERMISSION: Option<Permission> = Some(Permission::Compute);
    type Work = ();
    type Answer = T::Answer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        let in_question = self.tool.in_question();
        if let Some(algorithm) = in_question {
            room.check_fips(algorithm)?;
        }
        let held = self.done.of(self.work(room, caller), T::held).await?;
        let mut account = account(self.tool.algorithm());
        if let Some(algorithm) = in_question {
            account = account.using(algorithm);
        }
        if let Some(held) = held {
            account = account.fact("valid", if held { "yes" } else { "no" });
        }
        Ok(Planned { work: (), account })
    }

    fn release(&self, _room: &Strongroom, (): (), _permit: Permit) -> Released<T::Answer> {
        Released::of(self.done.take())
    }
}
