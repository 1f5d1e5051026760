//! Whether values resist quantum computers, under roots that are symmetric and under one that is not.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::sync::Arc;

use async_trait::async_trait;
use strongroom_core::ports::{Root, RootError};
use strongroom_core::{Ask, Denial, NamedContextCreate, NamedItem, Parts, Settings, Strongroom};
use strongroom_crypto::keys::{Place, Seed};
use strongroom_types::body::{
    AlgorithmPolicy, NamedContextConfig, NamedContextInfo, PolicyEnforcement,
};
use strongroom_types::{ContextName, KeyContext, Suite};

use support::{MemoryAnchor, ROOT, ask, database, parts};

/// A root that says of itself that it is not symmetric, as RSA in Azure Key Vault does.
#[derive(Debug)]
struct Asymmetric;

#[async_trait]
impl Root for Asymmetric {
    fn kind(&self) -> &'static str {
        "azure_key_vault"
    }

    async fn wrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        seed: &Seed,
    ) -> Result<Vec<u8>, RootError> {
        ROOT.wrap(place, context, seed).await
    }

    async fn unwrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        wrapped: &[u8],
    ) -> Result<Seed, RootError> {
        ROOT.unwrap(place, context, wrapped).await
    }

    async fn probe(&self) -> Result<(), RootError> {
        Ok(())
    }
}

struct World {
    room: Strongroom,
    ask: Ask,
    _folder: tempfile::TempDir,
}

impl World {
    async fn under(root: Arc<dyn Root>, former_root: Option<Arc<dyn Root>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = database(&folder.path().join("strongroom.db")).await;
        let anchor = Arc::new(MemoryAnchor::default());
        let parts = Parts {
            root,
            former_root,
            ..parts(&store, &anchor, Settings::default())
        };
        let room = Strongroom::open(parts).await.unwrap();
        let first = room.initialise().await.unwrap().unwrap();
        let request = strongroom_types::body::WorkspaceCreate {
            name: "acme".to_owned(),
            context_quota: None,
        };
        let administrator = ask(&first.api_key.secret);
        let created = room.workspace_create(&administrator, request).await;
        let ask = ask(&created.unwrap().value.api_key.secret);
        Self {
            room,
            ask,
            _folder: folder,
        }
    }

    /// Declares a context that requires values which resist.
    async fn declare(&self, name: &str, config: &str) -> NamedContextInfo {
        let request = NamedContextCreate {
            name: name.parse().unwrap(),
            display_name: name.to_owned(),
            description: String::new(),
            config: serde_json::from_str::<NamedContextConfig>(config).unwrap(),
            algorithm_policy: AlgorithmPolicy {
                require_quantum_safe: true,
                ..AlgorithmPolicy::default()
            },
            enforcement: PolicyEnforcement::Enforce,
        };
        let made = self.room.named_context_create(&self.ask, request).await;
        made.unwrap().value
    }

    async fn seals(&self, name: &str) -> bool {
        let name: ContextName = name.parse().unwrap();
        let item = NamedItem::new(name.clone(), b"value".to_vec(), None).unwrap();
        let sealed = self.room.named_encrypt(&self.ask, item).await;
        let sealed = sealed.map_err(|refused| refused.denial);
        let dry = self.room.named_context_resolve(&self.ask, name).await;
        let dry = dry.unwrap().value;
        assert_eq!(dry.allowed, sealed.is_ok(), "{:?}", dry.findings);
        let refused = sealed.err();
        let by_guard = matches!(refused, None | Some(Denial::Guarded { .. }));
        assert!(by_guard, "{refused:?}");
        refused.is_none()
    }
}

const LONG: &str = r#"{"data_identity":{"sensitivity":"critical"}}"#;
const SHORT: &str = r#"{"data_identity":{"sensitivity":"low"}}"#;

#[tokio::test]
async fn values_of_256_bits_resist_under_a_symmetric_root() {
    let world = World::under(Arc::new(ROOT), None).await;
    let long = world.declare("long", LONG).await;
    assert_eq!(
        (long.resolved.suite, long.quantum_resistant),
        (Suite::Aes256Gcm, true)
    );
    let short = world.declare("short", SHORT).await;
    assert_eq!(
        (short.resolved.suite, short.quantum_resistant),
        (Suite::Aes128Gcm, false)
    );
    assert!(world.seals("long").await);
    assert!(!world.seals("short").await);
}

#[tokio::test]
async fn no_value_resists_under_a_root_that_is_not_symmetric() {
    for (present, former) in [
        (Arc::new(Asymmetric) as Arc<dyn Root>, None),
        // Nor while seeds move away from one.
        (Arc::new(ROOT), Some(Arc::new(Asymmetric) as Arc<dyn Root>)),
    ] {
        let world = World::under(present, former).await;
        assert!(!world.declare("long", LONG).await.quantum_resistant);
        assert!(!world.seals("long").await);
    }
}
