//! Customers' keys over HTTP, as far as no provider is needed: what is refused while none is attached.

use serde_json::json;
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, context, tenant};
use strongroom_types::body::{
    DecryptRequest, EncryptRequest, PolicyBody, WhichKeyBecause, WrappingKind,
};
use strongroom_types::{Code, ContextPattern, CustomerKeyId, Reason};

on_each_database!(
    a_key_context_with_a_closed_name_neither_seals_nor_opens_under_the_root,
    which_key_tells_and_makes_nothing,
    a_key_that_is_not_there_is_unknown,
    a_description_with_unknown_fields_is_refused,
);

fn closing(name: &str) -> PolicyBody {
    PolicyBody {
        closed_names: vec![name.to_owned()],
        ..PolicyBody::of(ContextPattern::new([("unrelated", "pair")]).unwrap())
    }
}

async fn a_key_context_with_a_closed_name_neither_seals_nor_opens_under_the_root(room: Room) {
    let map = context(&[("tenant", "acme"), ("kind", "pii")]);
    let request = EncryptRequest::new(map.clone(), "v");
    let sealed = room.client.encrypt(request.clone()).await.unwrap();
    let policies = room.client.policies();
    let policy = policies.create(&closing("tenant")).await.unwrap();
    let closed = (409, Code::ContextClosed);
    let refused = room.client.encrypt(request.clone()).await;
    room.assert_refused(refused, closed, Reason::ContextClosed)
        .await;
    let opening = DecryptRequest::new(map, sealed.ciphertext);
    let refused = room.client.decrypt(opening.clone()).await;
    room.assert_refused(refused, closed, Reason::ContextClosed)
        .await;
    let elsewhere = EncryptRequest::new(context(&[("other", "acme")]), "v");
    room.client.encrypt(elsewhere).await.unwrap();
    policies.delete(policy.id).await.unwrap();
    let opened = room.client.decrypt(opening).await.unwrap();
    assert_eq!(opened.plaintext.0, b"v");
}

async fn which_key_tells_and_makes_nothing(room: Room) {
    let keys = room.client.customer_keys();
    let told = keys.which_key(tenant("acme")).await.unwrap();
    assert_eq!(told.wrapped_by, WrappingKind::WorkspaceRoot);
    assert_eq!((told.customer_key, told.wrapped_now), (None, None));
    let policies = room.client.policies();
    policies.create(&closing("tenant")).await.unwrap();
    let told = keys.which_key(tenant("acme")).await.unwrap();
    assert_eq!(told.wrapped_by, WrappingKind::Refused);
    assert_eq!(told.because, WhichKeyBecause::ClosedName);
    assert_eq!(told.closed_name.as_deref(), Some("tenant"));
    let refused = room.client.contexts().describe(told.context).await;
    let unknown = (404, Code::ContextNotFound);
    room.assert_refused(refused, unknown, Reason::ContextUnknown)
        .await;
}

async fn a_key_that_is_not_there_is_unknown(room: Room) {
    let keys = room.client.customer_keys();
    let id = CustomerKeyId::from_bytes([7; 16]);
    let unknown = (404, Code::NotFound);
    for refused in [
        keys.describe(id).await,
        keys.verify(id).await,
        keys.disable(id).await,
    ] {
        room.assert_refused(refused, unknown, Reason::NotFound)
            .await;
    }
    let pattern = ContextPattern::new([("tenant", "acme")]).unwrap();
    let refused = keys.attach(id, pattern).await;
    room.assert_refused(refused, unknown, Reason::NotFound)
        .await;
}

async fn a_description_with_unknown_fields_is_refused(room: Room) {
    for key in [
        json!({"provider": "abacus", "key": "k"}),
        json!({"provider": "aws_kms", "key": "k", "region": "eu-central-1", "wrong": 1}),
    ] {
        let body = json!({"name": "acme", "key": key}).to_string();
        let reply = room.post("/v1/customer-keys", body).await;
        reply.assert_problem(400, "invalid_request");
    }
}
