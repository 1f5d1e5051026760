//! What a rule may be: known names, one type on both sides, true or false in the end, short and shallow.

use cel::common::ast::{CallExpr, Expr, ListExpr, LiteralValue, SelectExpr, operators};

/// The longest rule, in bytes.
const BYTES_MAX: usize = 1024;
/// How many brackets there may be, so that they cannot stand deeper in each other either. The parser calls
/// itself for each.
const BRACKETS_MAX: usize = 32;
/// How deep the expression may be. The evaluator calls itself for each level.
const DEPTH_MAX: usize = 48;
/// The longest list.
const LIST_MAX: usize = 64;
/// What the thread has that parses: more than any rule of this length takes, in a debug build too.
const STACK_BYTES: usize = 16 << 20;

/// Why a rule is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuardFault {
    /// Too long, or too deep.
    #[error("rule is too long or too deep")]
    Size,
    /// It is no expression in CEL.
    #[error("rule is no expression in CEL")]
    Syntax,
    /// It reads a name, or calls a function, that there is not.
    #[error("rule reads a name, or calls a function, that there is not")]
    Unknown,
    /// It compares values of two types, or is neither true nor false.
    #[error("rule compares what cannot be compared, or is neither true nor false")]
    Type,
    /// It loops.
    #[error("rule has a macro: nothing that loops is taken")]
    Loop,
}

/// The type of a part of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Truth,
    Number,
    Text,
    Numbers,
    Texts,
}

/// The names that rules read.
const NAMES: [(&str, Type); 23] = [
    ("algorithm.name", Type::Text),
    ("algorithm.mode", Type::Text),
    ("algorithm.key_bits", Type::Number),
    ("algorithm.quantum_resistant", Type::Truth),
    ("algorithm.hardware_acceleration", Type::Truth),
    ("context.name", Type::Text),
    ("context.sensitivity", Type::Text),
    ("context.pii", Type::Truth),
    ("context.phi", Type::Truth),
    ("context.pci", Type::Truth),
    ("context.frameworks", Type::Texts),
    ("context.protection_lifetime_years", Type::Number),
    ("context.frequency", Type::Text),
    ("context.audit_level", Type::Text),
    ("identity.id", Type::Text),
    ("identity.name", Type::Text),
    ("identity.team", Type::Text),
    ("identity.environment", Type::Text),
    ("identity.type", Type::Text),
    ("operation", Type::Text),
    ("time.unix", Type::Number),
    ("time.hour", Type::Number),
    ("time.weekday", Type::Number),
];

/// Compiles a rule that is one that is taken.
pub(super) fn compile(rule: &str) -> Result<cel::Program, GuardFault> {
    if rule.len() > BYTES_MAX || brackets(rule) > BRACKETS_MAX {
        return Err(GuardFault::Size);
    }
    let rule = rule.to_owned();
    // Dropped there too if it is refused: that is as deep as parsing it.
    on_a_deep_stack(move || {
        let program = parse(&rule)?;
        match type_of(&program.expression().expr, 0)? {
            Type::Truth => Ok(program),
            _ => Err(GuardFault::Type),
        }
    })
}

/// Compiles rules that were taken when they were kept, so that they are not checked again.
pub(super) fn compile_taken(rules: Vec<String>) -> Result<Vec<cel::Program>, GuardFault> {
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    on_a_deep_stack(move || rules.iter().map(|rule| parse(rule)).collect())
}

fn parse(rule: &str) -> Result<cel::Program, GuardFault> {
    cel::Program::compile(rule).map_err(|_errors| GuardFault::Syntax)
}

/// The parser takes more of a stack than a thread of the server has, and what overflows one ends the process.
fn on_a_deep_stack<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GuardFault> + Send + 'static,
) -> Result<T, GuardFault> {
    let thread = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(work);
    let thread = thread.map_err(|_no_thread| GuardFault::Size)?;
    thread.join().unwrap_or(Err(GuardFault::Syntax))
}

/// How many brackets open, those in texts included.
fn brackets(rule: &str) -> usize {
    let opens = |byte: &u8| matches!(byte, b'(' | b'[' | b'{');
    rule.bytes().filter(opens).count()
}

