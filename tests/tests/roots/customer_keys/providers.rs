//! Where customers' keys are.

use std::sync::Arc;

use serde_json::{Value, json};
use strongroom_tests::kms_gate::KmsGate;
use strongroom_tests::moto::{self, Moto};
use strongroom_tests::service::Asked;
use strongroom_tests::softhsm::SoftHsm;

/// What every secret of these tests begins with: PINs, secret access keys, and what a provider says
/// about a refusal.
pub(crate) const SECRET: &str = "hunter2";

/// `moto` and a gate before it.
pub(crate) struct Kms {
    pub(crate) moto: Arc<Moto>,
    pub(crate) gate: KmsGate,
}

/// How often KMS was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) encrypts: u64,
    pub(crate) decrypts: u64,
}

impl Kms {
    pub(crate) async fn start() -> Self {
        let moto = Arc::new(Moto::start().await);
        let gate = KmsGate::start(&moto).await;
        Self { moto, gate }
    }

    /// Another gate to the same KMS.
    pub(crate) async fn another_gate(&self) -> Self {
        let gate = KmsGate::start(&self.moto).await;
        Self {
            moto: Arc::clone(&self.moto),
            gate,
        }
    }

    /// Makes a key, and answers its ARN.
    pub(crate) async fn make_key(&self) -> String {
        self.moto.make_key().await
    }

    /// How a tenant describes a key.
    pub(crate) fn description(&self, arn: &str) -> Value {
        moto::description(&self.gate.url, arn)
    }

    pub(crate) async fn disable(&self, arn: &str) {
        self.call("DisableKey", arn).await;
    }

    pub(crate) async fn enable(&self, arn: &str) {
        self.call("EnableKey", arn).await;
    }

    pub(crate) async fn call(&self, operation: &str, arn: &str) {
        let id = json!({"KeyId": moto::key_id(arn)});
        self.moto.call(operation, &id).await;
    }

    /// Takes out how often the key was asked since the last time.
    pub(crate) fn calls(&self) -> Calls {
        let asked = self.gate.asked();
        let of = |operation: &str| {
            let target = format!("TrentService.{operation}");
            let of = |it: &&Asked| it.header("x-amz-target") == Some(&target);
            asked.iter().filter(of).count() as u64
        };
        let (encrypts, decrypts) = (of("Encrypt"), of("Decrypt"));
        assert_eq!(encrypts + decrypts, asked.len() as u64, "nothing else");
        Calls { encrypts, decrypts }
    }
}

/// Makes a key in the token, and answers how a tenant describes it.
pub(crate) fn in_token(hsm: &SoftHsm, label: &str) -> Value {
    hsm.make_key("strongroom", &["--label", label]);
    let mut description = hsm.description();
    description["key"] = json!(label);
    description
}
