//! Destroying a key context after a time of waiting, over HTTP.

use std::time::Duration;

use strongroom_client::EntryFilter;
use strongroom_tests::on_each_database;
use strongroom_tests::poll::poll;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{ContextInfo, ContextState, DecryptRequest, EncryptRequest, JobState};
use strongroom_types::{Bytes, Code, ContextId, Operation, Permission, Reason};

on_each_database!(
    a_destruction_waits_a_week_and_is_called_off,
    a_destruction_happens_by_itself,
    a_wait_that_is_none_is_refused,
    calling_off_needs_what_destroying_needs,
);

async fn sealed(room: &Room) -> (ContextId, Bytes) {
    let request = EncryptRequest::new(tenant("acme"), "value");
    let sealed = room.client.encrypt(request).await.unwrap();
    (sealed.key.id, sealed.ciphertext)
}

fn opening(ciphertext: &Bytes) -> DecryptRequest {
    DecryptRequest::new(tenant("acme"), ciphertext.clone())
}

async fn a_destruction_waits_a_week_and_is_called_off(room: Room) {
    let (id, ciphertext) = sealed(&room).await;
    let contexts = room.client.contexts();
    let reply = room.post(&format!("/v1/contexts/{id}/destroy"), "").await;
    let waiting: ContextInfo = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(waiting.state, ContextState::Disabled);
    let job = room
        .client
        .jobs()
        .describe(waiting.destroy_job.unwrap())
        .await;
    let job = job.unwrap();
    assert_eq!(
        (job.state, &job.next),
        (JobState::Waiting, &waiting.destroy_at)
    );
    assert_eq!(job.context, Some(id));
    let refused = room.client.decrypt(opening(&ciphertext)).await;
    let disabled = (409, Code::KeyDisabled);
    room.assert_refused(refused, disabled, Reason::KeyDisabled)
        .await;
    let conflict = (409, Code::Conflict);
    room.assert_refused(contexts.enable(id).await, conflict, Reason::Conflict)
        .await;
    let kept = contexts.cancel_destroy(id).await.unwrap();
    assert_eq!((kept.destroy_at, kept.destroy_job), (None, None));
    let again = contexts.cancel_destroy(id).await;
    room.assert_refused(again, conflict, Reason::Conflict).await;
    contexts.enable(id).await.unwrap();
    let opened = room.client.decrypt(opening(&ciphertext)).await.unwrap();
    assert_eq!(opened.plaintext.0, b"value");
}

async fn a_destruction_happens_by_itself(room: Room) {
    let (id, ciphertext) = sealed(&room).await;
    let contexts = room.client.contexts();
    let wait = Some(Duration::from_secs(1));
    let waiting = contexts.destroy_later(id, wait).await.unwrap();
    let destroyed = poll(async || {
        let info = contexts.describe(id).await.unwrap();
        (info.state == ContextState::Destroyed).then_some(info)
    });
    let destroyed = destroyed.await;
    let entries = room.entries(EntryFilter {
        operation: Some(Operation::ContextDestroy),
        ..EntryFilter::default()
    });
    let entry = entries.await.pop().unwrap();
    assert_eq!(entry.facts["job"], waiting.destroy_job.unwrap().to_string());
    assert_eq!(entry.facts["final_after"], destroyed.final_after.unwrap());
    let refused = room.client.decrypt(opening(&ciphertext)).await;
    let gone = (400, Code::CannotDecrypt);
    room.assert_refused(refused, gone, Reason::ContextDestroyed)
        .await;
}

async fn a_wait_that_is_none_is_refused(room: Room) {
    let (id, _) = sealed(&room).await;
    for wait in ["-1", "1.5", "x", "99999999999"] {
        let path = format!("/v1/contexts/{id}/destroy?wait_s={wait}");
        let reply = Reply::of(room.request(reqwest::Method::POST, &path)).await;
        assert_eq!(reply.status, 400, "{wait}: {reply:?}");
    }
    let info = room.client.contexts().describe(id).await.unwrap();
    assert_eq!((info.state, info.destroy_at), (ContextState::Active, None));
}

async fn calling_off_needs_what_destroying_needs(room: Room) {
    let (id, _) = sealed(&room).await;
    let contexts = room.client.contexts();
    let waiting = contexts.destroy_later(id, None).await.unwrap();
    let job = waiting.destroy_job.unwrap();
    let (jobs_only, _) = room.make_client(&[Permission::AdminJobs], &[&[]]).await;
    let (elsewhere, _) = room
        .make_client(&[Permission::AdminContexts], &[&[("tenant", "other")]])
        .await;
    let refused = jobs_only.jobs().cancel(job).await;
    room.assert_refused(refused, (409, Code::Conflict), Reason::Conflict)
        .await;
    let refused = jobs_only.contexts().cancel_destroy(id).await;
    let denied = (403, Code::PermissionDenied);
    room.assert_refused(refused, denied, Reason::PermissionMissing)
        .await;
    let refused = elsewhere.contexts().cancel_destroy(id).await;
    let unknown = (404, Code::ContextNotFound);
    room.assert_refused(refused, unknown, Reason::ContextNotAllowed)
        .await;
    let info = contexts.describe(id).await.unwrap();
    assert_eq!(info.destroy_job, Some(job));
}
