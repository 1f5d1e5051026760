//! What goes on beside the requests: checkpoints, the follower, floods, erasure.

use std::sync::atomic::Ordering;

use strongroom_types::WorkspaceId;
use tokio::task::JoinSet;

use super::follow::WIDTH;
use crate::denial::Denial;
use crate::ports::Micros;
use crate::strongroom::Strongroom;
use crate::time::{micros, once_in, seconds};

/// A log is signed at most once in this time.
const SIGNING_PAUSE: Micros = seconds(1);
/// Old openings and search terms are erased once in this time.
const ERASURE_PAUSE: Micros = seconds(60);
/// How many batches' openings, and how many tiles' search terms, are erased at once.
const ERASURE_MAX: u32 = 1000;
/// How many values of a destroyed store are erased at once.
const ERASED_VALUES_MAX: u32 = 256;
/// How many leases that are over are erased at once.
const ERASED_LEASES_MAX: u32 = 256;
/// How many tiles further a log is followed at once.
const TILES_MAX: u64 = 64;
/// How many logs are tended at once.
const LOGS_AT_ONCE: usize = 16;

/// Which logs to tend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tend {
    /// Those that have not been tended within the pause.
    Due,
    /// All that grew.
    All,
}

impl Strongroom {
    /// Does what is due. Call it every 250 ms; it never fails, it reports.
    pub async fn tick(&self) {
        self.flush_floods(false).await;
        self.tend_logs(Tend::Due).await;
        self.erase_private_fields().await;
        self.purge_due().await;
        self.erase_stores().await;
        self.erase_leases().await;
        self.keyring.drop_idle(self.time.now()).await;
        self.connections.drop_idle();
        self.complete_tombstones().await;
    }

    /// Writes and signs what is left. Call it once no request is under way.
    pub async fn close(&self) {
        self.flush_floods(true).await;
        self.tend_logs(Tend::All).await;
    }

    /// Signs and follows the logs that grew.
    async fn tend_logs(&self, which: Tend) {
        let now = self.time.now();
        let mut tasks = JoinSet::new();
        for workspace in self.dirty.take() {
            if which == Tend::Due && !self.logs.of(workspace).is_due(now, SIGNING_PAUSE) {
                self.dirty.mark(workspace);
                continue;
            }
            if tasks.len() == LOGS_AT_ONCE {
                tasks.join_next().await;
            }
            let room = self.clone();
            tasks.spawn(async move { room.tend_log(workspace).await });
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn tend_log(&self, workspace: WorkspaceId) {
        let tended = async {
            // The log is followed also while its checkpoint cannot be kept outside.
            let signed = self.sign_log(workspace).await?.row;
            let tiles = self.follow(workspace, signed.size, TILES_MAX).await?;
            Ok::<_, Denial>(tiles < signed.size / WIDTH)
        };
        match tended.await {
            Ok(false) => {}
            Ok(true) => self.dirty.mark(workspace),
            Err(denial) => {
                tracing::error!(%workspace, %denial, "log not signed or followed");
                self.dirty.mark(workspace);
            }
        }
    }

    /// Erases some of what destroyed stores held: nothing opens it any more.
    async fn erase_stores(&self) {
        match self.store.erase_store_values(ERASED_VALUES_MAX).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "values of destroyed stores erased"),
            Err(error) => {
                let error = &error as &dyn core::error::Error;
                tracing::error!(error, "values of destroyed stores not erased");
            }
        }
    }

    /// Erases some of the leases that are over.
    async fn erase_leases(&self) {
        let now = self.time.now();
        match self.store.erase_leases(now, ERASED_LEASES_MAX).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "leases that are over erased"),
            Err(error) => {
                let error = &error as &dyn core::error::Error;
                tracing::error!(error, "leases that are over not erased");
            }
        }
    }

    /// Erases the private fields whose retention time is over, and the search terms made of them.
    async fn erase_private_fields(&self) {
        let now = self.time.now();
        if !once_in(&self.logs.erased, now, ERASURE_PAUSE) {
            return;
        }
        let before = now.saturating_sub(micros(self.settings.openings_retention));
        let batches = self.store.erase_openings(before, ERASURE_MAX).await;
        let tiles = self.store.erase_terms(before, ERASURE_MAX).await;
        for (what, erased) in [("openings", batches), ("search terms", tiles)] {
            match erased {
                Ok(0) => {}
                Ok(rows) => {
                    tracing::info!(what, rows, "private fields erased");
                    if rows >= u64::from(ERASURE_MAX) {
                        // There are more: the next tick goes on.
                        self.logs.erased.store(0, Ordering::Release);
                    }
                }
                Err(error) => {
                    let error = &error as &dyn core::error::Error;
                    tracing::error!(what, error, "private fields not erased");
                }
            }
        }
    }
}
