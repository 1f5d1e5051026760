//! Slow work, and those who would have it all to themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::json;
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{Application, application, post, register};
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome};
use tokio::sync::watch;

use super::refused;

on_each_database!(
    leases_of_one_application_hold_up_no_work_of_another,
    who_asks_for_much_slow_work_at_once_is_told_to_wait,
);

const HASH: &str = "/api/v1/crypto/password/hash";

async fn leases_of_one_application_hold_up_no_work_of_another(room: Room) {
    let app = application(&room, &["default"]).await;
    let other = Application::of(&register(&room, &room.api_key, "other", &["default"]).await);
    let (stop, stopped) = watch::channel(false);
    let churn = async {
        let secret = json!({"secret": STANDARD.encode("a secret"), "ttl_seconds": 60});
        let mut made = 0;
        while !*stopped.borrow() {
            let create = "/api/v1/secrets/lease/create";
            let lease = post(&room, create, &app.access, &secret).await;
            assert_eq!(lease.status, 200, "{lease:?}");
            let id = json!({"lease_id": lease.text("lease_id")});
            for path in ["renew", "revoke"] {
                let path = format!("/api/v1/secrets/lease/{path}");
                let changed = post(&room, &path, &app.access, &id).await;
                assert_eq!(changed.status, 200, "{changed:?}");
            }
            made += 1;
        }
        made
    };
    let work = async {
        let body = json!({"password": "correct horse"});
        for _ in 0..4 {
            let hashed = post(&room, HASH, &other.access, &body).await;
            assert_eq!(hashed.status, 200, "{hashed:?}");
        }
        stop.send(true).unwrap();
    };
    let (made, ()) = tokio::join!(churn, work);
    assert!(made > 0);
    let entries = room.entries(EntryFilter::default()).await;
    let hashes = entries.iter().filter(|entry| {
        (entry.operation, entry.outcome) == (Operation::PasswordHash, Outcome::Allowed)
    });
    assert_eq!(hashes.count(), 4);
}

async fn who_asks_for_much_slow_work_at_once_is_told_to_wait(room: Room) {
    let app = application(&room, &["general"]).await;
    let body = json!({"password": "correct horse"});
    let asked = (0..40).map(|_| post(&room, HASH, &app.access, &body));
    let answers = join_all(asked).await;
    let (done, told): (Vec<_>, Vec<_>) = answers.iter().partition(|reply| reply.status == 200);
    assert!(done.len() >= 8 && !told.is_empty(), "{}", done.len());
    for reply in &told {
        let detail = refused(reply, 429);
        assert!(detail.contains("slow_work_of_client"), "{detail}");
        assert!(reply.header("retry-after").is_some());
    }
    let entries = room.entries(EntryFilter::default()).await;
    let denied = entries.iter().filter(|entry| {
        (entry.operation, entry.outcome) == (Operation::PasswordHash, Outcome::Denied)
    });
    assert!(denied.count() > 0);
    assert_eq!(post(&room, HASH, &app.access, &body).await.status, 200);
}
