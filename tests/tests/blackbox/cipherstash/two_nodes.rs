//! Two servers on one PostgreSQL: what one refuses from now on, the other refuses at the next request.

use serde_json::{Value, json};
use strongroom_tests::cipherstash::{access_key, key};
use strongroom_tests::deployment::{Deployment, Serving};
use strongroom_tests::postgres;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Database;

use super::{GENERATE, assert_refused};

const SETTINGS: [(&str, &str); 2] = [
    ("STRONGROOM_SURFACES", "cipherstash"),
    // Nobody here follows it.
    ("STRONGROOM_CIPHERSTASH_URL", "http://127.0.0.1:8320"),
];

/// An access key's token, and a client of a keyset.
struct Caller {
    token: String,
    client: Value,
    keyset: Value,
}

impl Caller {
    async fn of(node: &Serving, api_key: &str) -> Self {
        let asked = json!({ "accessKey": access_key(api_key) });
        let token = node.post("/api/authorise", "", &asked).await;
        let token = token.text("accessToken");
        let request = json!({"name": "application"});
        let made = node.post("/zerokms/create-client", &token, &request).await;
        let made = made.json();
        Self {
            token,
            client: made["id"].clone(),
            keyset: made["dataset_id"].clone(),
        }
    }

    async fn generate(&self, node: &Serving) -> Reply {
        let body = json!({"client_id": self.client, "keyset_id": null,
            "keys": [key(1, "users/email")], "unverified_context": {}});
        node.post(GENERATE, &self.token, &body).await
    }

    async fn administer(&self, node: &Serving, operation: &str, body: &Value) {
        let path = format!("/zerokms/{operation}");
        let reply = node.post(&path, &self.token, body).await;
        assert!(reply.status < 300, "{operation}: {reply:?}");
    }
}

#[tokio::test]
async fn what_one_node_refuses_the_other_refuses_at_the_next_request() {
    if !Database::Postgres.is_tested() {
        return;
    }
    let database = postgres::database("cipherstash").unwrap();
    let deployment = Deployment::new(&["--database", &database], &SETTINGS);
    let system = deployment.init();
    let (first, second) = (deployment.serve(), deployment.serve());
    let api_key = first.workspace(&system).await;
    let caller = Caller::of(&first, &api_key).await;
    // Both nodes have the keyset's key, the grant and the caller in their memory.
    for node in [&first, &second] {
        assert_eq!(caller.generate(node).await.status, 200);
    }
    let keyset = json!({"keyset_id": caller.keyset});
    caller.administer(&first, "disable-keyset", &keyset).await;
    assert_refused(&caller.generate(&second).await, 403, "key_disabled");
    caller.administer(&second, "enable-keyset", &keyset).await;
    assert_eq!(caller.generate(&first).await.status, 200);
    let grant = json!({"keyset_id": caller.keyset, "client_id": caller.client});
    caller.administer(&second, "revoke-keyset", &grant).await;
    assert_refused(&caller.generate(&first).await, 403, "permission_denied");
    caller.administer(&first, "grant-keyset", &grant).await;
    assert_eq!(caller.generate(&second).await.status, 200);
}
