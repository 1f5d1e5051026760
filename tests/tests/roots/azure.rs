//! A server that answers as Azure Key Vault, Managed HSM and Microsoft Entra document, and checks
//! every request.

use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use strongroom_tests::service::{self, Asked, Response};

pub(crate) const SECRET: &str = "hunter2-client-secret";
const NONCE: [u8; 12] = [7; 12];
const TAG_BYTES: usize = 16;

/// What the server does.
#[derive(Debug)]
pub(crate) struct State {
    /// The versions of the key, oldest first.
    pub(crate) versions: Vec<&'static str>,
    pub(crate) disabled: Vec<&'static str>,
    /// How many of the next calls of the key fail, and with which status.
    pub(crate) failing: (usize, u16),
    /// How many tokens were granted; only the last one is taken.
    pub(crate) granted: usize,
}

/// A running server; it ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct Azure {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Azure {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Mutex::new(State {
            versions: vec!["v1"],
            disabled: Vec::new(),
            failing: (0, 0),
            granted: 0,
        }));
        let rsa = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let held = Arc::clone(&state);
        let url = service::start(move |asked| {
            let answer = answer(&asked, &rsa, &mut held.lock().unwrap());
            core::future::ready(Some(answer))
        })
        .await;
        Self { url, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn description(&self, algorithm: &str) -> Value {
        json!({
            "provider": "azure_key_vault", "vault": self.url, "key": "root", "tenant_id": "tenant",
            "client_id": "client", "client_secret": SECRET, "authority": self.url,
            "algorithm": algorithm,
        })
    }
}

fn answer(asked: &Asked, rsa: &PrivateDecryptingKey, state: &mut State) -> Response {
    if asked.target == "/tenant/oauth2/v2.0/token" {
        return grant(asked, state);
    }
    let (left, status) = state.failing;
    if left > 0 {
        state.failing.0 -= 1;
        return failure(status, "Throttled", None);
    }
    let token = format!("Bearer granted-{}", state.granted);
    if asked.header("authorization") != Some(&token) {
        return failure(401, "Unauthorized", None);
    }
    let (path, query) = asked.target.split_once('?').unwrap();
    assert_eq!(query, "api-version=7.4");
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["keys", "root"]) => {
            let kid = kid(state.versions.last().unwrap());
            success(&json!({"key": {"kid": kid, "kty": "RSA-HSM"}, "attributes": {}}))
        }
        ("POST", ["keys", "root", version, action]) if state.versions.contains(version) => {
            if state.disabled.contains(version) {
                return failure(403, "Forbidden", Some("KeyDisabled"));
            }
            let body: Value = serde_json::from_slice(&asked.body).unwrap();
            match operate(action, version, &body, rsa) {
                Some(outcome) => success(&outcome),
                None => failure(400, "BadParameter", None),
            }
        }
        _ => failure(404, "KeyNotFound", None),
    }
}

fn kid(version: &str) -> String {
    format!("https://acme.vault.azure.net/keys/root/{version}")
}

fn success(body: &Value) -> Response {
    (200, body.to_string().into_bytes())
}

fn failure(status: u16, code: &str, inner: Option<&str>) -> Response {
    let mut error = json!({"code": code, "message": "hunter2-message"});
    if let Some(inner) = inner {
        error["innererror"] = json!({"code": inner});
    }
    (status, json!({"error": error}).to_string().into_bytes())
}

/// RFC 6749 section 4.4.
fn grant(asked: &Asked, state: &mut State) -> Response {
    let expected = format!(
        "grant_type=client_credentials&client_id=client&client_secret={SECRET}\
         &scope=https%3A%2F%2Fvault.azure.net%2F.default"
    );
    if asked.body != expected.as_bytes() {
        return failure(401, "invalid_client", None);
    }
    state.granted += 1;
    let token = format!("granted-{}", state.granted);
    success(&json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token}))
}

fn operate(action: &str, version: &str, body: &Value, rsa: &PrivateDecryptingKey) -> Option<Value> {
    let bytes = field(body, "value")?;
    match (action, body["alg"].as_str()?, body.as_object()?.len()) {
        ("wrapkey", "RSA-OAEP-256", 2) => {
            let key = OaepPublicEncryptingKey::new(rsa.public_key()).unwrap();
            let mut out = vec![0; key.ciphertext_size()];
            let out = key.encrypt(&OAEP_SHA256_MGF1SHA256, &bytes, &mut out, None);
            Some(json!({"kid": kid(version), "value": URL_SAFE_NO_PAD.encode(out.unwrap())}))
        }
        ("unwrapkey", "RSA-OAEP-256", 2) => {
            let key = OaepPrivateDecryptingKey::new(rsa.clone()).unwrap();
            let mut out = vec![0; key.min_output_size()];
            let out = key.decrypt(&OAEP_SHA256_MGF1SHA256, &bytes, &mut out, None);
            Some(json!({"kid": kid(version), "value": URL_SAFE_NO_PAD.encode(out.ok()?)}))
        }
        ("encrypt", "A256GCM", 3) => {
            let (mut sealed, aad) = (bytes, Aad::from(field(body, "aad")?));
            let nonce = Nonce::assume_unique_for_key(NONCE);
            key(version)
                .seal_in_place_append_tag(nonce, aad, &mut sealed)
                .unwrap();
            let tag = sealed.split_off(sealed.len() - TAG_BYTES);
            let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            Some(json!({
                "kid": kid(version), "value": encode(&sealed), "iv": encode(&NONCE),
                "tag": encode(&tag), "aad": body["aad"],
            }))
        }
        ("decrypt", "A256GCM", 5) => {
            assert_eq!(field(body, "iv")?, NONCE);
            let aad = Aad::from(field(body, "aad")?);
            let mut sealed = [bytes, field(body, "tag")?].concat();
            let nonce = Nonce::assume_unique_for_key(NONCE);
            let opened = key(version).open_in_place(nonce, aad, &mut sealed).ok()?;
            Some(json!({"kid": kid(version), "value": URL_SAFE_NO_PAD.encode(opened)}))
        }
        _ => None,
    }
}

/// Every version is another key.
fn key(version: &str) -> LessSafeKey {
    let bytes = [version.as_bytes()[1]; 32];
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).unwrap())
}

fn field(body: &Value, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(body[name].as_str()?).ok()
}
