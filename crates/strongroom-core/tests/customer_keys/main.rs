//! Customers' own keys in a whole deployment, on both databases, with a provider inside the test whose
//! keys can be disabled, cut off and counted, and a clock that the test moves.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod batches;
mod closed;
mod destroying;
mod jobs;
mod lifetime;
mod locks;
mod moves;
mod moving_root;
#[expect(
    unreachable_pub,
    dead_code,
    reason = "the fixture is public in the package of the black-box tests, which use more of it"
)]
#[path = "../../../../tests/src/postgres.rs"]
mod postgres;
mod provider;
mod register;
mod sealed_stores;
mod stores;
#[expect(dead_code, reason = "other tests use more of it")]
#[path = "../support/mod.rs"]
mod support;
mod threat;
mod world;

/// Makes one test per database of each `async fn(World)` named.
macro_rules! on_each_database {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::on_sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                if let Some(world) = crate::world::World::on_postgres().await {
                    super::$name(world).await;
                }
            })+
        }
    };
}
use on_each_database;
