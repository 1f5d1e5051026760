//! Slow work of a whole deployment on SQLite, while the state changes under it.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use strongroom_core::{Ask, Bench, Denial, NamedContextCreate, Strongroom, Tool};
use strongroom_types::Operation;
use strongroom_types::body::{AlgorithmPolicy, NamedContextConfig, PolicyEnforcement};
use tokio::runtime::Handle;

use support::World;

/// Changes the state each time that it works.
struct Restless {
    room: Strongroom,
    ask: Ask,
    done: Arc<AtomicU32>,
    runtime: Handle,
}

impl Tool for Restless {
    const OPERATION: Operation = Operation::SecretSplit;
    type Answer = u32;

    fn algorithm(&self) -> &'static str {
        "none"
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn work(&self, _bench: &Bench) -> Result<u32, Denial> {
        let done = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        let request = NamedContextCreate {
            name: format!("context-{done}").parse().unwrap(),
            display_name: "Context".to_owned(),
            description: String::new(),
            config: NamedContextConfig::default(),
            algorithm_policy: AlgorithmPolicy::default(),
            enforcement: PolicyEnforcement::default(),
        };
        let made = self.room.named_context_create(&self.ask, request);
        self.runtime.block_on(made).unwrap();
        Ok(done)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_work_is_done_once_however_often_the_state_changes_under_it() {
    let world = World::new().await;
    let done = Arc::<AtomicU32>::default();
    let tool = Restless {
        room: world.room.clone(),
        ask: world.ask.clone(),
        done: Arc::clone(&done),
        runtime: Handle::current(),
    };
    let answered = world.room.use_tool(&world.ask, tool).await.unwrap();
    assert_eq!(answered.value, 1);
    assert!(answered.entry.is_some());
    assert_eq!(done.load(Ordering::SeqCst), 1);
}
