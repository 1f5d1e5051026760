//! `/v1/named-contexts`: declaring them, and what other products sealed for them.

use axum::extract::State;
use strongroom_core::{Answered, Denial, Invalid, NamedContextCreate, NamedItem, Thing};
use strongroom_types::ContextName;
use strongroom_types::body::{
    self, AlgorithmPolicy, BatchAnswer, ImportedItem, ImportedKeysAnswer, ImportedKeysPut,
    ImportedRewrap, ImportedSealed, ItemResult, KeyBundleSetting, NamedContextInfo,
    PolicyEnforcement,
};

use super::endpoint::{Endpoint, Tag, get, post, put};
use crate::edge::{App, Caller, Document, FromPath, Reply, Sent, SentLarge, Target, created, ok};

/// The most ciphertexts of one request.
const ITEMS_MAX: usize = 100;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/named-contexts", declare)
            .about(Tag::Contexts, "Declares a named context.")
            .takes::<body::NamedContextCreate>()
            .creates::<NamedContextInfo>(),
        get("/v1/named-contexts/{name}", describe)
            .about(Tag::Contexts, "Describes a named context.")
            .gives::<NamedContextInfo>(),
        put("/v1/named-contexts/{name}/imported-keys", keep)
            .about(
                Tag::Contexts,
                "Keeps keys of another product, to open what was sealed under them. Nothing is sealed with \
                 them.",
            )
            .takes::<ImportedKeysPut>()
            .gives::<ImportedKeysAnswer>(),
        post("/v1/named-contexts/{name}/rewrap", rewrap)
            .about(
                Tag::Contexts,
                "Seals again, as `sr1`, what another product sealed for the context.",
            )
            .takes::<ImportedRewrap>()
            .gives::<BatchAnswer<ImportedSealed>>(),
        put("/v1/named-contexts/{name}/key-bundle", key_bundle)
            .about(
                Tag::Contexts,
                "Says whether clients of the context get a key to seal with by themselves. Whoever got it \
                 opens what is sealed under it without an entry.",
            )
            .takes::<KeyBundleSetting>()
            .gives::<NamedContextInfo>(),
    ]
}

impl FromPath for ContextName {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let name = segments.first().and_then(|text| text.parse().ok());
        name.ok_or(Thing::NamedContext)
    }
}

async fn declare(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<body::NamedContextCreate>,
) -> Reply<Document<NamedContextInfo>> {
    let request = NamedContextCreate {
        name: body.name,
        display_name: body.display_name,
        description: body.description,
        config: body.config,
        algorithm_policy: AlgorithmPolicy::default(),
        enforcement: PolicyEnforcement::default(),
    };
    created(&ask, app.room.named_context_create(&ask, request).await)
}

async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(name): Target<ContextName>,
) -> Reply<Document<NamedContextInfo>> {
    ok(&ask, app.room.named_context_info(&ask, name).await)
}

async fn keep(
    State(app): State<App>,
    Target(name): Target<ContextName>,
    Sent { ask, body, .. }: Sent<ImportedKeysPut>,
) -> Reply<Document<ImportedKeysAnswer>> {
    ok(&ask, app.room.imported_keys_put(&ask, name, body).await)
}

async fn key_bundle(
    State(app): State<App>,
    Target(name): Target<ContextName>,
    Sent { ask, body, .. }: Sent<KeyBundleSetting>,
) -> Reply<Document<NamedContextInfo>> {
    ok(&ask, app.room.key_bundle_allow(&ask, name, body).await)
}

async fn rewrap(
    State(app): State<App>,
    Target(name): Target<ContextName>,
    SentLarge { ask, body, .. }: SentLarge<ImportedRewrap>,
) -> Reply<Document<BatchAnswer<ImportedSealed>>> {
    let items = match items(&name, body.items) {
        Ok(items) => items,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let sealed = app.room.imported_rewrap(&ask, items).await;
    let sealed = sealed.map(|answered| Answered {
        value: BatchAnswer {
            results: answered.value.results.into_iter().map(result).collect(),
            log_entry: answered.value.log_entry,
        },
        entry: answered.entry,
    });
    ok(&ask, sealed)
}

fn items(name: &ContextName, sent: Vec<ImportedItem>) -> Result<Vec<NamedItem>, Denial> {
    if sent.len() > ITEMS_MAX {
        let (items, max) = (sent.len(), ITEMS_MAX);
        return Err(Invalid::BatchItems { items, max }.into());
    }
    let item = |sent: ImportedItem| {
        let associated_data = sent.associated_data.map(|bytes| bytes.0);
        NamedItem::new(name.clone(), sent.ciphertext.0, associated_data)
    };
    sent.into_iter().map(item).collect()
}

fn result(result: ItemResult<Vec<u8>>) -> ItemResult<ImportedSealed> {
    match result {
        ItemResult::Ok(bytes) => ItemResult::Ok(ImportedSealed {
            ciphertext: bytes.into(),
        }),
        ItemResult::Err { error } => ItemResult::Err { error },
    }
}
