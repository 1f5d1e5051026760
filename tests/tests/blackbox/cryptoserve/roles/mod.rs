//! Who may call what: each row of the table, for nobody, an application and each role.

mod scene;
mod table;

use std::collections::BTreeMap;

use serde_json::json;
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{
    ADMIN, Application, DEVELOPER, VIEWER, owner, post, register, user,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::Outcome;

use super::refused;
use scene::{CONTEXT, HANDED_OUT, Scene, ask, turn};
use table::{Row, Who, rows};

on_each_database!(
    every_route_takes_its_least_role,
    a_key_that_is_not_handed_out_is_refused_to_every_role,
);

/// Who calls, and with what; the workspace's contexts are there.
async fn callers(room: &Room) -> [(Who, String); 6] {
    let contexts = [CONTEXT, HANDED_OUT];
    let shown = Application::of(&register(room, &room.api_key, "shown", &contexts).await);
    [
        (Who::Nobody, String::new()),
        (Who::Application, shown.access),
        (Who::Viewer, user(room, &VIEWER, &[]).await),
        (Who::Developer, user(room, &DEVELOPER, &[]).await),
        (Who::Admin, user(room, &ADMIN, &[]).await),
        (Who::Owner, user(room, &owner(), &[]).await),
    ]
}

/// The entries that answers named, and how each must have ended.
#[derive(Default)]
struct Noted(BTreeMap<u64, (Outcome, String)>);

impl Noted {
    fn note(&mut self, reply: &Reply, outcome: Outcome, call: &str) {
        let entry = reply.entry().unwrap_or_else(|| panic!("{call} {reply:?}"));
        self.0.insert(entry.index, (outcome, call.to_owned()));
    }

    /// Reads all of them in the log.
    async fn check(&self, room: &Room) {
        let entries = room.entries(EntryFilter::default()).await;
        for (index, (outcome, call)) in &self.0 {
            let entry = entries.iter().find(|entry| entry.index == *index);
            assert_eq!(entry.map(|entry| entry.outcome), Some(*outcome), "{call}");
        }
    }
}

/// Checks an answer, and notes the entry that it must name.
fn check(row: &Row, who: Who, reply: &Reply, noted: &mut Noted) {
    let call = format!("{who:?} {} {}", row.method, row.path);
    if row.admits(who) {
        assert!(row.is_answered_by(reply.status), "{call} {reply:?}");
        assert_eq!(row.entry, reply.entry().is_some(), "{call} {reply:?}");
        if row.entry && row.answer.is_none() {
            noted.note(reply, Outcome::Allowed, &call);
        }
    } else if who == Who::Nobody {
        assert_eq!(refused(reply, 401), "Invalid or expired token", "{call}");
        assert!(reply.entry().is_none(), "{call}");
    } else {
        assert_eq!(reply.status, 403, "{call} {reply:?}");
        noted.note(reply, Outcome::Denied, &call);
    }
}

async fn every_route_takes_its_least_role(room: Room) {
    let scene = Scene::set(&room).await;
    let callers = callers(&room).await;
    let mut noted = Noted::default();
    for (position, row) in rows().iter().enumerate() {
        for (number, (who, session)) in callers.iter().enumerate() {
            // Developers change what is their own.
            let registers = *who >= Who::Developer;
            let registrar = if registers { session } else { &room.api_key };
            let turn = turn(&room, registrar, position * callers.len() + number).await;
            let leases = row.admits(*who) && row.path.contains("/lease/");
            let turn = scene::Turn {
                session: if leases { session } else { &room.api_key },
                ..turn
            };
            let sent = scene.sent(&row.method, &row.path, &turn).await;
            let reply = ask(&room, (&row.method, &row.path), session, &sent).await;
            check(row, *who, &reply, &mut noted);
        }
    }
    noted.check(&room).await;
}

async fn a_key_that_is_not_handed_out_is_refused_to_every_role(room: Room) {
    let _set = Scene::set(&room).await;
    let body = json!({"context": CONTEXT});
    for (who, session) in callers(&room).await {
        if who != Who::Nobody {
            let reply = post(&room, "/api/v1/crypto/key-bundle", &session, &body).await;
            refused(&reply, 403);
            assert!(reply.entry().is_some(), "{who:?}");
        }
    }
}
