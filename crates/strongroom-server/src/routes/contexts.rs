//! `/v1/contexts`: key contexts and the life of their keys.

use std::time::Duration;

use axum::extract::State;
use strongroom_core::{Invalid, PageQuery};
use strongroom_types::body::{ContextCreate, ContextInfo, Page};
use strongroom_types::{ContextId, KeyVersion};

use super::endpoint::{Endpoint, QueryParameter, Tag, Written, delete, get, post};
use super::page::PAGE;
use crate::edge::{
    App, Caller, Document, FromParameters, Parameters, Query, Reply, Sent, Target, created, ok,
};

const WAIT: &[QueryParameter] = &[(
    "wait_s",
    "how long to wait, in seconds; 0 destroys at once; 7 days if absent and the operator does not say \
     otherwise",
    Written::Number(0, None),
)];

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/contexts", list)
            .about(Tag::Contexts, "Lists the key contexts.")
            .query(PAGE)
            .gives_page_of::<ContextInfo>(),
        post("/v1/contexts", create)
            .about(
                Tag::Contexts,
                "Makes a key context by name; the only way to use a destroyed one again.",
            )
            .takes::<ContextCreate>()
            .creates::<ContextInfo>(),
        get("/v1/contexts/{id}", describe)
            .about(Tag::Contexts, "Describes a key context.")
            .gives::<ContextInfo>(),
        post("/v1/contexts/{id}/rotate", rotate)
            .about(
                Tag::Contexts,
                "Gives a key context a new active key version; the old one opens only.",
            )
            .gives::<ContextInfo>(),
        post("/v1/contexts/{id}/disable", disable)
            .about(
                Tag::Contexts,
                "Suspends a key context: it neither seals nor opens.",
            )
            .gives::<ContextInfo>(),
        post("/v1/contexts/{id}/enable", enable)
            .about(Tag::Contexts, "Resumes a key context.")
            .gives::<ContextInfo>(),
        post("/v1/contexts/{id}/destroy", destroy)
            .about(
                Tag::Contexts,
                "Suspends a key context, and destroys its keys and its lock secret after a time of \
                 waiting, for good.",
            )
            .query(WAIT)
            .gives::<ContextInfo>(),
        post("/v1/contexts/{id}/destroy/cancel", destroy_cancel)
            .about(
                Tag::Contexts,
                "Calls a destruction off before its time. The key context stays suspended until it is \
                 enabled.",
            )
            .gives::<ContextInfo>(),
        delete("/v1/contexts/{id}/versions/{version}", version_destroy)
            .about(
                Tag::Contexts,
                "Destroys one rotated version of a context key, for good.",
            )
            .gives::<ContextInfo>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<ContextInfo>>> {
    ok(&ask, app.room.contexts(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<ContextCreate>,
) -> Reply<Document<ContextInfo>> {
    created(&ask, app.room.context_create(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<ContextInfo>> {
    ok(&ask, app.room.context(&ask, id).await)
}

async fn rotate(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<ContextInfo>> {
    ok(&ask, app.room.context_rotate(&ask, id).await)
}

async fn disable(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<ContextInfo>> {
    ok(&ask, app.room.context_disable(&ask, id).await)
}

async fn enable(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<ContextInfo>> {
    ok(&ask, app.room.context_enable(&ask, id).await)
}

async fn destroy(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
    Query(Wait(wait)): Query<Wait>,
) -> Reply<Document<ContextInfo>> {
    ok(&ask, app.room.context_destroy_later(&ask, id, wait).await)
}

async fn destroy_cancel(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<ContextInfo>> {
    ok(&ask, app.room.context_destroy_cancel(&ask, id).await)
}

/// `?wait_s=N`.
struct Wait(Option<Duration>);

impl FromParameters for Wait {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let seconds = parameters.read("wait_s", |text| text.parse().ok())?;
        Ok(Self(seconds.map(Duration::from_secs)))
    }
}

async fn version_destroy(
    State(app): State<App>,
    Caller(ask): Caller,
    Target((id, version)): Target<(ContextId, KeyVersion)>,
) -> Reply<Document<ContextInfo>> {
    ok(
        &ask,
        app.room.context_version_destroy(&ask, id, version).await,
    )
}
