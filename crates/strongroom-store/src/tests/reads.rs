use strongroom_core::ports::{
    Change, CheckpointRow, Record, RecordKind, Store as _, StoreError, TermRow, TileRow, Tiling,
    UseCount,
};
use strongroom_log::Hash;
use strongroom_types::KeyVersion;

use super::{Fixture, ROOT, context, context_id, on_both_databases, workspace};

on_both_databases!(
    a_deployment_value_is_written_once,
    workspaces_page_by_id,
    records_page_by_the_bytes_of_their_ids,
    contexts_page_by_id_with_their_keys,
    batches_are_those_that_hold_the_range,
    a_tiling_is_stored_once,
    tiles_and_roots_are_read_by_level_and_number,
    term_tiles_hold_every_term,
    a_checkpoint_of_a_size_stands,
    the_newest_time_is_known_with_and_without_openings,
    openings_are_erased_when_the_whole_batch_is_old,
    private_terms_are_erased_when_the_whole_tile_is_old,
    a_tile_that_is_stored_late_loses_its_private_terms_too,
    a_damaged_row_is_an_error,
    a_ping_is_answered,
    what_is_not_there_is_none,
);

async fn a_deployment_value_is_written_once(f: Fixture) {
    assert_eq!(f.db.deployment("log-key").await.unwrap(), None);
    assert_eq!(f.db.put_deployment("log-key", &[1]).await.unwrap(), [1]);
    assert_eq!(f.db.put_deployment("log-key", &[2]).await.unwrap(), [1]);
    assert_eq!(f.db.deployment("log-key").await.unwrap(), Some(vec![1]));
}

async fn workspaces_page_by_id(f: Fixture) {
    for n in [5, 3, 4] {
        f.change(vec![Change::InsertWorkspace(workspace(n))])
            .await
            .unwrap();
    }
    let page = f.db.workspaces(None, 2).await.unwrap();
    assert_eq!(page, [workspace(1), workspace(3)]);
    let rest = f.db.workspaces(Some(workspace(3).id), 9).await.unwrap();
    assert_eq!(rest, [workspace(4), workspace(5)]);
}

