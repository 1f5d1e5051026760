//! What development mode keeps between two starts.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use strongroom_core::access_key;
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::secret::Secret;
use strongroom_types::{Bytes, ClientId, IssuerId, KeysetClientId, WorkspaceId};

use super::{
    DevCipherStash, DevCryptoServe, DevError, DevInfo, DevOidc, DevSecond, DevStack, DevWorkOs,
};
use crate::compat::{crn, project_of, workspace_id};
use crate::file;

/// The content of `dev.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    issuer_seed: Bytes,
    /// The API key of the system workspace's administrator.
    pub(super) administrator: Option<String>,
    pub(super) workspaces: Vec<DevWorkspace>,
}

/// A workspace and the API key of its first client.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DevWorkspace {
    pub(super) workspace: WorkspaceId,
    pub(super) api_key: String,
    /// The API key of its client for the WorkOS surface.
    #[serde(default)]
    pub(super) workos: Option<String>,
    /// The API keys of its clients for Stack Auth's surface.
    #[serde(default)]
    pub(super) stack: Option<StackKeys>,
    /// What CipherStash's clients are configured with.
    #[serde(default)]
    pub(super) cipherstash: Option<CipherStashKeys>,
    /// The API keys of its users for CryptoServe's surface.
    #[serde(default)]
    pub(super) cryptoserve: Option<CryptoServeKeys>,
}

/// The API keys of users for CryptoServe's surface.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CryptoServeKeys {
    pub(super) owner: String,
    pub(super) viewer: String,
}

/// What CipherStash's clients are configured with.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CipherStashKeys {
    pub(super) api_key: String,
    pub(super) client_id: KeysetClientId,
    pub(super) client_key: Bytes,
    /// As whom identities act by themselves.
    pub(super) identities: ClientId,
    /// The issuer whose identities do.
    pub(super) issuer: Option<IssuerId>,
}

/// The API keys of clients for Stack Auth's surface.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StackKeys {
    pub(super) server: String,
    pub(super) admin: String,
}

impl DevWorkspace {
    fn workos(&self) -> Option<DevWorkOs> {
        let api_key = self.workos.clone()?;
        Some(DevWorkOs { api_key })
    }

    fn cipherstash(&self, url: &str) -> Option<DevCipherStash> {
        use core::fmt::Write as _;

        let keys = self.cipherstash.as_ref()?;
        let mut client_key = String::new();
        for byte in &keys.client_key.0 {
            write!(client_key, "{byte:02x}").ok()?;
        }
        Some(DevCipherStash {
            workspace_crn: crn(self.workspace),
            workspace_id: workspace_id(self.workspace),
            client_id: keys.client_id,
            client_key,
            access_key: access_key(&keys.api_key)?,
            cts_url: url.to_owned(),
        })
    }

    fn stack(&self) -> Option<DevStack> {
        let keys = self.stack.as_ref()?;
        Some(DevStack {
            project_id: project_of(self.workspace),
            secret_server_key: keys.server.clone(),
            super_secret_admin_key: keys.admin.clone(),
        })
    }
}

impl State {
    pub(super) fn load_or_generate(path: &Path, entropy: &dyn Entropy) -> Result<Self, DevError> {
        file::warn_if_shared(path);
        match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|_error| DevError::Damaged),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::generate(path, entropy),
            Err(error) => Err(error.into()),
        }
    }

    fn generate(path: &Path, entropy: &dyn Entropy) -> Result<Self, DevError> {
        let seed = Secret::<32>::generate(entropy)?;
        let state = Self {
            issuer_seed: Bytes(seed.expose().to_vec()),
            administrator: None,
            workspaces: Vec::new(),
        };
        state.save(path)?;
        Ok(state)
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), DevError> {
        let text = serde_json::to_vec_pretty(self).map_err(|_error| DevError::Damaged)?;
        Ok(file::replace(path, &text)?)
    }

    pub(super) fn issuer_seed(&self) -> Result<Secret<32>, DevError> {
        let seed: [u8; 32] = self
            .issuer_seed
            .0
            .as_slice()
            .try_into()
            .map_err(|_length| DevError::Damaged)?;
        Ok(Secret::from_bytes(seed))
    }

    /// `None` while a workspace or a client is missing.
    pub(super) fn describe(&self, url: &str, log_public_key: String) -> Option<DevInfo> {
        let [first, second] = self.workspaces.as_slice() else {
            return None;
        };
        Some(DevInfo {
            url: url.to_owned(),
            workspace: first.workspace,
            api_key: first.api_key.clone(),
            log_public_key,
            oidc: DevOidc {
                issuer: format!("{url}/dev/oidc"),
                token_url: format!("{url}/dev/oidc/token"),
            },
            second_workspace: DevSecond {
                workspace: second.workspace,
                api_key: second.api_key.clone(),
                workos: second.workos()?,
                stack: second.stack()?,
                cipherstash: second.cipherstash(url)?,
            },
            workos: first.workos()?,
            stack: first.stack()?,
            cipherstash: first.cipherstash(url)?,
            cryptoserve: DevCryptoServe {
                session_cookie: first.cryptoserve.as_ref()?.owner.clone(),
                viewer_cookie: first.cryptoserve.as_ref()?.viewer.clone(),
                other_session_cookie: second.cryptoserve.as_ref()?.owner.clone(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::entropy::SystemEntropy;

    use super::*;

    #[test]
    fn a_second_start_finds_what_the_first_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev.json");
        let first = State::load_or_generate(&path, &SystemEntropy).unwrap();
        let second = State::load_or_generate(&path, &SystemEntropy).unwrap();
        assert_eq!(first.issuer_seed, second.issuer_seed);
        assert_eq!(file::shared_with_others(&path).unwrap(), None);
    }

    #[test]
    fn a_damaged_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev.json");
        fs::write(&path, "{").unwrap();
        let refused = State::load_or_generate(&path, &SystemEntropy);
        assert!(matches!(refused, Err(DevError::Damaged)));
        assert_eq!(fs::read(&path).unwrap(), b"{");
    }
}
