mod limits;
mod mutations;

use strongroom_types::body::{
    AlgorithmPolicy, GuardedOperation, NamedContextConfig, PolicyEnforcement,
};
use strongroom_types::{ClientId, Suite};

use super::*;
use crate::caller::{Client, ClientBody};
use crate::named::{NamedContextBody, resolve};
use crate::ports::Micros;

fn guard(rule: &str, severity: GuardSeverity) -> Result<Guard, GuardFault> {
    Guard::new(GuardBody {
        name: "strong-keys".parse().unwrap(),
        description: String::new(),
        rule: rule.to_owned(),
        severity,
        message: "use a stronger key".to_owned(),
        enabled: true,
        contexts: Vec::new(),
        operations: Vec::new(),
        metadata: serde_json::Map::new(),
    })
}

fn context(config: serde_json::Value) -> NamedContextBody {
    let config: NamedContextConfig = serde_json::from_value(config).unwrap();
    NamedContextBody {
        name: "payment-data".parse().unwrap(),
        display_name: String::new(),
        description: String::new(),
        resolved: resolve(&config, strongroom_types::FipsMode::Disabled),
        config,
        algorithm_policy: AlgorithmPolicy::default(),
        enforcement: PolicyEnforcement::default(),
        formats: Vec::new(),
        key_bundle: false,
    }
}

fn client() -> Client {
    Client {
        id: ClientId::from_bytes([1; 16]),
        created: 0,
        body: ClientBody {
            name: "shop".to_owned(),
            permissions: Vec::new(),
            allowed_contexts: Vec::new(),
            disabled: false,
            everything: Some(false),
            application: None,
            user: None,
            registrations: None,
        },
    }
}

/// Sealing under AES-256.
fn sealing<'a>(
    context: &'a NamedContextBody,
    client: &'a Client,
    now: Micros,
) -> Circumstances<'a> {
    Circumstances {
        operation: GuardedOperation::Encrypt,
        suite: Suite::Aes256Gcm,
        symmetric: true,
        context,
        client,
        now,
    }
}

