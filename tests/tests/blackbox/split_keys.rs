//! Split keys: granted, derived, sealed and opened by the clients of a keyset.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::index::{Column, IndexKey};
use strongroom_client::split::{
    GrantingKey, KeysetPin, SealedFields, SplitCredential, SplitError, SplitKeyPair, SplitKeyset,
    ValuePlace,
};
use strongroom_client::{Client, EntryFilter, LockContext, PageQuery};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_log::sha256;
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::body::{EntryView, KeysetDeclare};
use strongroom_types::{
    ClaimValue, Claims, ClientId, Code, IssuerId, KeysetId, Operation, Permission, Reason,
};

on_each_database!(
    clients_of_a_keyset_open_each_others_values,
    a_value_opens_at_its_place_only,
    a_locked_value_opens_for_its_person_only,
    a_batch_is_one_entry_with_the_root_of_its_items,
    a_batch_of_the_largest_size_is_one_entry,
    malformed_requests_are_refused,
    who_has_no_grant_gets_no_share,
    a_disabled_keyset_is_shut_at_once,
    a_revoked_client_derives_nothing_more,
    of_two_first_writers_one_is_refused,
    of_two_grants_at_once_one_is_refused,
    a_new_epoch_leaves_the_revoked_client_behind,
    values_of_older_key_versions_open_after_rotation,
    fields_of_a_model_are_sealed_and_opened,
    terms_are_of_one_keyset_table_and_column,
);

pub(super) const EMAIL: ValuePlace<'static> = ValuePlace {
    table: "users",
    column: "email",
    row: Some("7"),
};

/// A keyset of which the administrator's client is the granting one.
pub(super) struct Vault {
    pub(super) id: KeysetId,
    pub(super) granting: GrantingKey,
    pub(super) credential: SplitCredential,
    pub(super) keys: SplitKeyset,
}

pub(super) fn pair() -> SplitKeyPair {
    SplitKeyPair::generate(&SystemEntropy).unwrap()
}

async fn declare(room: &Room, name: &str) -> KeysetId {
    let request = KeysetDeclare {
        name: name.parse().unwrap(),
        description: String::new(),
    };
    room.client.split_keys().declare(&request).await.unwrap().id
}

pub(super) async fn vault(room: &Room, name: &str) -> Vault {
    let id = declare(room, name).await;
    let granting = GrantingKey::generate(&SystemEntropy).unwrap();
    let split = room.client.split_keys();
    let credential = split.begin(id, &granting, pair()).await.unwrap();
    let keys = split.open(&credential).await.unwrap();
    Vault {
        id,
        granting,
        credential,
        keys,
    }
}

/// Another client of the keyset.
pub(super) struct Member {
    pub(super) id: ClientId,
    pub(super) client: Client,
    pub(super) api_key: String,
    pub(super) pair: SplitKeyPair,
}

pub(super) async fn stranger(room: &Room) -> Member {
    let (client, made) = room.make_client(&[Permission::SplitKeysUse], &[&[]]).await;
    let pair = pair();
    let id = client.split_keys().register(&pair).await.unwrap();
    assert_eq!(id, made.client.id);
    Member {
        id,
        client,
        api_key: made.api_key.secret,
        pair,
    }
}

impl Member {
    pub(super) async fn granted(&self, vault: &Vault) -> KeysetPin {
        let fingerprint = self.pair.fingerprint();
        let granted = vault.keys.grant(&vault.granting, self.id, &fingerprint);
        granted.await.unwrap()
    }
}

/// A client that joined the keyset, with its keys opened.
pub(super) async fn member(room: &Room, vault: &Vault) -> (ClientId, Client, SplitCredential) {
    let member = stranger(room).await;
    let pin = member.granted(vault).await;
    let credential = SplitCredential::new(member.pair, pin);
    (member.id, member.client, credential)
}

async fn derivations(room: &Room) -> Vec<EntryView> {
    let filter = EntryFilter {
        operation: Some(Operation::SplitDerive),
        ..EntryFilter::default()
    };
    room.entries(filter).await
}

