//! Guards: rules in CEL that every use of a named context must satisfy.
//!
//! ```text
//! guard     name · rule · severity · the contexts and uses that it is about
//! use       is in order where the rule of every guard that is about it is true
//! ```
//!
//! A rule is checked when it is saved: every name that it reads is known, every comparison is between
//! values of one type, its result is true or false, and it is short and shallow ([`check`]). What could
//! still fail when it is evaluated, for example a sum that is too large, counts as not true. Rules read the
//! suite that really seals or opens, not the one that was asked for.
//!
//! What is not taken: macros, and all else that loops.

mod check;
mod circumstances;
mod verdicts;

use strongroom_types::ContextName;
use strongroom_types::body::{GuardBody, GuardFinding, GuardSeverity};

pub use check::GuardFault;
use circumstances::variables_of_nobody;
pub(crate) use circumstances::{Circumstances, ImportedAlgorithm, Supposed};
use verdicts::Verdicts;

use crate::denial::Denial;

/// Compiles a rule as it is when a guard is kept, and says whether it is true of a use of which only suite,
/// operation and time are known. For who looks for rules that a server does not survive.
///
/// # Errors
/// It is not one that is taken.
pub fn try_rule(rule: &str) -> Result<bool, GuardFault> {
    let program = check::compile(rule)?;
    Ok(is_true(&program, &variables_of_nobody()))
}

/// An error is not true.
fn is_true(program: &cel::Program, context: &cel::Context<'_, '_>) -> bool {
    program.execute(context) == Ok(cel::Value::Bool(true))
}

/// A guard with its rule compiled.
pub(crate) struct Guard {
    pub(crate) body: GuardBody,
    program: cel::Program,
    reads_time: bool,
}

impl core::fmt::Debug for Guard {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Guard")
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl Guard {
    /// Compiles a rule.
    ///
    /// # Errors
    /// It is not one that is taken.
    pub(crate) fn new(body: GuardBody) -> Result<Self, GuardFault> {
        let program = check::compile(&body.rule)?;
        Ok(Self::of(body, program))
    }

    fn of(body: GuardBody, program: cel::Program) -> Self {
        let reads_time = program.references().has_variable("time");
        Self {
            body,
            program,
            reads_time,
        }
    }

    fn is_about(&self, circumstances: &Circumstances<'_>) -> bool {
        let body = &self.body;
        let context = &circumstances.context.name;
        body.enabled
            && (body.contexts.is_empty() || body.contexts.contains(context))
            && (body.operations.is_empty() || body.operations.contains(&circumstances.operation))
    }

    fn holds(&self, context: &cel::Context<'_, '_>) -> bool {
        is_true(&self.program, context)
    }

    fn finding(&self, context: &cel::Context<'_, '_>) -> GuardFinding {
        GuardFinding {
            name: self.body.name.clone(),
            severity: self.body.severity,
            passed: self.holds(context),
            message: self.body.message.clone(),
        }
    }
}

/// The guards of a workspace at one state epoch.
#[derive(Debug, Default)]
pub(crate) struct Guards {
    /// By name.
    all: Vec<Guard>,
    verdicts: Verdicts,
}

impl Guards {
    pub(crate) fn new(mut guards: Vec<Guard>) -> Self {
        guards.sort_by(|one, other| one.body.name.cmp(&other.body.name));
        Self {
            all: guards,
            verdicts: Verdicts::default(),
        }
    }

    /// Reads guards whose rules were taken when they were kept.
    ///
    /// # Errors
    /// A rule is none that can have been kept.
    pub(crate) fn read(bodies: Vec<GuardBody>) -> Result<Self, GuardFault> {
        let rules = bodies.iter().map(|body| body.rule.clone()).collect();
        let read = bodies.into_iter().zip(check::compile_taken(rules)?);
        let guards = read.map(|(body, program)| Guard::of(body, program));
        Ok(Self::new(guards.collect()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Guard> {
        self.all.iter()
    }

    pub(crate) fn find(&self, name: &ContextName) -> Option<&Guard> {
        self.iter().find(|guard| guard.body.name == *name)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// What the guards that are about a use say of it, were it one of this algorithm and team.
    pub(crate) fn findings(
        &self,
        circumstances: &Circumstances<'_>,
        supposed: Supposed<'_>,
    ) -> Vec<GuardFinding> {
        let context = circumstances.variables_supposing(supposed);
        let about = self.about(circumstances);
        about.map(|guard| guard.finding(&context)).collect()
    }

    fn about(&self, circumstances: &Circumstances<'_>) -> impl Iterator<Item = &Guard> {
        self.iter().filter(|guard| guard.is_about(circumstances))
    }

    /// The numbers of those among some that are about a use and do not hold, in a context of this.
    fn failing(
        &self,
        circumstances: &Circumstances<'_>,
        context: &cel::Context<'_, '_>,
        among: impl Fn(&Guard) -> bool,
    ) -> Vec<usize> {
        let fails =
            |guard: &Guard| among(guard) && guard.is_about(circumstances) && !guard.holds(context);
        let numbered = self.iter().enumerate();
        let failing = numbered.filter(|(_, guard)| fails(guard));
        failing.map(|(number, _)| number).collect()
    }

    /// Whether something that another product sealed may be opened: rules read how it is sealed.
    ///
    /// # Errors
    /// A guard blocks it.
    pub(crate) fn admit_imported(
        &self,
        circumstances: &Circumstances<'_>,
        algorithm: ImportedAlgorithm,
    ) -> Result<(), Denial> {
        let context = circumstances.variables_of(algorithm);
        self.verdict(&self.failing(circumstances, &context, |_| true))
            .map(drop)
    }

    /// What is to be said of a use that no guard blocks.
    ///
    /// # Errors
    /// One blocks it.
    pub(crate) fn admit(&self, circumstances: &Circumstances<'_>) -> Result<Vec<String>, Denial> {
        let mut about = self.about(circumstances).peekable();
        if about.peek().is_none() {
            return Ok(Vec::new());
        }
        let failing = |reads_time: bool| {
            let context = circumstances.variables();
            self.failing(circumstances, &context, |guard| {
                guard.reads_time == reads_time
            })
        };
        let remembered = self.verdicts.of(circumstances, || failing(false));
        if !about.any(|guard| guard.reads_time) {
            return self.verdict(&remembered);
        }
        // These alone are run each time; all are heard in the order of their names.
        let mut all = [&*remembered, &failing(true)].concat();
        all.sort_unstable();
        self.verdict(&all)
    }

    /// What is to be said of a use under which these do not hold.
    fn verdict(&self, failing: &[usize]) -> Result<Vec<String>, Denial> {
        let mut warnings = Vec::new();
        for guard in failing.iter().filter_map(|number| self.all.get(*number)) {
            let (name, message) = (&guard.body.name, &guard.body.message);
            if guard.body.severity == GuardSeverity::Block {
                return Err(Denial::Guarded {
                    name: name.to_string(),
                    message: message.clone(),
                });
            }
            warnings.push(format!("{name}: {message}"));
        }
        Ok(warnings)
    }
}

#[cfg(test)]
mod tests;
