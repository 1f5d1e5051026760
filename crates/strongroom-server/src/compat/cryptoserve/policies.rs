//! `/api/policies`: their policies are guards, whose rules are in CEL.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strongroom_core::{GuardTrial, Invalid, Thing, TriedAlgorithm};
use strongroom_types::body::{
    AccessFrequency, AccessPatterns, DataIdentity, GuardBody, GuardFinding, GuardSeverity,
    GuardedOperation, NamedContextConfig, Regulatory, Sensitivity, ThreatModel,
};
use strongroom_types::{ContextName, Suite};

use super::shape::named;
use crate::edge::{App, Caller, Document, FromPath, Reply, Sent, Target, created, ok, removed};

/// The rules of their paper, as they are in CEL: name, rule, severity, message.
const DEFAULTS: [(&str, &str, GuardSeverity, &str); 7] = [
    (
        "critical-data-256-bits",
        "context.sensitivity != 'critical' || algorithm.key_bits >= 256",
        GuardSeverity::Block,
        "critical data needs keys of 256 bits",
    ),
    (
        "no-legacy-algorithms",
        "!(algorithm.name in ['DES', '3DES', 'RC4', 'RC2', 'Blowfish', 'MD5', 'SHA-1'])",
        GuardSeverity::Block,
        "the algorithm is one of the past",
    ),
    (
        "no-pii-in-general",
        "!(context.pii && context.name == 'general')",
        GuardSeverity::Block,
        "personal data has contexts of its own",
    ),
    (
        "long-lived-data-quantum-safe",
        "context.protection_lifetime_years <= 10 || algorithm.quantum_resistant",
        GuardSeverity::Warn,
        "data that stays secret for more than 10 years should be safe from quantum computers",
    ),
    (
        "high-frequency-hardware",
        "!(context.frequency in ['high', 'extreme']) || algorithm.hardware_acceleration",
        GuardSeverity::Info,
        "processors accelerate AES",
    ),
    (
        "hipaa-256-bits-full-audit",
        "!('HIPAA' in context.frameworks) || (algorithm.key_bits >= 256 && context.audit_level == 'full')",
        GuardSeverity::Block,
        "HIPAA needs keys of 256 bits and a full audit",
    ),
    (
        "pci-256-bits",
        "!context.pci || algorithm.key_bits >= 256",
        GuardSeverity::Block,
        "card data needs keys of 256 bits",
    ),
];

/// The algorithms of the past that `no-legacy-algorithms` lists, as it spells them.
const LEGACY: [&str; 7] = ["DES", "3DES", "RC4", "RC2", "Blowfish", "MD5", "SHA-1"];

/// A policy that a path names.
#[derive(Debug)]
pub(super) struct PolicyName(ContextName);

impl FromPath for PolicyName {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let name = segments.first().and_then(|text| text.parse().ok());
        name.map(Self).ok_or(Thing::Guard)
    }
}

/// A policy, as it is sent and answered.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    name: ContextName,
    #[serde(default)]
    description: String,
    rule: String,
    #[serde(default = "block")]
    severity: GuardSeverity,
    #[serde(default)]
    message: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    contexts: Vec<ContextName>,
    #[serde(default)]
    operations: Vec<GuardedOperation>,
    /// Kept and answered; nothing reads it.
    #[serde(default, rename = "policy_metadata")]
    metadata: Option<Map<String, Value>>,
}

const fn block() -> GuardSeverity {
    GuardSeverity::Block
}

const fn yes() -> bool {
    true
}

impl Policy {
    fn into_guard(self) -> GuardBody {
        GuardBody {
            name: self.name,
            description: self.description,
            rule: self.rule,
            severity: self.severity,
            message: self.message,
            enabled: self.enabled,
            contexts: self.contexts,
            operations: self.operations,
            metadata: self.metadata.unwrap_or_default(),
        }
    }

    fn of(guard: GuardBody) -> Self {
        Self {
            name: guard.name,
            description: guard.description,
            rule: guard.rule,
            severity: guard.severity,
            message: guard.message,
            enabled: guard.enabled,
            contexts: guard.contexts,
            operations: guard.operations,
            metadata: Some(guard.metadata),
        }
    }
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
) -> Reply<Document<Vec<Policy>>> {
    let listed = app.room.guards(&ask).await;
    let of = |guards: Vec<GuardBody>| guards.into_iter().map(Policy::of).collect();
    ok(&ask, listed.map(|answered| answered.map(of)))
}

pub(super) async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Policy>,
) -> Reply<Document<Policy>> {
    let kept = app.room.guard_put(&ask, body.into_guard(), true).await;
    created(&ask, kept.map(|answered| answered.map(Policy::of)))
}

pub(super) async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(PolicyName(name)): Target<PolicyName>,
) -> Reply<Document<Policy>> {
    let found = app.room.guard_info(&ask, name).await;
    ok(&ask, found.map(|answered| answered.map(Policy::of)))
}

