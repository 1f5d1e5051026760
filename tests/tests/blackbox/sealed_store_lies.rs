//! A server that lies about a sealed store.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use strongroom_client::store::{
    ClientSecret, Found, Freshness, Lie, RecordName, SealedStore, Unlock,
};
use strongroom_client::{Client, RetryPolicy};
use strongroom_tests::room::Room;
use strongroom_tests::{on_each_database, service};

use super::sealed_stores::{name, store, word};

on_each_database!(
    an_older_answer_is_named,
    an_older_state_is_named_by_a_later_run_that_remembers,
    a_record_said_to_be_missing_is_named,
    a_record_of_another_name_or_store_is_named,
    an_older_value_under_a_new_root_is_named,
    an_altered_value_is_named,
    an_invented_root_is_not_in_the_log,
    who_remembers_nothing_is_told_when_a_state_was_the_newest,
    a_state_that_the_log_does_not_state_is_not_remembered,
);

type Lying = Box<dyn Fn(&str, Value) -> Value + Send + Sync>;

/// A server between a client and the true one, which alters what is answered.
pub(super) struct Liar {
    pub(super) client: Client,
    lie: Arc<Mutex<Option<Lying>>>,
    /// The true answers, in order, with their paths.
    said: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Liar {
    pub(super) async fn before(room: &Room) -> Self {
        let lie: Arc<Mutex<Option<Lying>>> = Arc::default();
        let said: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let (teller, keeper) = (Arc::clone(&lie), Arc::clone(&said));
        let (http, origin) = (reqwest::Client::new(), room.server.sheet().url.clone());
        let url = service::start(move |asked| {
            let (teller, keeper) = (Arc::clone(&teller), Arc::clone(&keeper));
            let request = http
                .request(
                    asked.method.parse().unwrap(),
                    format!("{origin}{}", asked.target),
                )
                .header("authorization", asked.header("authorization").unwrap())
                .header("content-type", "application/json")
                .body(asked.body.clone());
            async move {
                let answer = request.send().await.ok()?;
                let status = answer.status().as_u16();
                let bytes = answer.bytes().await.ok()?;
                // What the log says is no JSON, and signed: there is nothing to alter.
                let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
                    return Some((status, bytes.to_vec()));
                };
                keeper
                    .lock()
                    .unwrap()
                    .push((asked.target.clone(), body.clone()));
                let lie = teller.lock().unwrap();
                let told = match lie.as_ref() {
                    Some(lie) => lie(&asked.target, body),
                    None => body,
                };
                Some((status, told.to_string().into_bytes()))
            }
        });
        let client = Client::builder(&url.await)
            .api_key(&room.api_key)
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        Self { client, lie, said }
    }

    async fn open(&self, called: &str, secret: &ClientSecret) -> SealedStore {
        let stores = self.client.stores();
        let (called, slot) = (word(called), word("main"));
        let opened = stores.open(&called, &slot, Unlock::Secret(secret)).await;
        opened.unwrap()
    }

    /// Alters the answers of `get`.
    fn tell(&self, lie: impl Fn(Value) -> Value + Send + Sync + 'static) {
        self.tell_at("/get", lie);
    }

    /// Alters the answers of paths that end so, or have it before their last part.
    pub(super) fn tell_at(
        &self,
        end: &'static str,
        lie: impl Fn(Value) -> Value + Send + Sync + 'static,
    ) {
        *self.lie.lock().unwrap() = Some(Box::new(move |path, said| {
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            if path.ends_with(end) || parent.ends_with(end) {
                lie(said)
            } else {
                said
            }
        }));
    }

    pub(super) fn be_honest(&self) {
        *self.lie.lock().unwrap() = None;
    }

    pub(super) fn last(&self) -> Value {
        self.said.lock().unwrap().last().unwrap().1.clone()
    }
}

async fn lie_told(store: &SealedStore, of: &RecordName) -> Option<Lie> {
    store.get(of).await.unwrap_err().lie()
}

async fn an_older_answer_is_named(room: Room) {
    let (honest, secret) = store(&room, "vault").await;
    honest.set(&name("role"), b"admin").await.unwrap();
    let liar = Liar::before(&room).await;
    let client = liar.open("vault", &secret).await;
    client.get(&name("role")).await.unwrap();
    let old = liar.last();
    client.set(&name("role"), b"guest").await.unwrap();
    liar.tell(move |_| old.clone());
    let told = lie_told(&client, &name("role")).await;
    assert_eq!(told, Some(Lie::OlderState { seen: 2, shown: 1 }));
    liar.be_honest();
    let (found, freshness) = client.get(&name("role")).await.unwrap();
    assert_eq!(found.version(), 2);
    assert_eq!(freshness, Freshness::NotOlderThanSeen);
}