/// Whether a rule holds when a value of a critical context is opened, at noon on a Thursday.
fn holds(rule: &str) -> bool {
    let body = context(serde_json::json!({
        "data_identity": {"sensitivity": "critical", "pci": true},
        "regulatory": {"frameworks": ["PCI-DSS"]},
        "threat_model": {"protection_lifetime_years": 7},
    }));
    let client = client();
    let circumstances = Circumstances {
        operation: GuardedOperation::Decrypt,
        suite: Suite::Aes128Gcm,
        symmetric: true,
        context: &body,
        client: &client,
        now: 12 * 3600 * 1_000_000,
    };
    let guards = Guards::new(vec![guard(rule, GuardSeverity::Block).unwrap()]);
    match guards.admit(&circumstances) {
        Ok(warnings) => {
            assert!(warnings.is_empty());
            true
        }
        Err(Denial::Guarded { name, .. }) => {
            assert_eq!(name, "strong-keys");
            false
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn rules_read_what_is_used() {
    for rule in [
        "algorithm.key_bits == 128 && algorithm.name == 'AES-128-GCM'",
        "context.sensitivity == \"critical\" && context.pci && !context.pii",
        "'PCI-DSS' in context.frameworks && !('HIPAA' in context.frameworks)",
        "context.protection_lifetime_years < 10 || algorithm.quantum_resistant",
        "operation in ['decrypt', 'encrypt'] && operation != 'encrypt'",
        "identity.type == 'user' && identity.name.startsWith('sh') && identity.team == ''",
        "time.hour == 12 && time.weekday == 4 && time.unix == 43200",
        "size(context.frameworks) == 1 && size(context.name) > 3",
        "(context.pci ? algorithm.key_bits : 256) + 1 == 129",
        "algorithm.key_bits in [128, 256]",
    ] {
        assert!(holds(rule), "{rule}");
        assert!(!holds(&format!("!({rule})")), "{rule}");
    }
}

#[test]
fn what_fails_when_it_is_evaluated_is_not_true() {
    assert!(!holds("9223372036854775807 + time.hour > 0"));
}

#[test]
fn a_rule_is_tried_without_a_use() {
    assert_eq!(
        try_rule("algorithm.key_bits == 256 && time.unix == 0"),
        Ok(true)
    );
    assert_eq!(try_rule("operation == 'decrypt'"), Ok(false));
    // Nothing is known of it.
    assert_eq!(try_rule("identity.id == ''"), Ok(false));
    assert_eq!(try_rule("operation"), Err(GuardFault::Type));
}

#[test]
fn a_rule_that_reads_what_there_is_not_is_refused() {
    for rule in [
        "contxt.pci",
        "context.pic || true",
        "true || algorithm.bits == 1",
        "algorithm == context",
        "now() > 1",
        "identity.name.matches('a+')",
    ] {
        let fault = guard(rule, GuardSeverity::Block).unwrap_err();
        assert_eq!(fault, GuardFault::Unknown, "{rule}");
    }
}

#[test]
fn a_rule_that_is_not_true_or_false_is_refused() {
    for rule in [
        "1",
        "context.name",
        "algorithm.key_bits == '256'",
        "context.pci == 1",
        "context.name > 'a'",
        "1.5 == 1.5",
        "null == null",
        "[1, 'a'] == [1, 'a']",
        "{'a': 1}.a == 1",
        "1 in context.frameworks",
        "context.pci && 1",
    ] {
        let fault = guard(rule, GuardSeverity::Block).unwrap_err();
        assert_eq!(fault, GuardFault::Type, "{rule}");
    }
    for rule in ["", "1 ==", "(", "context.pci &&", "a b", "'"] {
        let fault = guard(rule, GuardSeverity::Block).unwrap_err();
        assert_eq!(fault, GuardFault::Syntax, "{rule}");
    }
}

#[test]
fn a_rule_that_loops_or_has_no_end_is_refused() {
    for rule in [
        "context.frameworks.all(f, f != 'x')",
        "[1].map(x, x) == [1]",
        "context.frameworks.exists(f, [1].exists(x, x == 1))",
    ] {
        let fault = guard(rule, GuardSeverity::Block).unwrap_err();
        assert_eq!(fault, GuardFault::Loop, "{rule}");
    }
    let many = |part: &str, between: &str, times: usize| vec![part; times].join(between);
    for rule in [
        "x".repeat(10 << 20),
        format!("{}true{}", "(".repeat(33), ")".repeat(33)),
        format!("{} > 0", many("1", "+", 400)),
        format!("time.hour in [{}]", many("1", ",", 65)),
        format!("context{} == 1", ".a".repeat(400)),
        many("true", "?true:", 80),
    ] {
        let fault = guard(&rule, GuardSeverity::Block).unwrap_err();
        let expected = matches!(
            fault,
            GuardFault::Size | GuardFault::Syntax | GuardFault::Type
        );
        assert!(expected, "{fault:?}: {}", rule.get(..60).unwrap_or(&rule));
    }
    // What is long but not deep is taken; of repeated signs the parser makes one or none.
    assert!(
        guard(
            &format!("{}context.pci", "!".repeat(900)),
            GuardSeverity::Block
        )
        .is_ok()
    );
    assert!(guard(&many("context.pci", " && ", 60), GuardSeverity::Block).is_ok());
}

#[test]
fn only_what_blocks_refuses() {
    let body = context(serde_json::json!({}));
    let client = client();
    let circumstances = sealing(&body, &client, 0);
    let said = |change: &dyn Fn(&mut GuardBody)| {
        let mut guard = guard("false", GuardSeverity::Warn).unwrap();
        change(&mut guard.body);
        Guards::new(vec![guard]).admit(&circumstances)
    };
    let warning = vec!["strong-keys: use a stronger key".to_owned()];
    assert_eq!(said(&|_| {}), Ok(warning.clone()));
    assert_eq!(
        said(&|body| body.severity = GuardSeverity::Info),
        Ok(warning.clone())
    );
    assert!(said(&|body| body.severity = GuardSeverity::Block).is_err());
    // What is switched off, or about something else, says nothing.
    assert_eq!(said(&|body| body.enabled = false), Ok(Vec::new()));
    let other = |body: &mut GuardBody| body.contexts = vec!["other".parse().unwrap()];
    assert_eq!(said(&other), Ok(Vec::new()));
    let opening = |body: &mut GuardBody| body.operations = vec![GuardedOperation::Decrypt];
    assert_eq!(said(&opening), Ok(Vec::new()));
    let this = |body: &mut GuardBody| {
        body.contexts = vec!["payment-data".parse().unwrap()];
        body.operations = vec![GuardedOperation::Encrypt];
    };
    assert_eq!(said(&this), Ok(warning));
}

/// What was found is kept for the same use, and for no other; what reads the time is found each time.
#[test]
fn findings_are_those_of_this_use() {
    let plain = context(serde_json::json!({"data_identity": {"sensitivity": "critical"}}));
    let mut other = plain.clone();
    other.name = "other".parse().unwrap();
    let (client, mut stranger) = (client(), client());
    stranger.id = ClientId::from_bytes([9; 16]);
    stranger.body.name = "mallory".to_owned();
    let with = |rule: &str| Guards::new(vec![guard(rule, GuardSeverity::Block).unwrap()]);
    let of = sealing(&plain, &client, 0);
    let (suite, operation) = (Suite::Aes128Gcm, GuardedOperation::Decrypt);
    let symmetric = false;
    for (rule, changed) in [
        ("algorithm.key_bits == 256", Circumstances { suite, ..of }),
        ("operation == 'encrypt'", Circumstances { operation, ..of }),
        (
            "algorithm.quantum_resistant",
            Circumstances { symmetric, ..of },
        ),
        ("algorithm.quantum_resistant", Circumstances { suite, ..of }),
        (
            "context.name != 'other'",
            Circumstances {
                context: &other,
                ..of
            },
        ),
        (
            "identity.name != 'mallory'",
            Circumstances {
                client: &stranger,
                ..of
            },
        ),
        (
            "time.hour < 1",
            Circumstances {
                now: 3_600_000_000,
                ..of
            },
        ),
    ] {
        let guards = with(rule);
        for _again in 0..2 {
            assert!(guards.admit(&of).is_ok(), "{rule}");
            assert!(guards.admit(&changed).is_err(), "{rule}");
        }
    }
}

#[test]
fn only_the_numbers_of_guards_are_remembered_of_a_use() {
    let messages = |severity, rule: &str| {
        let mut guard = guard(rule, severity).unwrap();
        guard.body.message = "x".repeat(4096);
        guard
    };
    let all = (0..100).map(|number| {
        let holds = number % 4 != 0;
        messages(GuardSeverity::Warn, if holds { "true" } else { "false" })
    });
    let guards = Guards::new(all.collect());
    let (body, client) = (context(serde_json::json!({})), client());
    let circumstances = sealing(&body, &client, 0);
    for _ in 0..2 {
        assert_eq!(guards.admit(&circumstances).unwrap().len(), 25);
    }
    let remembered = guards.verdicts.of(&circumstances, Vec::new);
    assert_eq!(remembered.len(), 25);
    assert_eq!(size_of_val(&*remembered), 25 * size_of::<usize>());
}

/// What reads the time is run each time; what else there is, once.
#[test]
fn only_rules_that_read_the_time_are_run_again() {
    let of = |name: &str, rule: &str| {
        let mut guard = guard(rule, GuardSeverity::Warn).unwrap();
        guard.body.name = name.parse().unwrap();
        guard
    };
    let guards = Guards::new(vec![
        of("a-fails", "false"),
        of("b-early", "time.hour < 1"),
        of("c-fails", "algorithm.key_bits > 256"),
        of("d-holds", "true"),
    ]);
    let (body, client) = (context(serde_json::json!({})), client());
    let at = |now| sealing(&body, &client, now);
    let said = |now| -> Vec<_> {
        let warnings = guards.admit(&at(now)).unwrap();
        let name = |warning: &String| warning.split(": ").next().unwrap().to_owned();
        let names = warnings.iter().map(name);
        names.collect()
    };
    assert_eq!(said(0), ["a-fails", "c-fails"]);
    assert_eq!(said(3_600_000_000), ["a-fails", "b-early", "c-fails"]);
    let found_again = || panic!("a rule that does not read the time is run again");
    assert_eq!(*guards.verdicts.of(&at(0), found_again), [0, 2]);
}

#[test]
fn what_is_supposed_of_a_use_is_read() {
    let (body, client) = (context(serde_json::json!({})), client());
    let circumstances = sealing(&body, &client, 0);
    let other =
        "algorithm.name == 'DES' && algorithm.key_bits == 0 && !algorithm.quantum_resistant";
    let rules = [other, "identity.team == 'core' && identity.name == 'shop'"];
    let guards = rules.map(|rule| guard(rule, GuardSeverity::Block).unwrap());
    let guards = Guards::new(guards.into());
    let passed = |supposed| -> Vec<_> {
        let findings = guards.findings(&circumstances, supposed);
        findings.iter().map(|finding| finding.passed).collect()
    };
    assert_eq!(passed(Supposed::default()), [false, false]);
    let (algorithm, team) = (Some("DES"), Some("core"));
    assert_eq!(passed(Supposed { algorithm, team }), [true, true]);
}
