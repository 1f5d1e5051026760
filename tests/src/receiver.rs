//! A receiver of webhooks, which keeps what it is sent.

#![expect(
    clippy::unwrap_used,
    reason = "what does not come in time fails its test"
)]

use core::time::Duration;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::service::{self, Asked, Response};

/// Far longer than anything takes on a busy machine; a test that passes does not wait for it.
const DEADLINE: Duration = Duration::from_mins(3);

/// One event that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The header `WorkOS-Signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

#[derive(Debug, Default)]
struct Kept {
    letters: Mutex<Vec<Letter>>,
    refusals: Mutex<u32>,
    came: Notify,
}

/// A receiver on a free port of this machine; it ends with the test's runtime.
#[derive(Debug)]
pub struct Receiver {
    /// Where events are to be sent.
    pub url: String,
    kept: Arc<Kept>,
}

impl Receiver {
    /// Starts to listen; the first so many requests are answered with 503.
    pub async fn start(refusals: u32) -> Self {
        let kept = Arc::new(Kept {
            refusals: Mutex::new(refusals),
            ..Kept::default()
        });
        let keeper = Arc::clone(&kept);
        let server = service::start(move |asked| {
            let answer = keeper.take(&asked);
            async move { Some(answer) }
        });
        Self {
            url: format!("{}/hook", server.await),
            kept,
        }
    }

    /// Waits until so many letters are there, and takes them.
    ///
    /// # Panics
    /// When they do not come in time.
    pub async fn letters(&self, count: usize) -> Vec<Letter> {
        timeout(DEADLINE, self.wait(count)).await.unwrap()
    }

    async fn wait(&self, count: usize) -> Vec<Letter> {
        loop {
            // Before the look: one that comes in between wakes it.
            let came = self.kept.came.notified();
            {
                let mut letters = self.kept.letters.lock().unwrap();
                if letters.len() >= count {
                    return core::mem::take(&mut *letters);
                }
            }
            came.await;
        }
    }
}

impl Kept {
    fn take(&self, asked: &Asked) -> Response {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return (503, Vec::new());
        }
        let letter = Letter {
            signature: asked
                .header("workos-signature")
                .unwrap_or_default()
                .to_owned(),
            body: String::from_utf8(asked.body.clone()).unwrap(),
        };
        self.letters.lock().unwrap().push(letter);
        self.came.notify_waiters();
        (200, Vec::new())
    }
}
