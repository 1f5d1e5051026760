//! Development mode: a ready deployment with two workspaces and an issuer that mints a token for
//! whoever asks. Only on loopback; see [`Config::check`](crate::Config::check).
//!
//! Ids and keys are kept in `DIR/dev.json`, mode 0600, so that a restart gives the same ones. The
//! issuer's name holds the port, and an `iss` is permanent: on a new port a new issuer is trusted,
//! and the old one stays trusted, so that values locked to its identities still open for tokens
//! minted with `"claims":{"iss":"<old url>/dev/oidc"}`.

mod cipherstash;
mod cryptoserve;
mod issuer;
mod login;
mod state;

use std::io;
use std::path::Path;

use serde::Serialize;
use strongroom_core::{Answered, PageQuery, Refused, Strongroom};
use strongroom_crypto::entropy::{Entropy as _, EntropyUnavailable, SystemEntropy};
use strongroom_types::body::{
    ClientCreate, ClientCreated, IssuerCreate, IssuerKeys, WorkspaceCreate,
};
use strongroom_types::{
    Code, ContextPattern, IssuerId, KeysetClientId, Permission, RequestId, WorkspaceId,
};

use issuer::Issuer;
pub(crate) use issuer::{AUDIENCE, SIGN_IN_AUDIENCE};
use login::Inviter;
use state::{DevWorkspace, StackKeys, State};

use crate::routes::endpoint::{Endpoint, get};
use crate::server::own_ask;

/// Development mode that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// The file of ids and keys cannot be read or written.
    #[error("cannot use the file of development mode")]
    File(#[from] io::Error),
    /// The file of ids and keys is damaged.
    #[error("file of development mode is damaged")]
    Damaged,
    /// The directory holds a deployment that was not made by development mode.
    #[error("directory holds a real deployment, or its `dev.json` is lost")]
    NotOurs,
    /// The product refused a step.
    #[error("a step was refused: {0}")]
    Refused(Code),
    /// The deployment does not open.
    #[error(transparent)]
    Open(#[from] strongroom_core::OpenError),
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl From<Refused> for DevError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.denial.code())
    }
}

/// How to use a server in development mode: the one line of JSON that `strongroom dev` prints.
#[derive(Clone, Debug, Serialize)]
pub struct DevInfo {
    /// What to put before a path.
    pub url: String,
    /// The first workspace.
    pub workspace: WorkspaceId,
    /// An API key of it.
    pub api_key: String,
    /// The verifier key of the logs, in the form of a signed note.
    pub log_public_key: String,
    /// The built-in issuer.
    pub oidc: DevOidc,
    /// Another workspace, to see that nothing crosses.
    pub second_workspace: DevSecond,
    /// How WorkOS clients use the first workspace.
    pub workos: DevWorkOs,
    /// How Stack Auth's clients use the first workspace.
    pub stack: DevStack,
    /// How CipherStash's clients use the first workspace.
    pub cipherstash: DevCipherStash,
    /// How CryptoServe's clients use both workspaces.
    pub cryptoserve: DevCryptoServe,
}

/// The built-in issuer.
#[derive(Clone, Debug, Serialize)]
pub struct DevOidc {
    /// The `iss` of its tokens; discovery is below it.
    pub issuer: String,
    /// Where tokens are minted.
    pub token_url: String,
}

/// The second workspace.
#[derive(Clone, Debug, Serialize)]
pub struct DevSecond {
    /// Its id.
    pub workspace: WorkspaceId,
    /// An API key of it.
    pub api_key: String,
    /// How WorkOS clients use it.
    pub workos: DevWorkOs,
    /// How Stack Auth's clients use it.
    pub stack: DevStack,
    /// How CipherStash's clients use it.
    pub cipherstash: DevCipherStash,
}

/// A client with the permissions that the WorkOS surface needs, and no other.
#[derive(Clone, Debug, Serialize)]
pub struct DevWorkOs {
    /// Its API key.
    pub api_key: String,
}

/// Two clients with the permissions that Stack Auth's surface needs, and no others.
#[derive(Clone, Debug, Serialize)]
pub struct DevStack {
    /// The workspace, as their clients name it.
    pub project_id: String,
    /// The API key of a client that gets and sets values.
    pub secret_server_key: String,
    /// The API key of a client that declares and destroys stores as well.
    pub super_secret_admin_key: String,
}

