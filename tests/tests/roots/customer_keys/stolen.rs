//! What `docs/customer-keys.md` tells whose key was stolen to do, at `moto`.

use serde_json::Value;
use strongroom_tests::kms_gate::KmsGate;
use strongroom_tests::poll::poll;
use strongroom_types::body::{CustomerKeyState, EnableFor, JobKind, ObjectCreate};
use strongroom_types::{Code, CustomerKeyId, Operation, Outcome, Reason};

use super::providers::Kms;
use super::world::World;
use crate::keys::context;

#[tokio::test]
async fn a_stolen_key_is_replaced_and_then_worth_nothing() {
    let kms = Kms::start().await;
    let betas_kms = kms.another_gate().await;
    let stolen = kms.make_key().await;
    let world = World::start().await;
    let old = world.key(&kms.description(&stolen), 0).await;
    world.attach(old, "org_acme").await;
    let betas_key = betas_kms.description(&kms.make_key().await);
    let betas_key = world.key(&betas_key, 0).await;
    world.attach(betas_key, "org_beta").await;
    let (acme, beta) = (context("org_acme"), context("org_beta"));
    let sealed = world.seal(&acme, "acme's").await;
    let betas = world.seal(&beta, "beta's").await;
    let stored = ObjectCreate::new(acme.clone(), "oauth-token", "stored");
    let stored = world.client.objects().create(stored).await.unwrap();

    // A new key. While the job asks the stolen one, that is limited to moving away from it.
    let fresh = kms.make_key().await;
    let new = world.key(&kms.description(&fresh), 0).await;
    let keys = world.client.customer_keys();
    kms.gate.asked();
    kms.gate.hold();
    let replaced = keys.replace(old, new).await.unwrap();
    poll(async || (kms.gate.count() > 0).then_some(())).await;
    let limited = keys.enable(old, EnableFor::Rewrap).await.unwrap();
    assert_eq!(limited.state, CustomerKeyState::RewrapOnly);
    let refused = world.open(&acme, &sealed).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::KeyDisabled));
    world.opens(&beta, &betas, "beta's").await;
    kms.gate.release();
    let job = world.done(replaced.job.id).await;
    assert_eq!((job.moved, job.stored), (1, 1));
    assert_eq!(keys.describe(old).await.unwrap().contexts, 0);

    // Disabled here and in its service, it is not missed.
    keys.disable(old).await.unwrap();
    kms.disable(&stolen).await;
    kms.gate.asked();
    world.opens(&acme, &sealed, "acme's").await;
    assert_eq!(world.read(stored.id).await, b"stored");
    assert_eq!(asked_keys(&kms.gate), [fresh.as_str()]);
    world.opens(&beta, &betas, "beta's").await;
    keys.delete(old).await.unwrap();
    world.opens(&acme, &sealed, "acme's").await;
    assert_the_log_tells(&world, (old, new)).await;
}

#[tokio::test]
async fn a_key_that_was_closed_too_early_is_opened_for_the_job_alone() {
    let kms = Kms::start().await;
    let stolen = kms.make_key().await;
    let world = World::start().await;
    let old = world.key(&kms.description(&stolen), 0).await;
    world.attach(old, "org_acme").await;
    let acme = context("org_acme");
    let sealed = world.seal(&acme, "acme's").await;
    let new = world.key(&kms.description(&kms.make_key().await), 0).await;
    let keys = world.client.customer_keys();

    // In fright, everywhere at once.
    keys.disable(old).await.unwrap();
    kms.disable(&stolen).await;
    let replaced = keys.replace(old, new).await.unwrap();
    let waiting = poll(async || {
        let job = world.client.jobs().describe(replaced.job.id).await.unwrap();
        (job.failed > 0 && job.next.is_some()).then_some(job)
    })
    .await;
    assert_eq!(waiting.reason, Some(Reason::CustomerKeyDisabled));
    let refused = world.open(&acme, &sealed).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::KeyDisabled));

    keys.enable(old, EnableFor::Rewrap).await.unwrap();
    let refused = world.open(&acme, &sealed).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::KeyDisabled), "for the job alone");
    kms.enable(&stolen).await;
    // The first job tries again within a minute; one that is asked for does so at once.
    let again = world.client.jobs().create(JobKind::Rewrap).await.unwrap();
    world.done(again.id).await;
    assert_eq!(keys.describe(old).await.unwrap().contexts, 0);
    keys.disable(old).await.unwrap();
    kms.disable(&stolen).await;
    world.opens(&acme, &sealed, "acme's").await;
}

/// The keys that KMS was asked for, each once.
fn asked_keys(gate: &KmsGate) -> Vec<String> {
    let mut keys: Vec<_> = gate
        .asked()
        .iter()
        .map(|asked| serde_json::from_slice::<Value>(&asked.body).unwrap())
        .map(|body| body["KeyId"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

async fn assert_the_log_tells(world: &World, (old, new): (CustomerKeyId, CustomerKeyId)) {
    let allowed = Outcome::Allowed;
    let steps = world.steps().await;
    let begun = steps
        .iter()
        .position(|step| *step == ("customer-key.replace", allowed))
        .unwrap();
    assert_eq!(
        steps[begun..],
        [
            ("customer-key.replace", allowed),
            ("customer-key.enable", allowed),
            ("context.rewrap", allowed),
            ("customer-key.replace", Outcome::Completed),
            ("customer-key.disable", allowed),
            ("customer-key.delete", allowed),
        ]
    );
    let entries = world.entries().await;
    let of = |operation| entries.iter().filter(move |it| it.operation == operation);
    let moved = of(Operation::ContextRewrap).next_back().unwrap();
    assert_eq!(moved.key_context, Some(context("org_acme")));
    assert_eq!(moved.facts["from"], old.to_string());
    assert_eq!(moved.facts["to"], new.to_string());
    let done = of(Operation::CustomerKeyReplace).next_back().unwrap();
    assert_eq!(done.facts["moved"], "1");
    assert_eq!(done.facts["remaining"], "0");
    let refused: Vec<_> = of(Operation::Decrypt).filter_map(|it| it.reason).collect();
    assert_eq!(
        refused,
        [Reason::CustomerKeyDisabled],
        "while it was limited"
    );
}
