//! A provider of customers' keys that does what the test says, and counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use strongroom_core::ports::{ConnectError, Outage, Providers, Refusal, Root, RootError};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::keys::{Place, Seed, WrappingKey};
use strongroom_crypto::secret::Secret;
use strongroom_types::{KeyContext, ProviderKey};
use tokio::sync::{Barrier, Notify};

/// What a key answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It wraps and unwraps.
    Serves,
    /// It wraps, and may not be used to unwrap.
    WrapsOnly,
    /// Its owner has disabled it.
    Disabled,
    /// It cannot be reached.
    Away,
    /// It can be reached for so many more calls.
    ServesOnly(u64),
    /// It answers so many more calls, and the next one never: whoever waits for it can be killed
    /// amid its work.
    HangsAfter(u64),
}

/// A key at the provider.
#[derive(Debug)]
pub(crate) struct FakeKey {
    secret: WrappingKey,
    mood: Mutex<Mood>,
    wraps: AtomicU64,
    unwraps: AtomicU64,
    hung: Notify,
    /// Where calls that wrap wait for each other.
    meeting: Mutex<Option<Arc<Barrier>>>,
}

impl FakeKey {
    fn new(name: &str) -> Self {
        let mut secret = [0x5a; 32];
        for (to, from) in secret.iter_mut().zip(name.bytes()) {
            *to ^= from;
        }
        Self {
            secret: WrappingKey::new(&Secret::from_bytes(secret)),
            mood: Mutex::new(Mood::Serves),
            wraps: AtomicU64::new(0),
            unwraps: AtomicU64::new(0),
            hung: Notify::new(),
            meeting: Mutex::default(),
        }
    }

    /// Waits until a call hangs.
    pub(crate) async fn hangs(&self) {
        self.hung.notified().await;
    }

    /// Wraps from now on when so many calls wait for it.
    pub(crate) fn wraps_together(&self, calls: usize) {
        *self.meeting.lock().unwrap() = Some(Arc::new(Barrier::new(calls)));
    }

    async fn meets(&self) {
        let meeting = self.meeting.lock().unwrap().clone();
        if let Some(meeting) = meeting {
            meeting.wait().await;
        }
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn wraps(&self) -> u64 {
        self.wraps.load(Ordering::SeqCst)
    }

    pub(crate) fn unwraps(&self) -> u64 {
        self.unwraps.load(Ordering::SeqCst)
    }

    async fn answers(&self) -> Result<(), RootError> {
        // Others have a turn, as they have while a real provider is asked.
        tokio::task::yield_now().await;
        if self.hangs_now() {
            self.hung.notify_one();
            core::future::pending::<()>().await;
        }
        self.answer()
    }

    fn hangs_now(&self) -> bool {
        let mut mood = self.mood.lock().unwrap();
        match *mood {
            Mood::HangsAfter(0) => return true,
            Mood::HangsAfter(left) => *mood = Mood::HangsAfter(left - 1),
            _ => {}
        }
        false
    }

    fn answer(&self) -> Result<(), RootError> {
        let provider = "aws_kms";
        let away = RootError::Unavailable {
            provider,
            outage: Outage::Unreachable,
        };
        let mut mood = self.mood.lock().unwrap();
        match *mood {
            Mood::Serves | Mood::WrapsOnly | Mood::HangsAfter(_) => Ok(()),
            Mood::Disabled => Err(RootError::Refused {
                provider,
                refusal: Refusal::KeyDisabled,
            }),
            Mood::Away | Mood::ServesOnly(0) => Err(away),
            Mood::ServesOnly(left) => {
                *mood = Mood::ServesOnly(left - 1);
                Ok(())
            }
        }
    }

    /// What an attacker who uses the key at its provider gets out of bytes stolen from the database.
    pub(crate) fn opens(&self, place: &Place, context: &KeyContext, wrapped: &[u8]) -> bool {
        unbound(Some(context), wrapped)
            .is_some_and(|bytes| Seed::unwrap(&self.secret, place, bytes).is_ok())
    }
}

/// The context stands before what is wrapped, so that another one does not unwrap it.
fn bound(context: Option<&KeyContext>, wrapped: Vec<u8>) -> Vec<u8> {
    let text = serde_json::to_vec(&context).unwrap();
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [length.to_vec(), text, wrapped].concat()
}

fn unbound<'a>(context: Option<&KeyContext>, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let empty = bound(context, Vec::new());
    bytes.strip_prefix(empty.as_slice())
}

#[derive(Debug)]
struct FakeRoot(Arc<FakeKey>);

#[async_trait]
impl Root for FakeRoot {
    fn kind(&self) -> &'static str {
        "aws_kms"
    }

    async fn wrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        seed: &Seed,
    ) -> Result<Vec<u8>, RootError> {
        self.0.wraps.fetch_add(1, Ordering::SeqCst);
        self.0.meets().await;
        self.0.answers().await?;
        let wrapped = seed.wrap(&self.0.secret, place, &SystemEntropy).unwrap();
        Ok(bound(context, wrapped))
    }

    async fn unwrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        wrapped: &[u8],
    ) -> Result<Seed, RootError> {
        self.0.unwraps.fetch_add(1, Ordering::SeqCst);
        self.0.answers().await?;
        if *self.0.mood.lock().unwrap() == Mood::WrapsOnly {
            return Err(RootError::Refused {
                provider: self.kind(),
                refusal: Refusal::AccessDenied,
            });
        }
        let other = RootError::WrongRoot {
            provider: self.kind(),
        };
        let bytes = unbound(context, wrapped).ok_or(other)?;
        Seed::unwrap(&self.0.secret, place, bytes).map_err(|_altered| other)
    }

    async fn probe(&self) -> Result<(), RootError> {
        self.0.answer()
    }
}

/// All keys of the provider, by name.
#[derive(Debug, Default)]
pub(crate) struct FakeProvider(Mutex<BTreeMap<String, Arc<FakeKey>>>);

impl FakeProvider {
    /// The key of this name.
    pub(crate) fn key(&self, name: &str) -> Arc<FakeKey> {
        let mut keys = self.0.lock().unwrap();
        let key = keys
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(FakeKey::new(name)));
        Arc::clone(key)
    }
}

impl Providers for FakeProvider {
    fn connect(&self, description: &ProviderKey) -> Result<Arc<dyn Root>, ConnectError> {
        let ProviderKey::AwsKms(key) = description else {
            let provider = description.kind();
            return Err(ConnectError::NotBuilt { provider });
        };
        Ok(Arc::new(FakeRoot(self.key(key.key.as_str()))))
    }
}
