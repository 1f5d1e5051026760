//! A whole deployment whose root is kept elsewhere: made, served, killed, served again.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::deployment::{Deployment, Serving};
use strongroom_tests::kms_gate::KmsGate;
use strongroom_tests::moto::{self, Moto};
use strongroom_tests::openbao::OpenBao;
use strongroom_tests::poll::poll;
use strongroom_tests::softhsm::{CONFIGURATION, PIN, SoftHsm, module};
use strongroom_types::body::{JobKind, JobState};

/// Makes the deployment, seals a value, kills the server, starts it again and opens the value.
/// Nothing that the server writes about itself, however talkative, has a secret in it.
async fn seals_and_opens_again(mut deployment: Deployment, kind: &str, secret: &str) {
    deployment.set("STRONGROOM_LOG", "trace");
    let administrator = deployment.init();
    let server = deployment.serve();
    is_ready(&server, kind).await;
    let client = server.workspace(&administrator).await;
    let sealed = seal(&server, &client).await;
    let said = server.stop();
    assert!(said.contains("strongroom"), "the log is talkative: {said}");
    silent_about(&said, secret);

    let server = deployment.serve();
    is_ready(&server, kind).await;
    opens(&server, &client, &sealed).await;
    silent_about(&server.stop(), secret);
}