async fn clients_of_a_keyset_open_each_others_values(room: Room) {
    let vault = vault(&room, "tenants/acme").await;
    let (_, client, credential) = member(&room, &vault).await;
    // As it is kept in a file.
    let text = credential.expose_text();
    let credential: SplitCredential = text.parse().unwrap();
    let keys = client.split_keys().open(&credential).await.unwrap();
    let sealed = vault.keys.seal(&EMAIL, b"ann@example.com").await.unwrap();
    assert!(!sealed.windows(3).any(|window| window == b"ann"));
    let opened = keys.open(&EMAIL, &sealed).await.unwrap();
    assert_eq!(opened.expose(), b"ann@example.com");
    let name = ValuePlace {
        column: "name",
        row: None,
        ..EMAIL
    };
    let both = [(EMAIL, &b"bob@example.com"[..]), (name, b"")];
    let sealed = keys.seal_all(&both).await.unwrap();
    let asked = [(EMAIL, sealed[0].as_slice()), (name, &sealed[1])];
    let opened = vault.keys.open_each(&asked).await.unwrap();
    let opened: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
    assert_eq!(opened[0].expose(), b"bob@example.com");
    assert_eq!(opened[1].expose(), b"");
    // One value twice is two ciphertexts under two keys.
    let again = keys.seal(&name, b"").await.unwrap();
    assert_ne!(again, sealed[1]);
    let page = room.client.split_keys();
    let page = page.grants(vault.id, &PageQuery::default()).await.unwrap();
    assert_eq!(page.items.len(), 2);
    assert!(page.items.iter().all(|item| item.epochs == [1]));
}

async fn a_value_opens_at_its_place_only(room: Room) {
    let (here, elsewhere) = (vault(&room, "here").await, vault(&room, "elsewhere").await);
    let sealed = here.keys.seal(&EMAIL, b"value").await.unwrap();
    let before = derivations(&room).await.len();
    let row = |row| ValuePlace { row, ..EMAIL };
    let column = ValuePlace {
        column: "phone",
        ..EMAIL
    };
    let table = ValuePlace {
        table: "admins",
        ..EMAIL
    };
    for place in [row(None), row(Some("8")), column, table] {
        let refused = here.keys.open(&place, &sealed).await;
        assert!(matches!(refused, Err(SplitError::OtherPlace)), "{place:?}");
    }
    let refused = elsewhere.keys.open(&EMAIL, &sealed).await;
    assert!(matches!(refused, Err(SplitError::OtherKeyset)));
    let refused = here.keys.open(&EMAIL, b"nothing of ours").await;
    assert!(matches!(refused, Err(SplitError::Format(_))));
    // None of these asked the server for anything.
    assert_eq!(derivations(&room).await.len(), before);
    for at in [sealed.len() - 1, 100] {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(here.keys.open(&EMAIL, &altered).await.is_err(), "{at}");
    }
    assert!(here.keys.open(&EMAIL, &sealed).await.is_ok());
}

async fn a_locked_value_opens_for_its_person_only(room: Room) {
    let vault = vault(&room, "people").await;
    let (alice, bob) = (room.token("alice").await, room.token("bob").await);
    let identified = LockContext::new().identify(&room.client, &alice);
    let alices = vault.keys.with_lock_context(identified.await.unwrap());
    let sealed = alices.seal(&EMAIL, b"diagnosis").await.unwrap();
    assert_eq!(
        alices.open(&EMAIL, &sealed).await.unwrap().expose(),
        b"diagnosis"
    );
    let by_jwt = vault.keys.with_lock_context(&alice);
    assert!(by_jwt.open(&EMAIL, &sealed).await.is_ok());
    let bobs = vault.keys.with_lock_context(&bob);
    for other in [&bobs, &vault.keys] {
        let refused = other.open(&EMAIL, &sealed).await;
        assert!(matches!(refused, Err(SplitError::OtherIdentity)));
    }
    let reasons: Vec<_> = derivations(&room)
        .await
        .into_iter()
        .filter_map(|entry| entry.reason)
        .collect();
    assert_eq!(reasons, [Reason::LockNotMet, Reason::IdentityMissing]);
    // Among others: the others open.
    let open = bobs.seal(&EMAIL, b"bob's").await.unwrap();
    let asked = [(EMAIL, sealed.as_slice()), (EMAIL, &open)];
    let opened = bobs.open_each(&asked).await.unwrap();
    assert!(matches!(opened[0], Err(SplitError::OtherIdentity)));
    assert_eq!(opened[1].as_ref().unwrap().expose(), b"bob's");
}

