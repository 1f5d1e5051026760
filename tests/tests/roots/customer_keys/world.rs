//! A deployment that permits customers' keys on this machine, and a workspace of it.

use serde_json::{Value, json};
use strongroom_client::{Client, ClientError, EntryFilter};
use strongroom_tests::deployment::{Deployment, Serving};
use strongroom_tests::poll::poll;
use strongroom_tests::softhsm::{CONFIGURATION, SoftHsm, module};
use strongroom_types::body::{
    CustomerKeyInfo, CustomerKeyState, DecryptRequest, EncryptRequest, EntryView, JobInfo,
    JobState, ObjectRead,
};
use strongroom_types::{
    Bytes, Code, ContextPattern, CustomerKeyId, JobId, KeyContext, ObjectId, Operation, Outcome,
    Reason,
};

use super::providers::SECRET;

/// A served workspace.
pub(crate) struct World {
    pub(crate) server: Serving,
    pub(crate) api_key: String,
    pub(crate) client: Client,
    _deployment: Deployment,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(None, &[]).await
    }

    /// With the tokens in reach, of which tenants may use `strongroom`.
    pub(crate) async fn start_with(hsm: Option<&SoftHsm>, settings: &[(&str, &str)]) -> Self {
        let mut deployment = Deployment::new(&[], settings);
        deployment.set("STRONGROOM_ALLOW_LOOPBACK_KEYS", "true");
        if let Some(hsm) = hsm {
            deployment.set(CONFIGURATION, &hsm.configuration().display().to_string());
            deployment.set("STRONGROOM_PKCS11_MODULE", &module().display().to_string());
            deployment.set("STRONGROOM_CUSTOMER_TOKENS", "strongroom");
        }
        Self::of(deployment).await
    }

    /// A workspace of a deployment that is not made yet.
    pub(crate) async fn of(deployment: Deployment) -> Self {
        let administrator = deployment.init();
        let server = deployment.serve();
        let api_key = server.workspace(&administrator).await;
        Self {
            client: server.client(&api_key),
            server,
            api_key,
            _deployment: deployment,
        }
    }

    /// A client of the workspace with connections of its own: when a stream is refused, the server
    /// may hang up on who still sends.
    pub(crate) fn another_client(&self) -> Client {
        self.server.client(&self.api_key)
    }

    /// Registers a key; its credentials are in no answer.
    pub(crate) async fn register(&self, key: &Value, cache_s: u32) -> CustomerKeyInfo {
        let request = json!({"name": "key", "key": key, "cache_s": cache_s});
        let reply = self
            .server
            .post("/v1/customer-keys", &self.api_key, &request)
            .await;
        assert_eq!(reply.status, 201, "{reply:?}");
        assert!(!String::from_utf8_lossy(&reply.body).contains(SECRET));
        let info: CustomerKeyInfo = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(info.state, CustomerKeyState::Unverified);
        info
    }

    /// Registers a key and verifies it.
    pub(crate) async fn key(&self, key: &Value, cache_s: u32) -> CustomerKeyId {
        let id = self.register(key, cache_s).await.id;
        let verified = self.client.customer_keys().verify(id).await.unwrap();
        assert_eq!(verified.state, CustomerKeyState::Active);
        id
    }

    /// Attaches a key to all of an organisation, and waits until what exists has moved.
    pub(crate) async fn attach(&self, key: CustomerKeyId, organization: &str) -> JobInfo {
        let keys = self.client.customer_keys();
        let attached = keys.attach(key, pattern(organization)).await.unwrap();
        self.done(attached.job.id).await
    }

    /// The job as it ended: done, with nothing left.
    pub(crate) async fn done(&self, id: JobId) -> JobInfo {
        let job = poll(async || {
            let job = self.client.jobs().describe(id).await.unwrap();
            job.finished.is_some().then_some(job)
        })
        .await;
        assert_eq!(job.state, JobState::Done, "{job:?}");
        assert_eq!((job.failed, job.remaining), (0, 0), "{job:?}");
        job
    }

    pub(crate) async fn seal(&self, map: &KeyContext, text: &str) -> Bytes {
        self.try_seal(map, text).await.unwrap()
    }

    pub(crate) async fn try_seal(
        &self,
        map: &KeyContext,
        text: &str,
    ) -> Result<Bytes, ClientError> {
        let request = EncryptRequest::new(map.clone(), text);
        let sealed = self.client.encrypt(request).await;
        sealed.map(|sealed| sealed.ciphertext)
    }

    pub(crate) async fn open(
        &self,
        map: &KeyContext,
        sealed: &Bytes,
    ) -> Result<String, ClientError> {
        let request = DecryptRequest::new(map.clone(), sealed.clone());
        let opened = self.client.decrypt(request).await?;
        Ok(String::from_utf8(opened.plaintext.0).unwrap())
    }

    /// The value of a stored object.
    pub(crate) async fn read(&self, id: ObjectId) -> Vec<u8> {
        let which = ObjectRead::by_id(id);
        let read = self.client.objects().read(&which).await.unwrap();
        read.value.unwrap().0
    }

    /// Checks that a value opens, once and many times at once.
    pub(crate) async fn opens(&self, map: &KeyContext, sealed: &Bytes, text: &str) {
        for _ in 0..3 {
            let open = || self.open(map, sealed);
            let (a, b, c) = tokio::join!(open(), open(), open());
            for opened in [a, b, c] {
                assert_eq!(opened.unwrap(), text);
            }
        }
    }

    /// The whole log.
    pub(crate) async fn entries(&self) -> Vec<EntryView> {
        let mut filter = EntryFilter {
            limit: Some(1000),
            ..EntryFilter::default()
        };
        let mut all = Vec::new();
        loop {
            let page = self.client.log().entries(&filter).await.unwrap();
            all.extend(page.entries);
            if page.next.is_none() {
                return all;
            }
            filter.page = page.next;
        }
    }

    /// What the log says happened to customers' keys, and to the key contexts under them.
    pub(crate) async fn steps(&self) -> Vec<(&'static str, Outcome)> {
        let mut all = self.entries().await;
        all.retain(|entry| {
            let name = entry.operation.name();
            name.starts_with("customer-key.") || entry.operation == Operation::ContextRewrap
        });
        all.iter()
            .map(|entry| (entry.operation.name(), entry.outcome))
            .collect()
    }

    /// Checks that a call was refused because of a key at this provider: with this status and code,
    /// with the true reason in the log, with the provider's name and no secret for the caller.
    pub(crate) async fn assert_refused<T>(
        &self,
        result: Result<T, ClientError>,
        (status, code): (u16, Code),
        reason: Reason,
        provider: &str,
    ) {
        let error = result.err().unwrap();
        let refusal = error.refusal().unwrap();
        assert_eq!(
            (refusal.status(), refusal.code()),
            (status, code),
            "{error:?}"
        );
        let shown = format!("{error:?} {error} {refusal:?}");
        assert!(refusal.detail().unwrap().contains(provider), "{shown}");
        assert!(!shown.contains(SECRET), "{shown}");
        let index = refusal.log_entry().unwrap().index;
        let entries = self.entries().await;
        let entry = entries.iter().find(|it| it.index == index).unwrap();
        assert_eq!(entry.reason, Some(reason), "{entry:?}");
        assert_ne!(entry.outcome, Outcome::Allowed);
    }
}

/// The pairs of a tenant's policy.
pub(crate) fn pattern(organization: &str) -> ContextPattern {
    ContextPattern::new([("organizationId", organization)]).unwrap()
}
