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
pub(crate) use circumstances::{Circumstances, ImportedAlgorithm};
use verdicts::Verdicts;

use crate::denial::Denial;

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

    /// Reads a guard whose rule was taken when it was saved, so that it is short and shallow.
    ///
    /// # Errors
    /// It is none that can have been saved.
    pub(crate) fn read(body: GuardBody) -> Result<Self, GuardFault> {
        let program = cel::Program::compile(&body.rule).map_err(|_errors| GuardFault::Syntax)?;
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

    /// An error is not true.
    fn holds(&self, context: &cel::Context<'_, '_>) -> bool {
        self.program.execute(context) == Ok(cel::Value::Bool(true))
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

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Guard> {
        self.all.iter()
    }

    pub(crate) fn find(&self, name: &ContextName) -> Option<&Guard> {
        self.iter().find(|guard| guard.body.name == *name)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// What the guards that are about a use say of it.
    pub(crate) fn findings(&self, circumstances: &Circumstances<'_>) -> Vec<GuardFinding> {
        let mut about = self
            .iter()
            .filter(|guard| guard.is_about(circumstances))
            .peekable();
        if about.peek().is_none() {
            return Vec::new();
        }
        let context = circumstances.variables();
        about.map(|guard| guard.finding(&context)).collect()
    }

    /// The numbers of those that are about a use and do not hold, in a context of this.
    fn failing(
        &self,
        circumstances: &Circumstances<'_>,
        context: &cel::Context<'_, '_>,
    ) -> Vec<usize> {
        let fails = |guard: &Guard| guard.is_about(circumstances) && !guard.holds(context);
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
        self.verdict(&self.failing(circumstances, &context))
            .map(drop)
    }

    /// What is to be said of a use that no guard blocks.
    ///
    /// # Errors
    /// One blocks it.
    pub(crate) fn admit(&self, circumstances: &Circumstances<'_>) -> Result<Vec<String>, Denial> {
        let mut about = self
            .iter()
            .filter(|guard| guard.is_about(circumstances))
            .peekable();
        if about.peek().is_none() {
            return Ok(Vec::new());
        }
        let find = || self.failing(circumstances, &circumstances.variables());
        if about.any(|guard| guard.reads_time) {
            return self.verdict(&find());
        }
        self.verdict(&self.verdicts.of(circumstances, find))
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
