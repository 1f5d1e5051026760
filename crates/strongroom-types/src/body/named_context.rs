//! Named contexts: what is said of the data, and what follows for its encryption.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ContextId, ContextName, Format, Suite};

/// How much harm a disclosure does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// Little.
    Low,
    /// Some. What is assumed where nothing is said.
    #[default]
    Medium,
    /// Much.
    High,
    /// As much as can be.
    Critical,
}

/// Where data is when it is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataUsage {
    /// Stored.
    AtRest,
    /// On its way.
    InTransit,
    /// In memory.
    InUse,
    /// On its way, piece by piece.
    Streaming,
    /// On a disk.
    Disk,
}

/// How often data is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessFrequency {
    /// Now and then.
    Low,
    /// Regularly.
    Medium,
    /// All the time.
    High,
    /// By many writers at once.
    Extreme,
}

/// A cipher that is asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AskedCipher {
    /// AES.
    #[serde(rename = "AES", alias = "aes")]
    Aes,
    /// ChaCha20-Poly1305.
    #[serde(rename = "ChaCha20", alias = "chacha20", alias = "ChaCha20-Poly1305")]
    ChaCha20,
}

/// A mode that is asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AskedMode {
    /// GCM.
    Gcm,
    /// GCM-SIV.
    GcmSiv,
    /// CBC, then HMAC-SHA-256.
    Cbc,
    /// CTR, then HMAC-SHA-256.
    Ctr,
    /// CCM.
    Ccm,
    /// That of ChaCha20-Poly1305.
    Poly1305,
}

/// An algorithm that is asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AskedAlgorithm {
    /// The cipher.
    pub cipher: AskedCipher,
    /// The mode; GCM for AES, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<AskedMode>,
    /// Bits of the key; 256, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_bits: Option<u16>,
}

/// What is said of the data of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NamedContextConfig {
    /// What it is.
    pub data_identity: DataIdentity,
    /// What rules there are for it.
    pub regulatory: Regulatory,
    /// Whom it is protected from.
    pub threat_model: ThreatModel,
    /// How it is used.
    pub access_patterns: AccessPatterns,
    /// The algorithm that is asked for, in place of the one that would follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<AskedAlgorithm>,
}

/// What the data is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is said of data by itself"
)]
pub struct DataIdentity {
    /// For example `personal_data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// A closer word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subcategory: Option<String>,
    /// How much harm a disclosure does.
    pub sensitivity: Sensitivity,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_context: Option<DataUsage>,
    /// Whether it tells who a person is.
    pub pii: bool,
    /// Whether it is about somebody's health.
    pub phi: bool,
    /// Whether it is of a payment card.
    pub pci: bool,
    /// Whether a disclosure must be notified.
    pub notification_required: bool,
    /// Examples, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

/// What rules there are for the data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Regulatory {
    /// For example `HIPAA`.
    pub frameworks: Vec<String>,
    /// Where it must stay; kept, and nothing here enforces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_residency: Option<String>,
    /// How long it is kept; kept, and nothing here enforces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Whether it may cross borders; kept, and nothing here enforces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_border_allowed: Option<bool>,
}

/// How long data is kept, as its owner says it: in words, or in parts with names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Retention {
    /// For example `7 years`.
    Words(String),
    /// For example `{"minimum_days": 2190}`.
    Parts(BTreeMap<String, RetentionPart>),
}

/// One part of what is said of a retention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetentionPart {
    /// A number of something.
    Number(i64),
    /// Whether something is so.
    Flag(bool),
    /// Words.
    Words(String),
    /// Nothing is said.
    Nothing(()),
}

/// Whom the data is protected from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThreatModel {
    /// Who attacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adversaries: Vec<String>,
    /// In which ways.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attack_vectors: Vec<String>,
    /// How many years it must stay secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protection_lifetime_years: Option<u32>,
}

/// How the data is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessPatterns {
    /// How often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<AccessFrequency>,
    /// How often, in numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations_per_second: Option<u64>,
    /// How long one may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_requirement_ms: Option<u64>,
    /// Whether many are done together.
    pub batch_operations: bool,
    /// Whether it is searched.
    pub search_required: bool,
}

/// What follows from what is said of the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedSuite {
    /// The suite that seals.
    pub suite: Suite,
    /// The least strength that was asked for.
    pub minimum_bits: u16,
    /// Why, for people: each sentence is one rule that applied.
    pub rationale: Vec<String>,
}

/// Which suites may seal under a named context, besides what its data asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AlgorithmPolicy {
    /// Ciphers, or whole suites; any, if absent.
    pub allowed_ciphers: Option<Vec<String>>,
    /// Modes; any, if absent.
    pub allowed_modes: Option<Vec<String>>,
    /// The fewest bits of a key.
    pub min_key_bits: Option<u16>,
    /// Whether values must resist quantum computers: by keys of 256 bits, under nothing but symmetric
    /// keys.
    pub require_quantum_safe: bool,
}

/// What becomes of sealing in a suite that an [`AlgorithmPolicy`] does not allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PolicyEnforcement {
    /// It is not looked at.
    None,
    /// It is done, and the answer says so.
    Warn,
    /// It is refused. What is done where nothing is said.
    #[default]
    Enforce,
}

/// A named context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedContextInfo {
    /// Its key context, of the kind `named`.
    pub id: ContextId,
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub name: ContextName,
    /// What people call it.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// What is said of its data.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub config: NamedContextConfig,
    /// What follows from it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub resolved: ResolvedSuite,
    /// Whether what is sealed resists quantum computers: keys of 256 bits, under nothing but symmetric
    /// keys. It says nothing of TLS.
    #[serde(default)]
    pub quantum_resistant: bool,
    /// Which suites may seal.
    pub algorithm_policy: AlgorithmPolicy,
    /// What becomes of sealing in others.
    pub enforcement: PolicyEnforcement,
    /// When it was declared.
    pub created: String,
    /// The formats of other products that it opens beside our own.
    #[serde(default)]
    pub formats: Vec<Format>,
    /// Whether its clients get a key to seal with by themselves.
    #[serde(default)]
    pub key_bundle: bool,
}
