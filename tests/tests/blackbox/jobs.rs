//! Jobs over HTTP: begun, watched, done with a proof.

use strongroom_client::{EntryFilter, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::poll::poll;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{
    DecryptRequest, EncryptRequest, EntryView, JobCause, JobInfo, JobKind, JobState, ObjectCreate,
    ObjectRead, ObjectUpdate,
};
use strongroom_types::{Code, JobId, KeyVersion, Operation, Outcome, Reason};

on_each_database!(
    objects_move_to_the_newest_version_by_a_job_that_proves_it,
    a_job_that_ended_cannot_be_cancelled,
    jobs_of_other_workspaces_do_not_exist,
    a_workspace_gets_a_new_root_and_all_opens,
    no_workspace_moves_the_deployments_root,
    a_destruction_does_not_begin_by_name,
);

async fn ended(room: &Room, id: JobId) -> JobInfo {
    poll(async || {
        let job = room.client.jobs().describe(id).await.unwrap();
        job.finished.is_some().then_some(job)
    })
    .await
}

async fn objects_move_to_the_newest_version_by_a_job_that_proves_it(room: Room) {
    let objects = room.client.objects();
    let mut all = Vec::new();
    for n in 0..20 {
        let request = ObjectCreate::new(tenant("acme"), format!("{n}"), "old");
        all.push(objects.create(request).await.unwrap());
    }
    let updated = objects.update(all[0].id, ObjectUpdate::new("new"));
    updated.await.unwrap();
    let context = all[0].key.id;
    room.client.contexts().rotate(context).await.unwrap();
    let begun = room.client.jobs().create(JobKind::Rewrap).await.unwrap();
    assert_eq!((begun.cause, begun.total), (JobCause::Asked, 1));
    let job = ended(&room, begun.id).await;
    assert_eq!(job.state, JobState::Done);
    assert_eq!((job.done, job.total, job.failed), (1, 1, 0));
    assert_eq!((job.stored, job.remaining), (21, 0), "21 versions");
    let ends = room.entries(EntryFilter {
        operation: Some(Operation::JobCreate),
        ..EntryFilter::default()
    });
    let end = ends.await.pop().unwrap();
    assert_eq!(end.outcome, Outcome::Completed);
    assert_eq!(end.facts["remaining"], "0");
    let contexts = room.client.contexts();
    contexts
        .destroy_version(context, KeyVersion(1))
        .await
        .unwrap();
    for object in &all {
        let which = ObjectRead {
            version: Some(1),
            ..ObjectRead::by_id(object.id)
        };
        let read = objects.read(&which).await.unwrap();
        assert_eq!(read.value.unwrap().0, b"old");
    }
    let listed = room.client.jobs().list(&PageQuery::default()).await;
    assert_eq!(listed.unwrap().items, [job]);
}

async fn a_job_that_ended_cannot_be_cancelled(room: Room) {
    let begun = room.client.jobs().create(JobKind::Rewrap).await.unwrap();
    ended(&room, begun.id).await;
    let refused = room.client.jobs().cancel(begun.id).await;
    room.assert_refused(refused, (409, Code::Conflict), Reason::Conflict)
        .await;
}

async fn jobs_of_other_workspaces_do_not_exist(room: Room) {
    let other = room.server.second_client().unwrap();
    let theirs = other.jobs().create(JobKind::Rewrap).await.unwrap().id;
    let jobs = room.client.jobs();
    for refused in [jobs.describe(theirs).await, jobs.cancel(theirs).await] {
        room.assert_refused(refused, (404, Code::NotFound), Reason::NotFound)
            .await;
    }
    let ours = jobs.list(&PageQuery::default()).await.unwrap();
    assert!(ours.items.iter().all(|job| job.id != theirs));
}

async fn a_destruction_does_not_begin_by_name(room: Room) {
    let refused = room.post("/v1/jobs", r#"{"kind":"destroy-context"}"#).await;
    room.assert_problem(&refused, (400, "invalid_request"), Reason::InvalidRequest)
        .await;
    let refused = room.post("/v1/jobs", r#"{"kind":"other"}"#).await;
    refused.assert_problem(400, "invalid_request");
}

async fn a_workspace_gets_a_new_root_and_all_opens(room: Room) {
    let sealed = room
        .client
        .encrypt(EncryptRequest::new(tenant("acme"), "value"));
    let sealed = sealed.await.unwrap();
    let request = ObjectCreate::new(tenant("beta"), "object", "kept");
    let kept = room.client.objects().create(request).await.unwrap();
    let begun = room.client.jobs().create(JobKind::RotateRoot).await;
    let job = ended(&room, begun.unwrap().id).await;
    assert_eq!(job.state, JobState::Done);
    assert_eq!((job.moved, job.failed, job.remaining), (2, 0, 0));
    assert_eq!(job.stored, 1, "the object is under the new version");
    let request = DecryptRequest::new(tenant("acme"), sealed.ciphertext);
    let opened = room.client.decrypt(request).await.unwrap();
    assert_eq!(opened.plaintext.0, b"value");
    let read = room
        .client
        .objects()
        .read(&ObjectRead::by_id(kept.id))
        .await;
    assert_eq!(read.unwrap().value.unwrap().0, b"kept");
    let moves = room.entries(EntryFilter {
        operation: Some(Operation::ContextRewrap),
        ..EntryFilter::default()
    });
    let moves = moves.await;
    let from_to = |entry: &EntryView| (entry.facts["from"].clone(), entry.facts["to"].clone());
    let ends = ("root/1".to_owned(), "root/2".to_owned());
    assert!(!moves.is_empty() && moves.iter().all(|entry| from_to(entry) == ends));
}

async fn no_workspace_moves_the_deployments_root(room: Room) {
    let refused = room.client.jobs().create(JobKind::MoveRoot).await;
    let reason = Reason::PermissionMissing;
    room.assert_refused(refused, (403, Code::PermissionDenied), reason)
        .await;
}
