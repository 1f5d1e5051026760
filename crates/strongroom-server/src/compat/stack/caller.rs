//! Who asks, in their headers, and the order in which what is wrong with them is told.

use axum::http::HeaderMap;
use axum::http::request::Parts;
use strongroom_core::{Ask, Denial, Thing};
use strongroom_types::{Code, Permission, WorkspaceId};

use super::family::Family;
use super::known::{Known, Refusal};
use crate::edge::{App, ask_of};

/// As whom a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessType {
    Client,
    Server,
    Admin,
}

/// Whoever may do what a server may.
pub(super) const SERVER_OR_HIGHER: &[AccessType] = &[AccessType::Server, AccessType::Admin];
/// Administrators only.
pub(super) const ADMIN: &[AccessType] = &[AccessType::Admin];

impl AccessType {
    const ALL: [Self; 3] = [Self::Client, Self::Server, Self::Admin];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Admin => "admin",
        }
    }

    /// What their messages call the key of it.
    pub(super) const fn key_name(self) -> &'static str {
        match self {
            Self::Client => "publishable client key",
            Self::Server => "secret server key",
            Self::Admin => "super secret admin key",
        }
    }

    /// The header that the key of it stands in.
    const fn header(self) -> &'static str {
        match self {
            Self::Client => "publishable-client-key",
            Self::Server => "secret-server-key",
            Self::Admin => "super-secret-admin-key",
        }
    }
}

/// What a request says of its caller. Its headers hold keys: it is not to be printed.
#[derive(Clone, Copy)]
pub(super) struct Presented<'h> {
    family: Family,
    headers: &'h HeaderMap,
}

impl<'h> Presented<'h> {
    pub(super) fn of(headers: &'h HeaderMap) -> Self {
        Self {
            family: Family::of(headers),
            headers,
        }
    }

    fn text(&self, name: &str) -> Option<&'h str> {
        self.family.text(self.headers, name)
    }

    /// The access type that is named, known or not.
    fn access_type(&self) -> Option<Result<AccessType, &'h str>> {
        let named = self.text("access-type")?;
        let known = AccessType::ALL.into_iter().find(|one| one.name() == named);
        Some(known.ok_or(named))
    }

    /// The key that goes with the access type. Publishable keys open nothing here.
    pub(super) fn key(&self) -> Option<&'h str> {
        match self.access_type()?.ok()? {
            AccessType::Client => None,
            access => self.key_of(access),
        }
    }

    fn key_of(&self, access: AccessType) -> Option<&'h str> {
        self.text(access.header()).filter(|key| !key.is_empty())
    }

    fn has_key(&self) -> bool {
        let mut all = AccessType::ALL.into_iter();
        all.any(|access| self.key_of(access).is_some())
    }

    fn project(&self) -> Option<&'h str> {
        self.text("project-id")
            .filter(|project| !project.is_empty())
    }

    /// The access type and the project, as far as headers alone tell.
    fn read(&self) -> Result<(AccessType, &'h str), Known> {
        let access = match self.access_type() {
            Some(Ok(access)) => access,
            Some(Err(named)) => return Err(Known::InvalidAccessType(named.to_owned())),
            None if self.has_key() => return Err(Known::KeyWithoutAccessType),
            None => return Err(Known::AccessTypeRequired),
        };
        let project = self.project();
        let project = project.ok_or(Known::AccessTypeWithoutProject(access))?;
        Ok((access, project))
    }
}

/// A caller whose key is one of the project's.
#[derive(Debug)]
pub(super) struct StackCaller {
    pub(super) ask: Ask,
    pub(super) project: String,
    pub(super) workspace: WorkspaceId,
}

/// Finds out who asks. The order of the checks is theirs: what is missing, then which project, then
/// whether the key is one of it, then whether it may.
pub(super) async fn authenticate(
    app: &App,
    parts: &Parts,
    allowed: &'static [AccessType],
) -> Result<StackCaller, Refusal> {
    let ask = ask_of(parts);
    let presented = Presented::of(&parts.headers);
    let (access, project) = match presented.read() {
        Ok(read) => read,
        Err(known) => return Err(Refusal::Known(known, None)),
    };
    let unknown_project = Denial::NotFound(Thing::Workspace);
    let not_found = || Known::ProjectNotFound(project.to_owned());
    let Some(workspace) = workspace_of(project) else {
        return Err(refused(app, &ask, unknown_project, not_found()).await);
    };
    match app.room.has_workspace(workspace).await {
        Ok(true) => {}
        Ok(false) => return Err(refused(app, &ask, unknown_project, not_found()).await),
        Err(denial) => return Err(app.refuse(&ask, denial).await.into()),
    }
    if access != AccessType::Client {
        check_key(app, &ask, (access, presented.key()), (project, workspace)).await?;
    }
    if !allowed.contains(&access) {
        let known = Known::InsufficientAccess {
            actual: access,
            allowed,
        };
        let denial = match access {
            AccessType::Client => Denial::Unauthenticated,
            AccessType::Server | AccessType::Admin => {
                Denial::PermissionMissing(Permission::AdminStores)
            }
        };
        return Err(refused(app, &ask, denial, known).await);
    }
    Ok(StackCaller {
        ask,
        project: project.to_owned(),
        workspace,
    })
}

