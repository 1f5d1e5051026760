//! A key in a device with a PKCS#11 module.
//!
//! ```text
//! wrapped = 1 ‖ iv 12 ‖ AES-256-GCM(key, seed, associated data = digest of the binding)
//!         | 2 ‖ AES-KW(key, seed ‖ digest of the binding)                      (RFC 3394)
//! ```
//! The key must be one that the device never gives out (`CKA_SENSITIVE`, not `CKA_EXTRACTABLE`).
//! Calls block, so they run on threads that may, each with a session of its own.

mod fault;
mod gate;
mod login;
mod module;
mod session;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use strongroom_core::ports::{Clock, ConnectError, Outage};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::keys::Seed;
use strongroom_types::provider::{Pkcs11Key, Pkcs11Mechanism};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use self::login::Pin;
use self::module::Module;
use self::session::{Opened, Pool, Target};
use super::binding::Binding;
use super::remote::{self, Fault, Remote};

pub(super) const KIND: &str = "pkcs11";

/// How many calls run at once; others wait.
const SESSIONS: usize = 8;
const IV_BYTES: usize = 12;

/// The key.
#[derive(Debug)]
pub(super) struct Pkcs11 {
    pool: Arc<Pool>,
    mechanism: Pkcs11Mechanism,
    turns: Arc<Semaphore>,
    entropy: Arc<dyn Entropy>,
}

impl Pkcs11 {
    /// `module` is the one of this process: another is refused.
    pub(super) fn new(
        key: &Pkcs11Key,
        module: &Path,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, ConnectError> {
        let module = Module::of_process(module);
        let module = module.ok_or(ConnectError::Unprepared { provider: KIND })?;
        let target = Target {
            token: key.token.as_str().to_owned(),
            label: key.key.as_ref().map(|label| label.as_str().to_owned()),
            id: key.key_id.as_ref().map(|id| id.as_bytes().to_vec()),
            pin: Pin::new(key.pin.expose()),
        };
        Ok(Self {
            pool: Arc::new(Pool::new(module, target, Arc::clone(clock))),
            mechanism: key.mechanism,
            turns: Arc::new(Semaphore::new(SESSIONS)),
            entropy: Arc::clone(entropy),
        })
    }

    fn draw_iv(&self) -> Result<[u8; IV_BYTES], Fault> {
        let mut iv = [0; IV_BYTES];
        let drawn = self.entropy.fill(&mut iv);
        drawn.map_err(|_no_entropy| Outage::Entropy)?;
        Ok(iv)
    }

    /// Runs a piece of work with a session. A call that hangs keeps its turn: a device that is stuck
    /// is not asked more than [`SESSIONS`] times at once.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Opened) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = turn.await.map_err(|_closed| Outage::Fault)?;
        let pool = Arc::clone(&self.pool);
        let running = spawn_blocking(move || {
            let done = pool.with(work);
            drop(turn);
            done
        });
        running.await.map_err(|_panicked| Outage::Fault)?
    }
}

#[async_trait]
impl Remote for Pkcs11 {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn is_symmetric(&self) -> bool {
        true
    }

    async fn wrap(&self, binding: Binding<'_>, seed: &Seed) -> Result<Vec<u8>, Fault> {
        match self.mechanism {
            Pkcs11Mechanism::AesGcm => {
                let iv = self.draw_iv()?;
                let seed = Zeroizing::new(seed.as_secret().expose().to_vec());
                let digest = binding.digest();
                self.run(move |opened| opened.encrypt(iv, &digest, &seed))
                    .await
            }
            Pkcs11Mechanism::AesKeyWrap => {
                let bytes = remote::seed_with_digest(seed, binding);
                self.run(move |opened| opened.wrap_key(&bytes)).await
            }
        }
    }

    async fn unwrap(&self, binding: Binding<'_>, wrapped: &[u8]) -> Result<Seed, Fault> {
        match wrapped.split_first() {
            Some((&session::GCM, rest)) => {
                let (iv, sealed) = rest
                    .split_first_chunk::<IV_BYTES>()
                    .ok_or(Fault::WrongRoot)?;
                let (iv, sealed, digest) = (*iv, sealed.to_vec(), binding.digest());
                let sample = self.draw_iv()?;
                let seed = self.run(move |opened| opened.decrypt(iv, &digest, &sealed, sample));
                remote::seed(&seed.await?)
            }
            Some((&session::KEY_WRAP, wrapped)) => {
                let wrapped = wrapped.to_vec();
                let bytes = self.run(move |opened| opened.unwrap_key(&wrapped)).await?;
                remote::seed_of_digest(&bytes, binding)
            }
            _ => Err(Fault::WrongRoot),
        }
    }
}
