//! Waiting for something that comes by itself.

#![expect(
    clippy::unwrap_used,
    reason = "what does not come in time fails its test"
)]

use core::time::Duration;

/// Far longer than anything takes on a busy machine; a test that passes does not wait for it.
const DEADLINE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks again until there is an answer.
///
/// # Panics
/// When there is none in time.
pub async fn poll<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap()
}
