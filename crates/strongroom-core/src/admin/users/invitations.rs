//! Invitations, administered: made, listed, withdrawn.

use strongroom_crypto::secret::Secret;
use strongroom_types::{Bytes, ClientId, ContextName, InvitationId, Operation, Permission};
use zeroize::Zeroizing;

use crate::admin::{Administration, NAME_CHARS_MAX, body_digest, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::ports::{Change, Record, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::time::format_time;
use crate::user::{
    DAY, INVITATION_DAYS, INVITATION_DAYS_MAX, Invitation, InvitationBody, InvitationToken, Role,
};

/// The most invitations that wait in a workspace.
const WAITING_MAX: usize = 1000;
/// How many that have ended are erased when another is made.
const ERASED_MAX: usize = 100;

/// Somebody to be invited.
#[derive(Clone, Debug)]
pub struct InvitationCreate {
    /// The e-mail that a trusted issuer must say is the acceptor's.
    pub email: String,
    /// The role.
    pub role: Role,
    /// The named contexts of the user to be; whatever the inviter may use, if absent.
    pub contexts: Option<Vec<ContextName>>,
    /// In how many days it ends; in 7 if absent, at most 30.
    pub expires_in_days: Option<u32>,
}

/// What is said of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationInfo {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub email: String,
    /// The role.
    pub role: Role,
    /// Who invites.
    pub inviter: ClientId,
    /// When it was made.
    pub created: String,
    /// When it ends.
    pub expires: String,
    /// Whether its time is over.
    pub ended: bool,
}

/// An invitation that was made now.
pub struct InvitationCreated {
    /// What is said of it.
    pub info: InvitationInfo,
    /// What accepts it, once. It is shown now and never again.
    pub token: Zeroizing<String>,
}

/// Without the token.
impl core::fmt::Debug for InvitationCreated {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("InvitationCreated")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl Strongroom {
    /// Invites somebody to become a user. A former invitation of the same e-mail is withdrawn.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the role, or that of a former
    /// invitation, may what the caller may not.
    pub async fn invitation_create(
        &self,
        ask: &Ask,
        request: InvitationCreate,
    ) -> Result<Answered<InvitationCreated>, Refused> {
        self.administer(ask, Create(request)).await
    }

    /// Lists the invitations that were neither accepted nor withdrawn.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn invitations(&self, ask: &Ask) -> Result<Answered<Vec<InvitationInfo>>, Refused> {
        self.administer(ask, List).await
    }

    /// Withdraws an invitation: ordered by its entry, on all nodes.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn invitation_revoke(
        &self,
        ask: &Ask,
        id: InvitationId,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Revoke(id)).await
    }

    async fn all_invitations(&self, caller: &Caller) -> Result<Vec<Invitation>, Denial> {
        let (state, kind) = (&caller.state, RecordKind::Invitation);
        let open = |row: &Record| record::invitation(&state.keys, state.id, row);
        Ok(self.all_records(state.id, kind, open).await?)
    }

    /// Nobody takes back what it may not give; what has ended is nothing any more.
    ///
    /// # Errors
    /// The invitation's role may what the caller may not.
    fn check_withdrawal(&self, caller: &Caller, invitation: &Invitation) -> Result<(), Denial> {
        let body = &invitation.body;
        if !body.lasts(self.time.now()) {
            return Ok(());
        }
        self.check_grant(caller, &body.role.permissions())
    }

    fn invitation_info(&self, invitation: &Invitation) -> InvitationInfo {
        let body = &invitation.body;
        InvitationInfo {
            id: invitation.id,
            email: body.email.clone(),
            role: body.role,
            inviter: body.inviter,
            created: format_time(invitation.created),
            expires: format_time(body.expires),
            ended: !body.lasts(self.time.now()),
        }
    }
}

/// One character before the only `@` and one behind it, nothing that is not shown, and no longer than
/// the name of the user that it becomes.
fn check_email(email: &str) -> Result<(), Denial> {
    let parts = email.split_once('@');
    let whole = parts
        .is_some_and(|(who, place)| !who.is_empty() && !place.is_empty() && !place.contains('@'));
    let unfit = |c: char| c.is_whitespace() || c.is_control();
    let fits = email.chars().count() <= NAME_CHARS_MAX;
    if whole && fits && !email.contains(unfit) {
        return Ok(());
    }
    Err(Invalid::Field("email".into()).into())
}

fn withdrawn(invitation: &Invitation) -> Change {
    Change::DeleteRecord(RecordKind::Invitation, invitation.id.to_string())
}

/// An invitation that is not kept yet, and the text that accepts it.
type Drawn = (Invitation, Zeroizing<String>);

struct Create(InvitationCreate);

