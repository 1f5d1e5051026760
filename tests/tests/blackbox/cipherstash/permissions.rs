//! What each route asks of who calls it.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cipherstash::{ADMIN, CipherStash, MEMBER, key};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::Permission;

use super::{EACH, GENERATE, LOAD, Made, RETRIEVE, assert_refused, make_keyset};

on_each_database!(
    each_route_needs_its_permission,
    each_route_needs_a_credential,
);

/// A call, and what it needs.
struct Route {
    method: Method,
    path: String,
    body: Value,
    /// Without one of these it is refused.
    needed: Vec<Permission>,
    /// What is needed as well where permissions are given away: only what one has can be given.
    given: Vec<Permission>,
}

impl Route {
    fn new(method: Method, path: &str, body: &Value, needed: &[Permission]) -> Self {
        Self {
            method,
            path: path.to_owned(),
            body: body.clone(),
            needed: needed.to_vec(),
            given: Vec::new(),
        }
    }

    fn post(path: &str, body: &Value, needed: Permission) -> Self {
        Self::new(Method::POST, path, body, &[needed])
    }

    /// Where a member's permissions are given away.
    fn giving(self) -> Self {
        Self {
            given: MEMBER.to_vec(),
            ..self
        }
    }

    async fn call(&self, room: &Room, credential: Option<&str>) -> Reply {
        let mut request = room.anonymous(self.method.clone(), &self.path);
        if let Some(credential) = credential {
            request = request.bearer_auth(credential);
        }
        if !self.body.is_null() {
            request = request.json(&self.body);
        }
        Reply::of(request).await
    }
}

/// The calls that concern data keys.
async fn of_data_keys(room: &Room, cs: &CipherStash) -> Vec<Route> {
    use Permission::{KeysetsGenerate, KeysetsRetrieve};
    let keys = cs.keys(&json!([key(1, "d")]));
    let made = Made::of(room, &cs.token, &keys).await;
    let again = cs.keys(&json!(made.asked));
    let load = json!({"client_id": cs.client_id});
    vec![
        Route::post(GENERATE, &keys, KeysetsGenerate),
        Route::post(RETRIEVE, &again, KeysetsRetrieve),
        Route::post(EACH, &again, KeysetsRetrieve),
        Route::post(LOAD, &load, KeysetsRetrieve),
        Route::post("/zerokms/load-dataset", &load, KeysetsRetrieve),
    ]
}

/// The calls that administer keysets and their clients.
async fn of_keysets(room: &Room, cs: &CipherStash) -> Vec<Route> {
    use Permission::{AdminKeysets, KeysetsList};
    let id = make_keyset(room, cs, "acme").await;
    let named = json!({"name": "n", "description": "d"});
    let client = cs.call(room, "/zerokms/create-client", &named).await;
    let (which, pair) = (
        json!({"keyset_id": id}),
        json!({"client_id": cs.client_id, "keyset_id": id}),
    );
    let nothing = json!({});
    let client = json!({"client_id": client.text("id")});
    let mut routes = vec![Route::post("/zerokms/list-keysets", &nothing, KeysetsList)];
    for (name, body) in [
        ("create-keyset", &named),
        ("modify-keyset", &which),
        ("disable-keyset", &which),
        ("enable-keyset", &which),
        ("revoke-keyset", &pair),
        ("grant-keyset", &pair),
        ("create-client", &named),
        ("list-clients", &nothing),
        ("delete-client", &client),
    ] {
        routes.push(Route::post(&format!("/zerokms/{name}"), body, AdminKeysets));
    }
    routes
}

/// The calls that concern credentials.
async fn of_credentials(room: &Room, cs: &CipherStash) -> Vec<Route> {
    use Permission::{AdminClients, AdminIssuers};
    let access = json!({"name": "x", "role": "member"});
    let made = cs.call(room, "/api/access-keys", &access).await;
    let made = json!({"id": made.text("id")});
    let (none, both) = (Value::Null, [AdminClients, AdminIssuers]);
    let (list, remove) = (Method::GET, Method::DELETE);
    let provider = json!({"vendor": "okta", "issuer": "https://identity.example",
        "audience": "strongroom"});
    let providers = "/api/oidc/providers";
    let trusted = format!("{providers}/{}", room.issuer.id);
    vec![
        Route::post("/api/access-keys", &access, AdminClients).giving(),
        Route::new(list.clone(), "/api/access-keys", &none, &[AdminClients]),
        Route::new(remove.clone(), "/api/access-key", &made, &[AdminClients]),
        Route::new(list, providers, &none, &[AdminIssuers]),
        Route::new(Method::POST, providers, &provider, &both).giving(),
        Route::new(remove, &trusted, &none, &[AdminIssuers]),
    ]
}

async fn routes(room: &Room, cs: &CipherStash) -> Vec<Route> {
    let mut routes = of_data_keys(room, cs).await;
    routes.append(&mut of_keysets(room, cs).await);
    routes.append(&mut of_credentials(room, cs).await);
    routes
}

async fn each_route_needs_its_permission(room: Room) {
    let cs = CipherStash::of(&room).await;
    for route in routes(&room, &cs).await {
        let path = &route.path;
        for lacked in &route.needed {
            let others: Vec<_> = ADMIN.into_iter().filter(|held| held != lacked).collect();
            let (_, lacking) = room.make_client(&others, &[&[]]).await;
            let refused = route.call(&room, Some(&lacking.api_key.secret)).await;
            assert_eq!(refused.status, 403, "{path} without {lacked:?}");
            assert_refused(&refused, 403, "permission_denied");
        }
        let held = [route.needed.clone(), route.given.clone()].concat();
        let (_, having) = room.make_client(&held, &[&[]]).await;
        let done = route.call(&room, Some(&having.api_key.secret)).await;
        assert_eq!(done.status, 200, "{path}: {done:?}");
    }
}

async fn each_route_needs_a_credential(room: Room) {
    let cs = CipherStash::of(&room).await;
    let mut routes = routes(&room, &cs).await;
    // Whoever is known sees the workspace that the credential is of, and no other.
    let own = Route::new(Method::GET, "/api/workspaces", &Value::Null, &[]);
    let (_, bare) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let seen = own.call(&room, Some(&bare.api_key.secret)).await.json();
    assert_eq!(seen.as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(seen[0]["id"], json!(cs.workspace));
    routes.push(own);
    for route in routes {
        for credential in [None, Some("a.b.c")] {
            let refused = route.call(&room, credential).await;
            assert_eq!(refused.status, 401, "{}: {refused:?}", route.path);
            assert_refused(&refused, 401, "unauthenticated");
        }
    }
}