async fn an_older_state_is_named_by_a_later_run_that_remembers(room: Room) {
    let (honest, secret) = store(&room, "vault").await;
    honest.set(&name("role"), b"admin").await.unwrap();
    let liar = Liar::before(&room).await;
    liar.open("vault", &secret)
        .await
        .get(&name("role"))
        .await
        .unwrap();
    let old = liar.last();
    honest.set(&name("role"), b"guest").await.unwrap();
    let memory = honest.memory().unwrap();
    liar.tell(move |_| old.clone());
    // Who remembers nothing is shown the old value, and told that nothing is known of its age.
    let forgetful = liar.open("vault", &secret).await;
    let (found, freshness) = forgetful.get(&name("role")).await.unwrap();
    assert_eq!(found.value().unwrap().value.expose(), b"admin");
    assert_eq!(freshness, Freshness::Unverified);
    let remembers = liar
        .open("vault", &secret)
        .await
        .remembering(memory)
        .unwrap();
    let told = lie_told(&remembers, &name("role")).await;
    assert_eq!(told, Some(Lie::OlderState { seen: 2, shown: 1 }));
}

async fn a_record_said_to_be_missing_is_named(room: Room) {
    let (honest, secret) = store(&room, "vault").await;
    for text in ["a", "b", "c"] {
        honest.set(&name(text), b"v").await.unwrap();
    }
    let liar = Liar::before(&room).await;
    let client = liar.open("vault", &secret).await;
    client.get(&name("never")).await.unwrap();
    let absence = liar.last()["records"][0]["proof"].clone();
    liar.tell(|mut said| {
        said["records"][0].as_object_mut().unwrap().remove("record");
        said
    });
    assert_eq!(lie_told(&client, &name("a")).await, Some(Lie::FalseAbsence));
    // With the proof that another name is not there.
    liar.tell(move |mut said| {
        said["records"][0] = json!({ "proof": absence });
        said
    });
    assert_eq!(lie_told(&client, &name("a")).await, Some(Lie::FalseAbsence));
    liar.tell(|mut said| {
        said["records"] = json!([]);
        said
    });
    assert_eq!(lie_told(&client, &name("a")).await, Some(Lie::Malformed));
}

async fn a_record_of_another_name_or_store_is_named(room: Room) {
    let (vault, secret) = store(&room, "vault").await;
    vault.set(&name("role"), b"guest").await.unwrap();
    vault.set(&name("other"), b"admin").await.unwrap();
    let (billing, other_secret) = store(&room, "billing").await;
    billing.set(&name("role"), b"admin").await.unwrap();
    billing.set(&name("more"), b"v").await.unwrap();
    let liar = Liar::before(&room).await;
    let client = liar.open("vault", &secret).await;
    client.get(&name("other")).await.unwrap();
    let of_other_name = liar.last();
    let elsewhere = liar.open("billing", &other_secret).await;
    elsewhere.get(&name("role")).await.unwrap();
    let of_other_store = liar.last();
    for lie in [of_other_name, of_other_store] {
        let record = lie["records"][0].clone();
        liar.tell(move |mut said| {
            said["records"][0]["record"] = record["record"].clone();
            said
        });
        assert_eq!(lie_told(&client, &name("role")).await, Some(Lie::NotInMap));
        let record = lie["records"][0].clone();
        liar.tell(move |mut said| {
            said["records"][0] = record.clone();
            said
        });
        assert_eq!(lie_told(&client, &name("role")).await, Some(Lie::NotInMap));
    }
    // A whole answer of another store: its root is not this store's.
    let fresh = liar.open("vault", &secret).await;
    liar.be_honest();
    elsewhere.get(&name("role")).await.unwrap();
    let whole = liar.last();
    liar.tell(move |_| whole.clone());
    assert_eq!(lie_told(&fresh, &name("role")).await, Some(Lie::NotInMap));
}

/// The server is free to put an old leaf under a new root. Whoever saw the newer version names it.
async fn an_older_value_under_a_new_root_is_named(room: Room) {
    let (honest, secret) = store(&room, "vault").await;
    honest.set(&name("role"), b"admin").await.unwrap();
    let liar = Liar::before(&room).await;
    let client = liar.open("vault", &secret).await;
    client.get(&name("role")).await.unwrap();
    let old = liar.last();
    client.set(&name("role"), b"guest").await.unwrap();
    client.get(&name("role")).await.unwrap();
    liar.tell(move |_| {
        // The only record of the map: its old root, under a new number.
        let mut old = old.clone();
        old["sequence"] = json!(9);
        old
    });
    let told = lie_told(&client, &name("role")).await;
    assert_eq!(told, Some(Lie::OlderVersion { seen: 2, shown: 1 }));
}

