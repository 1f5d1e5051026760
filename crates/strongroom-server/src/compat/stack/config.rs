//! The part of a project's configuration that is about stores: reading it, and declaring or deleting
//! stores by overriding it.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use strongroom_core::{Denial, NAME_CHARS_MAX, PageQuery, Refused, Thing};
use strongroom_types::StoreName;

use super::caller::{ADMIN, StackCaller, authenticate};
use super::family::Family;
use super::known::{Refusal, respond};
use super::sent::{self, Field};
use crate::edge::{App, Problem, entry_header};

const OVERRIDE: Field = Field {
    name: "config_override_string",
    may_be_empty: false,
    bytes_max: None,
};

pub(super) async fn read(State(app): State<App>, request: Request) -> Response {
    let family = Family::of(request.headers());
    respond(family, describe(&app, request).await)
}

pub(super) async fn change(State(app): State<App>, request: Request) -> Response {
    let family = Family::of(request.headers());
    respond(family, apply(&app, request).await)
}

async fn describe(app: &App, request: Request) -> Result<Response, Refusal> {
    let (parts, _body) = request.into_parts();
    let caller = authenticate(app, &parts, ADMIN).await?;
    let mut stores = Map::new();
    let mut query = PageQuery::default();
    loop {
        let page = app.room.stores(&caller.ask, query).await;
        let page = page.map_err(|refused| problem(&caller, refused))?.value;
        for store in page.items {
            let named = json!({"displayName": store.display_name.unwrap_or_default()});
            stores.insert(store.name.to_string(), named);
        }
        match page.next {
            None => break,
            next => {
                query = PageQuery {
                    page: next,
                    limit: None,
                }
            }
        }
    }
    let config = json!({"dataVault": {"stores": stores}});
    Ok(Json(json!({"config_string": config.to_string()})).into_response())
}

async fn apply(app: &App, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let caller = authenticate(app, &parts, ADMIN).await?;
    let sent = sent::read(app, &caller.ask, &parts, body, [OVERRIDE]).await?;
    let [text] = sent.fields;
    let changes = match changes(&text) {
        Ok(changes) => changes,
        Err(fault) => {
            let faults = [format!("body.config_override_string {fault}")];
            return Err(sent::wrong(app, &caller.ask, &parts, &faults).await);
        }
    };
    let mut entry = None;
    for change in changes {
        let done = match change {
            Change::Put(store, display_name) => {
                let put = app.room.store_put(&caller.ask, store, display_name);
                put.await.map(|answered| answered.entry)
            }
            Change::Delete(store) => {
                let deleted = app.room.store_delete(&caller.ask, store);
                deleted.await.map(|answered| answered.entry)
            }
        };
        entry = match done {
            Ok(entry) => entry,
            // It is gone already: an override may be repeated.
            Err(refused) if refused.denial == Denial::NotFound(Thing::Store) => refused.entry,
            Err(refused) => return Err(problem(&caller, refused)),
        };
    }
    let mut response = Json(json!({"success": true})).into_response();
    response.headers_mut().extend(entry.and_then(entry_header));
    Ok(response)
}

fn problem(caller: &StackCaller, refused: Refused) -> Refusal {
    Problem::new(refused, caller.ask.origin.request_id).into()
}

/// What an override does to a store.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    /// Declares it, or changes what people call it.
    Put(StoreName, Option<String>),
    /// Deletes it.
    Delete(StoreName),
}

/// What is wrong with an override.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum OverrideFault {
    #[error("must be the JSON of an object")]
    NotAnObject,
    #[error("may change `dataVault.stores` only, here")]
    NotStores,
    #[error("may not remove all stores at once")]
    AllAtOnce,
    #[error("has a store id that is none")]
    StoreId,
    #[error("may say `displayName` of a store, at most 200 characters, and nothing else")]
    StoreBody,
}

/// The changes of an override, whose keys are nested, dotted or both. All of it is read before
/// anything is changed.
fn changes(text: &str) -> Result<Vec<Change>, OverrideFault> {
    match serde_json::from_str(text) {
        Ok(Value::Object(all)) => {
            let mut changes = Vec::new();
            walk(&[], all, &mut changes)?;
            Ok(changes)
        }
        _ => Err(OverrideFault::NotAnObject),
    }
}

