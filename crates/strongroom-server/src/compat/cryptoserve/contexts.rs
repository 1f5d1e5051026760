//! `/api/contexts` and `/sdk/contexts`: named contexts, declared by administrators and looked up by
//! applications.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{
    Answered, Ask, Denial, Invalid, NamedContextCreate, NamedContextResolution, NamedContextUpdate,
    Refused, Thing,
};
use strongroom_types::body::{
    AlgorithmPolicy, NamedContextConfig, NamedContextInfo, PolicyEnforcement, Sensitivity,
};
use strongroom_types::{ContextName, Suite};

use super::shape::Algorithm;
use crate::edge::{
    App, Caller, Document, FromParameters, FromPath, Parameters, Problem, Query, Reply, Sent,
    Target, created, ok,
};

/// The contexts that development workspaces have, and what is said of their data.
pub(crate) const SHIPPED: [(&str, &str, &str); 12] = [
    ("default", "Default", "{}"),
    (
        "general",
        "General",
        r#"{"data_identity":{"sensitivity":"medium"}}"#,
    ),
    (
        "user-pii",
        "Personal data",
        r#"{"data_identity":{"category":"personal_data","sensitivity":"high","pii":true,
            "examples":["names","e-mail addresses"]},"regulatory":{"frameworks":["GDPR"]}}"#,
    ),
    (
        "health-data",
        "Health data",
        r#"{"data_identity":{"sensitivity":"critical","pii":true,"phi":true},
            "regulatory":{"frameworks":["HIPAA"]},"threat_model":{"protection_lifetime_years":30}}"#,
    ),
    (
        "payment-data",
        "Payment data",
        r#"{"data_identity":{"sensitivity":"critical","pci":true},
            "regulatory":{"frameworks":["PCI-DSS"]}}"#,
    ),
    (
        "api-secrets",
        "Secrets of programs",
        r#"{"data_identity":{"sensitivity":"critical","usage_context":"in_use"}}"#,
    ),
    (
        "session-tokens",
        "Session tokens",
        r#"{"data_identity":{"sensitivity":"low"},"access_patterns":{"frequency":"high"}}"#,
    ),
    (
        "quantum-ready",
        "Long-lived secrets",
        r#"{"data_identity":{"sensitivity":"critical"},
            "threat_model":{"protection_lifetime_years":50}}"#,
    ),
    (
        "health-records",
        "Health records",
        r#"{"data_identity":{"sensitivity":"critical","phi":true},
            "regulatory":{"frameworks":["HIPAA"]},"threat_model":{"protection_lifetime_years":30}}"#,
    ),
    (
        "business-documents",
        "Business documents",
        r#"{"data_identity":{"sensitivity":"high"},
            "threat_model":{"protection_lifetime_years":10}}"#,
    ),
    (
        "backup-data",
        "Backups",
        r#"{"data_identity":{"sensitivity":"high","usage_context":"at_rest"}}"#,
    ),
    (
        "internal-logs",
        "Internal logs",
        r#"{"data_identity":{"sensitivity":"low"}}"#,
    ),
];

/// A context that a path names.
#[derive(Debug)]
pub(super) struct Named(ContextName);

impl FromPath for Named {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let name = segments.first().and_then(|text| text.parse().ok());
        name.map(Self).ok_or(Thing::NamedContext)
    }
}

/// A context, as their answers write one.
#[derive(Serialize)]
pub(super) struct Context {
    name: ContextName,
    display_name: String,
    description: String,
    algorithm: &'static str,
    config: NamedContextConfig,
    derived: Derived,
    algorithm_policy: AlgorithmPolicy,
    policy_enforcement: PolicyEnforcement,
    created_at: String,
}

/// What follows from what is said of the data.
#[derive(Serialize)]
struct Derived {
    minimum_security_bits: u16,
    quantum_resistant: bool,
    resolved_algorithm: &'static str,
    resolved_mode: &'static str,
    resolved_key_bits: u16,
    audit_level: &'static str,
    hardware_acceleration: bool,
    rationale: Vec<String>,
}

