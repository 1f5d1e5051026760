//! Webhooks: one sends at a time, and what it gave up is kept.

use strongroom_core::ports::{
    Change, CommitError, DeadLetterRow, EventPlace, Store, WebhookMove, WebhookRow,
};
use strongroom_types::WebhookId;

use super::{Fixture, on_both_databases};

on_both_databases!(
    one_of_two_who_saw_the_same_turn_sends,
    who_lost_its_turn_moves_nothing,
    due_webhooks_are_found_page_by_page,
    dead_letters_are_kept_until_they_are_sent_again,
    a_removed_webhook_leaves_nothing,
);

fn id(n: u8) -> WebhookId {
    WebhookId::from_bytes([n; 16])
}

fn row(n: u8) -> WebhookRow {
    WebhookRow {
        id: id(n),
        secret: vec![n; 40],
        next: EventPlace { entry: 3, part: 1 },
        failures: 0,
        due: Some(100),
        turn: 0,
    }
}

fn claim(turn: u64) -> Change {
    Change::ClaimWebhook {
        id: id(1),
        turn,
        until: 500,
    }
}

fn moved(turn: u64) -> WebhookMove {
    WebhookMove {
        id: id(1),
        turn,
        next: EventPlace::first_of(9),
        failures: 2,
        due: 300,
        dead: None,
    }
}

fn dead(entry: u64, part: u32) -> DeadLetterRow {
    DeadLetterRow {
        place: EventPlace { entry, part },
        status: (part == 0).then_some(500),
        given_up: 700,
    }
}

impl Fixture {
    async fn webhook(&self) -> Option<WebhookRow> {
        self.db.webhook(self.workspace, id(1)).await.unwrap()
    }

    async fn dead_letters(&self, from: u64) -> Vec<DeadLetterRow> {
        let from = EventPlace::first_of(from);
        let letters = self.db.dead_letters(self.workspace, id(1), from, 10);
        letters.await.unwrap()
    }

    async fn give_up(&self, letter: DeadLetterRow) {
        let turn = self.webhook().await.unwrap().turn;
        let moved = WebhookMove {
            dead: Some(letter),
            ..moved(turn)
        };
        assert!(self.db.move_webhook(self.workspace, moved).await.unwrap());
    }
}

async fn one_of_two_who_saw_the_same_turn_sends(f: Fixture) {
    f.change(vec![Change::InsertWebhook(row(1))]).await.unwrap();
    assert_eq!(f.webhook().await, Some(row(1)));
    f.change(vec![claim(0)]).await.unwrap();
    let second = f.change(vec![claim(0)]).await;
    assert!(matches!(second, Err(CommitError::Outdated)), "{second:?}");
    let claimed = f.webhook().await.unwrap();
    assert_eq!((claimed.turn, claimed.due), (1, Some(500)));
    let again = f.change(vec![Change::InsertWebhook(row(1))]).await;
    assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
}

async fn who_lost_its_turn_moves_nothing(f: Fixture) {
    f.change(vec![Change::InsertWebhook(row(1)), claim(0)])
        .await
        .unwrap();
    let rest = Change::ResetWebhook {
        id: id(1),
        next: None,
        due: None,
    };
    f.change(vec![rest]).await.unwrap();
    let resting = f.webhook().await;
    for turn in [1, 2] {
        let moved = f.db.move_webhook(f.workspace, moved(turn)).await;
        assert!(!moved.unwrap(), "turn {turn}");
    }
    let refused = f.change(vec![claim(2)]).await;
    assert!(matches!(refused, Err(CommitError::Outdated)), "it rests");
    assert_eq!(f.webhook().await, resting);
}

async fn due_webhooks_are_found_page_by_page(f: Fixture) {
    let resting = WebhookRow {
        due: None,
        ..row(4)
    };
    let later = WebhookRow {
        due: Some(101),
        ..row(5)
    };
    for row in [row(1), row(2), row(3), resting, later] {
        f.change(vec![Change::InsertWebhook(row)]).await.unwrap();
    }
    let page = async |after| {
        let due = f.db.due_webhooks(100, after, 2).await.unwrap();
        due.into_iter().map(|due| due.row.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, [id(1), id(2)]);
    assert_eq!(page(Some((f.workspace, id(2)))).await, [id(3)]);
    assert_eq!(page(Some((f.workspace, id(3)))).await, []);
}

async fn dead_letters_are_kept_until_they_are_sent_again(f: Fixture) {
    f.change(vec![Change::InsertWebhook(row(1)), claim(0)])
        .await
        .unwrap();
    for letter in [dead(4, 1), dead(3, 0), dead(4, 0)] {
        f.give_up(letter).await;
    }
    let kept = f.webhook().await.unwrap();
    assert_eq!((kept.next, kept.failures), (EventPlace::first_of(9), 2));
    assert_eq!(
        f.dead_letters(0).await,
        [dead(3, 0), dead(4, 0), dead(4, 1)]
    );
    assert_eq!(f.dead_letters(4).await, [dead(4, 0), dead(4, 1)]);
    let replay = Change::ResetWebhook {
        id: id(1),
        next: Some(EventPlace::first_of(4)),
        due: Some(800),
    };
    f.change(vec![replay]).await.unwrap();
    assert_eq!(f.dead_letters(0).await, [dead(3, 0)]);
    let row = f.webhook().await.unwrap();
    assert_eq!((row.next, row.due), (EventPlace::first_of(4), Some(800)));
}

async fn a_removed_webhook_leaves_nothing(f: Fixture) {
    f.change(vec![Change::InsertWebhook(row(1)), claim(0)])
        .await
        .unwrap();
    f.give_up(dead(3, 0)).await;
    f.change(vec![Change::DeleteWebhook(id(1))]).await.unwrap();
    assert_eq!(f.webhook().await, None);
    assert_eq!(f.dead_letters(0).await, []);
    let gone = f.change(vec![Change::DeleteWebhook(id(1))]).await;
    assert!(matches!(gone, Err(CommitError::Missing)), "{gone:?}");
}
