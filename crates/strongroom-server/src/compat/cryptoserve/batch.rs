//! `/api/v1/crypto/batch/*`: up to 100 values of one context, one entry, a result each.

use std::borrow::Cow;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Denial, Invalid, NamedItem, check_asked};
use strongroom_types::body::{AskedAlgorithm, DataUsage, ItemResult};
use strongroom_types::{Code, ContextName};

use super::answer::{of_item, of_unread_item};
use super::crypto::{CIPHERTEXT, item};
use super::shape::{Algorithm, encode};
use crate::edge::{App, Document, Problem, Reply, SentLarge, ok};

/// The most items, as their clients know it.
const ITEMS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Encrypt {
    context: ContextName,
    /// A hint, repeated in the answer, as in the route for one value.
    #[serde(default)]
    usage: Option<DataUsage>,
    /// The suite that the caller wants for all items, if the context's policy allows it.
    #[serde(default)]
    algorithm_override: Option<AskedAlgorithm>,
    items: Vec<Plain>,
    #[serde(default)]
    fail_fast: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    id: String,
    plaintext: String,
    #[serde(default)]
    associated_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decrypt {
    context: ContextName,
    items: Vec<Sealed>,
    #[serde(default)]
    fail_fast: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    id: String,
    ciphertext: String,
    #[serde(default)]
    associated_data: Option<String>,
}

/// The answer to a batch.
#[derive(Serialize)]
pub(super) struct Answer {
    context: ContextName,
    total: usize,
    successful: usize,
    failed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<Algorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<DataUsage>,
    results: Vec<One>,
}

/// What became of an item.
#[derive(Serialize)]
struct One {
    id: String,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext: Option<String>,
    /// What is said of sealing it, where it is not refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<String>>,
    error: Option<Cow<'static, str>>,
}

impl One {
    fn failed(id: String, error: impl Into<Cow<'static, str>>) -> Self {
        Self {
            id,
            success: false,
            ciphertext: None,
            plaintext: None,
            warnings: None,
            error: Some(error.into()),
        }
    }
}

/// A batch as it is sent: the items that can be read, and which cannot.
struct Read {
    ids: Vec<String>,
    /// For each item, why it cannot be read.
    faults: Vec<Option<Code>>,
    items: Vec<NamedItem>,
}

impl Read {
    fn of(sent: impl Iterator<Item = (String, Result<NamedItem, Denial>)>) -> Self {
        let (mut ids, mut faults, mut items) = (Vec::new(), Vec::new(), Vec::new());
        for (id, read) in sent {
            ids.push(id);
            match read {
                Ok(item) => {
                    items.push(item);
                    faults.push(None);
                }
                Err(denial) => faults.push(Some(denial.code())),
            }
        }
        Self { ids, faults, items }
    }

    fn check(&self) -> Result<(), Denial> {
        match self.ids.len() {
            0 => Err(Invalid::Field("items".into()).into()),
            items if items > ITEMS_MAX => {
                let max = ITEMS_MAX;
                Err(Invalid::BatchItems { items, max }.into())
            }
            _ if self.items.is_empty() => Err(Invalid::Field("plaintext".into()).into()),
            _ => Ok(()),
        }
    }
}

/// Puts results beside the ids of their items; after the first failure there are none, if the caller
/// wants it so.
fn results<T>(
    (ids, faults): (Vec<String>, Vec<Option<Code>>),
    worked: Vec<ItemResult<T>>,
    fail_fast: bool,
    write: impl Fn(String, T) -> One,
) -> Vec<One> {
    let mut worked = worked.into_iter();
    let mut results = Vec::with_capacity(ids.len());
    for (id, fault) in ids.into_iter().zip(faults) {
        let one = match (fault, fault.is_none().then(|| worked.next()).flatten()) {
            (Some(code), _) => One::failed(id, of_unread_item(code)),
            (None, Some(ItemResult::Ok(value))) => write(id, value),
            (None, Some(ItemResult::Err { error })) => One::failed(id, of_item(error)),
            (None, None) => One::failed(id, of_unread_item(Code::Internal)),
        };
        let stop = fail_fast && !one.success;
        results.push(one);
        if stop {
            break;
        }
    }
    results
}

impl Answer {
    fn of(context: ContextName, total: usize, results: Vec<One>) -> Self {
        let successful = results.iter().filter(|one| one.success).count();
        Self {
            context,
            total,
            successful,
            failed: results.len() - successful,
            algorithm: None,
            usage: None,
            results,
        }
    }
}

pub(super) async fn encrypt(
    State(app): State<App>,
    SentLarge { ask, body, .. }: SentLarge<Encrypt>,
) -> Reply<Document<Answer>> {
    let Encrypt {
        context,
        usage,
        algorithm_override,
        items,
        fail_fast,
    } = body;
    // What names no suite is refused once, not item by item.
    if let Err(denial) = check_asked(algorithm_override) {
        return Err(app.refuse(&ask, denial).await);
    }
    let read = Read::of(items.into_iter().map(|sent| {
        let field = ("plaintext", sent.plaintext.as_str());
        let item = item(&context, field, sent.associated_data.as_deref());
        let item = item.and_then(|item| item.with_algorithm(algorithm_override));
        (sent.id, item)
    }));
    if let Err(denial) = read.check() {
        return Err(app.refuse(&ask, denial).await);
    }
    let total = read.ids.len();
    let sealed = app.room.named_encrypt_batch(&ask, read.items).await;
    let sealed = sealed.map_err(|refused| Problem::new(refused, ask.origin.request_id))?;
    let suite = sealed.value.results.iter().find_map(|result| match result {
        ItemResult::Ok(sealed) => Some(sealed.suite),
        ItemResult::Err { .. } => None,
    });
    let ids = (read.ids, read.faults);
    let results = results(ids, sealed.value.results, fail_fast, |id, sealed| One {
        id,
        success: true,
        ciphertext: Some(encode(&sealed.ciphertext)),
        plaintext: None,
        warnings: Some(sealed.warnings),
        error: None,
    });
    let value = Answer {
        algorithm: suite.map(Algorithm::of),
        usage: Some(usage.unwrap_or(DataUsage::AtRest)),
        ..Answer::of(context, total, results)
    };
    let entry = sealed.entry;
    ok(&ask, Ok(Answered { value, entry }))
}

pub(super) async fn decrypt(
    State(app): State<App>,
    SentLarge { ask, body, .. }: SentLarge<Decrypt>,
) -> Reply<Document<Answer>> {
    let Decrypt {
        context,
        items,
        fail_fast,
    } = body;
    let read = Read::of(items.into_iter().map(|sent| {
        let field = (CIPHERTEXT, sent.ciphertext.as_str());
        (
            sent.id,
            item(&context, field, sent.associated_data.as_deref()),
        )
    }));
    if let Err(denial) = read.check() {
        return Err(app.refuse(&ask, denial).await);
    }
    let total = read.ids.len();
    let opened = app.room.named_decrypt_batch(&ask, read.items).await;
    let opened = opened.map_err(|refused| Problem::new(refused, ask.origin.request_id))?;
    let ids = (read.ids, read.faults);
    let results = results(ids, opened.value.results, fail_fast, |id, plaintext| One {
        id,
        success: true,
        ciphertext: None,
        plaintext: Some(encode(plaintext.expose())),
        warnings: None,
        error: None,
    });
    let value = Answer::of(context, total, results);
    let entry = opened.entry;
    ok(&ask, Ok(Answered { value, entry }))
}
