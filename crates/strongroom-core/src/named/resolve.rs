//! From what is said of data to the suite that seals it.
//!
//! ```text
//! 1  256 bits   for critical or highly sensitive, personal, health and card data, for a framework
//!               that is named, for many years, or where nothing says that less is enough
//! 2  the suite  AES-256-GCM-SIV for many writers at once · ChaCha20-Poly1305 for what is used in
//!               memory · AES-128-GCM where 128 bits are enough · AES-256-GCM; or the one that is
//!               asked for, which must have the bits of 1
//! ```
//!
//! The suites are those that there are. Nothing is resolved to a name that stands for another.

use strongroom_types::body::{
    AccessFrequency, DataUsage, NamedContextConfig, ResolvedSuite, Sensitivity,
};
use strongroom_types::{FipsMode, Suite};

use super::{NamedContextBody, asked_suite};
use crate::fips::Algorithm;

/// Data that must stay secret for longer may be read by machines that there are not yet.
const LONG_YEARS: u32 = 10;
/// From so many operations a second on, writers do not know of each other.
const MANY_A_SECOND: u64 = 10_000;

/// The suite of what is said, and why.
pub(crate) fn resolve(config: &NamedContextConfig, fips: FipsMode) -> ResolvedSuite {
    let mut rationale = strong_reasons(config);
    let minimum_bits = if rationale.is_empty() { 128 } else { 256 };
    let asked = config.algorithm.and_then(asked_suite);
    let (suite, because) = asked.map_or_else(
        || approved(choose(config, minimum_bits), fips),
        |suite| (suite, "asked for by name"),
    );
    rationale.push(because.to_owned());
    ResolvedSuite {
        suite,
        minimum_bits,
        rationale,
    }
}

impl NamedContextBody {
    /// Resolves the suite anew: what is said of the data may have changed, or the FIPS mode. Where approved
    /// suites are preferred and no more, the context's own policy comes before them.
    pub(crate) fn resolve(&mut self, fips: FipsMode) {
        self.resolved = resolve(&self.config, fips);
        if fips == FipsMode::Preferred && !self.keeps_policy() {
            let preferred = self.resolved.clone();
            self.resolved = resolve(&self.config, FipsMode::Disabled);
            if self.keeps_policy() {
                let name = preferred.suite.name();
                let why = format!("the context's policy, which {name} does not keep: no fips mode");
                self.resolved.rationale.push(why);
            } else {
                self.resolved = preferred;
            }
        }
    }

    /// Whether the policy has nothing against the suite that was resolved, under symmetric keys.
    fn keeps_policy(&self) -> bool {
        let found = self.admit(self.resolved.suite, true);
        found.is_ok_and(|warnings| warnings.is_empty())
    }
}

/// What demands keys of 256 bits.
fn strong_reasons(config: &NamedContextConfig) -> Vec<String> {
    let data = &config.data_identity;
    let mut reasons = Vec::new();
    let mut because = |applies: bool, reason: &str| {
        if applies {
            reasons.push(format!("{reason}: 256 bits"));
        }
    };
    because(data.sensitivity == Sensitivity::Critical, "critical data");
    because(data.sensitivity == Sensitivity::High, "sensitive data");
    because(
        data.sensitivity == Sensitivity::Medium,
        "nothing says that little harm is done",
    );
    because(data.pii, "personal data (PII)");
    because(data.phi, "health data (PHI)");
    because(data.pci, "card data (PCI)");
    let frameworks = config.regulatory.frameworks.join(", ");
    because(!frameworks.is_empty(), &format!("rules of {frameworks}"));
    let years = config.threat_model.protection_lifetime_years;
    let long = years.filter(|years| *years > LONG_YEARS);
    if let Some(years) = long {
        reasons.push(format!(
            "secret for {years} years: 256 bits, of which a quantum computer's search leaves 128"
        ));
    }
    reasons
}

