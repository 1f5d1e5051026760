//! What a rule reads of a use.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::objects::Map;
use cel::{Context, Env, Value};
use strongroom_types::Suite;
use strongroom_types::body::{AccessFrequency, GuardedOperation, Sensitivity};

use crate::caller::Client;
use crate::named::{NamedContextBody, QUANTUM_RESISTANT_BITS, resists_quantum};
use crate::ports::Micros;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A use of a named context.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) operation: GuardedOperation,
    /// The suite that really seals or opens.
    pub(crate) suite: Suite,
    /// Whether all that wraps its key is symmetric.
    pub(crate) symmetric: bool,
    pub(crate) context: &'a NamedContextBody,
    pub(crate) client: &'a Client,
    pub(crate) now: Micros,
}

/// How another product sealed something: name, mode, and bits of the key.
pub(crate) type ImportedAlgorithm = (&'static str, &'static str, u16);

/// What is supposed of a use that is only tried.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Supposed<'a> {
    /// The name of an algorithm in which nothing is sealed here, in place of the suite.
    pub(crate) algorithm: Option<&'a str>,
    /// The team of the client.
    pub(crate) team: Option<&'a str>,
}

impl Circumstances<'_> {
    /// The variables that rules read.
    pub(super) fn variables(&self) -> Context<'static, 'static> {
        let mut variables = Context::with_env(Arc::clone(&ENVIRONMENT));
        variables.add_variable_from_value("algorithm", algorithm(self.suite, self.symmetric));
        variables.add_variable_from_value("context", self.context());
        variables.add_variable_from_value("identity", self.identity());
        variables.add_variable_from_value("operation", self.operation.name());
        variables.add_variable_from_value("time", time(self.now));
        variables
    }

    /// The variables, of something that another product sealed.
    pub(super) fn variables_of(&self, imported: ImportedAlgorithm) -> Context<'static, 'static> {
        let (name, mode, key_bits) = imported;
        let mut variables = self.variables();
        // Theirs with ML-KEM have no other part, so that they resist as long as it does.
        let resists = mode == "hybrid" || key_bits >= QUANTUM_RESISTANT_BITS;
        let algorithm = map([
            ("name", Value::from(name)),
            ("mode", Value::from(mode)),
            ("key_bits", Value::Int(i64::from(key_bits))),
            ("quantum_resistant", Value::Bool(resists && self.symmetric)),
            (
                "hardware_acceleration",
                Value::Bool(!name.starts_with("ChaCha20")),
            ),
        ]);
        variables.add_variable_from_value("algorithm", algorithm);
        variables
    }

    /// The variables, of a use that is only tried. What seals nothing here has no bits, and resists
    /// nothing.
    pub(super) fn variables_supposing(&self, supposed: Supposed<'_>) -> Context<'static, 'static> {
        let mut variables = self.variables();
        if let Some(name) = supposed.algorithm {
            let algorithm = map([
                ("name", Value::from(name)),
                ("mode", Value::from("")),
                ("key_bits", Value::Int(0)),
                ("quantum_resistant", Value::Bool(false)),
                ("hardware_acceleration", Value::Bool(false)),
            ]);
            variables.add_variable_from_value("algorithm", algorithm);
        }
        if let Some(team) = supposed.team {
            variables.add_variable_from_value("identity", self.identity_in(team));
        }
        variables
    }

    fn context(&self) -> Value {
        let config = &self.context.config;
        let data = &config.data_identity;
        let years = config.threat_model.protection_lifetime_years;
        let frequency = config.access_patterns.frequency.map_or("", frequency);
        let frameworks = config.regulatory.frameworks.clone();
        map([
            ("name", Value::from(self.context.name.to_string())),
            ("sensitivity", Value::from(sensitivity(data.sensitivity))),
            ("pii", Value::Bool(data.pii)),
            ("phi", Value::Bool(data.phi)),
            ("pci", Value::Bool(data.pci)),
            ("frameworks", Value::from(frameworks)),
            (
                "protection_lifetime_years",
                Value::Int(i64::from(years.unwrap_or(0))),
            ),
            ("frequency", Value::from(frequency)),
            // Every use is an entry of its own.
            ("audit_level", Value::from("full")),
        ])
    }

    fn identity(&self) -> Value {
        let application = self.client.body.application.as_ref();
        self.identity_in(application.map_or("", |known| known.team.as_str()))
    }

    /// The client, in a team.
    fn identity_in(&self, team: &str) -> Value {
        let body = &self.client.body;
        let application = body.application.as_ref();
        let environment = application.map_or("", |known| known.environment.as_str());
        let kind = if application.is_some() {
            "application"
        } else {
            "user"
        };
        map([
            ("id", Value::from(self.client.id.to_string())),
            ("name", Value::from(body.name.as_str())),
            ("team", Value::from(team)),
            ("environment", Value::from(environment)),
            ("type", Value::from(kind)),
        ])
    }
}

/// The variables of which neither a context nor a client is needed.
pub(super) fn variables_of_nobody() -> Context<'static, 'static> {
    let mut variables = Context::with_env(Arc::clone(&ENVIRONMENT));
    variables.add_variable_from_value("algorithm", algorithm(Suite::default(), true));
    variables.add_variable_from_value("operation", GuardedOperation::Encrypt.name());
    variables.add_variable_from_value("time", time(0));
    variables
}

fn map<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
    Value::Map(Map::from(HashMap::from(fields)))
}

fn algorithm(suite: Suite, symmetric: bool) -> Value {
    let (mode, key_bits, in_hardware) = match suite {
        Suite::Aes256Gcm => ("gcm", 256, true),
        Suite::Aes128Gcm => ("gcm", 128, true),
        Suite::Aes256GcmSiv => ("gcm-siv", 256, true),
        Suite::ChaCha20Poly1305 => ("poly1305", 256, false),
        Suite::Aes256CbcHmac => ("cbc", 256, true),
        Suite::Aes256CtrHmac => ("ctr", 256, true),
        Suite::Aes256Ccm => ("ccm", 256, true),
    };
    map([
        ("name", Value::from(suite.name())),
        ("mode", Value::from(mode)),
        ("key_bits", Value::Int(key_bits)),
        (
            "quantum_resistant",
            Value::Bool(resists_quantum(suite, symmetric)),
        ),
        ("hardware_acceleration", Value::Bool(in_hardware)),
    ])
}

/// In UTC. Weekdays count from Monday, 1.
fn time(now: Micros) -> Value {
    let unix = now.div_euclid(1_000_000);
    let days = unix.div_euclid(86_400);
    map([
        ("unix", Value::Int(unix)),
        ("hour", Value::Int(unix.rem_euclid(86_400) / 3600)),
        // The first day was a Thursday.
        ("weekday", Value::Int((days + 3).rem_euclid(7) + 1)),
    ])
}

const fn sensitivity(of: Sensitivity) -> &'static str {
    match of {
        Sensitivity::Low => "low",
        Sensitivity::Medium => "medium",
        Sensitivity::High => "high",
        Sensitivity::Critical => "critical",
    }
}

const fn frequency(of: AccessFrequency) -> &'static str {
    match of {
        AccessFrequency::Low => "low",
        AccessFrequency::Medium => "medium",
        AccessFrequency::High => "high",
        AccessFrequency::Extreme => "extreme",
    }
}