async fn a_batch_is_one_entry_with_the_root_of_its_items(room: Room) {
    let vault = vault(&room, "batch").await;
    let before = derivations(&room).await.len();
    let values = vec![(EMAIL, &b"v"[..]); 3];
    let sealed = vault.keys.seal_all(&values).await.unwrap();
    assert_eq!(sealed.len(), 3);
    let entries = derivations(&room).await;
    assert_eq!(entries.len(), before + 1);
    let entry = entries.last().unwrap();
    assert_eq!(entry.count, 3);
    let keyset = entry.key_context.as_ref().unwrap();
    assert_eq!(keyset.value("keyset"), Some(vault.id.to_string().as_str()));
    let items = room.client.log().items(entry.index).await.unwrap();
    assert_eq!(items.items.len(), 3);
    // Whoever holds a value finds its uses by the digest of its id.
    let (_, of) = strongroom_crypto::split::SplitKeyOf::parse(&sealed[1]).unwrap();
    let digest = items.items[1].digest.as_deref();
    assert_eq!(digest, Some(sha256(&of.id).to_string().as_str()));
}

async fn a_batch_of_the_largest_size_is_one_entry(room: Room) {
    let vault = vault(&room, "large").await;
    let values = vec![(EMAIL, &b"v"[..]); 10_000];
    let sealed = vault.keys.seal_all(&values).await.unwrap();
    let asked: Vec<_> = sealed.iter().map(|blob| (EMAIL, blob.as_slice())).collect();
    let opened = vault.keys.open_each(&asked).await.unwrap();
    assert!(opened.iter().all(Result::is_ok));
    let entries = derivations(&room).await;
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry.count == 10_000));
}

pub(super) fn item(keyset: KeysetId) -> Value {
    json!({ "keyset": keyset, "id": "AAAAAAAAAAAAAAAAAAAAAA==" })
}

async fn malformed_requests_are_refused(room: Room) {
    let vault = vault(&room, "bad").await;
    let good = item(vault.id);
    let derived = room.post("/v1/split-keys/derive", good.to_string()).await;
    assert_eq!(derived.status, 200);
    let altered = |field: &str, value: Value| {
        let mut item = good.clone();
        item[field] = value;
        item
    };
    for (field, value) in [
        ("id", json!("?")),
        ("id", json!("AAAA")),
        ("id", json!("")),
        ("version", json!("one")),
        ("keyset", json!("acme")),
        ("lock_tag", json!("AAAAAAAAAAAAAAAAAAAAAA==")),
        ("surplus", json!(1)),
    ] {
        let body = altered(field, value).to_string();
        let refused = room.post("/v1/split-keys/derive", body).await;
        refused.assert_problem(400, "invalid_request");
    }
    // Without what the value says of its owner nobody is told from another.
    let mut locked = altered("lock", json!(["sub"]));
    locked["version"] = json!(1);
    let refused = room.post("/v1/split-keys/derive", locked.to_string()).await;
    refused.assert_problem(400, "invalid_request");
    let unknown = altered("version", json!(9));
    let refused = room
        .post("/v1/split-keys/derive", unknown.to_string())
        .await;
    refused.assert_problem(400, "cannot_decrypt");
    for count in [0, 10_001] {
        let body = json!({ "items": vec![&good; count] }).to_string();
        let refused = room.post("/v1/split-keys/derive/batch", body).await;
        let expected = (400, "invalid_request");
        room.assert_problem(&refused, expected, Reason::InvalidRequest)
            .await;
    }
    let request = room.request(Method::POST, "/v1/split-keys/derive/batch");
    let request = request.header("content-type", "text/plain").body("{}");
    assert_eq!(Reply::of(request).await.status, 415);
    for body in ["", "\u{0}", "[]"] {
        let refused = room.post("/v1/split-keys/derive/batch", body).await;
        assert_eq!(refused.status, 400, "{body:?}");
    }
    // One bad item among good ones is one bad result.
    let items = [good.clone(), altered("id", json!("AAAA")), good.clone()];
    let body = json!({ "items": items }).to_string();
    let reply = room.post("/v1/split-keys/derive/batch", body).await;
    let results = &reply.json()["results"];
    assert_eq!(results[1]["error"]["code"], "invalid_request");
    assert_eq!(results[0]["share"], results[2]["share"]);
    assert!(results[0]["share"].is_string());
}

