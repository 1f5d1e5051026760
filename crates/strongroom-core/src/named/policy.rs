//! Which suites may seal under a named context.
//!
//! What is asked of the suite is what the context's policy lists, and at least the strength that follows
//! from its data. It is asked of the suite that really seals, whether the context resolved it or the
//! caller chose it. What was sealed before opens as before: it could not be sealed again otherwise.

use strongroom_types::Suite;
use strongroom_types::body::{AlgorithmPolicy, GuardedOperation, PolicyEnforcement};

use super::{NamedContext, NamedContextBody, QUANTUM_RESISTANT_BITS};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid};
use crate::guard::Circumstances;
use crate::strongroom::Strongroom;

/// The name by which a refusal names the policy.
const NAME: &str = "algorithm_policy";
/// The most names in a list.
const NAMES_MAX: usize = 16;

/// The parts of a suite's name, as policies and callers write them.
struct Parts {
    cipher: String,
    mode: String,
    key_bits: u16,
}

/// Letters and digits in small letters: spellings differ.
fn plain(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

impl Parts {
    /// `AES-256-GCM` is AES with 256 bits in the mode GCM; ChaCha20-Poly1305 has one length.
    fn of(suite: Suite) -> Self {
        let mut words = suite.name().split('-');
        let cipher = plain(words.next().unwrap_or_default());
        let bits = words.clone().next().and_then(|word| word.parse().ok());
        if bits.is_some() {
            words.next();
        }
        let mode: Vec<_> = words.collect();
        Self {
            cipher,
            mode: plain(&mode.concat()),
            key_bits: bits.unwrap_or(256),
        }
    }

    fn has_cipher(&self, suite: Suite, name: &str) -> bool {
        let name = plain(name);
        name == self.cipher || name == plain(suite.name())
    }

    /// A mode that is authenticated by HMAC goes by its own name.
    fn has_mode(&self, name: &str) -> bool {
        let more = self.mode.strip_prefix(plain(name).as_str());
        more.is_some_and(|more| more.is_empty() || more.starts_with("hmac"))
    }
}

/// # Errors
/// A policy names what no suite has, or too much.
pub(crate) fn check(policy: &AlgorithmPolicy) -> Result<(), Denial> {
    let wrong = |field: &'static str| Denial::from(Invalid::Field(field.into()));
    let known = |names: &Option<Vec<String>>, is: &dyn Fn(Suite, &str) -> bool| {
        names.as_ref().is_none_or(|names| {
            let any = |name: &String| Suite::ALL.iter().any(|suite| is(*suite, name));
            (1..=NAMES_MAX).contains(&names.len()) && names.iter().all(any)
        })
    };
    if !known(&policy.allowed_ciphers, &|suite, name| {
        Parts::of(suite).has_cipher(suite, name)
    }) {
        return Err(wrong("algorithm_policy.allowed_ciphers"));
    }
    if !known(&policy.allowed_modes, &|suite, name| {
        Parts::of(suite).has_mode(name)
    }) {
        return Err(wrong("algorithm_policy.allowed_modes"));
    }
    if policy.min_key_bits.is_some_and(|bits| bits > 256) {
        return Err(wrong("algorithm_policy.min_key_bits"));
    }
    Ok(())
}

impl NamedContext {
    /// The circumstances of a use of it now, where all that wraps its key is symmetric or is not.
    pub(crate) fn use_now<'a>(
        &'a self,
        room: &Strongroom,
        caller: &'a Caller,
        (operation, suite): (GuardedOperation, Suite),
        symmetric: bool,
    ) -> Circumstances<'a> {
        Circumstances {
            operation,
            suite,
            symmetric,
            context: &self.body,
            client: &caller.client,
            now: room.time.now(),
        }
    }

    /// What is to be said of sealing in a suite now.
    ///
    /// # Errors
    /// The policy refuses the suite, or a guard the use.
    pub(crate) fn admit_sealing(
        &self,
        room: &Strongroom,
        caller: &Caller,
        suite: Suite,
        symmetric: bool,
    ) -> Result<Vec<String>, Denial> {
        let mut warnings = self.body.admit(suite, symmetric)?;
        let sealing = self.use_now(room, caller, (GuardedOperation::Encrypt, suite), symmetric);
        warnings.extend(caller.state.guards.admit(&sealing)?);
        Ok(warnings)
    }
}

impl NamedContextBody {
    /// What is to be said of sealing in a suite that the policy does not refuse, where all that wraps its
    /// key is symmetric or is not.
    ///
    /// # Errors
    /// The policy refuses the suite.
    pub(crate) fn admit(&self, suite: Suite, symmetric: bool) -> Result<Vec<String>, Denial> {
        let broken = match self.enforcement {
            PolicyEnforcement::None => Vec::new(),
            PolicyEnforcement::Warn | PolicyEnforcement::Enforce => self.broken(suite, symmetric),
        };
        if self.enforcement == PolicyEnforcement::Enforce && !broken.is_empty() {
            return Err(Denial::Guarded {
                name: NAME.to_owned(),
                message: broken.join("; "),
            });
        }
        let warning = |message| format!("{NAME}: {message}");
        Ok(broken.into_iter().map(warning).collect())
    }

