//! The load: callers that send their next request when the last one is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::http::Connection;
use crate::now;
use crate::stats::Latencies;

/// What one server did under one load.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Requests answered in a second.
    pub rate: f64,
    /// Half of the requests were answered within this.
    pub p50: Duration,
    /// All but one request in a hundred were answered within this.
    pub p99: Duration,
}

/// Lets `callers` send requests for `length`, each over its own connection: the first caller the
/// first one, and so on from the beginning again.
///
/// All callers share this thread, so that the client takes as little of the machine as it can.
///
/// # Errors
/// When a single request is not answered 2xx.
pub async fn measure(
    address: SocketAddr,
    requests: &[Arc<[u8]>],
    callers: u32,
    length: Duration,
) -> Result<Outcome, Failure> {
    let mut tasks = JoinSet::new();
    let started = now();
    for (_, request) in (0..callers).zip(requests.iter().cycle()) {
        tasks.spawn(call(address, Arc::clone(request), length));
    }
    let mut latencies = Latencies::default();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done.map_err(std::io::Error::other)??);
    }
    Ok(Outcome {
        rate: f64::from(latencies.count()) / started.elapsed().as_secs_f64(),
        p50: latencies.percentile(50),
        p99: latencies.percentile(99),
    })
}

async fn call(
    address: SocketAddr,
    request: Arc<[u8]>,
    length: Duration,
) -> Result<Latencies, Failure> {
    let mut connection = Connection::open(address).await?;
    let mut latencies = Latencies::default();
    let end = now() + length;
    loop {
        let sent = now();
        if sent >= end {
            return Ok(latencies);
        }
        connection.exchange(&request).await?;
        latencies.push(sent.elapsed());
    }
}
