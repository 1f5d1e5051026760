//! Stack Auth's Data Vault, request by request: answers, errors in their order, stores.

mod refusals;
mod stores;
mod values;

use serde_json::{Value, json};
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_tests::stack::{FAMILIES, Project, Stack};

/// A project with a store, in one spelling.
struct Vault {
    family: &'static str,
    project: Project,
    server: Stack,
    admin: Stack,
}

impl Vault {
    async fn of(room: &Room, family: &'static str) -> Self {
        let project = Project::of(room).await;
        let admin = project.admin(room, family);
        admin.declare("tokens").await;
        Self {
            server: project.server(room, family),
            admin,
            family,
            project,
        }
    }

    /// Checks that an answer is an error that their clients know, in the caller's spelling only.
    fn assert_known(&self, reply: &Reply, status: u16, code: &str, details: &Value) {
        assert_eq!(
            (reply.status, reply.text("code").as_str()),
            (status, code),
            "{reply:?}"
        );
        assert_eq!(&reply.json()["details"], details, "{reply:?}");
        for family in FAMILIES {
            let said = reply.header(&format!("{family}-known-error"));
            assert_eq!(said, (family == self.family).then_some(code), "{reply:?}");
        }
    }
}

/// Checks that an answer is plain: their clients show it as it stands.
fn assert_plain(reply: &Reply, status: u16, code: &str) {
    let body = reply.json();
    assert_eq!(
        (reply.status, &body["code"]),
        (status, &json!(code)),
        "{reply:?}"
    );
    assert!(body["details"].is_object() && body["error"].is_string());
    for family in FAMILIES {
        assert_eq!(reply.header(&format!("{family}-known-error")), None);
    }
}
