//! Jobs: rows that change if they are as they were read.

use strongroom_core::ports::{Change, CommitError, JobRow, Store as _};
use strongroom_types::JobId;
use strongroom_types::body::{JobKind, JobState};

use super::{Fixture, on_both_databases};

on_both_databases!(
    a_job_changes_only_as_it_was_read,
    jobs_are_listed_newest_first,
    only_jobs_that_are_due_and_free_are_found,
);

fn job(f: &Fixture, n: u8) -> JobRow {
    JobRow {
        workspace: f.workspace,
        id: JobId::from_bytes([n; 16]),
        kind: JobKind::Rewrap,
        state: JobState::Running,
        revision: 1,
        total: 7,
        done: 0,
        moved: 0,
        failed: 0,
        stored: 0,
        remaining: 0,
        cursor: String::new(),
        body: vec![n; 3],
        created: 100 + i64::from(n),
        updated: 100,
        due: 100,
        leased: 0,
        finished: None,
    }
}

fn next(row: &JobRow) -> JobRow {
    JobRow {
        revision: row.revision + 1,
        done: row.done + 1,
        moved: 4,
        failed: 5,
        stored: 6,
        remaining: 8,
        cursor: "there".to_owned(),
        state: JobState::Waiting,
        ..row.clone()
    }
}

async fn a_job_changes_only_as_it_was_read(f: Fixture) {
    let first = job(&f, 1);
    let insert = || vec![Change::InsertJob(first.clone())];
    let epoch = f.epoch(f.workspace).await;
    f.change(insert()).await.unwrap();
    let again = f.change(insert()).await;
    assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
    let second = next(&first);
    assert!(f.db.put_job(&second).await.unwrap());
    assert!(!f.db.put_job(&second).await.unwrap());
    let stale = f.change(vec![Change::UpdateJob(second.clone())]).await;
    assert!(matches!(stale, Err(CommitError::Outdated)), "{stale:?}");
    let third = next(&second);
    f.change(vec![Change::UpdateJob(third.clone())])
        .await
        .unwrap();
    let found = f.db.job(f.workspace, first.id).await.unwrap();
    assert_eq!(found, Some(third));
    assert_eq!(f.epoch(f.workspace).await, epoch);
}

async fn jobs_are_listed_newest_first(f: Fixture) {
    let all: Vec<JobRow> = (1..=5).map(|n| job(&f, n)).collect();
    for row in &all {
        f.change(vec![Change::InsertJob(row.clone())])
            .await
            .unwrap();
    }
    let mut found = Vec::new();
    let mut behind = None;
    loop {
        let page = f.db.jobs(f.workspace, behind, 2).await.unwrap();
        behind = page.last().map(|row| row.id);
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert!(found.iter().eq(all.iter().rev()));
}

async fn only_jobs_that_are_due_and_free_are_found(f: Fixture) {
    let rows = [
        job(&f, 1),
        JobRow {
            due: 201,
            ..job(&f, 2)
        },
        JobRow {
            leased: 201,
            ..job(&f, 3)
        },
        JobRow {
            finished: Some(150),
            state: JobState::Done,
            ..job(&f, 4)
        },
        JobRow {
            due: 90,
            ..job(&f, 5)
        },
    ];
    for row in &rows {
        f.change(vec![Change::InsertJob(row.clone())])
            .await
            .unwrap();
    }
    let due = f.db.due_jobs(200, 10).await.unwrap();
    assert!(due.iter().eq([&rows[4], &rows[0]]));
    assert_eq!(f.db.due_jobs(200, 1).await.unwrap().len(), 1);
    assert_eq!(f.db.due_jobs(201, 10).await.unwrap().len(), 4);
}