/// What CipherStash's clients are configured with.
#[derive(Clone, Serialize)]
pub struct DevCipherStash {
    /// `CS_WORKSPACE_CRN`.
    pub workspace_crn: String,
    /// The id in it.
    pub workspace_id: String,
    /// `CS_CLIENT_ID`.
    pub client_id: KeysetClientId,
    /// `CS_CLIENT_KEY`.
    pub client_key: String,
    /// `CS_CLIENT_ACCESS_KEY`, of a client with the permissions that the surface needs, those of its
    /// administration included, and no others.
    pub access_key: String,
    /// `CS_CTS_HOST`.
    pub cts_url: String,
}

/// Without the keys.
impl core::fmt::Debug for DevCipherStash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DevCipherStash")
            .field("workspace_crn", &self.workspace_crn)
            .finish_non_exhaustive()
    }
}

/// Sessions of users for CryptoServe's clients: each an API key.
#[derive(Clone, Serialize)]
pub struct DevCryptoServe {
    /// Of an owner of the first workspace.
    pub session_cookie: String,
    /// Of a viewer of the first workspace.
    pub viewer_cookie: String,
    /// Of an owner of the second workspace.
    pub other_session_cookie: String,
}

/// Without the sessions.
impl core::fmt::Debug for DevCryptoServe {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DevCryptoServe").finish_non_exhaustive()
    }
}

/// What a server has in development mode and in no other.
#[derive(Debug)]
pub(crate) struct Development {
    pub(crate) issuer: Issuer,
    /// Who makes whoever logs in an owner.
    inviter: Inviter,
}

/// The routes of development mode. They are in no document.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = issuer::endpoints();
    endpoints.push(get("/auth/dev-login", login::sign_in));
    endpoints
}

/// Makes what is missing and tells how to use it. A crash on the way is made up for by the next
/// start.
pub(crate) async fn set_up(
    room: &Strongroom,
    folder: &Path,
    url: &str,
) -> Result<(Development, DevInfo), DevError> {
    let path = folder.join("dev.json");
    let mut state = State::load_or_generate(&path, &SystemEntropy)?;
    if let Some(created) = room.initialise().await? {
        state.administrator = Some(created.api_key.secret);
        state.save(&path)?;
    }
    let administrator = state.administrator.clone().ok_or(DevError::NotOurs)?;
    while state.workspaces.len() < WORKSPACES.len() {
        let name = WORKSPACES.get(state.workspaces.len()).copied();
        let workspace = make_workspace(room, &administrator, name.unwrap_or_default()).await?;
        state.workspaces.push(workspace);
        state.save(&path)?;
    }
    let issuer = Issuer::new(format!("{url}/dev/oidc"), &state.issuer_seed()?)?;
    for position in 0..state.workspaces.len() {
        if let Some(workspace) = state.workspaces.get_mut(position)
            && workspace.workos.is_none()
        {
            let (name, permissions) = WORKOS;
            let made = make_client(room, &workspace.api_key, name, permissions).await?;
            workspace.workos = Some(made);
            state.save(&path)?;
        }
        if let Some(workspace) = state.workspaces.get_mut(position)
            && workspace.stack.is_none()
        {
            workspace.stack = Some(make_stack_keys(room, &workspace.api_key).await?);
            state.save(&path)?;
        }
        if let Some(workspace) = state.workspaces.get_mut(position)
            && workspace.cipherstash.is_none()
        {
            workspace.cipherstash = Some(cipherstash::set_up(room, &workspace.api_key).await?);
            state.save(&path)?;
        }
        if let Some(workspace) = state.workspaces.get_mut(position)
            && workspace.cryptoserve.is_none()
        {
            workspace.cryptoserve = Some(cryptoserve::set_up(room, &workspace.api_key).await?);
            state.save(&path)?;
        }
        if let Some(workspace) = state.workspaces.get_mut(position) {
            let trusted = trust(room, workspace, &issuer).await?;
            cipherstash::let_act(room, workspace, trusted).await?;
        }
        state.save(&path)?;
    }
    let info = state
        .describe(url, room.log_key())
        .ok_or(DevError::Damaged)?;
    let inviter = Inviter::of(&info);
    Ok((Development { issuer, inviter }, info))
}

