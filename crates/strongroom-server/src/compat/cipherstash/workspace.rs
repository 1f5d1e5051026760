//! How they name workspaces: sixteen digits, in a CRN behind a region.

use axum::extract::State;
use serde::Serialize;
use strongroom_core::{Answered, Denial};
use strongroom_types::WorkspaceId;

use crate::edge::{App, Caller, Document, Reply, ok};

/// The digits of RFC 4648's base32, which is theirs; ours are others.
const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Bytes of an id that are written.
const BYTES: usize = 10;
/// A region that their clients know; nothing depends on it.
const REGION: &str = "ap-southeast-2.aws";

/// `base32(first ten bytes of the workspace's id)`: 16 digits.
pub(crate) fn workspace_id(workspace: WorkspaceId) -> String {
    let mut text = String::with_capacity(16);
    let (mut bits, mut count) = (0u32, 0);
    for byte in workspace.as_bytes().iter().take(BYTES) {
        bits = ((bits & 0x1f) << 8) | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            let digit = usize::try_from((bits >> count) & 0x1f).unwrap_or_default();
            text.push(char::from(DIGITS.get(digit).copied().unwrap_or_default()));
        }
    }
    text
}

/// What their clients are configured with.
pub(crate) fn crn(workspace: WorkspaceId) -> String {
    format!("crn:{REGION}:{}", workspace_id(workspace))
}

/// The bytes that an id of theirs stands for; a CRN is taken as well.
pub(super) fn first_bytes(text: &str) -> Option<[u8; BYTES]> {
    let digits = text.rsplit_once(':').map_or(text, |(_, id)| id);
    if digits.len() != 16 {
        return None;
    }
    let mut bytes = Vec::with_capacity(BYTES);
    let (mut bits, mut count) = (0u32, 0);
    for digit in digits.bytes() {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        bits = ((bits & 0xff) << 5) | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    bytes.try_into().ok()
}

/// The workspace that is named.
pub(super) async fn named(app: &App, text: &str) -> Result<Option<WorkspaceId>, Denial> {
    match first_bytes(text) {
        None => Ok(None),
        Some(first) => app.room.workspace_beginning(first).await,
    }
}

#[derive(Serialize)]
pub(super) struct Workspace {
    id: String,
    name: String,
    crn: String,
}

/// The caller's own workspace: an access key is one's.
pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
) -> Reply<Document<Vec<Workspace>>> {
    let own = match app.room.workspace_of(&ask).await {
        Ok(own) => own,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let described = app.room.workspace(&ask, own).await;
    let described = described.map(|answered| Answered {
        value: vec![Workspace {
            id: workspace_id(own),
            name: answered.value.name,
            crn: crn(own),
        }],
        entry: answered.entry,
    });
    ok(&ask, described)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_first_bytes_in_their_digits() {
        let bytes = core::array::from_fn(|i| u8::try_from(i * 17).unwrap());
        let id = workspace_id(WorkspaceId::from_bytes(bytes));
        assert_eq!(id.len(), 16);
        assert!(id.bytes().all(|digit| DIGITS.contains(&digit)));
        assert_eq!(first_bytes(&id).unwrap(), bytes[..10]);
        let named = crn(WorkspaceId::from_bytes(bytes));
        assert_eq!(first_bytes(&named).unwrap(), bytes[..10]);
        // RFC 4648, section 10.
        let foobar = *b"foobarfoobarfoob";
        assert_eq!(
            workspace_id(WorkspaceId::from_bytes(foobar)),
            "MZXW6YTBOJTG633C"
        );
        for wrong in [
            "",
            "MZXW6YTBOJTG633",
            "MZXW6YTBOJTG633c",
            "MZXW6YTBOJTG6330",
        ] {
            assert_eq!(first_bytes(wrong), None, "{wrong}");
        }
    }
}