async fn who_has_no_grant_gets_no_share(room: Room) {
    let vault = vault(&room, "closed").await;
    let other = stranger(&room).await;
    let ask = async |keyset: KeysetId| {
        let request = room.anonymous(Method::POST, "/v1/split-keys/derive");
        let request = request.bearer_auth(&other.api_key);
        Reply::of(request.json(&item(keyset))).await
    };
    let unknown = KeysetId::from_random([1; 16]);
    ask(unknown).await.assert_problem(404, "not_found");
    let refused = ask(vault.id).await;
    let expected = (403, "permission_denied");
    room.assert_problem(&refused, expected, Reason::ContextNotAllowed)
        .await;
    let pin = vault.credential.pin().to_string();
    let credential = SplitCredential::new(other.pair, pin.parse().unwrap());
    let opened = other.client.split_keys().open(&credential).await;
    assert!(matches!(opened, Err(SplitError::NotGranted)));
    // Nor does a client without the permission, whatever it is granted.
    let (client, _) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    assert!(client.split_keys().register(&pair()).await.is_err());
    // A grant that the granting key did not sign is not kept.
    let wrong = GrantingKey::generate(&SystemEntropy).unwrap();
    let member = stranger(&room).await;
    let fingerprint = member.pair.fingerprint();
    let refused = vault.keys.grant(&wrong, member.id, &fingerprint).await;
    assert!(matches!(refused, Err(SplitError::GrantingKey)));
}

async fn a_disabled_keyset_is_shut_at_once(room: Room) {
    let vault = vault(&room, "tenant").await;
    let sealed = vault.keys.seal(&EMAIL, b"value").await.unwrap();
    let split = room.client.split_keys();
    split.disable(vault.id).await.unwrap();
    let refused = vault.keys.open(&EMAIL, &sealed).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::KeyDisabled));
    let refused = vault.keys.seal(&EMAIL, b"value").await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::KeyDisabled));
    let listed = split.keysets().await.unwrap();
    assert!(
        listed
            .iter()
            .any(|keyset| keyset.id == vault.id && keyset.is_disabled)
    );
    split.enable(vault.id).await.unwrap();
    assert!(vault.keys.open(&EMAIL, &sealed).await.is_ok());
}

async fn a_revoked_client_derives_nothing_more(room: Room) {
    let vault = vault(&room, "staff").await;
    let (id, client, credential) = member(&room, &vault).await;
    let keys = client.split_keys().open(&credential).await.unwrap();
    let sealed = keys.seal(&EMAIL, b"value").await.unwrap();
    room.client.split_keys().revoke(vault.id, id).await.unwrap();
    // It has the clients' share still, and gets none of the server's.
    for refused in [
        keys.open(&EMAIL, &sealed).await.err().unwrap(),
        keys.seal(&EMAIL, b"more").await.err().unwrap(),
        client.split_keys().open(&credential).await.err().unwrap(),
    ] {
        assert!(matches!(refused, SplitError::NotGranted), "{refused:?}");
    }
    let again = room.client.split_keys().revoke(vault.id, id).await;
    assert_eq!(again.unwrap_err().code(), Some(Code::NotFound));
    assert!(vault.keys.open(&EMAIL, &sealed).await.is_ok());
    let entries = room.entries(EntryFilter::default()).await;
    let revoked = entries
        .iter()
        .find(|entry| entry.operation == Operation::SplitGrantRevoke);
    assert_eq!(revoked.unwrap().facts["revoked_from"], id.to_string());
}