fn walk(
    above: &[&str],
    object: Map<String, Value>,
    changes: &mut Vec<Change>,
) -> Result<(), OverrideFault> {
    for (key, value) in object {
        let path: Vec<&str> = above.iter().copied().chain(key.split('.')).collect();
        match path.as_slice() {
            ["dataVault"] | ["dataVault", "stores"] => match value {
                Value::Object(object) => walk(&path, object, changes)?,
                _ => return Err(OverrideFault::AllAtOnce),
            },
            ["dataVault", "stores", store] => changes.push(store_change(store, value)?),
            ["dataVault", "stores", store, "displayName"] => {
                changes.push(Change::Put(store_id(store)?, display_name(value)?));
            }
            _ => return Err(OverrideFault::NotStores),
        }
    }
    Ok(())
}

fn store_id(store: &str) -> Result<StoreName, OverrideFault> {
    store.parse().map_err(|_no_name| OverrideFault::StoreId)
}

fn store_change(store: &str, value: Value) -> Result<Change, OverrideFault> {
    let store = store_id(store)?;
    match value {
        Value::Null => Ok(Change::Delete(store)),
        Value::Object(mut said) => {
            let name = said.remove("displayName").unwrap_or_default();
            if !said.is_empty() {
                return Err(OverrideFault::StoreBody);
            }
            Ok(Change::Put(store, display_name(name)?))
        }
        _ => Err(OverrideFault::StoreBody),
    }
}

fn display_name(value: Value) -> Result<Option<String>, OverrideFault> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) if name.chars().count() <= NAME_CHARS_MAX => Ok(Some(name)),
        _ => Err(OverrideFault::StoreBody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(store: &str, name: Option<&str>) -> Change {
        Change::Put(store.parse().unwrap(), name.map(str::to_owned))
    }

    #[test]
    fn keys_may_be_dotted_or_nested() {
        let expected = Ok(vec![put("a", Some("A"))]);
        for text in [
            r#"{"dataVault.stores.a":{"displayName":"A"}}"#,
            r#"{"dataVault.stores.a.displayName":"A"}"#,
            r#"{"dataVault":{"stores":{"a":{"displayName":"A"}}}}"#,
            r#"{"dataVault":{"stores.a":{"displayName":"A"}}}"#,
            r#"{"dataVault.stores":{"a.displayName":"A"}}"#,
        ] {
            assert_eq!(changes(text), expected, "{text}");
        }
        let two = changes(r#"{"dataVault.stores":{"a":{},"__proto__":null}}"#);
        let deleted = Change::Delete("__proto__".parse().unwrap());
        let mut two = two.unwrap();
        two.sort_by_key(|change| matches!(change, Change::Delete(_)));
        assert_eq!(two, [put("a", None), deleted]);
        assert_eq!(changes("{}"), Ok(Vec::new()));
    }

    #[test]
    fn nothing_else_is_changed_by_an_override() {
        for (text, fault) in [
            ("[]", OverrideFault::NotAnObject),
            ("{", OverrideFault::NotAnObject),
            (
                r#"{"auth.password.allowSignIn":true}"#,
                OverrideFault::NotStores,
            ),
            (r#"{"dataVault":null}"#, OverrideFault::AllAtOnce),
            (r#"{"dataVault.stores":null}"#, OverrideFault::AllAtOnce),
            (r#"{"dataVault.stores.a/b":{}}"#, OverrideFault::StoreId),
            (r#"{"dataVault.stores.":{}}"#, OverrideFault::StoreId),
            (r#"{"dataVault.stores.a":1}"#, OverrideFault::StoreBody),
            (
                r#"{"dataVault.stores.a":{"x":1}}"#,
                OverrideFault::StoreBody,
            ),
            (
                r#"{"dataVault.stores.a.displayName":1}"#,
                OverrideFault::StoreBody,
            ),
            (r#"{"dataVault.stores.a.b.c":1}"#, OverrideFault::NotStores),
        ] {
            assert_eq!(changes(text), Err(fault), "{text}");
        }
    }
}