async fn an_altered_value_is_named(room: Room) {
    let (honest, secret) = store(&room, "vault").await;
    honest.set(&name("role"), b"guest").await.unwrap();
    let liar = Liar::before(&room).await;
    let client = liar.open("vault", &secret).await;
    for (field, wrong, expected) in [
        ("value", json!("AAAA"), Lie::Altered),
        ("version", json!(2), Lie::NotInMap),
        ("epoch", json!(2), Lie::NotInMap),
        ("expires", json!(5), Lie::NotInMap),
        ("digest", json!("AAAA"), Lie::Malformed),
        ("value", Value::Null, Lie::FalseAbsence),
    ] {
        liar.tell(move |mut said| {
            said["records"][0]["record"][field] = wrong.clone();
            said
        });
        let told = lie_told(&client, &name("role")).await;
        assert_eq!(told, Some(expected), "{field}");
    }
}

async fn an_invented_root_is_not_in_the_log(room: Room) {
    let (honest, secret) = store(&room, "vault").await;
    honest.set(&name("n"), b"v").await.unwrap();
    let liar = Liar::before(&room).await;
    let client = liar.open("vault", &secret).await;
    // A number that no entry states, with a root that one does.
    liar.tell(|mut said| {
        said["sequence"] = json!(7);
        said
    });
    let (found, _) = client.get(&name("n")).await.unwrap();
    assert!(matches!(found, Found::Value(_)));
    let truthful = honest.confirm(&room.verifier()).await.unwrap();
    assert_eq!(truthful.sequence, 1);
    // The same connection that lied answers the questions about the log.
    let refused = client.confirm(&room.verifier()).await;
    assert_eq!(refused.unwrap_err().lie(), Some(Lie::NotLogged));
}

/// Without a remembered root the client asks for a checkpoint. A state that is shown again has the
/// time at which it was the newest.
async fn who_remembers_nothing_is_told_when_a_state_was_the_newest(room: Room) {
    let (honest, secret) = store(&room, "vault").await;
    honest.set(&name("role"), b"admin").await.unwrap();
    let liar = Liar::before(&room).await;
    let fresh = async || {
        let opened = liar.open("vault", &secret).await;
        opened.confirming(room.verifier())
    };
    let (_, freshness) = fresh().await.get(&name("role")).await.unwrap();
    let Freshness::InLog(first) = freshness else {
        panic!("not in the log: {freshness:?}")
    };
    assert_eq!(first.sequence, 1);
    assert!(first.entry < first.log_size);
    let old = {
        let said = liar.said.lock().unwrap();
        let got = said.iter().rev().find(|(path, _)| path.ends_with("/get"));
        got.unwrap().1.clone()
    };
    honest.set(&name("role"), b"guest").await.unwrap();
    let changed = honest.confirm(&room.verifier()).await.unwrap();
    liar.tell(move |_| old.clone());
    let (found, freshness) = fresh().await.get(&name("role")).await.unwrap();
    assert_eq!(found.value().unwrap().value.expose(), b"admin");
    let Freshness::InLog(again) = freshness else {
        panic!("not in the log: {freshness:?}")
    };
    assert_eq!((again.sequence, again.at), (1, first.at));
    assert!(again.at < changed.at);
    liar.be_honest();
    let client = fresh().await;
    let (_, freshness) = client.get(&name("role")).await.unwrap();
    let Freshness::InLog(now) = freshness else {
        panic!("not in the log: {freshness:?}")
    };
    assert!(now.sequence == 2 && now.at > changed.at);
    let (_, later) = client.get(&name("role")).await.unwrap();
    assert_eq!(later, Freshness::NotOlderThanSeen);
}

async fn a_state_that_the_log_does_not_state_is_not_remembered(room: Room) {
    let (honest, secret) = store(&room, "vault").await;
    honest.set(&name("n"), b"v").await.unwrap();
    let liar = Liar::before(&room).await;
    let client = liar.open("vault", &secret).await;
    let client = client.confirming(room.verifier());
    let wrongs: [fn(&mut Value); 3] = [
        |said| said["sequence"] = json!(7),
        |said| said["rooted"] = said["log_entry"].clone(),
        |said| said["log_entry"] = Value::Null,
    ];
    for wrong in wrongs {
        liar.tell(move |mut said| {
            wrong(&mut said);
            said
        });
        assert_eq!(lie_told(&client, &name("n")).await, Some(Lie::NotLogged));
        assert_eq!(client.memory(), None);
    }
    liar.be_honest();
    let (_, freshness) = client.get(&name("n")).await.unwrap();
    assert!(matches!(freshness, Freshness::InLog(_)));
}
