//! A server that answers as Google Cloud KMS documents, and checks every request: its path, its
//! token, its checksums, and the assertion that the token was granted for.

use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use strongroom_tests::service::{self, Asked, Response};

pub(crate) const KEY: &str = "projects/acme-prod/locations/europe-west3/keyRings/r/cryptoKeys/k";
/// 2026-11-23T00:00:00Z, where the clock of the tests stands.
const NOW: i64 = 1_795_392_000;

/// What the server does.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) disabled: bool,
    /// How many of the next calls of the key fail, and with which status.
    pub(crate) failing: (usize, u16),
    /// Answers with checksums of something else.
    pub(crate) garbles: bool,
    /// How many tokens were granted; only the last one is taken.
    pub(crate) granted: usize,
    /// How many calls of the key there were.
    pub(crate) calls: usize,
}

/// A running server; it ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct Gcp {
    pub(crate) url: String,
    account: Vec<u8>,
    state: Arc<Mutex<State>>,
}

impl Gcp {
    pub(crate) async fn start() -> Self {
        let account = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = account.public_key().as_ref().to_vec();
        let state = Arc::new(Mutex::new(State::default()));
        let held = Arc::clone(&state);
        let url = service::start(move |asked| {
            let answer = answer(&asked, &public, &mut held.lock().unwrap());
            core::future::ready(Some(answer))
        })
        .await;
        Self {
            url,
            account: account.as_der().unwrap().as_ref().to_vec(),
            state,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The private key as its PEM text says it, without the lines around it.
    pub(crate) fn private_key(&self) -> String {
        STANDARD.encode(&self.account)
    }

    /// The text of a service account's key file.
    pub(crate) fn key_file(&self) -> Value {
        let lines: Vec<String> = self
            .private_key()
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            lines.join("\n")
        );
        json!({
            "type": "service_account", "project_id": "acme-prod", "private_key_id": "kid-1",
            "private_key": pem, "client_email": "strongroom@acme-prod.iam.gserviceaccount.com",
            "client_id": "1", "token_uri": format!("{}/token", self.url),
        })
    }

    /// The description of the key, with a service account.
    pub(crate) fn description(&self) -> Value {
        let account = self.key_file().to_string();
        json!({"provider": "gcp_kms", "key": KEY, "endpoint": self.url, "service_account": account})
    }
}

fn answer(asked: &Asked, public: &[u8], state: &mut State) -> Response {
    assert_eq!(asked.method, "POST");
    if asked.target == "/token" {
        return grant(asked, public, state);
    }
    state.calls += 1;
    let (left, status) = state.failing;
    if left > 0 {
        state.failing.0 -= 1;
        return failure(status, "UNAVAILABLE");
    }
    let token = format!("Bearer granted-{}", state.granted);
    if asked.header("authorization") != Some(&token) {
        return failure(401, "UNAUTHENTICATED");
    }
    if state.disabled {
        return failure(400, "FAILED_PRECONDITION");
    }
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    let (path, action) = asked.target.rsplit_once(':').unwrap();
    if path != format!("/v1/{KEY}") {
        return failure(404, "NOT_FOUND");
    }
    let answered = match action {
        "encrypt" => encrypt(&body),
        "decrypt" => decrypt(&body),
        _ => None,
    };
    let Some(mut answered) = answered else {
        return failure(400, "INVALID_ARGUMENT");
    };
    if state.garbles {
        for field in ["ciphertextCrc32c", "plaintextCrc32c"] {
            answered[field] = json!("1");
        }
    }
    (200, answered.to_string().into_bytes())
}

fn failure(status: u16, name: &str) -> Response {
    let error = json!({"code": status, "message": "hunter2-message", "status": name});
    (status, json!({"error": error}).to_string().into_bytes())
}

/// RFC 7523: a token for an assertion that the account signed just now, for this scope and server.
fn grant(asked: &Asked, public: &[u8], state: &mut State) -> Response {
    let body = String::from_utf8(asked.body.clone()).unwrap();
    let rest = body
        .strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")
        .unwrap();
    let (signed, signature) = rest.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
    if key.verify(signed.as_bytes(), &signature).is_err() {
        return failure(400, "invalid_grant");
    }
    let (header, claims) = signed.split_once('.').unwrap();
    let json = |text| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).unwrap());
    let (header, claims) = (json(header).unwrap(), json(claims).unwrap());
    assert_eq!(
        header,
        json!({"alg": "RS256", "typ": "JWT", "kid": "kid-1"})
    );
    let host = asked.header("host").unwrap();
    let issued = claims["iat"].as_i64().unwrap();
    assert!((0..=86_400).contains(&(issued - NOW)));
    let expected = json!({
        "iss": "strongroom@acme-prod.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloudkms",
        "aud": format!("http://{host}/token"), "iat": issued, "exp": issued + 3600,
    });
    assert_eq!(claims, expected);
    state.granted += 1;
    let token = format!("granted-{}", state.granted);
    let granted = json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"});
    (200, granted.to_string().into_bytes())
}

fn encrypt(body: &Value) -> Option<Value> {
    assert_eq!(body.as_object().unwrap().len(), 4);
    let mut bytes = checked(body, "plaintext")?;
    let aad = checked(body, "additionalAuthenticatedData")?;
    let nonce = Nonce::assume_unique_for_key([7; 12]);
    key()
        .seal_in_place_append_tag(nonce, Aad::from(aad), &mut bytes)
        .unwrap();
    Some(json!({
        "name": format!("{KEY}/cryptoKeyVersions/1"), "protectionLevel": "HSM",
        "ciphertext": STANDARD.encode(&bytes), "ciphertextCrc32c": crc(&bytes),
        "verifiedPlaintextCrc32c": true, "verifiedAdditionalAuthenticatedDataCrc32c": true,
    }))
}

fn decrypt(body: &Value) -> Option<Value> {
    assert_eq!(body.as_object().unwrap().len(), 4);
    let mut bytes = checked(body, "ciphertext")?;
    let aad = checked(body, "additionalAuthenticatedData")?;
    let nonce = Nonce::assume_unique_for_key([7; 12]);
    let opened = key()
        .open_in_place(nonce, Aad::from(aad), &mut bytes)
        .ok()?;
    Some(json!({
        "plaintext": STANDARD.encode(&*opened), "plaintextCrc32c": crc(opened),
        "usedPrimary": true, "protectionLevel": "HSM",
    }))
}

fn key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[9; 32]).unwrap())
}

/// A field that has its right checksum beside it.
fn checked(body: &Value, field: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(body[field].as_str()?).ok()?;
    let given = body[format!("{field}Crc32c")].as_str()?;
    (given == crc(&bytes)).then_some(bytes)
}

/// CRC-32C by a table, unlike the product's own.
fn crc(bytes: &[u8]) -> String {
    let table: Vec<u32> = (0..256u32)
        .map(|byte| {
            (0..8).fold(byte, |crc, _| {
                if crc & 1 == 1 {
                    (crc >> 1) ^ 0x82f6_3b78
                } else {
                    crc >> 1
                }
            })
        })
        .collect();
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (crc >> 8) ^ table[((crc ^ u32::from(*byte)) & 0xff) as usize]
    });
    (!crc).to_string()
}
