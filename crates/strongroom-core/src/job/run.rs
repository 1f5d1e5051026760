//! Doing the jobs that are due, in slices.

use strongroom_types::body::{JobCause, JobKind, JobState};
use strongroom_types::{Operation, Outcome};
use tokio::task::JoinSet;

use super::rewrap::Rewrap;
use super::{JobBody, body, place};
use crate::denial::Denial;
use crate::door::Account;
use crate::ports::{Change, JobRow, Micros};
use crate::strongroom::Strongroom;
use crate::time::seconds;
use crate::workspace::WorkspaceState;

/// How many jobs a node works on at once.
const JOBS_AT_ONCE: u32 = 4;
/// How long a node works on a job before others have a turn.
const TURN: Micros = seconds(1);
/// How long a job stays with a node of which nothing is heard. A slice takes less, unless a provider is
/// very slow: then two nodes may do the same, and the first one's rows stand.
const LEASE: Micros = seconds(30);
/// The longest pause after something was in the way.
const PAUSE_MAX: Micros = seconds(60);

/// What a slice did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slice {
    /// There is more to do.
    More,
    /// A round is over.
    Round,
}

/// Why a slice did not go through.
#[derive(Debug)]
pub(super) enum Halt {
    /// The rows or the state changed meanwhile: the slice begins anew.
    Again,
    /// Somebody else goes on with the job, or ended it.
    Gone,
    /// Something is in the way.
    Trouble(Denial),
}

impl<E: Into<Denial>> From<E> for Halt {
    fn from(error: E) -> Self {
        match error.into() {
            Denial::Unavailable => Self::Again,
            denial => Self::Trouble(denial),
        }
    }
}

/// A job that this node works on.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) row: JobRow,
    pub(super) body: JobBody,
}

impl Job {
    /// The row of the next revision.
    pub(super) fn next(
        &self,
        state: &WorkspaceState,
        now: Micros,
        change: impl FnOnce(&mut JobRow, &mut JobBody),
    ) -> Result<Self, Denial> {
        let (mut row, mut body) = (self.row.clone(), self.body.clone());
        row.revision = row.revision.saturating_add(1);
        row.updated = now;
        row.leased = now.saturating_add(LEASE);
        change(&mut row, &mut body);
        row.body = state
            .keys
            .seal_body(&place(&row.workspace, &row.id), &body)?;
        Ok(Self { row, body })
    }
}