impl Derived {
    fn of(info: &NamedContextInfo) -> Self {
        let algorithm = Algorithm::of(info.resolved.suite);
        Self {
            minimum_security_bits: info.resolved.minimum_bits,
            quantum_resistant: info.quantum_resistant,
            resolved_algorithm: algorithm.name,
            resolved_mode: algorithm.mode(),
            resolved_key_bits: algorithm.key_bits,
            audit_level: "full",
            // What policies read as `algorithm.hardware_acceleration`: processors have AES.
            hardware_acceleration: algorithm.name.starts_with("AES-"),
            rationale: info.resolved.rationale.clone(),
        }
    }
}

impl From<NamedContextInfo> for Context {
    fn from(info: NamedContextInfo) -> Self {
        let derived = Derived::of(&info);
        Self {
            name: info.name,
            display_name: info.display_name,
            description: info.description,
            algorithm: derived.resolved_algorithm,
            config: info.config,
            derived,
            algorithm_policy: info.algorithm_policy,
            policy_enforcement: info.enforcement,
            created_at: info.created,
        }
    }
}

/// A context, as their command line shows one.
#[derive(Serialize)]
pub(super) struct Shown {
    name: ContextName,
    display_name: String,
    description: String,
    algorithm: &'static str,
    sensitivity: Sensitivity,
    quantum_safe: bool,
    overhead_bytes: usize,
    compliance: Vec<String>,
    data_examples: Vec<String>,
    rationale: Vec<String>,
}

/// How much longer than its value a ciphertext is at most, up to 16 KiB. A test measures it.
const fn overhead_bytes(suite: Suite) -> usize {
    let of_chunked = 141;
    match suite {
        Suite::Aes256Gcm
        | Suite::Aes128Gcm
        | Suite::ChaCha20Poly1305
        | Suite::Aes256GcmSiv
        | Suite::Aes256Ccm => of_chunked,
        // A tag of 32 bytes for one of 16, and padding.
        Suite::Aes256CtrHmac => of_chunked + 16,
        Suite::Aes256CbcHmac => of_chunked + 32,
    }
}

impl From<NamedContextInfo> for Shown {
    fn from(info: NamedContextInfo) -> Self {
        let algorithm = Algorithm::of(info.resolved.suite);
        Self {
            name: info.name,
            display_name: info.display_name,
            description: info.description,
            algorithm: algorithm.name,
            sensitivity: info.config.data_identity.sensitivity,
            quantum_safe: info.quantum_resistant,
            overhead_bytes: overhead_bytes(info.resolved.suite),
            compliance: info.config.regulatory.frameworks,
            data_examples: info.config.data_identity.examples,
            rationale: info.resolved.rationale,
        }
    }
}

/// Where a context is asked for by its path, an unknown one is not found.
fn found<T, U: From<T>>(
    ask: &Ask,
    answered: Result<Answered<T>, Refused>,
) -> Result<Answered<U>, Problem> {
    match answered {
        Ok(answered) => Ok(Answered {
            value: answered.value.into(),
            entry: answered.entry,
        }),
        Err(mut refused) => {
            if refused.denial == Denial::ContextUnknown {
                refused.denial = Denial::NotFound(Thing::NamedContext);
            }
            Err(Problem::new(refused, ask.origin.request_id))
        }
    }
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
) -> Reply<Document<Vec<Context>>> {
    let listed = app.room.named_contexts(&ask).await;
    let listed = listed.map(|answered| Answered {
        value: answered.value.into_iter().map(Context::from).collect(),
        entry: answered.entry,
    });
    ok(&ask, listed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    name: ContextName,
    display_name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    config: NamedContextConfig,
    #[serde(default)]
    algorithm_policy: AlgorithmPolicy,
    #[serde(default)]
    policy_enforcement: PolicyEnforcement,
}

pub(super) async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Create>,
) -> Reply<Document<Context>> {
    let request = NamedContextCreate {
        name: body.name,
        display_name: body.display_name,
        description: body.description,
        config: body.config,
        algorithm_policy: body.algorithm_policy,
        enforcement: body.policy_enforcement,
    };
    let made = app.room.named_context_create(&ask, request).await;
    let made = made.map(|answered| Answered {
        value: Context::from(answered.value),
        entry: answered.entry,
    });
    created(&ask, made)
}