/// The names of the workspaces, for people.
const WORKSPACES: [&str; 2] = ["development", "development, second"];

async fn make_workspace(
    room: &Strongroom,
    administrator: &str,
    name: &str,
) -> Result<DevWorkspace, DevError> {
    let request = WorkspaceCreate {
        name: name.to_owned(),
        context_quota: None,
    };
    let ask = own_ask(administrator, request_id()?);
    let Answered { value, .. } = room.workspace_create(&ask, request).await?;
    Ok(DevWorkspace {
        workspace: value.workspace.id,
        api_key: value.api_key.secret,
        workos: None,
        stack: None,
        cipherstash: None,
        cryptoserve: None,
    })
}

/// What the WorkOS surface needs.
const WORKOS: (&str, &[Permission]) = (
    "workos",
    &[
        Permission::DataKeys,
        Permission::ObjectsRead,
        Permission::ObjectsWrite,
        Permission::ObjectsDelete,
        Permission::ObjectsList,
        Permission::LogRead,
    ],
);

/// What a secret server key of Stack Auth's surface needs.
const STACK_SERVER: (&str, &[Permission]) = (
    "stack server",
    &[Permission::StoresRead, Permission::StoresWrite],
);

/// What a super secret admin key of Stack Auth's surface needs.
const STACK_ADMIN: (&str, &[Permission]) = (
    "stack admin",
    &[
        Permission::AdminStores,
        Permission::StoresRead,
        Permission::StoresWrite,
    ],
);

async fn make_stack_keys(room: &Strongroom, api_key: &str) -> Result<StackKeys, DevError> {
    let (name, permissions) = STACK_SERVER;
    let server = make_client(room, api_key, name, permissions).await?;
    let (name, permissions) = STACK_ADMIN;
    let admin = make_client(room, api_key, name, permissions).await?;
    Ok(StackKeys { server, admin })
}

/// Makes a client for a surface and gives its API key.
async fn make_client(
    room: &Strongroom,
    api_key: &str,
    name: &str,
    permissions: &[Permission],
) -> Result<String, DevError> {
    let created = new_client(room, api_key, name, permissions).await?;
    Ok(created.api_key.secret)
}

async fn new_client(
    room: &Strongroom,
    api_key: &str,
    name: &str,
    permissions: &[Permission],
) -> Result<ClientCreated, DevError> {
    let request = ClientCreate {
        name: name.to_owned(),
        permissions: permissions.to_vec(),
        allowed_contexts: vec![ContextPattern::default()],
        expires_in: None,
    };
    let ask = own_ask(api_key, request_id()?);
    Ok(room.client_create(&ask, request).await?.value)
}

/// Makes the workspace trust the issuer, unless it does.
async fn trust(
    room: &Strongroom,
    workspace: &DevWorkspace,
    issuer: &Issuer,
) -> Result<IssuerId, DevError> {
    let ask = own_ask(&workspace.api_key, request_id()?);
    let mut page = PageQuery::default();
    loop {
        let known = room.issuers(&ask, page).await?.value;
        let mut named = known.items.iter();
        if let Some(known) = named.find(|known| known.issuer == issuer.name()) {
            return Ok(known.id);
        }
        match known.next {
            None => break,
            next => {
                page = PageQuery {
                    page: next,
                    limit: None,
                }
            }
        }
    }
    let request = IssuerCreate {
        issuer: issuer.name().to_owned(),
        keys: IssuerKeys::Jwks(issuer.jwks()),
        audiences: vec![AUDIENCE.to_owned()],
        sign_in_audience: Some(SIGN_IN_AUDIENCE.to_owned()),
        clock_skew_s: None,
        display_claims: Vec::new(),
    };
    Ok(room.issuer_create(&ask, request).await?.value.id)
}

fn request_id() -> Result<RequestId, EntropyUnavailable> {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes)?;
    Ok(RequestId::from_bytes(bytes))
}