impl Strongroom {
    /// Works on the jobs that are due, for about a second. Call it again and again, beside
    /// [`Strongroom::tick`]; it never fails, it reports.
    pub async fn work(&self) {
        let due = match self.store.due_jobs(self.time.now(), JOBS_AT_ONCE).await {
            Ok(due) => due,
            Err(error) => {
                let error = &error as &dyn core::error::Error;
                tracing::error!(error, "jobs not read");
                return;
            }
        };
        let mut tasks = JoinSet::new();
        for row in due {
            let room = self.clone();
            tasks.spawn(async move { room.work_on(row).await });
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn work_on(&self, row: JobRow) {
        let (workspace, id) = (row.workspace, row.id);
        match self.do_turn(row).await {
            Ok(()) | Err(Halt::Gone | Halt::Again) => {}
            Err(Halt::Trouble(denial)) => {
                tracing::error!(%workspace, job = %id, %denial, "job does not go on");
            }
        }
    }

    /// Takes the job, does slices until the turn is over, and gives it back.
    async fn do_turn(&self, row: JobRow) -> Result<(), Halt> {
        let begin = self.time.now();
        let mut job = match self.lease(row.clone(), begin).await {
            Err(Halt::Trouble(denial)) => {
                self.put_off(row, begin).await;
                return Err(Halt::Trouble(denial));
            }
            leased => leased?,
        };
        let mut rewrap = Rewrap::default();
        while job.row.state == JobState::Running && self.time.now() < begin.saturating_add(TURN) {
            let done = match job.row.kind {
                JobKind::Rewrap | JobKind::RotateRoot => rewrap.slice(self, &mut job).await,
                JobKind::MoveRoot => self.move_root(&mut job).await,
                JobKind::DestroyContext => self.destroy_in_time(&mut job).await,
            };
            self.after(&mut job, done).await?;
        }
        self.give_back(job).await
    }

    async fn lease(&self, row: JobRow, now: Micros) -> Result<Job, Halt> {
        let state = self.state(row.workspace).await?;
        let job = Job {
            body: body(&state, &row)?,
            row,
        };
        let starts = job.row.cursor.is_empty();
        let total = if starts {
            self.count_of(job.row.kind, &job.body, state.id).await?
        } else {
            job.row.total
        };
        let next = job.next(&state, now, |row, _| {
            row.state = JobState::Running;
            row.total = total;
            if starts {
                (row.done, row.failed, row.remaining) = (0, 0, 0);
            }
        })?;
        self.put(next).await
    }

    async fn after(&self, job: &mut Job, done: Result<Slice, Halt>) -> Result<(), Halt> {
        match done {
            Ok(Slice::More) => Ok(()),
            Ok(Slice::Round) if job.row.failed == 0 => match self.finish(job).await {
                Err(Halt::Again) => self.still_ours(job).await,
                ended => ended,
            },
            Err(Halt::Again) => self.still_ours(job).await,
            // What was passed over is tried again after a while, from the beginning.
            Ok(Slice::Round) => self.another_round(job).await,
            Err(Halt::Gone) => Err(Halt::Gone),
            Err(Halt::Trouble(denial)) => self.pause(job, &denial).await,
        }
    }

    /// Ends a job that is done, with an entry that says so.
    async fn finish(&self, job: &mut Job) -> Result<(), Halt> {
        let state = self.state(job.row.workspace).await?;
        let now = self.time.now();
        let next = job.next(&state, now, |row, body| {
            row.state = JobState::Done;
            row.finished = Some(now);
            row.leased = 0;
            row.total = row.done;
            body.reason = None;
        })?;
        let mut account = Account::of_changes(vec![Change::UpdateJob(next.row.clone())])
            .fact("job", &next.row.id.to_string())
            .fact("moved", &next.row.moved.to_string())
            .fact("stored", &next.row.stored.to_string())
            .fact("remaining", &next.row.remaining.to_string());
        account.outcome = Outcome::Completed;
        let operation = operation(next.body.cause);
        self.append_own(&state, operation, account).await?;
        *job = next;
        Ok(())
    }

    /// Whether the job is as it was when the node last changed it.
    pub(super) async fn still_ours(&self, job: &Job) -> Result<(), Halt> {
        let row = self.store.job(job.row.workspace, job.row.id).await;
        match row.map_err(Denial::from)? {
            Some(row) if row.revision == job.row.revision => Ok(()),
            _ => Err(Halt::Gone),
        }
    }

    /// Waits, longer each time, and goes on where it was.
    async fn pause(&self, job: &mut Job, denial: &Denial) -> Result<(), Halt> {
        let state = self.state(job.row.workspace).await?;
        let next = job.next(&state, self.time.now(), |row, body| {
            wait(row, body);
            body.reason = Some(denial.reason());
        })?;
        *job = self.put(next).await?;
        Ok(())
    }

    /// Waits, and begins another round about what was passed over. An entry says what that was, once.
    async fn another_round(&self, job: &mut Job) -> Result<(), Halt> {
        let state = self.state(job.row.workspace).await?;
        let told = job.body.reason.map(|reason| (reason, job.row.failed));
        let next = job.next(&state, self.time.now(), |row, body| {
            wait(row, body);
            row.cursor.clear();
            body.told = told;
        })?;
        let Some((reason, failed)) = told.filter(|told| job.body.told != Some(*told)) else {
            *job = self.put(next).await?;
            return Ok(());
        };
        let mut account = Account::of_changes(vec![Change::UpdateJob(next.row.clone())])
            .fact("job", &next.row.id.to_string())
            .fact("failed", &failed.to_string())
            .fact("reason", reason.name());
        account.outcome = Outcome::Failed;
        let operation = operation(next.body.cause);
        match self.append_own(&state, operation, account).await {
            Err(Denial::Unavailable) => self.still_ours(job).await,
            other => {
                other?;
                *job = next;
                Ok(())
            }
        }
    }

    /// Lets others go first, where not even the row's body can be read now.
    async fn put_off(&self, mut row: JobRow, now: Micros) {
        row.revision = row.revision.saturating_add(1);
        row.due = now.saturating_add(PAUSE_MAX);
        if let Err(error) = self.store.put_job(&row).await {
            let error = &error as &dyn core::error::Error;
            tracing::error!(error, job = %row.id, "job not put off");
        }
    }

    /// Leaves the job to whoever comes next. One that ended stays as its entry says.
    async fn give_back(&self, job: Job) -> Result<(), Halt> {
        if job.row.finished.is_some() {
            return Ok(());
        }
        let state = self.state(job.row.workspace).await?;
        let now = self.time.now();
        let next = job.next(&state, now, |row, _| {
            row.leased = 0;
            // Behind those that are due already.
            row.due = row.due.max(now);
        })?;
        self.put(next).await.map(drop)
    }

    /// Stores how far a job is, where nothing else changed with it.
    pub(super) async fn put(&self, next: Job) -> Result<Job, Halt> {
        if self.store.put_job(&next.row).await.map_err(Denial::from)? {
            return Ok(next);
        }
        Err(Halt::Gone)
    }
}

/// The job waits, twice as long each time that it does not get on.
fn wait(row: &mut JobRow, body: &mut JobBody) {
    let doubled = seconds(1).saturating_mul(1 << body.attempts.min(6));
    row.state = JobState::Waiting;
    row.due = row.updated.saturating_add(doubled.min(PAUSE_MAX));
    body.attempts = body.attempts.saturating_add(1);
}

/// What began the job, and what its end is called.
const fn operation(cause: JobCause) -> Operation {
    match cause {
        JobCause::Attach => Operation::CustomerKeyAttach,
        JobCause::Replace => Operation::CustomerKeyReplace,
        JobCause::Detach => Operation::CustomerKeyDetach,
        JobCause::Asked => Operation::JobCreate,
    }
}
