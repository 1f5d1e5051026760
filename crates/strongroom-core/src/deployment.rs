//! The deployment's own keys: API-key hashes, exchanged tokens, checkpoints, sealed settings.

use core::str::FromStr;

use strongroom_crypto::kdf::Prf;
use strongroom_crypto::keys::{Place, Seed};
use strongroom_crypto::label::Label;
use strongroom_crypto::secret::Secret;
use strongroom_log::{NoteSigner, NoteVerifier};
use strongroom_types::{ClientId, KeyId, WorkspaceId};

use crate::identity::TokenSigner;
use crate::ports::{Root, RootError, Store};
use crate::root::{MovingRoot, rewrap};
use crate::strongroom::OpenError;

/// The row that names the system workspace.
const SYSTEM: &str = "system";
/// The names of the deployment's seeds; each is a row, wrapped by the root.
const CREDENTIALS: &str = "credentials";
const TOKEN_SIGNING: &str = "token-signing";
const LOG_SIGNING: &str = "log-signing";

/// All of them.
pub(crate) const SEEDS: [&str; 3] = [CREDENTIALS, TOKEN_SIGNING, LOG_SIGNING];

/// A seed of the deployment under the present root; `None` if it is there already.
///
/// # Errors
/// A root does not do its duty.
pub(crate) async fn moved(
    name: &'static str,
    wrapped: &[u8],
    roots: &MovingRoot,
) -> Result<Option<Vec<u8>>, RootError> {
    rewrap(&Place::Deployment(name), wrapped, roots).await
}

/// What one deployment has once.
#[derive(Debug)]
pub(crate) struct Deployment {
    /// The workspace whose log holds what concerns the deployment itself.
    pub(crate) system: WorkspaceId,
    credentials: Prf,
    pub(crate) tokens: TokenSigner,
    log: NoteSigner,
}

impl Deployment {
    /// Reads the deployment, making what is not there yet. Two nodes that start at once agree,
    /// because the first row stands.
    pub(crate) async fn open(
        store: &dyn Store,
        root: &dyn Root,
        entropy: &dyn strongroom_crypto::entropy::Entropy,
        log_name: &str,
    ) -> Result<Self, OpenError> {
        let system = system(store, entropy).await?;
        let credentials = key(store, root, entropy, CREDENTIALS).await?;
        let tokens = key(store, root, entropy, TOKEN_SIGNING).await?;
        let log = key(store, root, entropy, LOG_SIGNING).await?;
        let name = log_name.trim_end_matches('/');
        Ok(Self {
            system,
            credentials: Prf::new(&credentials),
            tokens: TokenSigner::derive(&tokens).map_err(|_refused| OpenError::SigningKey)?,
            log: NoteSigner::from_seed(name, log.expose())?,
        })
    }

    /// `HMAC-SHA-256(credentials key, label ‖ frame(key id, secret))`: an API key as the database
    /// knows it.
    pub(crate) fn api_key_hash(&self, id: KeyId, secret: &[u8]) -> [u8; 32] {
        self.credentials
            .mac(Label::ApiKey, &[id.as_bytes(), secret])
    }

    /// `HMAC-SHA-256(credentials key, label ‖ frame(client id, secret))`: a refresh token as the
    /// database knows it.
    pub(crate) fn refresh_token_hash(&self, client: ClientId, secret: &[u8]) -> [u8; 32] {
        self.credentials
            .mac(Label::Token, &[client.as_bytes(), secret])
    }

    /// `HMAC-SHA-256(credentials key, label ‖ frame(parts))`: an invitation's secret, and where it
    /// belongs, as the database knows it.
    pub(crate) fn invitation_hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.credentials.mac(Label::Invitation, parts)
    }

    /// `HMAC-SHA-256(credentials key, label ‖ frame(parts))`: what a device's login is made of.
    pub(crate) fn device_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.credentials.mac(Label::Device, parts)
    }

    /// `HMAC-SHA-256(credentials key, label ‖ frame(parts))`: an Idempotency-Key or a request.
    pub(crate) fn idempotency_hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.credentials.mac(Label::Idempotency, parts)
    }

    /// Signs checkpoints under the name of a log's origin.
    pub(crate) fn signer(&self, origin: &str) -> Result<NoteSigner, strongroom_log::NoteError> {
        self.log.with_name(origin)
    }

    /// Verifies checkpoints; carries the deployment's log name.
    pub(crate) fn verifier(&self) -> NoteVerifier {
        self.log.verifier()
    }
}

async fn system(
    store: &dyn Store,
    entropy: &dyn strongroom_crypto::entropy::Entropy,
) -> Result<WorkspaceId, OpenError> {
    let row = if let Some(row) = store.deployment(SYSTEM).await? {
        row
    } else {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes)?;
        let id = WorkspaceId::from_random(bytes).to_string();
        store.put_deployment(SYSTEM, id.as_bytes()).await?
    };
    let text = core::str::from_utf8(&row).map_err(|_not_text| OpenError::Damaged)?;
    WorkspaceId::from_str(text).map_err(|_not_an_id| OpenError::Damaged)
}

/// Unwraps the seed in the named row and derives its key.
async fn key(
    store: &dyn Store,
    root: &dyn Root,
    entropy: &dyn strongroom_crypto::entropy::Entropy,
    name: &'static str,
) -> Result<Secret<32>, OpenError> {
    let place = Place::Deployment(name);
    let row = if let Some(row) = store.deployment(name).await? {
        row
    } else {
        let wrapped = root.wrap(&place, None, &Seed::generate(entropy)?).await?;
        store.put_deployment(name, &wrapped).await?
    };
    Ok(root.unwrap(&place, None, &row).await?.derive_key(&place))
}
