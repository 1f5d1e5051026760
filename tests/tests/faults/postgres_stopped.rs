//! PostgreSQL crashes under load and starts again; the server is not touched.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use strongroom_client::{Client, RetryPolicy};
use strongroom_log::sha256;
use strongroom_tests::poll::poll;
use strongroom_tests::postgres::Cluster;
use strongroom_tests::room::{Database, tenant};
use strongroom_tests::server::Server;
use strongroom_tests::whole_log::WholeLog;
use strongroom_types::body::{DecryptRequest, EncryptAnswer, EncryptRequest};
use tokio::task::JoinSet;

/// Callers at once.
const CALLERS: usize = 16;

/// What the callers saw.
#[derive(Debug, Default)]
struct Seen {
    acknowledged: Mutex<Vec<(usize, EncryptAnswer)>>,
    refused: AtomicUsize,
    ended: AtomicBool,
}

impl Seen {
    fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Seals without pause until the test ends. A refusal has no entry, and nothing else fails.
    async fn seal(self: Arc<Self>, client: Client, caller: usize) {
        while !self.ended.load(Ordering::Acquire) {
            let map = tenant(&format!("tenant {caller}"));
            let request = EncryptRequest::new(map, caller.to_string().as_str());
            match client.encrypt(request).await {
                Ok(answer) => self.acknowledged.lock().unwrap().push((caller, answer)),
                Err(error) => {
                    let refusal = error.refusal().unwrap_or_else(|| panic!("{error:?}"));
                    let said = (refusal.status(), refusal.log_entry());
                    assert_eq!(said, (503, None), "{error:?}");
                    self.refused.fetch_add(1, Ordering::AcqRel);
                }
            }
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn more_than(count: usize, now: impl Fn() -> usize) {
    poll(async || (now() > count).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_loses_nothing_acknowledged_and_heals_by_itself() {
    if !Database::Postgres.is_tested() {
        return;
    }
    let cluster = Arc::new(blocking(|| Cluster::start().unwrap()).await);
    let url = cluster.database("stopped").unwrap();
    let server = Arc::new(blocking(|| Server::start_on(Some(url)).unwrap()).await);
    let client = Client::builder(&server.sheet().url)
        .api_key(&server.sheet().api_key)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let seen = Arc::new(Seen::default());
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(Arc::clone(&seen).seal(client.clone(), caller));
    }
    for _ in 0..2 {
        more_than(seen.acknowledged() + 100, || seen.acknowledged()).await;
        let stopped = Arc::clone(&cluster);
        blocking(move || stopped.stop().unwrap()).await;
        let refused = seen.refused.load(Ordering::Acquire);
        more_than(refused + CALLERS, || seen.refused.load(Ordering::Acquire)).await;
        let started = Arc::clone(&cluster);
        blocking(move || started.start_again().unwrap()).await;
        more_than(seen.acknowledged() + 100, || seen.acknowledged()).await;
    }
    seen.ended.store(true, Ordering::Release);
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    let acknowledged = seen.acknowledged.lock().unwrap().clone();
    assert_kept(&server, &client, &acknowledged).await;
}

/// Every acknowledged seal is in the log with its digest, and its ciphertext opens.
async fn assert_kept(server: &Server, client: &Client, acknowledged: &[(usize, EncryptAnswer)]) {
    let key = server.sheet().log_public_key.parse().unwrap();
    let log = WholeLog::fetch(client, &key).await;
    for (caller, answer) in acknowledged {
        let entry = log.entry(answer.log_entry.unwrap().index);
        assert_eq!(entry.output, Some(sha256(&answer.ciphertext.0)));
        let map = tenant(&format!("tenant {caller}"));
        let request = DecryptRequest::new(map, answer.ciphertext.clone());
        let opened = client.decrypt(request).await.unwrap();
        assert_eq!(opened.plaintext.0, caller.to_string().into_bytes());
    }
}
