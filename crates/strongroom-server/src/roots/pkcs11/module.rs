//! What PKCS#11 has once in a process: the module, and who is logged in to which token.
//!
//! A module may be initialised once, and a login counts for the whole process. So it is here, for
//! every key at once, that a PIN is compared with the one that a token was opened with: the token
//! itself would not ask a second caller for it.
//!
//! Some modules do not see a token again that was taken out and put back. When a token is missed,
//! the module is started anew: when nobody is inside, not more often than every [`RENEWAL`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Context};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Slot;
use strongroom_core::ports::{Outage, Refusal};

use super::super::remote::Fault;
use super::fault::fault;
use super::gate::{Gate, Visit};
use super::login::Logins;
use super::session::Idle;

/// The shortest time between two starts.
pub(super) const RENEWAL: Duration = Duration::from_secs(5);

/// How long those inside are waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The module of this process.
static MODULE: Mutex<Option<Arc<Module>>> = Mutex::new(None);

/// A module, loaded when it is first needed.
#[derive(Debug)]
pub(super) struct Module {
    path: PathBuf,
    context: Mutex<Option<Context>>,
    gate: Gate,
    idle: Mutex<Vec<Weak<Idle>>>,
    renewed: Mutex<Option<Duration>>,
    pub(super) logins: Logins,
}

/// Locks what no panic leaves half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Module {
    /// The module of this process; `None` if it is another one.
    pub(super) fn of_process(path: &Path) -> Option<Arc<Self>> {
        let mut module = lock(&MODULE);
        let module = module.get_or_insert_with(|| {
            Arc::new(Self {
                path: path.to_owned(),
                context: Mutex::new(None),
                gate: Gate::default(),
                idle: Mutex::new(Vec::new()),
                renewed: Mutex::new(None),
                logins: Logins::default(),
            })
        });
        (module.path == path).then(|| Arc::clone(module))
    }

    /// A place for sessions that nobody uses just now.
    pub(super) fn idle(&self) -> Arc<Idle> {
        let idle = Arc::new(Idle::default());
        let mut all = lock(&self.idle);
        all.retain(|idle| idle.strong_count() > 0);
        all.push(Arc::downgrade(&idle));
        idle
    }

    /// Goes in. Sessions live only in here, or idle.
    pub(super) fn enter(&self) -> Visit<'_> {
        self.gate.enter()
    }

    /// The module, loaded and initialised.
    pub(super) fn context(&self) -> Result<Context, Fault> {
        let mut context = lock(&self.context);
        if let Some(context) = &*context {
            return Ok(context.clone());
        }
        let loaded = self.load().map_err(|error| {
            tracing::error!(%error, path = %self.path.display(), "module cannot be loaded");
            Fault::from(Outage::Unreachable)
        })?;
        *context = Some(loaded.clone());
        Ok(loaded)
    }

    fn load(&self) -> Result<Context, Error> {
        let context = Context::new(&self.path)?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match context.initialize(arguments) {
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) | Ok(()) => Ok(context),
            Err(error) => Err(error),
        }
    }

    /// Starts the module anew at the monotonic time `now`, unless that was tried a moment ago.
    /// Tells whether it was.
    pub(super) fn renew(&self, now: Duration) -> bool {
        let mut renewed = lock(&self.renewed);
        if renewed.is_some_and(|last| now.saturating_sub(last) < RENEWAL) {
            return false;
        }
        *renewed = Some(now);
        self.gate.alone(PATIENCE, || self.finalise()).is_some()
    }

    /// Every session is closed first: the module numbers them anew, and closing one later could
    /// close another's.
    fn finalise(&self) {
        for idle in lock(&self.idle).iter().filter_map(Weak::upgrade) {
            idle.close_all();
        }
        self.logins.forget();
        let context = lock(&self.context).take();
        if let Some(Err(error)) = context.map(Context::finalize) {
            tracing::warn!(%error, "module does not end");
        }
    }
}

/// The slot of the one token with this label.
pub(super) fn slot(context: &Context, label: &str) -> Result<Slot, Fault> {
    let slots = context.get_slots_with_token();
    let slots = slots.map_err(|error| fault(&error))?;
    let mut found = slots.into_iter().filter_map(|slot| {
        // A token that was taken out between the two questions is not the one.
        let token = context.get_token_info(slot).ok()?;
        (token.label() == label).then_some(slot)
    });
    match (found.next(), found.next()) {
        (Some(slot), None) => Ok(slot),
        (None, _) => Err(Outage::Unreachable.into()),
        (Some(_), Some(_)) => Err(Refusal::KeyKind.into()),
    }
}
