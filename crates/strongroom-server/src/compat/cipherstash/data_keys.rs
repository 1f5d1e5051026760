//! Data keys: derived for clients that seal by themselves.

use axum::extract::State;
use serde::Serialize;
use strongroom_core::{Answered, Ask, Denial, GeneratedKey, Invalid};
use strongroom_crypto::keys::KEY_MATERIAL_BYTES;
use strongroom_crypto::secret::Secret;
use strongroom_types::Bytes;
use strongroom_types::body::KeysetInfo;

use super::shape::{Asked, Keys, Policy, Using};
use crate::edge::{App, Document, Problem, Reply, Sent, SentLarge, ok};

type Material = Secret<KEY_MATERIAL_BYTES>;

#[derive(Serialize)]
pub(super) struct Loaded {
    partial_index_key: Key,
    dataset: KeysetInfo,
}

#[derive(Serialize)]
pub(super) struct Key {
    key_material: Bytes,
}

#[derive(Serialize)]
pub(super) struct New {
    key_material: Bytes,
    tag: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    decryption_policy: Option<Policy>,
}

#[derive(Serialize)]
pub(super) struct All<T> {
    keys: Vec<T>,
}

/// A key, or why there is none.
#[derive(Serialize)]
pub(super) enum Each {
    Ok(Key),
    Err(String),
}

impl Key {
    fn of(material: &Material) -> Self {
        Self {
            key_material: Bytes(material.expose().to_vec()),
        }
    }
}

pub(super) async fn load(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Using>,
) -> Reply<Document<Loaded>> {
    let loaded = app.room.keyset_load(&ask, body.read()).await;
    let loaded = loaded.map(|answered| Answered {
        value: Loaded {
            partial_index_key: Key::of(&answered.value.index_key),
            dataset: answered.value.info,
        },
        entry: answered.entry,
    });
    ok(&ask, loaded)
}

pub(super) async fn generate(
    State(app): State<App>,
    SentLarge { ask, body, .. }: SentLarge<Keys>,
) -> Reply<Document<All<New>>> {
    let Asked {
        using,
        keys,
        metadata,
    } = read(&app, &ask, body).await?;
    let keys = keys.into_iter().map(|(key, _)| key).collect();
    let made = app.room.keyset_generate(&ask, using, keys, metadata).await;
    let shown = |key: GeneratedKey| New {
        key_material: Bytes(key.material.expose().to_vec()),
        tag: Bytes(key.tag),
        decryption_policy: key.policy.map(Policy::of),
    };
    let made = made.map(|answered| Answered {
        value: All {
            keys: answered.value.into_iter().map(shown).collect(),
        },
        entry: answered.entry,
    });
    ok(&ask, made)
}

pub(super) async fn retrieve(
    State(app): State<App>,
    SentLarge { ask, body, .. }: SentLarge<Keys>,
) -> Reply<Document<All<Key>>> {
    let asked = read(&app, &ask, body).await?;
    let keys = tagged(&app, &ask, asked.keys).await?;
    let found = app
        .room
        .keyset_retrieve(&ask, asked.using, keys, asked.metadata)
        .await;
    let found = found.map(|answered| Answered {
        value: All {
            keys: answered.value.iter().map(Key::of).collect(),
        },
        entry: answered.entry,
    });
    ok(&ask, found)
}

pub(super) async fn retrieve_each(
    State(app): State<App>,
    SentLarge { ask, body, .. }: SentLarge<Keys>,
) -> Reply<Document<All<Each>>> {
    let asked = read(&app, &ask, body).await?;
    let keys = tagged(&app, &ask, asked.keys).await?;
    let found = app
        .room
        .keyset_retrieve_each(&ask, asked.using, keys, asked.metadata)
        .await;
    let each = |result: Result<Material, Denial>| match result {
        Ok(material) => Each::Ok(Key::of(&material)),
        Err(denial) => Each::Err(why(&denial)),
    };
    let found = found.map(|answered| Answered {
        value: All {
            keys: answered.value.into_iter().map(each).collect(),
        },
        entry: answered.entry,
    });
    ok(&ask, found)
}

/// What a client shows of one key that it does not get: names of claims, never values.
fn why(denial: &Denial) -> String {
    let code = denial.code().name();
    let claims = denial.claims().join(", ");
    match denial.detail() {
        Some(detail) if claims.is_empty() => format!("{code}: {detail}"),
        Some(detail) => format!("{code}: {detail} (claims: {claims})"),
        None => code.to_owned(),
    }
}

async fn read(app: &App, ask: &Ask, body: Keys) -> Result<Asked, Problem> {
    match body.read() {
        Ok(asked) => Ok(asked),
        Err(invalid) => Err(app.refuse(ask, invalid.into()).await),
    }
}

/// The keys with their tags, of which none may be missing.
async fn tagged<K>(
    app: &App,
    ask: &Ask,
    keys: Vec<(K, Option<Vec<u8>>)>,
) -> Result<Vec<(K, Vec<u8>)>, Problem> {
    let tagged = keys.into_iter().map(|(key, tag)| Some((key, tag?)));
    match tagged.collect() {
        Some(keys) => Ok(keys),
        None => Err(app.refuse(ask, Invalid::Field("tag".into()).into()).await),
    }
}
