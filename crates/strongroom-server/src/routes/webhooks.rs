//! `/v1/webhooks` and `/v1/events`: what happened, for those who are told and those who ask.

use axum::extract::State;
use axum::response::Response;
use strongroom_core::{EventsQuery, Invalid, PageQuery, parse_time};
use strongroom_types::WebhookId;
use strongroom_types::body::{
    DeadLetter, EventList, EventName, Page, WebhookCreate, WebhookCreated, WebhookInfo,
    WebhookReplay, WebhookUpdate,
};

use super::endpoint::{Endpoint, QueryParameter, Tag, Written, delete, get, patch, post};
use super::page::PAGE;
use crate::edge::{
    App, Caller, Document, FromParameters, Parameters, Query, Reply, Sent, Target, created, ok,
    removed,
};

/// The parameters of a list of events.
pub(crate) const EVENTS: &[QueryParameter] = &[
    (
        "events",
        "Only events of these names; separated by commas, or repeated.",
        Written::Text,
    ),
    (
        "after",
        "Only events after this one: the `list_metadata.after` of the page before, or an id.",
        Written::Text,
    ),
    (
        "limit",
        "The most events of the page, 1 to 100; 10 if absent.",
        Written::Number(1, Some(100)),
    ),
    (
        "range_start",
        "Only events at or after this time, RFC 3339 in UTC.",
        Written::Text,
    ),
    (
        "range_end",
        "Only events before this time, RFC 3339 in UTC.",
        Written::Text,
    ),
    (
        "order",
        "`asc`, which is the only order there is.",
        Written::Text,
    ),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/webhooks", list)
            .about(Tag::Webhooks, "Lists the webhooks.")
            .query(PAGE)
            .gives_page_of::<WebhookInfo>(),
        post("/v1/webhooks", create)
            .about(
                Tag::Webhooks,
                "Has the events from now on sent to a URL. The secret that they are signed with is \
                 shown once. Needs `log:read` too.",
            )
            .takes::<WebhookCreate>()
            .creates::<WebhookCreated>(),
        get("/v1/webhooks/{id}", describe)
            .about(
                Tag::Webhooks,
                "Describes a webhook, and how far it has come.",
            )
            .gives::<WebhookInfo>(),
        patch("/v1/webhooks/{id}", update)
            .about(Tag::Webhooks, "Changes a webhook; absent fields stay.")
            .takes::<WebhookUpdate>()
            .gives::<WebhookInfo>(),
        delete("/v1/webhooks/{id}", remove).about(Tag::Webhooks, "Removes a webhook."),
        post("/v1/webhooks/{id}/replay", replay)
            .about(
                Tag::Webhooks,
                "Sends the events from an entry on again, dead letters included.",
            )
            .takes::<WebhookReplay>()
            .gives::<WebhookInfo>(),
        get("/v1/webhooks/{id}/dead-letters", dead_letters)
            .about(
                Tag::Webhooks,
                "Lists the events that were given up, oldest first.",
            )
            .query(PAGE)
            .gives_page_of::<DeadLetter>(),
        get("/v1/events", events)
            .about(Tag::Webhooks, "Reads events, oldest first.")
            .query(EVENTS)
            .gives::<EventList>(),
    ]
}

async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<WebhookInfo>>> {
    ok(&ask, app.room.webhooks(&ask, page).await)
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<WebhookCreate>,
) -> Reply<Document<WebhookCreated>> {
    created(&ask, app.room.webhook_create(&ask, body).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<WebhookId>,
) -> Reply<Document<WebhookInfo>> {
    ok(&ask, app.room.webhook_describe(&ask, id).await)
}

async fn update(
    State(app): State<App>,
    Target(id): Target<WebhookId>,
    Sent { ask, body, .. }: Sent<WebhookUpdate>,
) -> Reply<Document<WebhookInfo>> {
    ok(&ask, app.room.webhook_update(&ask, id, body).await)
}

async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<WebhookId>,
) -> Reply<Response> {
    removed(&ask, app.room.webhook_delete(&ask, id).await)
}

async fn replay(
    State(app): State<App>,
    Target(id): Target<WebhookId>,
    Sent { ask, body, .. }: Sent<WebhookReplay>,
) -> Reply<Document<WebhookInfo>> {
    ok(&ask, app.room.webhook_replay(&ask, id, body).await)
}

async fn dead_letters(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<WebhookId>,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Page<DeadLetter>>> {
    ok(&ask, app.room.webhook_dead_letters(&ask, id, page).await)
}

pub(crate) async fn events(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(query): Query<EventsQuery>,
) -> Reply<Document<EventList>> {
    ok(&ask, app.room.events(&ask, query).await)
}

impl FromParameters for EventsQuery {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let names = parameters.all("events");
        let names = names.iter().flat_map(|names| names.split(','));
        let names = names.map(|name| EventName::from_name(name.trim()));
        parameters.read("order", |order| (order == "asc").then_some(()))?;
        Ok(Self {
            events: names
                .collect::<Option<_>>()
                .ok_or(Invalid::Parameter("events"))?,
            after: parameters.text("after")?,
            limit: parameters.read("limit", |text| text.parse().ok())?,
            from: parameters.read("range_start", parse_time)?,
            to: parameters.read("range_end", parse_time)?,
        })
    }
}
