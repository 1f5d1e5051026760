//! Invitations of a whole deployment on SQLite, while time passes.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::sync::Arc;
use std::time::Duration;

use strongroom_core::{
    Ask, Bearer, Credentials, Denial, InvitationCreate, InvitationCreated, Role,
};

use support::World;

const DAY: Duration = Duration::from_hours(24);

async fn invite(world: &World, days: Option<u32>) -> InvitationCreated {
    invite_as(world, format!("ada-{days:?}@acme.example"), days).await
}

async fn invite_as(world: &World, email: String, days: Option<u32>) -> InvitationCreated {
    let request = InvitationCreate {
        email,
        role: Role::Developer,
        contexts: None,
        expires_in_days: days,
    };
    let made = world.room.invitation_create(&world.ask, request).await;
    made.unwrap().value
}

/// Why an invitation is not accepted without a proof of who accepts.
async fn accept(world: &World, invitation: &InvitationCreated) -> Denial {
    let credentials = Credentials {
        invitation: Some(Arc::new(Bearer::new(invitation.token.as_str()))),
        ..Credentials::default()
    };
    let ask = Ask {
        credentials,
        ..world.ask.clone()
    };
    let accepted = world.room.invitation_accept(&ask).await;
    accepted.unwrap_err().denial
}

#[tokio::test]
async fn an_invitation_ends_with_its_time() {
    let world = World::new().await;
    let (one, seven) = (invite(&world, Some(1)).await, invite(&world, None).await);
    let counts = async |invitation| {
        matches!(
            accept(&world, invitation).await,
            Denial::IdentityMissing { .. }
        )
    };
    assert!(counts(&one).await && counts(&seven).await);
    world.clock.pass(DAY);
    assert_eq!(accept(&world, &one).await, Denial::Unauthenticated);
    assert!(counts(&seven).await);
    world.clock.pass(5 * DAY);
    assert!(counts(&seven).await);
    world.clock.pass(DAY);
    assert_eq!(accept(&world, &seven).await, Denial::Unauthenticated);
    // What has ended is listed as such, until somebody is invited.
    let listed = world.room.invitations(&world.ask).await.unwrap().value;
    assert!(listed.iter().all(|one| one.ended) && listed.len() == 2);
    invite(&world, Some(2)).await;
    let listed = world.room.invitations(&world.ask).await.unwrap().value;
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn no_former_invitation_of_an_email_counts_however_many_have_ended() {
    let world = World::new().await;
    let ada = || "ada@acme.example".to_owned();
    let mut former = invite_as(&world, ada(), Some(30)).await;
    for turn in 0..300 {
        invite_as(&world, format!("{turn}@acme.example"), Some(1)).await;
    }
    world.clock.pass(DAY);
    // What has ended is erased 100 at a time, which is not enough for all of it.
    let next = invite_as(&world, ada(), Some(30)).await;
    assert_eq!(accept(&world, &former).await, Denial::Unauthenticated);
    let listed = world.room.invitations(&world.ask).await.unwrap().value;
    assert_eq!(listed.len(), 201);
    former = invite_as(&world, "ADA@acme.example".to_owned(), None).await;
    assert_eq!(accept(&world, &next).await, Denial::Unauthenticated);
    let listed = world.room.invitations(&world.ask).await.unwrap().value;
    assert_eq!(listed.len(), 101);
    assert!(listed.iter().any(|one| one.id == former.info.id));
}

#[test]
fn debug_shows_no_token() {
    let made = Credentials {
        invitation: Some(Arc::new(Bearer::new("sri_secret"))),
        ..Credentials::default()
    };
    assert!(!format!("{made:?}").contains("sri_"));
}