async fn records_page_by_the_bytes_of_their_ids(f: Fixture) {
    // Other collations than that of bytes put these in another order.
    let ids = ["A", "B_", "Ba", "a", "a-", "a1", "b"];
    for id in ids.iter().rev() {
        let record = Record {
            kind: RecordKind::Client,
            id: (*id).to_owned(),
            created: 1,
            body: vec![],
        };
        f.change(vec![Change::PutRecord(f.workspace, record)])
            .await
            .unwrap();
    }
    let page = async |after: Option<&str>, limit| {
        let records =
            f.db.records(f.workspace, RecordKind::Client, after, limit)
                .await
                .unwrap();
        records
            .into_iter()
            .map(|record| record.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(page(None, 100).await, ids);
    assert_eq!(page(Some("Ba"), 2).await, ["a", "a-"]);
    assert_eq!(page(Some("a\0"), 1).await, ["a-"]);
    assert_eq!(
        f.db.records(f.workspace, RecordKind::Issuer, None, 9)
            .await
            .unwrap(),
        []
    );
}

async fn contexts_page_by_id_with_their_keys(f: Fixture) {
    for n in [2, 3, 1] {
        f.change(vec![Change::InsertContext(context(n))])
            .await
            .unwrap();
    }
    let key = super::context_key(2);
    f.change(vec![Change::AddContextKey(context_id(1), ROOT, key)])
        .await
        .unwrap();
    let page = f.db.contexts(f.workspace, None, 2).await.unwrap();
    let keys: Vec<_> = page.iter().map(|row| (row.id, row.keys.len())).collect();
    assert_eq!(keys, [(context_id(1), 2), (context_id(2), 1)]);
    let rest =
        f.db.contexts(f.workspace, Some(context_id(2)), 2)
            .await
            .unwrap();
    assert_eq!(rest, [context(3)]);
}

async fn batches_are_those_that_hold_the_range(f: Fixture) {
    for (first, number) in [(0, 1), (3, 2)] {
        let [mut a, b, c] = [0, 1, 2].map(|n| f.pending(first + n));
        // An entry with changes is never committed by its caller alone.
        a.changes = vec![Change::InsertContext(context(number))];
        let [a, b, c] = [a, b, c].map(|pending| f.commit(pending));
        let (a, b, c) = tokio::join!(a, b, c);
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
    }
    let held = async |from, to| {
        let batches = f.db.batches(f.workspace, from, to).await.unwrap();
        let held = batches.iter().map(|batch| (batch.first, batch.count));
        held.collect::<Vec<_>>()
    };
    // Which entries share one is the writer's to decide.
    let all = held(0, 6).await;
    assert!(all.len() >= 2, "{all:?}");
    assert_eq!(all.iter().map(|(_, count)| count).sum::<u64>(), 6);
    for from in 0..=6 {
        for to in [0, 1, 2, 3, 4, 5, 6, 9, u64::MAX] {
            let meets = |(first, count): &(u64, u64)| *first < to && first + count > from;
            let meeting = all.iter().copied().filter(meets);
            let expected: Vec<_> = meeting.filter(|_| from < to).collect();
            assert_eq!(held(from, to).await, expected, "{from} to {to}");
        }
    }
}

fn tile(level: u8, n: u64) -> TileRow {
    let fill = level * 16 + u8::try_from(n).unwrap();
    TileRow {
        level,
        n,
        hashes: vec![fill; 64],
        root: Hash::from_bytes([fill; 32]),
    }
}

fn tiling(n: u64, terms: &[u8]) -> Tiling {
    Tiling {
        tiles: vec![tile(0, n)],
        terms: terms
            .iter()
            .map(|term| TermRow {
                term: [*term; 16],
                tile: n,
                private: false,
            })
            .collect(),
        last_time: 0,
        uses: vec![],
    }
}

/// A tile whose last entry is of this time; the terms are private.
fn private_tiling(n: u64, last_time: i64, terms: &[u8]) -> Tiling {
    let mut tiling = tiling(n, terms);
    tiling.last_time = last_time;
    for term in &mut tiling.terms {
        term.private = true;
    }
    tiling
}

async fn a_tiling_is_stored_once(f: Fixture) {
    f.change(vec![Change::InsertContext(context(1))])
        .await
        .unwrap();
    let mut tiling = tiling(0, &[1, 2]);
    let uses = |sealed, last_opened| UseCount {
        context: context_id(1),
        version: KeyVersion::FIRST,
        sealed,
        last_opened,
    };
    tiling.uses = vec![uses(5, Some(70)), uses(2, None), uses(0, Some(60))];
    for _ in 0..2 {
        f.db.put_tiling(f.workspace, tiling.clone()).await.unwrap();
    }
    let row =
        f.db.context(f.workspace, context_id(1))
            .await
            .unwrap()
            .unwrap();
    assert_eq!((row.keys[0].sealed, row.keys[0].last_opened), (7, Some(70)));
    assert_eq!(f.db.tiles(f.workspace).await.unwrap(), 1);
    f.db.put_tiling(f.workspace, Tiling::default())
        .await
        .unwrap();
}

async fn tiles_and_roots_are_read_by_level_and_number(f: Fixture) {
    assert_eq!(f.db.tiles(f.workspace).await.unwrap(), 0);
    for n in 0..3 {
        f.db.put_tiling(f.workspace, tiling(n, &[])).await.unwrap();
    }
    let mut last = tiling(3, &[]);
    last.tiles.push(tile(1, 0));
    f.db.put_tiling(f.workspace, last).await.unwrap();
    assert_eq!(f.db.tiles(f.workspace).await.unwrap(), 4);
    assert_eq!(
        f.db.tile(f.workspace, 0, 2).await.unwrap(),
        Some(tile(0, 2).hashes)
    );
    assert_eq!(
        f.db.tile(f.workspace, 1, 0).await.unwrap(),
        Some(tile(1, 0).hashes)
    );
    assert_eq!(f.db.tile(f.workspace, 1, 1).await.unwrap(), None);
    let roots = f.db.tile_roots(f.workspace, 0, 1, 9).await.unwrap();
    assert_eq!(roots, [1, 2, 3].map(|n| tile(0, n).root));
}

async fn term_tiles_hold_every_term(f: Fixture) {
    let many: Vec<u8> = (0..200).collect();
    for (n, terms) in [&[1, 2][..], &[2], &[1, 2, 3], &many].iter().enumerate() {
        let n = u64::try_from(n).unwrap();
        f.db.put_tiling(f.workspace, tiling(n, terms))
            .await
            .unwrap();
    }
    let tiles = async |terms: &[u8], from| {
        let terms: Vec<_> = terms.iter().map(|term| [*term; 16]).collect();
        f.db.term_tiles(f.workspace, &terms, from).await.unwrap()
    };
    assert_eq!(tiles(&[2], 0).await, [0, 1, 2, 3]);
    assert_eq!(tiles(&[1, 2], 0).await, [0, 2, 3]);
    assert_eq!(tiles(&[1, 2, 1], 1).await, [2, 3]);
    assert_eq!(tiles(&[199, 64], 0).await, [3]);
    assert_eq!(tiles(&[201], 0).await, [0_u64; 0]);
    assert_eq!(tiles(&[], 2).await, [2, 3]);
}

async fn a_checkpoint_of_a_size_stands(f: Fixture) {
    let row = |generation, size, note: &str| CheckpointRow {
        generation,
        size,
        note: note.to_owned(),
    };
    let put = async |row| f.db.put_checkpoint(f.workspace, row).await.unwrap();
    assert_eq!(f.db.checkpoint(f.workspace).await.unwrap(), None);
    assert_eq!(put(row(1, 5, "a\n— b\n")).await, row(1, 5, "a\n— b\n"));
    assert_eq!(put(row(1, 5, "c")).await, row(1, 5, "a\n— b\n"));
    put(row(2, 3, "d")).await;
    put(row(1, 9, "e")).await;
    assert_eq!(
        f.db.checkpoint(f.workspace).await.unwrap(),
        Some(row(2, 3, "d"))
    );
}

async fn the_newest_time_is_known_with_and_without_openings(f: Fixture) {
    assert_eq!(f.db.newest_time().await.unwrap(), None);
    for n in 0..3 {
        f.commit(f.pending(n)).await.unwrap();
    }
    // The entries' times are 1,000 to 1,002.
    assert_eq!(f.db.newest_time().await.unwrap(), Some(1_002));
    assert_eq!(f.db.erase_openings(2_000, 9).await.unwrap(), 3);
    assert_eq!(f.db.newest_time().await.unwrap(), Some(1_002));
}

async fn openings_are_erased_when_the_whole_batch_is_old(f: Fixture) {
    for n in 0..4 {
        f.commit(f.pending(n)).await.unwrap();
    }
    // The entries' times are 1,000 to 1,003.
    assert_eq!(f.db.erase_openings(1_003, 2).await.unwrap(), 2);
    assert_eq!(f.db.erase_openings(1_003, 2).await.unwrap(), 1);
    assert_eq!(f.db.erase_openings(1_003, 2).await.unwrap(), 0);
    let batches = f.db.batches(f.workspace, 0, 4).await.unwrap();
    let left: Vec<_> = batches.iter().map(|batch| batch.openings.len()).collect();
    assert_eq!(left, [0, 0, 0, 3]);
    assert_eq!(f.entries(f.workspace).await.len(), 4);
}

async fn private_terms_are_erased_when_the_whole_tile_is_old(f: Fixture) {
    for (n, last_time) in [(0, 1_000), (1, 1_001), (2, 1_002)] {
        let mut tiling = private_tiling(n, last_time, &[1]);
        tiling.terms.extend(self::tiling(n, &[2]).terms);
        f.db.put_tiling(f.workspace, tiling).await.unwrap();
    }
    f.db.put_tiling(f.workspace, tiling(3, &[2])).await.unwrap();
    let tiles = async |term: u8| {
        f.db.term_tiles(f.workspace, &[[term; 16]], 0)
            .await
            .unwrap()
    };
    assert_eq!(f.db.erase_terms(1_000, 9).await.unwrap(), 0);
    assert_eq!(tiles(1).await, [0, 1, 2]);
    assert_eq!(f.db.erase_terms(1_002, 1).await.unwrap(), 1);
    assert_eq!(tiles(1).await, [1, 2]);
    assert_eq!(f.db.erase_terms(1_002, 9).await.unwrap(), 1);
    assert_eq!(f.db.erase_terms(1_002, 9).await.unwrap(), 0);
    assert_eq!(tiles(1).await, [2]);
    assert_eq!(tiles(2).await, [0, 1, 2, 3], "other terms stay");
}

async fn a_tile_that_is_stored_late_loses_its_private_terms_too(f: Fixture) {
    assert_eq!(f.db.erase_terms(1_000, 9).await.unwrap(), 0);
    let late = private_tiling(0, 500, &[1]);
    f.db.put_tiling(f.workspace, late).await.unwrap();
    assert_eq!(f.db.erase_terms(1_000, 9).await.unwrap(), 1);
    let left = f.db.term_tiles(f.workspace, &[[1; 16]], 0).await.unwrap();
    assert_eq!(left, [0_u64; 0]);
}

async fn a_damaged_row_is_an_error(f: Fixture) {
    f.change(vec![Change::InsertContext(context(1))])
        .await
        .unwrap();
    f.execute("UPDATE context SET state = 'lost'").await;
    let read = f.db.context(f.workspace, context_id(1)).await;
    assert!(
        matches!(read, Err(StoreError::Damaged { table: "context" })),
        "{read:?}"
    );
    f.execute("UPDATE workspace SET contexts = -1").await;
    let read = f.db.workspaces(None, 1).await;
    assert!(
        matches!(read, Err(StoreError::Damaged { table: "workspace" })),
        "{read:?}"
    );
}

async fn a_ping_is_answered(f: Fixture) {
    f.db.ping().await.unwrap();
}

async fn what_is_not_there_is_none(f: Fixture) {
    let unknown = super::workspace_id(9);
    assert_eq!(f.db.head(unknown).await.unwrap(), None);
    assert_eq!(f.db.workspace(unknown).await.unwrap(), None);
    assert_eq!(f.db.context(unknown, context_id(1)).await.unwrap(), None);
    let record =
        f.db.record(f.workspace, RecordKind::Client, "nul\0")
            .await
            .unwrap();
    assert_eq!(record, None);
}
