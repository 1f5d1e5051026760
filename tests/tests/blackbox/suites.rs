//! Suites that seal in one piece: everywhere where a value is sealed, and nowhere else.

use reqwest::Method;
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{
    Batch, DataKeyCreate, DataKeyUnwrap, DecryptRequest, EncryptAnswer, EncryptRequest, ItemResult,
    ObjectCreate, ObjectRead, PolicyBody, RewrapRequest,
};
use strongroom_types::{Code, ContextPattern, KeyVersion, Reason, Suite};

on_each_database!(
    values_in_one_piece_are_sealed_opened_and_moved,
    objects_and_data_keys_in_one_piece_open_again,
    a_stream_is_refused_under_a_suite_in_one_piece,
    what_is_too_long_for_its_suite_is_refused,
    an_altered_value_in_one_piece_does_not_open,
);

/// The suites in one piece, each for the tenant of its name.
async fn chosen(room: &Room) -> Vec<(Suite, usize)> {
    let mut chosen = Vec::new();
    for &suite in Suite::ALL {
        let Some(most) = suite.plaintext_bytes_max() else {
            continue;
        };
        let pattern = ContextPattern::new([("tenant", suite.name())]).unwrap();
        let policy = PolicyBody {
            suite: Some(suite),
            ..PolicyBody::of(pattern)
        };
        room.client.policies().create(&policy).await.unwrap();
        chosen.push((suite, most));
    }
    assert_eq!(chosen.len(), 3);
    chosen
}

fn sealed(result: ItemResult<EncryptAnswer>) -> EncryptAnswer {
    match result {
        ItemResult::Ok(sealed) => sealed,
        ItemResult::Err { error } => panic!("{error:?}"),
    }
}

async fn values_in_one_piece_are_sealed_opened_and_moved(room: Room) {
    for (suite, _) in chosen(&room).await {
        let map = tenant(suite.name());
        let items = ["one", "two"].map(|text| EncryptRequest::new(map.clone(), text).into_item().0);
        let batch = Batch {
            items: items.into(),
            metadata: None,
        };
        let answer = room.client.encrypt_batch(batch).await.unwrap();
        let entry = room.entry(answer.log_entry).await;
        assert_eq!(entry.suite, Some(suite));
        let sealed: Vec<_> = answer.results.into_iter().map(sealed).collect();
        room.client
            .contexts()
            .rotate(sealed[0].key.id)
            .await
            .unwrap();
        for (sealed, text) in sealed.into_iter().zip(["one", "two"]) {
            let moved = RewrapRequest::new(map.clone(), sealed.ciphertext.clone());
            let moved = room.client.rewrap(moved).await.unwrap();
            assert_eq!(moved.key.version, KeyVersion(2));
            for ciphertext in [sealed.ciphertext, moved.ciphertext] {
                let request = DecryptRequest::new(map.clone(), ciphertext);
                let opened = room.client.decrypt(request).await.unwrap();
                assert_eq!(opened.plaintext.0, text.as_bytes());
            }
        }
    }
}

async fn objects_and_data_keys_in_one_piece_open_again(room: Room) {
    for (suite, _) in chosen(&room).await {
        let map = tenant(suite.name());
        let alice = room.person("alice").await;
        let object = ObjectCreate::new(map.clone(), suite.name(), "value");
        let made = room.client.objects().create(object).await.unwrap();
        let read = ObjectRead::by_id(made.id);
        let read = room.client.objects().read(&read).await.unwrap();
        assert_eq!(read.value.unwrap().0, b"value");
        let key = alice
            .create_data_key(DataKeyCreate::new(map.clone()))
            .await
            .unwrap();
        let unwrap = DataKeyUnwrap::new(map, key.wrapped_key.clone());
        let again = alice.unwrap_data_key(unwrap).await.unwrap();
        assert_eq!(again.plaintext, key.plaintext);
    }
}

async fn a_stream_is_refused_under_a_suite_in_one_piece(room: Room) {
    for (suite, _) in chosen(&room).await {
        let map = serde_json::to_vec(&tenant(suite.name())).unwrap();
        let map = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, map);
        let request = room.request(Method::POST, "/v1/stream/encrypt");
        let request = request.header("strongroom-key-context", map).body("text");
        let reply = Reply::of(request).await;
        let refused = (400, "invalid_request");
        room.assert_problem(&reply, refused, Reason::InvalidRequest)
            .await;
        assert!(reply.text("detail").contains(suite.name()), "{reply:?}");
    }
}

async fn what_is_too_long_for_its_suite_is_refused(room: Room) {
    for (suite, most) in chosen(&room).await {
        let map = tenant(suite.name());
        let seal = async |bytes: usize| {
            let request = EncryptRequest::new(map.clone(), vec![7; bytes]);
            room.client.encrypt(request).await
        };
        let ciphertext = seal(most).await.unwrap().ciphertext;
        let request = DecryptRequest::new(map.clone(), ciphertext);
        let opened = room.client.decrypt(request).await.unwrap();
        assert_eq!(opened.plaintext.0.len(), most);
        let refused = (413, Code::TooLarge);
        room.assert_refused(seal(most + 1).await, refused, Reason::InvalidRequest)
            .await;
        let object = ObjectCreate::new(map.clone(), suite.name(), vec![7; most + 1]);
        let object = room.client.objects().create(object).await;
        room.assert_refused(object, refused, Reason::InvalidRequest)
            .await;
    }
}

async fn an_altered_value_in_one_piece_does_not_open(room: Room) {
    for (suite, _) in chosen(&room).await {
        let map = tenant(suite.name());
        let request = EncryptRequest::new(map.clone(), "4111 1111 1111 1111");
        let ciphertext = room.client.encrypt(request).await.unwrap().ciphertext.0;
        for at in (0..ciphertext.len()).step_by(5) {
            let mut bad = ciphertext.clone();
            bad[at] ^= 4;
            let request = DecryptRequest::new(map.clone(), bad);
            let refused = room.client.decrypt(request).await.unwrap_err();
            let refusal = refused.refusal().unwrap();
            assert_eq!(refusal.code(), Code::CannotDecrypt, "byte {at}");
        }
    }
}