impl Create {
    /// A new invitation and the text that accepts it.
    fn draw(&self, room: &Strongroom, caller: &Caller) -> Result<Drawn, Denial> {
        let request = &self.0;
        let days = request.expires_in_days.unwrap_or(INVITATION_DAYS);
        if !(1..=INVITATION_DAYS_MAX).contains(&days) {
            return Err(Invalid::Field("expires_in_days".into()).into());
        }
        let secret = Secret::<32>::generate(&*room.entropy);
        let token = InvitationToken {
            workspace: caller.state.id,
            invitation: InvitationId::from_bytes(room.generate_id()?),
            secret: secret.map_err(|_no_entropy| Denial::Unavailable)?,
        };
        let created = room.time.now();
        let body = InvitationBody {
            email: request.email.clone(),
            role: request.role,
            contexts: request.contexts.clone(),
            inviter: caller.client.id,
            expires: created.saturating_add(DAY.saturating_mul(days.into())),
            hash: Bytes(room.invitation_hash(&token).to_vec()),
        };
        let id = token.invitation;
        let invitation = Invitation { id, created, body };
        Ok((invitation, token.format()))
    }
}

impl Administration for Create {
    const OPERATION: Operation = Operation::InvitationCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminUsers);
    type Answer = InvitationCreated;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(InvitationCreated, Account), Stopped> {
        let (state, request) = (&caller.state, &self.0);
        check_email(&request.email)?;
        room.check_grant(caller, &request.role.permissions())?;
        if let Some(contexts) = &request.contexts {
            room.check_contexts(caller, contexts).await?;
        }
        let now = room.time.now();
        let known = room.all_invitations(caller).await?;
        let same = |one: &&Invitation| one.body.email.eq_ignore_ascii_case(&request.email);
        let (same, others): (Vec<_>, Vec<_>) = known.iter().partition(same);
        let (waiting, ended): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|one| one.body.lasts(now));
        same.iter()
            .try_for_each(|one| room.check_withdrawal(caller, one))?;
        if waiting.len() >= WAITING_MAX {
            return Err(Denial::Conflict(Thing::Invitation).into());
        }
        let (invitation, token) = self.draw(room, caller)?;
        let place = (RecordKind::Invitation, invitation.id.to_string(), now);
        let record = record::seal(&state.keys, state.id, place, &invitation.body)?;
        let mut changes = vec![Change::PutRecord(state.id, record)];
        // All of the same e-mail, so that none counts beside the new one; what has ended can wait.
        changes.extend(same.into_iter().map(withdrawn));
        changes.extend(ended.into_iter().take(ERASED_MAX).map(withdrawn));
        let account = Account::of_changes(changes)
            .fact("invitation", &invitation.id.to_string())
            .fact("role", request.role.name())
            .fact("contexts", &body_digest(&state.keys, &request.contexts)?);
        let info = room.invitation_info(&invitation);
        Ok((InvitationCreated { info, token }, account))
    }

    fn made(answer: &InvitationCreated) -> Option<String> {
        Some(answer.info.id.to_string())
    }
}

struct List;

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminUsers);
    type Answer = Vec<InvitationInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Vec<InvitationInfo>, Account), Stopped> {
        let known = room.all_invitations(caller).await?;
        let infos = known.iter().map(|one| room.invitation_info(one));
        Ok((infos.collect(), reading("invitations")))
    }
}

struct Revoke(InvitationId);

impl Administration for Revoke {
    const OPERATION: Operation = Operation::InvitationRevoke;
    const PERMISSION: Option<Permission> = Some(Permission::AdminUsers);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let (state, kind) = (&caller.state, RecordKind::Invitation);
        let row = room
            .store
            .record(state.id, kind, &self.0.to_string())
            .await?;
        let row = row.ok_or(Denial::NotFound(Thing::Invitation))?;
        let invitation = record::invitation(&state.keys, state.id, &row)?;
        room.check_withdrawal(caller, &invitation)?;
        let account = Account::of_changes(vec![withdrawn(&invitation)]);
        Ok(((), account.fact("invitation", &self.0.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_has_two_parts_and_nothing_that_is_not_shown() {
        let longest = format!("{}@b", "ä".repeat(NAME_CHARS_MAX - 2));
        for fine in [
            "a@b",
            "ada@acme.example",
            "ada+x@acme.example",
            "ädä@ö",
            &longest,
        ] {
            assert_eq!(check_email(fine), Ok(()), "{fine}");
        }
        let long = format!("{}@b", "ä".repeat(NAME_CHARS_MAX - 1));
        for wrong in [
            "", "a", "@", "a@", "@b", "a@b@c", "a @b", "a@b\n", "a\0@b", &long,
        ] {
            assert!(check_email(wrong).is_err(), "{wrong:?}");
        }
    }
}
