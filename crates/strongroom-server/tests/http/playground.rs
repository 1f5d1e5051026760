//! A server in development mode on a folder of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use strongroom_server::{Config, DevInfo, Limits, Server};
use tempfile::TempDir;

/// A server in development mode and a client of its first workspace.
pub(crate) struct Playground {
    pub(crate) server: Server,
    pub(crate) info: DevInfo,
    pub(crate) http: Client,
    _folder: TempDir,
}

impl Playground {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Limits)) -> Self {
        Self::configured(|config| change(&mut config.limits)).await
    }

    pub(crate) async fn without_surfaces() -> Self {
        Self::configured(|config| config.surfaces.clear()).await
    }

    async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::development(folder.path().to_owned());
        change(&mut config);
        let server = Server::start(config).await.unwrap();
        Self {
            info: server.development().unwrap().clone(),
            http: Client::new(),
            server,
            _folder: folder,
        }
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.server.url());
        self.http
            .request(method, url)
            .bearer_auth(&self.info.api_key)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.ask(Method::POST, path)
    }

    pub(crate) fn json(&self, path: &str, body: &str) -> RequestBuilder {
        let request = self.post(path).header(CONTENT_TYPE, "application/json");
        request.body(body.to_owned())
    }

    pub(crate) async fn encrypt(&self, plaintext: &[u8]) -> Value {
        let body = json!({"key_context": {"org": "acme"}, "plaintext": STANDARD.encode(plaintext)});
        let answer = self.post("/v1/encrypt").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }
}

/// Status, code, whether there is an entry, and the whole problem.
pub(crate) async fn refusal(request: RequestBuilder) -> (u16, String, bool, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let logged = answer.headers().contains_key("strongroom-log-entry");
    let kind = answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    assert_eq!(kind, "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["status"], status);
    let code = problem["code"].as_str().unwrap().to_owned();
    (status, code, logged, problem)
}

pub(crate) fn base64_json(value: &Value) -> String {
    STANDARD.encode(value.to_string())
}

pub(crate) fn stream_headers(playground: &Playground, path: &str) -> RequestBuilder {
    let context = base64_json(&json!({"org": "acme"}));
    playground
        .post(path)
        .header("strongroom-key-context", context)
        .header("strongroom-associated-data", STANDARD.encode("file 7"))
}
