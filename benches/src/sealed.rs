//! A sealed store, as the Rust client uses it: names hashed, values sealed and opened, every answer
//! checked against its proof.

use std::sync::Arc;
use std::time::{Duration, Instant};

use strongroom_client::Client;
use strongroom_client::store::{ClientSecret, RecordName, SealedStore, Unlock};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_types::body::SealedStoreCreate;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::load::Outcome;
use crate::now;
use crate::stats::Latencies;
use crate::strongroom::Strongroom;

/// Records of the store, which is as many as callers set at once, and more: proofs have siblings.
const RECORDS: usize = 256;
const VALUE: [u8; 64] = [0x5a; 64];

/// What a caller does.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Gets its record and checks the proof.
    Get,
    /// Sets its record and checks that the map has it.
    Set,
}

/// An open store with records in it.
#[derive(Clone, Debug)]
pub struct Sealed {
    store: Arc<SealedStore>,
    names: Arc<[RecordName]>,
}

impl Sealed {
    /// Makes a store and fills it.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn start(server: &Strongroom) -> Result<Self, Failure> {
        let client = Client::builder(&format!("http://{}", server.target.address))
            .api_key(&server.api_key)
            .build()
            .map_err(Failure::other)?;
        let secret = ClientSecret::generate(&SystemEntropy).map_err(Failure::other)?;
        let request = SealedStoreCreate {
            name: "bench".parse().map_err(Failure::other)?,
            keep: Some(1),
        };
        let slot = "main".parse().map_err(Failure::other)?;
        let unlock = Unlock::Secret(&secret);
        let store = client.stores().create(&request, &slot, unlock).await;
        let store = Arc::new(store.map_err(Failure::other)?);
        let names = (0..RECORDS).map(|index| RecordName::new(&format!("record {index}")));
        let names: Arc<[RecordName]> = names.collect::<Result<_, _>>().map_err(Failure::other)?;
        for some in names.chunks(100) {
            let values: Vec<_> = some.iter().map(|name| (name, Some(&VALUE[..]))).collect();
            store.set_all(&values).await.map_err(Failure::other)?;
        }
        Ok(Self { store, names })
    }

    /// Lets callers do their step again and again, each with a record of its own, for `length`.
    ///
    /// # Errors
    /// When the server refuses or lies.
    pub async fn measure(
        &self,
        step: Step,
        callers: usize,
        length: Duration,
    ) -> Result<Outcome, Failure> {
        let mut tasks = JoinSet::new();
        let started = now();
        let end = started + length;
        for caller in 0..callers.min(RECORDS) {
            let this = self.clone();
            tasks.spawn(async move { this.repeat(step, caller, end).await });
        }
        let mut latencies = Latencies::default();
        while let Some(done) = tasks.join_next().await {
            latencies.extend(done.map_err(Failure::other)??);
        }
        let seconds = started.elapsed().as_secs_f64();
        Ok(Outcome {
            rate: f64::from(latencies.count()) / seconds,
            p50: latencies.percentile(50),
            p99: latencies.percentile(99),
        })
    }

    async fn repeat(&self, step: Step, caller: usize, end: Instant) -> Result<Latencies, Failure> {
        let mut latencies = Latencies::default();
        let Some(name) = self.names.get(caller) else {
            return Ok(latencies);
        };
        let (found, _) = self.store.get(name).await.map_err(Failure::other)?;
        let mut version = found.version();
        loop {
            let started = now();
            if started >= end {
                return Ok(latencies);
            }
            match step {
                Step::Get => {
                    let got = self.store.get(name).await;
                    got.map_err(Failure::other)?;
                }
                Step::Set => {
                    let set = self.store.set_if(name, &VALUE, version).await;
                    version = set.map_err(Failure::other)?;
                }
            }
            latencies.push(started.elapsed());
        }
    }
}