/// The choice, or AES-256-GCM where FIPS mode does not approve of it.
fn approved(chosen: (Suite, &'static str), fips: FipsMode) -> (Suite, &'static str) {
    if fips == FipsMode::Disabled || Algorithm::Suite(chosen.0).standard().is_some() {
        return chosen;
    }
    let why = "fips mode, which does not approve of the suite that would follow: AES-256-GCM";
    (Suite::Aes256Gcm, why)
}

fn choose(config: &NamedContextConfig, minimum_bits: u16) -> (Suite, &'static str) {
    let access = &config.access_patterns;
    let many = access.frequency == Some(AccessFrequency::Extreme)
        || access.operations_per_second >= Some(MANY_A_SECOND);
    let in_memory = matches!(
        config.data_identity.usage_context,
        Some(DataUsage::InUse | DataUsage::Streaming)
    );
    if many {
        let why = "many writers at once: AES-256-GCM-SIV, which a repeated nonce does not break";
        return (Suite::Aes256GcmSiv, why);
    }
    if in_memory {
        let why = "used in memory, on machines with and without AES instructions: \
                   ChaCha20-Poly1305, which takes the same time on both";
        return (Suite::ChaCha20Poly1305, why);
    }
    if minimum_bits <= 128 {
        let why = "little harm, no rules and no long time: AES-128-GCM is enough";
        return (Suite::Aes128Gcm, why);
    }
    (Suite::Aes256Gcm, "nothing else is asked for: AES-256-GCM")
}

#[cfg(test)]
mod tests {
    use strongroom_types::body::PolicyEnforcement;

    use super::*;

    fn resolved(json: serde_json::Value) -> ResolvedSuite {
        resolve(&serde_json::from_value(json).unwrap(), FipsMode::Disabled)
    }

    #[test]
    fn fips_mode_chooses_what_is_approved() {
        for said in [
            serde_json::json!({"data_identity": {"usage_context": "in_use"}}),
            serde_json::json!({"access_patterns": {"frequency": "extreme"}}),
            serde_json::json!({}),
        ] {
            let config = serde_json::from_value(said).unwrap();
            for fips in [FipsMode::Preferred, FipsMode::Enabled] {
                let found = resolve(&config, fips);
                assert_eq!(found.suite, Suite::Aes256Gcm);
            }
        }
    }

    /// The suite of a context that is used in memory, and the reason for it.
    fn in_memory(policy: &str, enforcement: PolicyEnforcement, fips: FipsMode) -> (Suite, String) {
        let config = r#"{"data_identity": {"usage_context": "in_use"}}"#;
        let config: NamedContextConfig = serde_json::from_str(config).unwrap();
        let mut body = NamedContextBody {
            name: "memory".parse().unwrap(),
            display_name: String::new(),
            description: String::new(),
            resolved: resolve(&config, FipsMode::Disabled),
            config,
            algorithm_policy: serde_json::from_str(policy).unwrap(),
            enforcement,
            formats: Vec::new(),
            key_bundle: false,
        };
        body.resolve(fips);
        let why = body.resolved.rationale.last().unwrap().clone();
        (body.resolved.suite, why)
    }

    #[test]
    fn a_policy_comes_before_what_is_preferred_only() {
        use FipsMode::{Disabled, Enabled, Preferred};
        use PolicyEnforcement::{Enforce, None, Warn};
        use Suite::{Aes256Gcm, ChaCha20Poly1305};
        let (narrow, other) = (
            r#"{"allowed_ciphers": ["ChaCha20"]}"#,
            r#"{"allowed_modes": ["gcm-siv"]}"#,
        );
        for (policy, enforcement, fips, suite, why) in [
            (narrow, Enforce, Preferred, ChaCha20Poly1305, "policy"),
            (narrow, Warn, Preferred, ChaCha20Poly1305, "policy"),
            (narrow, None, Preferred, Aes256Gcm, "fips mode"),
            (narrow, Enforce, Enabled, Aes256Gcm, "fips mode"),
            (narrow, Enforce, Disabled, ChaCha20Poly1305, "memory"),
            // Neither keeps it: the approved one is preferred.
            (other, Enforce, Preferred, Aes256Gcm, "fips mode"),
            ("{}", Enforce, Preferred, Aes256Gcm, "fips mode"),
        ] {
            let (found, because) = in_memory(policy, enforcement, fips);
            assert_eq!(found, suite, "{policy} {enforcement:?} {fips:?}");
            assert!(because.contains(why), "{because}");
        }
    }

    #[test]
    fn what_is_said_of_data_decides_on_the_suite() {
        for (said, suite, bits) in [
            (serde_json::json!({}), Suite::Aes256Gcm, 256),
            (
                serde_json::json!({"data_identity": {"sensitivity": "low"}}),
                Suite::Aes128Gcm,
                128,
            ),
            (
                serde_json::json!({"data_identity": {"sensitivity": "low", "pci": true}}),
                Suite::Aes256Gcm,
                256,
            ),
            (
                serde_json::json!({"data_identity":
                    {"sensitivity": "critical", "usage_context": "in_use"}}),
                Suite::ChaCha20Poly1305,
                256,
            ),
            (
                serde_json::json!({"access_patterns": {"operations_per_second": 10_000}}),
                Suite::Aes256GcmSiv,
                256,
            ),
            (
                serde_json::json!({"data_identity": {"sensitivity": "low"},
                    "threat_model": {"protection_lifetime_years": 11}}),
                Suite::Aes256Gcm,
                256,
            ),
        ] {
            let found = resolved(said.clone());
            assert_eq!((found.suite, found.minimum_bits), (suite, bits), "{said}");
            assert!(!found.rationale.is_empty());
        }
    }

    #[test]
    fn nothing_that_demands_256_bits_gets_128() {
        for flag in ["pii", "phi", "pci"] {
            let said = serde_json::json!({"data_identity": {"sensitivity": "low", flag: true}});
            assert_ne!(resolved(said).suite, Suite::Aes128Gcm);
        }
        let said = serde_json::json!({"data_identity": {"sensitivity": "low"},
            "regulatory": {"frameworks": ["HIPAA"]}});
        let found = resolved(said);
        assert_ne!(found.suite, Suite::Aes128Gcm);
        assert!(found.rationale.iter().any(|why| why.contains("HIPAA")));
    }
}