fn type_of(expr: &Expr, depth: usize) -> Result<Type, GuardFault> {
    if depth > DEPTH_MAX {
        return Err(GuardFault::Size);
    }
    match expr {
        Expr::Literal(LiteralValue::Boolean(_)) => Ok(Type::Truth),
        Expr::Literal(LiteralValue::Int(_)) => Ok(Type::Number),
        Expr::Literal(LiteralValue::String(_)) => Ok(Type::Text),
        Expr::Ident(_) | Expr::Select(_) => named(&path(expr, depth)?),
        Expr::List(list) => list_of(list, depth),
        Expr::Call(call) => call_of(call, depth),
        Expr::Comprehension(_) => Err(GuardFault::Loop),
        Expr::Unspecified | Expr::Literal(_) | Expr::Map(_) | Expr::Struct(_) => {
            Err(GuardFault::Type)
        }
    }
}

/// The dotted name that an expression spells.
fn path(expr: &Expr, depth: usize) -> Result<String, GuardFault> {
    if depth > DEPTH_MAX {
        return Err(GuardFault::Size);
    }
    match expr {
        Expr::Ident(name) => Ok(name.clone()),
        Expr::Select(SelectExpr {
            operand,
            field,
            test: false,
        }) => Ok(format!("{}.{field}", path(&operand.expr, depth + 1)?)),
        _ => Err(GuardFault::Type),
    }
}

fn named(path: &str) -> Result<Type, GuardFault> {
    let found = NAMES.iter().find(|(name, _)| *name == path);
    found.map(|(_, kind)| *kind).ok_or(GuardFault::Unknown)
}

fn list_of(list: &ListExpr, depth: usize) -> Result<Type, GuardFault> {
    if list.elements.len() > LIST_MAX {
        return Err(GuardFault::Size);
    }
    if !list.optional_indices.is_empty() {
        return Err(GuardFault::Type);
    }
    let types = list
        .elements
        .iter()
        .map(|one| type_of(&one.expr, depth + 1));
    let types: Vec<_> = types.collect::<Result<_, _>>()?;
    match types.first() {
        Some(Type::Number) if all(&types, Type::Number) => Ok(Type::Numbers),
        None | Some(Type::Text) if all(&types, Type::Text) => Ok(Type::Texts),
        _ => Err(GuardFault::Type),
    }
}

fn all(types: &[Type], wanted: Type) -> bool {
    types.iter().all(|one| *one == wanted)
}

fn call_of(call: &CallExpr, depth: usize) -> Result<Type, GuardFault> {
    let target = call.target.iter().map(|target| &target.expr);
    let parts = target.chain(call.args.iter().map(|arg| &arg.expr));
    let types = parts.map(|part| type_of(part, depth + 1));
    let types: Vec<_> = types.collect::<Result<_, _>>()?;
    let when = |fits: bool, gives: Type| fits.then_some(gives).ok_or(GuardFault::Type);
    match (call.func_name.as_str(), types.as_slice()) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, types) => {
            when(all(types, Type::Truth), Type::Truth)
        }
        (operators::LOGICAL_NOT, [Type::Truth])
        | (operators::IN, [Type::Text, Type::Texts] | [Type::Number, Type::Numbers])
        | ("startsWith" | "endsWith" | "contains", [Type::Text, Type::Text]) => Ok(Type::Truth),
        (operators::EQUALS | operators::NOT_EQUALS, [one, other]) => {
            when(one == other, Type::Truth)
        }
        (
            operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS,
            types,
        ) => when(all(types, Type::Number), Type::Truth),
        (operators::ADD | operators::SUBSTRACT, types) => {
            when(all(types, Type::Number), Type::Number)
        }
        (operators::NEGATE, [Type::Number])
        | ("size", [Type::Text | Type::Texts | Type::Numbers]) => Ok(Type::Number),
        (operators::CONDITIONAL, [Type::Truth, one, other]) => when(one == other, *one),
        (known, _) if is_known(known) => Err(GuardFault::Type),
        _ => Err(GuardFault::Unknown),
    }
}

/// Whether a function is one that some types have.
fn is_known(name: &str) -> bool {
    const FUNCTIONS: [&str; 4] = ["startsWith", "endsWith", "contains", "size"];
    // Operators have names that no function can have.
    FUNCTIONS.contains(&name) || !name.chars().all(|letter| letter.is_ascii_alphanumeric())
}