pub(super) async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(Named(name)): Target<Named>,
) -> Reply<Document<Context>> {
    let known = app.room.named_context_info(&ask, name).await;
    ok(&ask, Ok(found(&ask, known)?))
}

/// What follows from what is said of a context's data, and whether it would seal now.
#[derive(Serialize)]
pub(super) struct Resolved {
    #[serde(flatten)]
    derived: Derived,
    /// Ours: whether the policies would let the caller seal so.
    allowed: bool,
    /// Ours: why not, or what sealing would warn of.
    warnings: Vec<String>,
}

impl From<NamedContextResolution> for Resolved {
    fn from(resolution: NamedContextResolution) -> Self {
        Self {
            derived: Derived::of(&resolution.info),
            allowed: resolution.allowed,
            warnings: resolution.findings,
        }
    }
}

/// A dry run: no key is used.
pub(super) async fn resolve(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(Named(name)): Target<Named>,
) -> Reply<Document<Resolved>> {
    let resolved = app.room.named_context_resolve(&ask, name).await;
    ok(&ask, Ok(found(&ask, resolved)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    config: Option<NamedContextConfig>,
    #[serde(default)]
    algorithm_policy: Option<AlgorithmPolicy>,
    #[serde(default)]
    policy_enforcement: Option<PolicyEnforcement>,
}

pub(super) async fn update(
    State(app): State<App>,
    Target(Named(name)): Target<Named>,
    Sent { ask, body, .. }: Sent<Update>,
) -> Reply<Document<Context>> {
    let request = NamedContextUpdate {
        name,
        display_name: body.display_name,
        description: body.description,
        config: body.config,
        algorithm_policy: body.algorithm_policy,
        enforcement: body.policy_enforcement,
    };
    let changed = app.room.named_context_update(&ask, request).await;
    ok(&ask, Ok(found(&ask, changed)?))
}

/// `?q=`.
#[derive(Debug)]
pub(super) struct Words(String);

impl FromParameters for Words {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let words = parameters.text("q")?;
        Ok(Self(words.unwrap_or_default().to_lowercase()))
    }
}

/// The contexts that the caller may use, or those of them that fit what is looked for.
#[derive(Serialize)]
pub(super) struct Found {
    contexts: Vec<Shown>,
    total: usize,
}

/// Whether a context is about what is looked for.
fn is_about(info: &NamedContextInfo, words: &str) -> bool {
    let texts = [info.name.as_str(), &info.display_name, &info.description];
    let examples = info.config.data_identity.examples.iter();
    let texts = texts.into_iter().chain(examples.map(String::as_str));
    let frameworks = info.config.regulatory.frameworks.iter();
    let mut texts = texts.chain(frameworks.map(String::as_str));
    texts.any(|text| text.to_lowercase().contains(words))
}

pub(super) async fn found_by_words(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(Words(words)): Query<Words>,
) -> Reply<Document<Found>> {
    let listed = app.room.named_contexts(&ask).await;
    let listed = listed.map(|answered| {
        let mut contexts = answered.value;
        contexts.retain(|info| is_about(info, &words));
        let contexts: Vec<_> = contexts.into_iter().map(Shown::from).collect();
        Answered {
            value: Found {
                total: contexts.len(),
                contexts,
            },
            entry: answered.entry,
        }
    });
    ok(&ask, listed)
}

pub(super) async fn described(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(Named(name)): Target<Named>,
) -> Reply<Document<Shown>> {
    let known = app.room.named_context_info(&ask, name).await;
    ok(&ask, Ok(found(&ask, known)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_the_shipped_contexts_can_be_read() {
        for (name, display_name, config) in SHIPPED {
            assert!(name.parse::<ContextName>().is_ok());
            assert!(!display_name.is_empty());
            serde_json::from_str::<NamedContextConfig>(config).unwrap();
        }
    }
}
