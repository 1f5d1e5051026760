//! A webhook: where the events of a workspace are sent, and what they are signed with.

use serde::{Deserialize, Serialize};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::body::{EventName, WebhookInfo, WebhookProgress};
use strongroom_types::{WebhookId, WorkspaceId, base32};
use zeroize::Zeroizing;

use crate::denial::Denial;
use crate::ports::{Micros, StoreError, WebhookRow};
use crate::time::format_time;
use crate::workspace::{WorkspaceKeys, WorkspaceState};

/// What the secret of a webhook begins with.
const SECRET_PREFIX: &str = "whsec_";
const SECRET_BYTES: usize = 32;

/// The part of a webhook that is a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WebhookBody {
    pub(crate) url: String,
    pub(crate) events: Option<Vec<EventName>>,
    pub(crate) disabled: bool,
}

impl WebhookBody {
    /// Whether events of this name are sent.
    pub(crate) fn wants(&self, name: EventName) -> bool {
        self.events
            .as_ref()
            .is_none_or(|events| events.contains(&name))
    }
}

/// A webhook as its record says.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) id: WebhookId,
    pub(crate) created: Micros,
    pub(crate) body: WebhookBody,
}

impl Webhook {
    pub(crate) fn info(&self, row: Option<&WebhookRow>) -> WebhookInfo {
        WebhookInfo {
            id: self.id,
            url: self.body.url.clone(),
            events: self.body.events.clone(),
            disabled: self.body.disabled,
            created: format_time(self.created),
            progress: row.map(progress),
        }
    }
}

fn progress(row: &WebhookRow) -> WebhookProgress {
    let waits = row.due.filter(|_| row.failures > 0);
    WebhookProgress {
        next_entry: row.next.entry,
        failures: row.failures,
        next_attempt: waits.map(format_time),
    }
}

fn place<'a>(workspace: &'a WorkspaceId, id: &'a WebhookId) -> [&'a [u8]; 3] {
    [b"webhook", workspace.as_bytes(), id.as_bytes()]
}

/// Draws the secret of a webhook: its text, shown once, and its sealed form.
///
/// ```text
/// whsec_ ‖ base32(32 random bytes)
/// ```
pub(crate) fn draw_secret(
    state: &WorkspaceState,
    id: WebhookId,
    entropy: &dyn Entropy,
) -> Result<(Zeroizing<String>, Vec<u8>), Denial> {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    let drawn = entropy.fill(&mut *bytes);
    drawn.map_err(|_no_entropy| Denial::Unavailable)?;
    let digits = Zeroizing::new(base32::encode(&*bytes));
    let text = Zeroizing::new(format!("{SECRET_PREFIX}{}", *digits));
    let sealed = state
        .keys
        .roots
        .active()
        .seal_row(&place(&state.id, &id), text.as_bytes(), entropy)
        .map_err(|_no_entropy| Denial::Unavailable)?;
    Ok((text, sealed))
}

/// Opens what [`draw_secret`] sealed.
pub(crate) fn open_secret(
    keys: &WorkspaceKeys,
    workspace: WorkspaceId,
    row: &WebhookRow,
) -> Result<SecretBytes, StoreError> {
    let opened = keys
        .roots
        .open_row(&place(&workspace, &row.id), &row.secret);
    opened.map_err(|_altered| StoreError::Damaged { table: "webhook" })
}
