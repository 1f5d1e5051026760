//! PostgreSQL: several nodes append to the same logs, so each locks the heads that it writes.
//!
//! Three tasks, each with a connection: one appends what waits and skips heads that another node
//! holds; one, the patient, waits for the heads that were skipped three times, so that nobody else
//! has to wait with it; one runs the other writes.

use tokio::sync::mpsc;

use super::queue::{Group, Queue};
use super::writer::Dialect;
use super::{Inbox, Job, Means, Writer};
use crate::database::Backend;

/// Heads that another node holds are not given.
const SKIPPING: Dialect = Dialect {
    backend: Backend::Postgres,
    begin: "BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '2s'",
    hold: " FOR UPDATE SKIP LOCKED",
    wait: " FOR UPDATE",
};

/// Heads that another node holds are waited for.
const PATIENT: Dialect = Dialect {
    hold: " FOR UPDATE",
    ..SKIPPING
};

/// How often a group is skipped before it is waited for.
const SKIPS_MAX: u8 = 3;

/// Groups for which the patient task has room.
const PATIENTS_MAX: usize = 64;

/// Writes what comes in until nobody can send any more.
pub(crate) async fn run(means: Means, inbox: Inbox) {
    let (patients, waiting_room) = mpsc::channel(PATIENTS_MAX);
    tokio::join!(
        append(means.clone(), inbox.entries, patients),
        wait(means.clone(), waiting_room),
        write(means, inbox.jobs),
    );
}

async fn append(
    means: Means,
    mut entries: mpsc::Receiver<super::Waiting>,
    patients: mpsc::Sender<Group>,
) {
    let mut writer = Writer::new(means, SKIPPING);
    let mut queue = Queue::default();
    loop {
        if queue.is_empty() {
            match entries.recv().await {
                Some(waiting) => queue.push(waiting),
                None => return,
            }
        }
        while !queue.is_full()
            && let Ok(waiting) = entries.try_recv()
        {
            queue.push(waiting);
        }
        for group in writer.append(queue.take()).await {
            skip(group, &mut queue, &patients).await;
        }
    }
}

/// Puts a skipped group back, or hands it to the patient task.
async fn skip(mut group: Group, queue: &mut Queue, patients: &mpsc::Sender<Group>) {
    group.skips += 1;
    if group.skips < SKIPS_MAX {
        queue.put_back(group);
    } else if let Err(mpsc::error::SendError(group)) = patients.send(group).await {
        super::refuse(vec![group], super::Abort::Closed);
    }
}

/// Appends each group in a transaction of its own that waits for its heads.
async fn wait(means: Means, mut groups: mpsc::Receiver<Group>) {
    let mut writer = Writer::new(means, PATIENT);
    while let Some(group) = groups.recv().await {
        writer.append(vec![group]).await;
    }
}

async fn write(means: Means, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut writer = Writer::new(means, PATIENT);
    while let Some(job) = jobs.recv().await {
        job.run(&mut writer).await;
    }
}
