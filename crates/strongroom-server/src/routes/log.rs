//! `/v1/log`: the caller's workspace's log, to read and to check.

use axum::extract::State;
use axum::response::Response;
use strongroom_core::{EntriesQuery, Invalid, parse_time};
use strongroom_log::{Tile, TileKind};
use strongroom_types::body::{EntriesPage, ItemsView};
use strongroom_types::{Kind, Operation, Outcome};

use super::endpoint::{Endpoint, QueryParameter, Tag, Written, get};
use crate::edge::{
    App, Caller, Document, FromParameters, Parameters, Query, Reply, Target, Text, TileTarget, ok,
    raw,
};

const ENTRIES: &[QueryParameter] = &[
    (
        "from",
        "Only entries at or after this time, RFC 3339 in UTC.",
        Written::Text,
    ),
    (
        "to",
        "Only entries before this time, RFC 3339 in UTC.",
        Written::Text,
    ),
    (
        "operation",
        "Only this operation, for example `decrypt`.",
        Written::Text,
    ),
    ("issuer", "Only identities of this `iss`.", Written::Text),
    ("subject", "Only identities with this `sub`.", Written::Text),
    (
        "key_context",
        "Only this key context, a JSON object; finds it inside batches too.",
        Written::Text,
    ),
    (
        "kind",
        "The kind of that key context: `context` (if absent), `named`, `store`, whose map is \
         `{\"store\": name}`, or `keyset`.",
        Written::Text,
    ),
    (
        "outcome",
        "Only `allowed`, `denied`, `failed` or `completed`.",
        Written::Text,
    ),
    (
        "limit",
        "The most entries of the page, 1 to 1,000; 100 if absent.",
        Written::Number(1, Some(1_000)),
    ),
    ("page", "The `next` of the page before.", Written::Text),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/log/checkpoint", checkpoint)
            .about(
                Tag::Log,
                "The newest signed checkpoint of the log, C2SP tlog-checkpoint. One is made if \
                 there are entries that none covers.",
            )
            .gives_text(),
        get("/v1/log/key", key)
            .about(
                Tag::Log,
                "The verifier key of all logs of this deployment, C2SP signed-note. Fetch it once, \
                 over a channel that you trust, and keep it.",
            )
            .open_to_all()
            .gives_text(),
        get("/v1/log/entries", entries)
            .about(
                Tag::Log,
                "The entries with their private fields, oldest first.",
            )
            .query(ENTRIES)
            .gives::<EntriesPage>(),
        get("/v1/log/items/{index}", items)
            .about(Tag::Log, "The items of a batch's entry.")
            .gives::<ItemsView>(),
        get("/v1/log/proof", proof)
            .about(
                Tag::Log,
                "A receipt: an entry with its proof to a signed checkpoint, C2SP tlog-proof.",
            )
            .query(&[(
                "index",
                "The entry's index in the log.",
                Written::Number(0, None),
            )])
            .gives_text(),
        get("/v1/log/tile/{*path}", tile)
            .about(
                Tag::Log,
                "A tile of hashes, `<L>/<N>[.p/<W>]`, or of entries, `entries/<N>[.p/<W>]`, with \
                 the paths and bytes of C2SP tlog-tiles.",
            )
            .gives_octets(),
    ]
}

async fn checkpoint(State(app): State<App>, Caller(ask): Caller) -> Reply<Response> {
    raw(&ask, Text::Plain, app.room.log_checkpoint(&ask).await)
}

async fn key(State(app): State<App>) -> String {
    format!("{}\n", app.room.log_key())
}

async fn entries(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(query): Query<EntriesQuery>,
) -> Reply<Document<EntriesPage>> {
    ok(&ask, app.room.log_entries(&ask, query).await)
}

async fn items(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(index): Target<u64>,
) -> Reply<Document<ItemsView>> {
    ok(&ask, app.room.log_items(&ask, index).await)
}

async fn proof(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(Index(index)): Query<Index>,
) -> Reply<Response> {
    raw(&ask, Text::Plain, app.room.log_proof(&ask, index).await)
}

async fn tile(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(TileTarget(tile)): Target<TileTarget>,
) -> Reply<Response> {
    let width = (tile.width() != Tile::FULL).then(|| tile.width());
    let bytes = match tile.kind() {
        TileKind::Hashes(level) => app.room.log_tile(&ask, level, tile.index(), width).await,
        TileKind::Entries => app.room.log_bundle(&ask, tile.index(), width).await,
    };
    raw(&ask, Text::Octets, bytes)
}

/// `?index=N`.
struct Index(u64);

impl FromParameters for Index {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let index = parameters.read("index", |text| text.parse().ok())?;
        index.map(Self).ok_or(Invalid::Parameter("index"))
    }
}

impl FromParameters for EntriesQuery {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        Ok(Self {
            from: parameters.read("from", parse_time)?,
            to: parameters.read("to", parse_time)?,
            operation: parameters.read("operation", Operation::from_name)?,
            issuer: parameters.text("issuer")?,
            subject: parameters.text("subject")?,
            key_context: parameters.read("key_context", |text| serde_json::from_str(text).ok())?,
            kind: parameters.read("kind", Kind::from_name)?,
            outcome: parameters.read("outcome", Outcome::from_name)?,
            lease: None,
            limit: parameters.read("limit", |text| text.parse().ok())?,
            page: parameters.text("page")?,
        })
    }
}