pub(super) async fn update(
    State(app): State<App>,
    Target(PolicyName(name)): Target<PolicyName>,
    Sent { ask, body, .. }: Sent<Policy>,
) -> Reply<Document<Policy>> {
    let kept = if body.name == name {
        app.room.guard_put(&ask, body.into_guard(), false).await
    } else {
        // A policy keeps its name.
        let invalid = Invalid::Field("name".into());
        Err(app.room.reject(&ask, invalid.into()).await)
    };
    ok(&ask, kept.map(|answered| answered.map(Policy::of)))
}

pub(super) async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(PolicyName(name)): Target<PolicyName>,
) -> Reply<Response> {
    removed(&ask, app.room.guard_delete(&ask, name).await)
}

/// A policy of their paper, to be kept by whoever wants it.
#[derive(Serialize)]
pub(super) struct Default {
    name: &'static str,
    rule: &'static str,
    severity: GuardSeverity,
    message: &'static str,
}

pub(super) async fn defaults() -> Json<Vec<Default>> {
    let of = |(name, rule, severity, message)| Default {
        name,
        rule,
        severity,
        message,
    };
    Json(DEFAULTS.into_iter().map(of).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Evaluate {
    algorithm: String,
    context_name: ContextName,
    #[serde(default)]
    sensitivity: Sensitivity,
    #[serde(default)]
    pii: bool,
    #[serde(default)]
    phi: bool,
    #[serde(default)]
    pci: bool,
    #[serde(default)]
    frameworks: Vec<String>,
    #[serde(default)]
    protection_lifetime_years: Option<u32>,
    /// Ours: theirs has no way to say it, although a rule of its paper reads it.
    #[serde(default)]
    frequency: Option<AccessFrequency>,
    #[serde(default = "encrypt")]
    operation: GuardedOperation,
    #[serde(default)]
    team: Option<String>,
}

const fn encrypt() -> GuardedOperation {
    GuardedOperation::Encrypt
}

impl Evaluate {
    fn trial(self) -> GuardTrial {
        let config = NamedContextConfig {
            data_identity: DataIdentity {
                sensitivity: self.sensitivity,
                pii: self.pii,
                phi: self.phi,
                pci: self.pci,
                ..DataIdentity::default()
            },
            regulatory: Regulatory {
                frameworks: self.frameworks,
                ..Regulatory::default()
            },
            threat_model: ThreatModel {
                protection_lifetime_years: self.protection_lifetime_years,
                ..ThreatModel::default()
            },
            access_patterns: AccessPatterns {
                frequency: self.frequency,
                ..AccessPatterns::default()
            },
            algorithm: None,
        };
        GuardTrial {
            operation: self.operation,
            algorithm: tried(self.algorithm),
            team: self.team,
            context: self.context_name,
            config,
        }
    }
}

/// A suite, in any spelling, or the name of what seals nothing here: one of the past in the spelling of the
/// rule that lists it, another as it is sent.
fn tried(name: String) -> TriedAlgorithm {
    if let Ok(suite) = named(Suite::ALL, Suite::name, &name) {
        return TriedAlgorithm::Suite(suite);
    }
    let past = named(&LEGACY, |name| name, &name).map(str::to_owned);
    TriedAlgorithm::Other(past.unwrap_or(name))
}

#[derive(Serialize)]
pub(super) struct Evaluated {
    allowed: bool,
    blocking_violations: usize,
    warning_violations: usize,
    info_violations: usize,
    results: Vec<GuardFinding>,
}

impl Evaluated {
    fn of(results: Vec<GuardFinding>) -> Self {
        let broken = |severity| {
            let findings = results.iter().filter(|one| !one.passed);
            findings.filter(|one| one.severity == severity).count()
        };
        let blocking_violations = broken(GuardSeverity::Block);
        Self {
            allowed: blocking_violations == 0,
            blocking_violations,
            warning_violations: broken(GuardSeverity::Warn),
            info_violations: broken(GuardSeverity::Info),
            results,
        }
    }
}

pub(super) async fn evaluate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Evaluate>,
) -> Reply<Document<Evaluated>> {
    let findings = app.room.guard_try(&ask, body.trial()).await;
    ok(&ask, findings.map(|answered| answered.map(Evaluated::of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipped_rule_has_a_name_and_says_why() {
        for (name, rule, _, message) in DEFAULTS {
            assert!(name.parse::<ContextName>().is_ok(), "{name}");
            assert!(!rule.is_empty() && !message.is_empty());
        }
    }

    #[test]
    fn the_algorithms_of_the_past_are_spelled_as_the_rule_lists_them() {
        let rule = DEFAULTS.iter().find(|one| one.0 == "no-legacy-algorithms");
        let listed = format!("{LEGACY:?}").replace('"', "'");
        assert!(rule.unwrap().1.contains(&listed));
        for name in ["des", "3des", "sha1", "blowfish", "SHA-1"] {
            let TriedAlgorithm::Other(name) = tried(name.to_owned()) else {
                panic!("{name} is a suite");
            };
            assert!(LEGACY.contains(&name.as_str()), "{name}");
        }
        assert!(matches!(
            tried("aes256gcm".to_owned()),
            TriedAlgorithm::Suite(Suite::Aes256Gcm)
        ));
    }
}