/// Neither the credential, nor a request in which a seed stands.
pub(crate) fn silent_about(said: &str, secret: &str) {
    for word in [secret, "Plaintext\\\":", "plaintext\":"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
}

async fn is_ready(server: &Serving, kind: &str) {
    let ready = server.ready().await;
    let said: Value = serde_json::from_slice(&ready.body).unwrap();
    assert_eq!(ready.status, 200, "{said}");
    assert_eq!(
        said,
        json!({"store": true, "root": true, "root_kind": kind, "anchor": true})
    );
}

async fn seal(server: &Serving, client: &str) -> Value {
    let wanted = json!({
        "key_context": {"organizationId": "org_acme"}, "plaintext": "c2VjcmV0",
    });
    let sealed = server.post("/v1/encrypt", client, &wanted).await;
    assert_eq!(sealed.status, 200, "{sealed:?}");
    serde_json::from_slice::<Value>(&sealed.body).unwrap()["ciphertext"].clone()
}

async fn opens(server: &Serving, client: &str, sealed: &Value) {
    let wanted = json!({"key_context": {"organizationId": "org_acme"}, "ciphertext": sealed});
    let opened = server.post("/v1/decrypt", client, &wanted).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    let opened: Value = serde_json::from_slice(&opened.body).unwrap();
    assert_eq!(opened["plaintext"], "c2VjcmV0");
}

/// A root in the tokens, by flags and environment.
fn in_tokens(hsm: &SoftHsm) -> Deployment {
    let module = module().display().to_string();
    let configuration = hsm.configuration().display().to_string();
    let flags = [
        "--root",
        "pkcs11",
        "--root-set",
        "token=strongroom",
        "--root-set",
        "key=root",
        "--pkcs11-module",
        &module,
    ];
    let environment = [
        (CONFIGURATION, configuration.as_str()),
        ("STRONGROOM_ROOT_PIN", PIN),
    ];
    Deployment::new(&flags, &environment)
}

#[tokio::test]
async fn a_deployment_has_its_root_in_a_token() {
    let hsm = SoftHsm::start();
    seals_and_opens_again(in_tokens(&hsm), "pkcs11", PIN).await;
}

#[tokio::test]
async fn a_deployment_has_its_root_in_kms() {
    let moto = Moto::start().await;
    let arn = moto.make_key().await;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{}\n", moto::SECRET)).unwrap();
    let file = folder.path().join("strongroom.toml");
    let root = format!(
        "[root.aws_kms]\nkey = {arn:?}\nregion = {:?}\nendpoint = {:?}\n\
         access_key_id = \"AKIATEST\"\nsecret_access_key_file = {secret:?}\n",
        moto::REGION,
        moto.url
    );
    std::fs::write(&file, root).unwrap();
    let deployment = Deployment::new(&["--config", file.to_str().unwrap()], &[]);
    seals_and_opens_again(deployment, "aws_kms", moto::SECRET).await;
}

#[tokio::test]
async fn a_deployment_has_its_root_in_transit() {
    let bao = OpenBao::start(json!({"derived": true})).await;
    let settings = format!("address={};key=strongroom;derived=true", bao.url);
    let environment = [
        ("STRONGROOM_ROOT", "transit"),
        ("STRONGROOM_ROOT_SET", &settings),
        ("STRONGROOM_ROOT_TOKEN", &bao.token),
    ];
    let deployment = Deployment::new(&[], &environment);
    seals_and_opens_again(deployment, "transit", &bao.token).await;
}

#[tokio::test]
async fn a_root_that_refuses_is_named_and_nothing_is_made() {
    let hsm = SoftHsm::start();
    let mut deployment = in_tokens(&hsm);
    deployment.set("STRONGROOM_ROOT_PIN", "hunter2-wrong");
    let refused = deployment.run("init");
    assert!(!refused.status.success() && refused.stdout.is_empty());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("pkcs11") && said.contains("pin"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    deployment.set("STRONGROOM_ROOT_PIN", PIN);
    assert!(deployment.init().starts_with("sr_"));
}

#[tokio::test]
async fn a_token_taken_out_shows_in_readyz_and_comes_back() {
    let hsm = SoftHsm::start();
    let deployment = in_tokens(&hsm);
    let administrator = deployment.init();
    let server = deployment.serve();
    let client = server.workspace(&administrator).await;
    let sealed = seal(&server, &client).await;
    hsm.take_out();
    poll(async || {
        let ready = server.ready().await;
        let said: Value = serde_json::from_slice(&ready.body).unwrap();
        (ready.status == 503 && said["root"] == false && said["root_kind"] == "pkcs11")
            .then_some(())
    })
    .await;
    // Keys that were unwrapped before go on working.
    opens(&server, &client, &sealed).await;
    hsm.put_back();
    poll(async || (server.ready().await.status == 200).then_some(())).await;
    let other = server.workspace(&administrator).await;
    seal(&server, &other).await;
}

#[tokio::test]
async fn a_deployment_moves_from_a_key_file_to_a_token() {
    let hsm = SoftHsm::start();
    let configuration = hsm.configuration().display().to_string();
    let environment = [
        (CONFIGURATION, configuration.as_str()),
        ("STRONGROOM_ROOT_PIN", PIN),
    ];
    let mut deployment = Deployment::new(&[], &environment);
    let administrator = deployment.init();
    let server = deployment.serve();
    let client = server.workspace(&administrator).await;
    let sealed = seal(&server, &client).await;
    drop(server);

    let key_file = deployment.directory().join("root.key");
    let file = deployment.directory().join("strongroom.toml");
    let token = format!(
        "pkcs11_module = {:?}\n[root.pkcs11]\ntoken = \"strongroom\"\nkey = \"root\"\n",
        module()
    );
    let both = format!("{token}[former_root]\nkey_file = {key_file:?}\n");
    std::fs::write(&file, &both).unwrap();
    deployment.set_arguments(&["--config", file.to_str().unwrap()]);
    let server = deployment.serve();
    opens(&server, &client, &sealed).await;
    let jobs = server.client(&administrator);
    let begun = jobs.jobs().create(JobKind::MoveRoot).await.unwrap();
    let job = poll(async || {
        let job = jobs.jobs().describe(begun.id).await.unwrap();
        job.finished.is_some().then_some(job)
    })
    .await;
    // Two workspaces, and three seeds of the deployment.
    assert_eq!((job.state, job.moved), (JobState::Done, 5), "{job:?}");
    assert_eq!((job.failed, job.remaining), (0, 0));
    opens(&server, &client, &sealed).await;
    drop(server);

    std::fs::remove_file(&key_file).unwrap();
    std::fs::write(&file, &token).unwrap();
    let server = deployment.serve();
    is_ready(&server, "pkcs11").await;
    opens(&server, &client, &sealed).await;
}

/// The gate answers on a thread of its own while the commands are waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_root_stops_what_needs_it() {
    let moto = Arc::new(Moto::start().await);
    let gate = KmsGate::start(&moto).await;
    let arn = moto.make_key().await;
    let settings = format!(
        "key={arn};region={};endpoint={};access_key_id=AKIATEST",
        moto::REGION,
        gate.url
    );
    let environment = [
        ("STRONGROOM_ROOT", "aws_kms"),
        ("STRONGROOM_ROOT_SET", &settings),
        ("STRONGROOM_ROOT_SECRET_ACCESS_KEY", moto::SECRET),
    ];
    let deployment = Deployment::new(&[], &environment);
    let administrator = deployment.init();
    let server = deployment.serve();
    let client = server.workspace(&administrator).await;
    let sealed = seal(&server, &client).await;
    let id = json!({"KeyId": moto::key_id(&arn)});
    moto.call("DisableKey", &id).await;
    // A workspace that is served does not notice, whatever changes in it.
    gate.asked();
    let wanted = json!({"name": "another", "permissions": [], "allowed_contexts": []});
    let made = server.post("/v1/clients", &client, &wanted).await;
    assert_eq!(made.status, 201, "{made:?}");
    opens(&server, &client, &sealed).await;
    assert!(gate.asked().is_empty());
    let wanted = json!({"name": "acme"});
    let refused = server
        .send(Method::POST, "/v1/workspaces", &administrator, &wanted)
        .await;
    refused.assert_problem(503, "root_unavailable");
    drop(server);
    let said = String::from_utf8(deployment.run("serve").stderr).unwrap();
    assert!(
        said.contains("aws_kms") && said.contains("disabled"),
        "{said}"
    );
    assert!(!said.contains(moto::SECRET), "{said}");
}