    /// What of the policy a suite does not keep.
    fn broken(&self, suite: Suite, symmetric: bool) -> Vec<String> {
        let (policy, parts, name) = (&self.algorithm_policy, Parts::of(suite), suite.name());
        let without = |names: &Option<Vec<String>>, is: &dyn Fn(&str) -> bool| {
            names
                .as_ref()
                .is_some_and(|names| !names.iter().any(|name| is(name)))
        };
        let bits = policy
            .min_key_bits
            .unwrap_or(0)
            .max(self.resolved.minimum_bits);
        let broken = [
            (
                without(&policy.allowed_ciphers, &|cipher| {
                    parts.has_cipher(suite, cipher)
                }),
                format!("{name} is not among the allowed ciphers"),
            ),
            (
                without(&policy.allowed_modes, &|mode| parts.has_mode(mode)),
                format!("{name} is not in an allowed mode"),
            ),
            (
                parts.key_bits < bits,
                format!("{name} has {} bits, {bits} are asked for", parts.key_bits),
            ),
            (
                policy.require_quantum_safe && !symmetric,
                "not all that wraps the key is symmetric, and so resists quantum computers"
                    .to_owned(),
            ),
            (
                policy.require_quantum_safe && parts.key_bits < QUANTUM_RESISTANT_BITS,
                format!(
                    "{name} has {} bits, {QUANTUM_RESISTANT_BITS} resist quantum computers",
                    parts.key_bits
                ),
            ),
        ];
        let broken = broken.into_iter().filter(|(is, _)| *is);
        broken.map(|(_, message)| message).collect()
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::body::NamedContextConfig;

    use super::*;
    use crate::named::resolve;

    fn body(config: &str, policy: &str, enforcement: PolicyEnforcement) -> NamedContextBody {
        let config: NamedContextConfig = serde_json::from_str(config).unwrap();
        NamedContextBody {
            name: "name".parse().unwrap(),
            display_name: String::new(),
            description: String::new(),
            resolved: resolve(&config, strongroom_types::FipsMode::Disabled),
            config,
            algorithm_policy: serde_json::from_str(policy).unwrap(),
            enforcement,
            formats: Vec::new(),
            key_bundle: false,
        }
    }

    const CRITICAL: &str = r#"{"data_identity":{"sensitivity":"critical"}}"#;
    const LOW: &str = r#"{"data_identity":{"sensitivity":"low"}}"#;

    #[test]
    fn data_that_asks_for_256_bits_refuses_128() {
        let of = |enforcement| body(CRITICAL, "{}", enforcement).admit(Suite::Aes128Gcm, true);
        assert!(matches!(
            of(PolicyEnforcement::Enforce),
            Err(Denial::Guarded { .. })
        ));
        assert_eq!(of(PolicyEnforcement::Warn).unwrap().len(), 1);
        assert_eq!(of(PolicyEnforcement::None), Ok(Vec::new()));
        let low = body(LOW, "{}", PolicyEnforcement::Enforce);
        assert_eq!(low.admit(Suite::Aes128Gcm, true), Ok(Vec::new()));
    }

    #[test]
    fn each_condition_refuses_by_itself() {
        for (policy, admitted) in [
            ("{}", true),
            (r#"{"allowed_ciphers":["AES"]}"#, true),
            (r#"{"allowed_ciphers":["AES-256-GCM","ChaCha20"]}"#, true),
            (r#"{"allowed_ciphers":["ChaCha20"]}"#, false),
            (r#"{"allowed_modes":["gcm"]}"#, true),
            (r#"{"allowed_modes":["gcm-siv"]}"#, false),
            (r#"{"min_key_bits":256}"#, true),
            (r#"{"require_quantum_safe":true}"#, true),
        ] {
            let body = body(CRITICAL, policy, PolicyEnforcement::Enforce);
            assert_eq!(
                body.admit(Suite::Aes256Gcm, true).is_ok(),
                admitted,
                "{policy}"
            );
        }
        let asks = body(LOW, r#"{"min_key_bits":256}"#, PolicyEnforcement::Enforce);
        assert!(asks.admit(Suite::Aes128Gcm, true).is_err());
    }

    #[test]
    fn quantum_safe_are_256_bits_under_symmetric_keys_alone() {
        let policy = r#"{"require_quantum_safe":true}"#;
        let asks = body(LOW, policy, PolicyEnforcement::Enforce);
        for &suite in Suite::ALL {
            let long = suite.key_bits() == 256;
            assert_eq!(asks.admit(suite, true).is_ok(), long, "{suite}");
            assert!(asks.admit(suite, false).is_err(), "{suite}");
        }
        let warns = body(LOW, policy, PolicyEnforcement::Warn);
        assert_eq!(warns.admit(Suite::Aes128Gcm, false).unwrap().len(), 2);
        let no_matter = body(LOW, "{}", PolicyEnforcement::Enforce);
        assert_eq!(no_matter.admit(Suite::Aes128Gcm, false), Ok(Vec::new()));
    }

    #[test]
    fn a_policy_of_what_there_is_not_is_refused() {
        for wrong in [
            r#"{"allowed_ciphers":["DES"]}"#,
            r#"{"allowed_ciphers":[]}"#,
            r#"{"allowed_modes":["xts"]}"#,
            r#"{"min_key_bits":512}"#,
        ] {
            assert!(
                check(&serde_json::from_str(wrong).unwrap()).is_err(),
                "{wrong}"
            );
        }
        let right = r#"{"allowed_ciphers":["AES"],"allowed_modes":["gcm"],"min_key_bits":128}"#;
        assert!(check(&serde_json::from_str(right).unwrap()).is_ok());
    }
}
