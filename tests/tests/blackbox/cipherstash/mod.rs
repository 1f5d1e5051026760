//! CipherStash's key and token services, request by request.

mod attacks;
mod data_keys;
mod devices;
mod keysets;
mod permissions;
mod tokens;
mod two_nodes;

use serde_json::{Value, json};
use strongroom_tests::cipherstash::{CipherStash, call, tagged};
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;

const GENERATE: &str = "/zerokms/generate-data-key";
const RETRIEVE: &str = "/zerokms/retrieve-data-key";
const EACH: &str = "/zerokms/retrieve-data-key-fallible";
const LOAD: &str = "/zerokms/load-keyset";

/// Checks that an answer is a refusal with this status and code of ours.
fn assert_refused(reply: &Reply, status: u16, code: &str) {
    let body = reply.json();
    let said = (reply.status, &body["code"]);
    assert_eq!(said, (status, &json!(code)), "{reply:?}");
    assert!(body["error"].is_string() && body["message"].is_string());
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

/// Keys that were generated: as they are asked for again, and their material.
struct Made {
    asked: Vec<Value>,
    materials: Vec<Value>,
}

impl Made {
    async fn of(room: &Room, token: &str, body: &Value) -> Self {
        let reply = call(room, token, GENERATE, body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let made = reply.json();
        let made = made["keys"].as_array().unwrap();
        let keys = body["keys"].as_array().unwrap();
        assert_eq!(made.len(), keys.len());
        let pairs = keys.iter().zip(made);
        Self {
            asked: pairs.map(|(key, made)| tagged(key, made)).collect(),
            materials: made
                .iter()
                .map(|made| made["key_material"].clone())
                .collect(),
        }
    }
}

/// The materials of an answer.
fn materials(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let keys = reply.json();
    let keys = keys["keys"].as_array().unwrap().iter();
    keys.map(|key| key["key_material"].clone()).collect()
}

/// A keyset that the client is granted.
async fn make_keyset(room: &Room, cs: &CipherStash, name: &str) -> String {
    let body = json!({"name": name, "description": "a tenant's"});
    let made = cs.call(room, "/zerokms/create-keyset", &body).await;
    assert_eq!(made.status, 200, "{made:?}");
    let id = made.text("id");
    let granted = grant(room, cs, "/zerokms/grant-keyset", &id).await;
    assert_eq!((granted.status, granted.json()), (200, json!({})));
    id
}

/// Grants a keyset to the client, or revokes it.
async fn grant(room: &Room, cs: &CipherStash, path: &str, keyset: &str) -> Reply {
    let body = json!({"client_id": cs.client_id, "keyset_id": {"Uuid": keyset}});
    cs.call(room, path, &body).await
}
