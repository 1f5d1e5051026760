//! A gate before `moto`, for what AWS does and `moto` does not: it refuses the use of a disabled
//! key, tells what is not of a key from a denied access, and throttles. It keeps what it was asked,
//! and can make whoever asks wait.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a gate that cannot be set up fails its test"
)]

use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::moto::{self, Moto};
use crate::service::{self, Answer, Asked, Response};

/// How long the id of a key is.
const KEY_ID_BYTES: usize = 36;

#[derive(Debug, Default)]
struct State {
    throttled: usize,
    asked: Vec<Asked>,
}

/// A running gate; it ends with the test's runtime.
#[derive(Debug)]
pub struct KmsGate {
    /// Where it listens.
    pub url: String,
    state: Arc<Mutex<State>>,
    is_held: watch::Sender<bool>,
}

impl KmsGate {
    /// Starts one.
    pub async fn start(moto: &Arc<Moto>) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (held, moto) = (Arc::clone(&state), Arc::clone(moto));
        let (is_held, waiting) = watch::channel(false);
        let url = service::start(move |asked| {
            let (held, moto, mut waiting) = (Arc::clone(&held), Arc::clone(&moto), waiting.clone());
            async move {
                let permitted = note(&asked, &held);
                waiting.wait_for(|is_held| !is_held).await.ok()?;
                match permitted {
                    Ok(()) => pass(asked, &moto).await,
                    Err(code) => Some(refuse(code)),
                }
            }
        })
        .await;
        Self {
            url,
            state,
            is_held,
        }
    }

    /// Lets whoever asks from here on wait.
    pub fn hold(&self) {
        self.is_held.send_replace(true);
    }

    /// Lets everybody through.
    pub fn release(&self) {
        self.is_held.send_replace(false);
    }

    /// How much was asked since [`Self::asked`], answered or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().asked.len()
    }

    /// Throttles the next requests.
    pub fn throttle(&self, requests: usize) {
        self.lock().throttled = requests;
    }

    /// Takes out what was asked so far, throttled or not.
    pub fn asked(&self) -> Vec<Asked> {
        core::mem::take(&mut self.lock().asked)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Keeps what was asked.
fn note(asked: &Asked, state: &Mutex<State>) -> Result<(), &'static str> {
    let mut state = state.lock().unwrap();
    state.asked.push(asked.clone());
    if state.throttled > 0 {
        state.throttled -= 1;
        return Err("ThrottlingException");
    }
    Ok(())
}

async fn pass(asked: Asked, moto: &Moto) -> Answer {
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    if let Some(code) = foreign(&body) {
        return Some(refuse(code));
    }
    let described = moto
        .call("DescribeKey", &json!({"KeyId": body["KeyId"]}))
        .await;
    match described["KeyMetadata"]["KeyState"].as_str().unwrap() {
        "Enabled" => forward(asked, moto).await,
        "Disabled" => Some(refuse("DisabledException")),
        _ => Some(refuse("KMSInvalidStateException")),
    }
}

/// What AWS calls a ciphertext that is not of the key that is named. `moto`, whose ciphertexts begin
/// with the id of their key, denies access to that key instead.
fn foreign(body: &Value) -> Option<&'static str> {
    let blob = STANDARD.decode(body["CiphertextBlob"].as_str()?).unwrap();
    let id = blob.get(..KEY_ID_BYTES).unwrap_or_default();
    if id == moto::key_id(body["KeyId"].as_str()?).as_bytes() {
        return None;
    }
    if id.iter().any(u8::is_ascii_hexdigit) {
        return Some("IncorrectKeyException");
    }
    Some("InvalidCiphertextException")
}

async fn forward(asked: Asked, moto: &Moto) -> Answer {
    let mut request = reqwest::Client::new().post(&moto.url).body(asked.body);
    for (name, value) in asked.headers {
        if !["host", "content-length"].contains(&name.as_str()) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.bytes().await.ok()?.to_vec()))
}

fn refuse(code: &str) -> Response {
    let body = json!({"__type": code, "message": "hunter2-message"});
    (400, body.to_string().into_bytes())
}