/// Whether the key is one of the project's that counts.
async fn check_key(
    app: &App,
    ask: &Ask,
    (access, key): (AccessType, Option<&str>),
    (project, workspace): (&str, WorkspaceId),
) -> Result<(), Refusal> {
    if key.is_none() {
        return Err(Refusal::Known(Known::KeyMissing(access), None));
    }
    let invalid = || Known::KeyInvalid(access, project.to_owned());
    match app.room.workspace_of(ask).await {
        Ok(own) if own == workspace => Ok(()),
        Ok(_other) => {
            let denial = Denial::NotFound(Thing::Workspace);
            Err(refused(app, ask, denial, invalid()).await)
        }
        Err(denial) if denial.code() == Code::Unauthenticated => {
            Err(refused(app, ask, denial, invalid()).await)
        }
        Err(denial) => Err(app.refuse(ask, denial).await.into()),
    }
}

/// Refuses in their words; a known caller's refusal is an entry.
pub(super) async fn refused(app: &App, ask: &Ask, denial: Denial, known: Known) -> Refusal {
    let problem = app.refuse(ask, denial).await;
    Refusal::Known(known, problem.refused.entry)
}

/// The workspace of a project: the same 16 bytes, written as a UUID.
fn workspace_of(project: &str) -> Option<WorkspaceId> {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = project.split('-').collect();
    if !groups.iter().map(|group| group.len()).eq(lengths) {
        return None;
    }
    let digits = groups.concat();
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let text = core::str::from_utf8(pair).ok()?;
        // `from_str_radix` would take a sign.
        if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(text, 16).ok()?;
    }
    Some(WorkspaceId::from_bytes(bytes))
}

/// The project of a workspace.
pub(crate) fn project_of(workspace: WorkspaceId) -> String {
    use core::fmt::Write as _;

    let mut text = String::with_capacity(36);
    for (place, byte) in workspace.as_bytes().iter().enumerate() {
        if [4, 6, 8, 10].contains(&place) {
            text.push('-');
        }
        // Writing to a string does not fail.
        let _written = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<(AccessType, String), &'static str> {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        let headers: HeaderMap = headers.collect();
        let read = Presented::of(&headers).read();
        read.map(|(access, project)| (access, project.to_owned()))
            .map_err(|known| known.code())
    }

    #[test]
    fn what_is_missing_is_told_in_their_order() {
        let key = ("x-stack-secret-server-key", "k");
        let server = ("x-stack-access-type", "server");
        let project = ("x-stack-project-id", "p");
        assert_eq!(
            read(&[key, project]),
            Err("PROJECT_KEY_WITHOUT_ACCESS_TYPE")
        );
        let bogus = ("x-stack-access-type", "bogus");
        assert_eq!(read(&[bogus]), Err("INVALID_ACCESS_TYPE"));
        assert_eq!(read(&[server, key]), Err("ACCESS_TYPE_WITHOUT_PROJECT_ID"));
        assert_eq!(read(&[]), Err("ACCESS_TYPE_REQUIRED"));
        assert_eq!(read(&[project]), Err("ACCESS_TYPE_REQUIRED"));
        let whole = Ok((AccessType::Server, "p".to_owned()));
        assert_eq!(read(&[server, key, project]), whole);
    }

    #[test]
    fn a_project_is_a_workspace_in_another_spelling() {
        let id = WorkspaceId::from_bytes(core::array::from_fn(|i| u8::try_from(i * 17).unwrap()));
        let text = project_of(id);
        assert_eq!(text, "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(workspace_of(&text), Some(id));
        // Their clients take UUIDs only.
        let new = project_of(WorkspaceId::from_random([0xff; 16]));
        assert_eq!(new, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(workspace_of(&text.to_uppercase()), Some(id));
        for wrong in [
            "internal",
            "",
            "00112233-4455-6677-8899-aabbccddeef",
            "00112233-4455-6677-8899-aabbccddeegg",
            "+0112233-4455-6677-8899-aabbccddeeff",
            "0011223344556677-8899-aabbccddeeff",
            "é0112233-4455-6677-8899-aabbccddeef",
        ] {
            assert_eq!(workspace_of(wrong), None, "{wrong}");
        }
    }
}
