//! `/v1/jobs`: long work that goes on beside the requests.

use axum::extract::State;
use strongroom_core::PageQuery;
use strongroom_types::JobId;
use strongroom_types::body::{JobCreate, JobInfo, Page};

use super::endpoint::{Endpoint, Tag, get, post};
use super::page::PAGE;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, created, ok};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/jobs", list)
            .about(Tag::Jobs, "Lists the jobs, newest first.")
            .query(PAGE)
            .gives_page_of::<JobInfo>(),
        post("/v1/jobs", create)
            .about(Tag::Jobs, "Begins a job by name.")
            .takes::<JobCreate>()
            .creates::<JobInfo>(),
        get("/v1/jobs/{id}", describe)
            .about(Tag::Jobs, "Describes a job and how far it is.")
            .gives::<JobInfo>(),
        post("/v1/jobs/{id}/cancel", cancel)
            .about(
                Tag::Jobs,
                "Ends a job before it is done. What it did stays done. A destruction is called off at \
                 its key context.",
            )
            .gives::<JobInfo>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<JobInfo>>> {
    ok(&ask, app.room.jobs(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<JobCreate>,
) -> Reply<Document<JobInfo>> {
    created(&ask, app.room.job_create(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<JobId>,
) -> Reply<Document<JobInfo>> {
    ok(&ask, app.room.job(&ask, id).await)
}

async fn cancel(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<JobId>,
) -> Reply<Document<JobInfo>> {
    ok(&ask, app.room.job_cancel(&ask, id).await)
}
