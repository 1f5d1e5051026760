//! Applications: clients with tokens of their own instead of an API key.
//!
//! ```text
//! user          a client with the permissions of a role; what it shows is an API key of it
//!   └─ application   a client · name and environment, unique for its user · named contexts
//!        ├─ key             Ed25519, the application's own; replaced when its tokens are ended
//!        ├─ access token    an hour at most; counts as long as the key that signed it is the present
//!        └─ line            of refresh tokens, each good until its successor is used
//! ```
//!
//! All of an application is in its client's record. What it may do is looked up there at each request:
//! a token only names the client and the key. Revocation takes the key away, ordered by the log like
//! every change of a client.

mod key;
mod line;
mod readiness;
mod refresh;
mod registrations;
mod token;

use serde::{Deserialize, Serialize};
use strongroom_crypto::entropy::Entropy;
use strongroom_types::body::ApplicationInfo;
use strongroom_types::{ClientId, ContextName, KeyVersion, Permission};

pub(crate) use key::{AccessDue, ApplicationKey};
pub(crate) use line::{Kept, Line, Presented};
pub(crate) use readiness::Usage;
pub use readiness::{ContextReadiness, Progress, Tier};
pub use refresh::Refreshed;
pub(crate) use registrations::Registrations;
pub(crate) use token::RefreshToken;
pub use token::{ApplicationTokens, NewRefreshToken};

use crate::caller::Client;
use crate::denial::Denial;
use crate::identity::ApplicationPlace;
use crate::ports::Micros;
use crate::time::format_time;
use crate::workspace::Roots;

/// What an application may do, in the named contexts that it was registered for.
pub(crate) const PERMISSIONS: [Permission; 11] = [
    Permission::Encrypt,
    Permission::Decrypt,
    Permission::NamedContextsList,
    Permission::Sign,
    Permission::Verify,
    Permission::Compute,
    Permission::AdminSigningKeys,
    Permission::SealTo,
    Permission::SealedOpen,
    Permission::AdminHybridKeys,
    Permission::Leases,
];

/// The part of a client's record that makes it an application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ApplicationBody {
    /// The client that registered it.
    pub(crate) owner: ClientId,
    pub(crate) name: String,
    pub(crate) environment: String,
    pub(crate) team: String,
    pub(crate) description: String,
    pub(crate) contexts: Vec<ContextName>,
    /// How often its tokens were ended, and one: the version of its present key.
    pub(crate) generation: KeyVersion,
    /// What signs its access tokens. Made with the first of them, and gone when they are ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<ApplicationKey>,
    /// Oldest first.
    pub(crate) lines: Vec<Line>,
    /// The number of the next line.
    pub(crate) next_line: u32,
    /// After this it does nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Micros>,
    /// Since when it is in its environment; since it was registered, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) environment_since: Option<Micros>,
    /// That it is to be promoted, and waits for an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<PromotionWaiting>,
}

/// A promotion that waits for an owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PromotionWaiting {
    pub(crate) target: String,
    pub(crate) asked_by: ClientId,
    /// Why it is to be before its time.
    pub(crate) reason: Option<String>,
}

impl ApplicationBody {
    /// The most lines: whoever begins another ends the oldest.
    const LINES_MAX: usize = 8;

    /// Begins a line of refresh tokens with its first.
    pub(crate) fn begin_line(&mut self, first: Kept, now: Micros) {
        if self.lines.len() >= Self::LINES_MAX {
            self.lines.remove(0);
        }
        self.lines.push(Line::new(self.next_line, first, now));
        self.next_line = self.next_line.saturating_add(1);
    }

    /// Whether its time is not over.
    pub(crate) fn lasts(&self, now: Micros) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// Ends all tokens: the lines of refresh tokens, and with its key the access tokens.
    pub(crate) fn end_tokens(&mut self) {
        self.lines.clear();
        self.key = None;
        self.generation = KeyVersion(self.generation.0.saturating_add(1));
    }

    /// Its key, made now if it has none.
    ///
    /// # Errors
    /// There is no randomness.
    pub(crate) fn give_key(
        &mut self,
        roots: &Roots,
        place: ApplicationPlace,
        entropy: &dyn Entropy,
    ) -> Result<&ApplicationKey, Denial> {
        let key = match self.key.take() {
            Some(key) => key,
            None => ApplicationKey::generate(roots, place, self.generation, entropy)?,
        };
        Ok(self.key.insert(key))
    }
}

/// What is said of an application.
pub(crate) fn info(client: &Client, application: &ApplicationBody) -> ApplicationInfo {
    ApplicationInfo {
        id: client.id,
        name: application.name.clone(),
        environment: application.environment.clone(),
        team: application.team.clone(),
        description: application.description.clone(),
        contexts: application.contexts.clone(),
        owner: application.owner,
        active: !client.body.disabled,
        created: format_time(client.created),
        expires: application.expires.map(format_time),
    }
}