async fn of_two_first_writers_one_is_refused(room: Room) {
    let id = declare(&room, "contested").await;
    let admin = [Permission::SplitKeysUse, Permission::AdminSplitKeys];
    let (first, _) = room.make_client(&admin, &[&[]]).await;
    let (second, _) = room.make_client(&admin, &[&[]]).await;
    let begin = async |client: &Client| {
        let granting = GrantingKey::generate(&SystemEntropy).unwrap();
        client.split_keys().begin(id, &granting, pair()).await
    };
    let begun = join_all([begin(&first), begin(&second)]).await;
    let refused: Vec<_> = begun.iter().filter_map(|one| one.as_ref().err()).collect();
    assert_eq!(refused.len(), 1, "{begun:?}");
    assert_eq!(refused[0].code(), Some(Code::Conflict));
}

async fn of_two_grants_at_once_one_is_refused(room: Room) {
    let vault = vault(&room, "twice").await;
    let member = stranger(&room).await;
    let fingerprint = member.pair.fingerprint();
    let grant = || vault.keys.grant(&vault.granting, member.id, &fingerprint);
    let granted = join_all([grant(), grant()]).await;
    let refused: Vec<_> = granted
        .iter()
        .filter_map(|one| one.as_ref().err())
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].code(), Some(Code::Conflict));
}

async fn a_new_epoch_leaves_the_revoked_client_behind(room: Room) {
    let vault = vault(&room, "epochs").await;
    let (gone, gone_client, gone_credential) = member(&room, &vault).await;
    let left = gone_client.split_keys().open(&gone_credential).await;
    let left = left.unwrap();
    let old = left.seal(&EMAIL, b"old").await.unwrap();
    let split = room.client.split_keys();
    split.revoke(vault.id, gone).await.unwrap();
    let credential = vault.keys.begin_epoch(&vault.granting, vault.credential);
    let credential = credential.await.unwrap();
    let keys = split.open(&credential).await.unwrap();
    assert_eq!(keys.epoch(), 2);
    let new = keys.seal(&EMAIL, b"new").await.unwrap();
    assert_eq!(keys.open(&EMAIL, &old).await.unwrap().expose(), b"old");
    assert_eq!(keys.open(&EMAIL, &new).await.unwrap().expose(), b"new");
    // It has no share of the new epoch, and is told so before the server is asked.
    let refused = left.open(&EMAIL, &new).await;
    assert!(matches!(refused, Err(SplitError::UnknownEpoch(2))));
    // Who joins now gets the shares of both.
    let joined = stranger(&room).await;
    let fingerprint = joined.pair.fingerprint();
    let pin = keys.grant(&vault.granting, joined.id, &fingerprint).await;
    let credential = SplitCredential::new(joined.pair, pin.unwrap());
    let theirs = joined.client.split_keys().open(&credential).await.unwrap();
    for (sealed, value) in [(&old, &b"old"[..]), (&new, b"new")] {
        assert_eq!(theirs.open(&EMAIL, sealed).await.unwrap().expose(), value);
    }
    assert_eq!(theirs.pin().unwrap(), *credential.pin());
}

async fn values_of_older_key_versions_open_after_rotation(room: Room) {
    let vault = vault(&room, "rotated").await;
    let old = vault.keys.seal(&EMAIL, b"old").await.unwrap();
    let (envelope, of) = strongroom_crypto::split::SplitKeyOf::parse(&old).unwrap();
    assert_eq!(of.version.0, 1);
    let contexts = room.client.contexts();
    contexts.rotate(envelope.header.context).await.unwrap();
    let new = vault.keys.seal(&EMAIL, b"new").await.unwrap();
    let (_, of) = strongroom_crypto::split::SplitKeyOf::parse(&new).unwrap();
    assert_eq!(of.version.0, 2);
    for (sealed, value) in [(&old, &b"old"[..]), (&new, b"new")] {
        assert_eq!(
            vault.keys.open(&EMAIL, sealed).await.unwrap().expose(),
            value
        );
    }
}

