use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use strongroom_core::ports::{Change, Store as _, TermRow, TileRow, Tiling, UseCount};
use strongroom_log::Hash;
use strongroom_types::KeyVersion;

use super::postgres::Cluster;
use super::{
    Counter, Fixture, context, context_id, is_wanted, new_url, on_both_databases, open, pending,
    workspace,
};
use crate::database::{Backend, Database, OpenError, StoreConfig};

on_both_databases!(
    opening_twice_keeps_the_tables,
    an_index_that_does_not_tell_which_terms_are_private_is_made_anew,
    tables_of_a_newer_program_are_refused,
);

/// Closes it wholly: dropped, the thread that writes lets go of the file a little later.
async fn closed(db: Arc<Database>) {
    Arc::into_inner(db).unwrap().close().await;
}

/// Opens it as soon as the thread that wrote to it has let go of the file.
async fn opened_once_let_go(config: &StoreConfig) -> Database {
    loop {
        match reopen(config).await {
            Err(OpenError::InUse) => {}
            opened => return opened.unwrap(),
        }
    }
}

async fn reopen(config: &StoreConfig) -> Result<Database, OpenError> {
    Database::open(config, Arc::new(Counter::default())).await
}

async fn opening_twice_keeps_the_tables(f: Fixture) {
    f.commit(f.pending(0)).await.unwrap();
    let Fixture {
        db,
        config,
        workspace,
        _folder,
    } = f;
    closed(db).await;
    let again = reopen(&config).await.unwrap();
    assert_eq!(
        again
            .head(workspace)
            .await
            .unwrap()
            .unwrap()
            .frontier
            .size(),
        1
    );
    assert_eq!(again.commit(pending(workspace, 1)).await.unwrap().index, 1);
}

async fn an_index_that_does_not_tell_which_terms_are_private_is_made_anew(f: Fixture) {
    f.change(vec![Change::InsertContext(context(1))])
        .await
        .unwrap();
    let tile = TileRow {
        level: 0,
        n: 0,
        hashes: vec![1; 64],
        root: Hash::from_bytes([1; 32]),
    };
    let term = TermRow {
        term: [1; 16],
        tile: 0,
        private: false,
    };
    let uses = UseCount {
        context: context_id(1),
        version: KeyVersion::FIRST,
        sealed: 5,
        last_opened: Some(70),
    };
    let tiling = Tiling {
        tiles: vec![tile],
        terms: vec![term],
        last_time: 70,
        uses: vec![uses],
    };
    f.db.put_tiling(f.workspace, tiling.clone()).await.unwrap();
    // Back to the tables without it.
    f.execute(
        "DROP INDEX term_that_is_private;
         DROP INDEX tile_with_private_terms;
         ALTER TABLE term DROP COLUMN private;
         ALTER TABLE tile DROP COLUMN last_time;
         DELETE FROM _sqlx_migrations WHERE version = 3;",
    )
    .await;
    let Fixture {
        db,
        config,
        workspace,
        _folder,
    } = f;
    closed(db).await;
    let again = reopen(&config).await.unwrap();
    let sealed = async || {
        let row = again.context(workspace, context_id(1)).await.unwrap();
        let key = &row.unwrap().keys[0];
        (key.sealed, key.last_opened)
    };
    assert_eq!(again.tiles(workspace).await.unwrap(), 0);
    let left = again.term_tiles(workspace, &[[1; 16]], 0).await.unwrap();
    assert_eq!((left, sealed().await), (vec![], (0, None)));
    again.put_tiling(workspace, tiling).await.unwrap();
    assert_eq!(sealed().await, (5, Some(70)), "counted once");
}

async fn tables_of_a_newer_program_are_refused(f: Fixture) {
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'of the future', TRUE, $1, 0)",
    )
    .bind(vec![0_u8])
    .execute(&mut f.raw().await)
    .await
    .unwrap();
    let Fixture {
        db,
        config,
        _folder,
        ..
    } = f;
    closed(db).await;
    let refused = reopen(&config).await;
    assert!(
        matches!(refused, Err(OpenError::NewerSchema { version: 99 })),
        "{refused:?}"
    );
}

#[test]
fn a_hard_stop_loses_nothing_that_was_answered() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if backend == Backend::Postgres && !is_wanted("postgres") {
            continue;
        }
        let (url, _folder) = new_url(backend);
        let config = StoreConfig::new(url);
        let runtime = || {
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .unwrap()
        };
        let first = runtime();
        let answered = first.block_on(async {
            let db = open(&config).await;
            db.put_first_workspace(&workspace(1)).await.unwrap();
            let mut last = 0;
            for n in 0..20 {
                last = db.commit(pending(workspace(1).id, n)).await.unwrap().index;
            }
            last
        });
        first.shutdown_background();
        runtime().block_on(async {
            let db = opened_once_let_go(&config).await;
            let next = db.commit(pending(workspace(1).id, 99)).await.unwrap();
            assert_eq!(next.index, answered + 1, "{backend:?}");
        });
    }
}

#[tokio::test]
async fn a_second_opening_of_a_sqlite_database_is_refused() {
    let f = Fixture::new(Backend::Sqlite).await;
    let second = reopen(&f.config).await;
    assert!(matches!(second, Err(OpenError::InUse)), "{second:?}");
    f.commit(f.pending(0)).await.unwrap();
}

#[tokio::test]
async fn files_of_a_sqlite_database_are_the_owners_alone() {
    let f = Fixture::new(Backend::Sqlite).await;
    f.commit(f.pending(0)).await.unwrap();
    let path = f.config.url.strip_prefix("sqlite:").unwrap();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mode = std::fs::metadata(format!("{path}{suffix}"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn a_path_with_marks_of_urls_is_taken_literally() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a ?#%41&é.db");
    open(&StoreConfig::new(format!("sqlite:{}", path.display()))).await;
    assert!(path.exists());
}

#[tokio::test]
async fn other_urls_are_refused() {
    for url in [
        "",
        "mysql://host/db",
        "sqlite",
        "/data/strongroom.db",
        "sqlite:",
    ] {
        let refused = reopen(&StoreConfig::new(url)).await;
        assert!(matches!(refused, Err(OpenError::Url)), "{url}: {refused:?}");
    }
}

#[tokio::test]
async fn a_postgresql_that_does_not_sync_its_commits_is_refused() {
    if !is_wanted("postgres") {
        return;
    }
    let f = Fixture::new(Backend::Postgres).await;
    f.execute(
        "DO $$ BEGIN
             EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
         END $$",
    )
    .await;
    let refused = reopen(&f.config).await;
    let names_it = matches!(
        refused,
        Err(OpenError::SettingOff {
            setting: "synchronous_commit"
        })
    );
    assert!(names_it, "{refused:?}");
}

#[tokio::test]
async fn a_postgresql_that_would_lose_commits_in_a_crash_is_refused() {
    if !is_wanted("postgres") {
        return;
    }
    // These settings are of the whole cluster, so that it has to be the test's own.
    let cluster = Cluster::start().unwrap();
    let config = StoreConfig::new(cluster.database("durability").unwrap());
    for name in ["fsync", "full_page_writes"] {
        cluster.set(name, "off").unwrap();
        let refused = reopen(&config).await;
        let names_it =
            matches!(&refused, Err(OpenError::SettingOff { setting }) if *setting == name);
        assert!(names_it, "{name}: {refused:?}");
        cluster.set(name, "on").unwrap();
    }
    assert!(reopen(&config).await.is_ok());
}
