//! Rules at the limits: each is taken or refused, and what is taken is evaluated in bounded steps.

use std::sync::atomic::{AtomicUsize, Ordering};

use cel::common::value::CowVal;
use cel::context::VariableResolver;

use super::*;

/// A quarter of what a thread of the server has, where rules that were taken are read again and evaluated.
const SERVER_STACK_BYTES: usize = 512 << 10;

/// Counts how often a rule reads a name, and gives none.
#[derive(Default)]
struct Reads(AtomicUsize);

impl VariableResolver for Reads {
    fn resolve<'b>(&'b self, _variable: &str) -> Option<CowVal<'b, 'b>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        None
    }
}

/// Evaluates a guard, and says how often it reads a name.
pub(super) fn reads(guard: &Guard) -> usize {
    let (body, client) = (context(serde_json::json!({})), client());
    let circumstances = sealing(&body, &client, 0);
    let reads = Reads::default();
    let mut context = circumstances.variables();
    context.set_variable_resolver(&reads);
    guard.holds(&context);
    reads.0.load(Ordering::Relaxed)
}

fn many(part: &str, between: &str, times: usize) -> String {
    vec![part; times].join(between)
}

/// As many parts as fit into the longest rule.
fn filled(part: &str, between: &str) -> String {
    let times = (1024 + between.len()) / (part.len() + between.len());
    many(part, between, times)
}

/// Rules as long and as deep as they may be, and one step further.
pub(super) fn rules() -> Vec<(String, Option<GuardFault>)> {
    let size = Some(GuardFault::Size);
    let within = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let one = "operation == 'encrypt'";
    vec![
        (within("(", one, ")", 32), None),
        (within("(", one, ")", 33), size),
        (within("!(", one, ")", 32), None),
        (
            within("[", "1", "]", 31) + " == [1]",
            Some(GuardFault::Type),
        ),
        (within("[", "1", "]", 32) + " == [1]", size),
        (many("time.hour", " + ", 47) + " > 0", None),
        (many("time.hour", " + ", 48) + " > 0", size),
        (many("context.pci", " != ", 48), None),
        (many("context.pci", " != ", 49), size),
        (filled("true", "!="), size),
        (filled("context.pci", " && "), None),
        (filled("context.pci", " || "), None),
        (filled("context.pci", "?context.pii:"), None),
        (many("true", "?true:", 49), None),
        (many("true", "?true:", 50), size),
        // The parser's own limit comes first.
        (filled("true", "?true:"), Some(GuardFault::Syntax)),
        (
            within("(context.pci?context.pii:", "context.phi", ")", 27),
            None,
        ),
        (
            within("(", "context.pci", "?context.pii:context.phi)", 26),
            None,
        ),
        ("!".repeat(1013) + "context.pci", None),
        ("!".repeat(1014) + "context.pci", size),
        (format!("time.hour in [{}]", many("1", ",", 64)), None),
        (format!("time.hour in [{}]", many("1", ",", 65)), size),
        (format!("operation == '{}'", "x".repeat(1009)), None),
        (format!("operation == '{}'", "x".repeat(1010)), size),
    ]
}

#[test]
fn a_rule_at_a_limit_is_taken_and_one_beyond_it_is_refused() {
    let mut wrong = Vec::new();
    for (rule, fault) in rules() {
        let found = guard(&rule, GuardSeverity::Block).err();
        if found != fault {
            wrong.push((found, fault, rule));
        }
    }
    assert!(wrong.is_empty(), "found, expected, rule: {wrong:#?}");
}

/// Nothing is read twice for one place in the rule, so that no rule costs more than its length.
#[test]
fn a_rule_that_is_taken_is_read_and_evaluated_within_its_length_on_the_servers_stack() {
    let taken = rules().into_iter().filter(|(_, fault)| fault.is_none());
    let rules: Vec<_> = taken.map(|(rule, _)| rule).collect();
    let work = move || {
        for rule in rules {
            let body = guard(&rule, GuardSeverity::Block).unwrap().body;
            let guards = Guards::read(vec![body]).unwrap();
            let reads = reads(&guards.all[0]);
            assert!(
                reads <= rule.len(),
                "{reads} reads, {} bytes: {rule}",
                rule.len()
            );
        }
    };
    let thread = std::thread::Builder::new().stack_size(SERVER_STACK_BYTES);
    thread.spawn(work).unwrap().join().unwrap();
}