async fn fields_of_a_model_are_sealed_and_opened(room: Room) {
    let vault = vault(&room, "models").await;
    let patients = SealedFields::of("patients")
        .field("name")
        .field("visits")
        .field("note")
        .row_id("id");
    let rows: Vec<_> = [
        json!({"id": 1, "name": "Ann of Acme", "visits": [1, 2], "note": null, "ward": "a"}),
        json!({"id": 2, "name": "Bob of Acme", "ward": "b"}),
    ]
    .into_iter()
    .map(|row| row.as_object().unwrap().clone())
    .collect();
    let sealed = patients.seal(&vault.keys, &rows).await.unwrap();
    let text = serde_json::to_string(&sealed).unwrap();
    // No base64 has a space in it.
    assert!(!text.contains("Ann of") && !text.contains("Bob of"));
    assert_eq!(sealed[0]["ward"], "a");
    assert_eq!(sealed[0]["note"], Value::Null);
    assert_eq!(patients.open(&vault.keys, &sealed).await.unwrap(), rows);
    // A value that was copied to another row does not open there.
    let mut moved = sealed.clone();
    moved[1]["name"] = sealed[0]["name"].clone();
    let refused = patients.open(&vault.keys, &moved).await;
    assert!(matches!(refused, Err(SplitError::OtherPlace)));
    // One request for all fields of all rows; for the moved one nothing was derived.
    let counts: Vec<_> = derivations(&room).await;
    let counts: Vec<_> = counts.iter().map(|entry| entry.count).collect();
    assert_eq!(counts, [3, 3, 2]);
}

async fn terms_are_of_one_keyset_table_and_column(room: Room) {
    let (here, elsewhere) = (vault(&room, "here").await, vault(&room, "elsewhere").await);
    let (_, client, credential) = member(&room, &here).await;
    let theirs = client.split_keys().open(&credential).await.unwrap();
    let (made, sealed) = here.keys.create_index_key().await.unwrap();
    let opened = theirs.index_key(&sealed).await.unwrap();
    let scoped = |key: &IndexKey, keyset: &SplitKeyset, place: [&str; 2], scope: Option<&_>| {
        let key_context = &keyset.key_context().unwrap();
        let [table, column] = place;
        let column = key.column(&Column {
            key_context,
            table,
            column,
            scope,
        });
        column.equality(b"ann@example.com")
    };
    let term = |key: &IndexKey, keyset: &SplitKeyset, table: &str, column: &str| {
        scoped(key, keyset, [table, column], None)
    };
    let one = term(&made, &here.keys, "users", "email");
    assert_eq!(one, term(&opened, &theirs, "users", "email"));
    assert_ne!(one, term(&made, &here.keys, "users", "phone"));
    assert_ne!(one, term(&made, &here.keys, "staff", "email"));
    assert_ne!(one, term(&made, &elsewhere.keys, "users", "email"));
    // Where a scope is asked for, the terms are one person's of one issuer, for every client.
    let scope = |issuer: IssuerId, subject: &str| {
        let claims = Claims::from([("sub".into(), ClaimValue::Text(subject.into()))]);
        LockContext::new().scope(issuer, &claims).unwrap()
    };
    let (email, issuer) = (["users", "email"], room.issuer.id);
    let of = |scope| scoped(&made, &here.keys, email, Some(&scope));
    let alices = of(scope(issuer, "alice"));
    let by_another = scoped(&opened, &theirs, email, Some(&scope(issuer, "alice")));
    assert_eq!(alices, by_another);
    for other in [
        one,
        of(scope(issuer, "bob")),
        of(scope(IssuerId::from_bytes([1; 16]), "alice")),
    ] {
        assert_ne!(alices, other);
    }
    let unmet = LockContext::new().scope(issuer, &Claims::new());
    assert_eq!(unmet.err().unwrap().claim, "sub");
    let refused = elsewhere.keys.index_key(&sealed).await;
    assert!(matches!(refused, Err(SplitError::OtherKeyset)));
    // A value is no index key, nor the other way round.
    let value = here.keys.seal(&EMAIL, &[7; 32]).await.unwrap();
    let refused = here.keys.index_key(&value).await;
    assert!(matches!(refused, Err(SplitError::OtherPlace)));
    let refused = here.keys.open(&EMAIL, &sealed).await;
    assert!(matches!(refused, Err(SplitError::OtherPlace)));
}
