//! `/api/v1/applications/{id}/promotion`: how far an application is, and moving it.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Approval, ContextReadiness, Invalid, Promotion, Refused, Tier};
use strongroom_types::{ClientId, ContextName};

use super::applications::ApplicationId;
use crate::edge::{
    App, Caller, Document, FromParameters, Parameters, Query, Reply, Sent, Target as Path, ok,
};

/// Where applications go if nothing is said.
const PRODUCTION: &str = "production";

/// `?target=`.
#[derive(Debug)]
pub(super) struct Where(String);

impl FromParameters for Where {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let target = parameters.text("target")?;
        Ok(Self(target.unwrap_or_else(|| PRODUCTION.to_owned())))
    }
}

/// How far an application is under a context.
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one threshold is met, as in their answer"
)]
struct Readiness {
    context: ContextName,
    tier: u8,
    tier_display: &'static str,
    current_operations: u64,
    required_operations: u64,
    operations_met: bool,
    current_hours: u64,
    required_hours: u64,
    hours_met: bool,
    current_unique_days: u64,
    required_days: u64,
    days_met: bool,
    requires_approval: bool,
    is_ready: bool,
}

impl From<&ContextReadiness> for Readiness {
    fn from(found: &ContextReadiness) -> Self {
        let (tier, tier_display) = match found.tier {
            Tier::Low => (1, "Tier 1: Low"),
            Tier::Medium => (2, "Tier 2: Medium"),
            Tier::High => (3, "Tier 3: High"),
        };
        Self {
            context: found.context.clone(),
            tier,
            tier_display,
            current_operations: found.operations.current,
            required_operations: found.operations.required,
            operations_met: found.operations.is_met(),
            current_hours: found.hours.current,
            required_hours: found.hours.required,
            hours_met: found.hours.is_met(),
            current_unique_days: found.days.current,
            required_days: found.days.required,
            days_met: found.days.is_met(),
            requires_approval: found.tier == Tier::High,
            is_ready: found.is_ready(),
        }
    }
}

/// What waits for an owner.
#[derive(Serialize)]
struct AwaitedPromotion {
    target_environment: String,
    contexts: Vec<ContextName>,
    /// `null` if it is not before its time.
    justification: Option<String>,
}

impl AwaitedPromotion {
    fn of(found: &Promotion) -> Option<Self> {
        let awaited = found.waiting.clone()?;
        Some(Self {
            target_environment: awaited.target,
            contexts: found
                .contexts
                .iter()
                .map(|one| one.context.clone())
                .collect(),
            justification: awaited.reason,
        })
    }
}

/// How far an application is.
#[derive(Serialize)]
pub(super) struct Told {
    app_id: ClientId,
    app_name: String,
    current_environment: String,
    target_environment: String,
    is_ready: bool,
    requires_approval: bool,
    awaits_approval: bool,
    /// What an approval must name.
    #[serde(skip_serializing_if = "Option::is_none")]
    awaited: Option<AwaitedPromotion>,
    ready_count: usize,
    total_count: usize,
    blocking_contexts: Vec<ContextName>,
    contexts: Vec<Readiness>,
    message: &'static str,
}

impl From<Promotion> for Told {
    fn from(found: Promotion) -> Self {
        let blocking = found.contexts.iter().filter(|one| !one.is_ready());
        let blocking: Vec<_> = blocking.map(|one| one.context.clone()).collect();
        let message = match (found.done, found.waiting.is_some(), found.is_ready()) {
            (true, ..) => "Application promoted",
            (_, true, _) => "Promotion waits for an owner's approval",
            (_, _, true) => "Ready for promotion",
            _ => "Not yet ready: thresholds are not met",
        };
        Self {
            is_ready: found.is_ready(),
            requires_approval: found.needs_approval(),
            awaits_approval: found.waiting.is_some(),
            awaited: AwaitedPromotion::of(&found),
            ready_count: found.contexts.len() - blocking.len(),
            total_count: found.contexts.len(),
            blocking_contexts: blocking,
            contexts: found.contexts.iter().map(Readiness::from).collect(),
            message,
            app_id: found.id,
            app_name: found.name,
            current_environment: if found.done {
                found.target.clone()
            } else {
                found.environment
            },
            target_environment: found.target,
        }
    }
}

fn told(found: Result<Answered<Promotion>, Refused>) -> Result<Answered<Told>, Refused> {
    found.map(|answered| answered.map(Told::from))
}

pub(super) async fn look(
    State(app): State<App>,
    Caller(ask): Caller,
    Path(ApplicationId(id)): Path<ApplicationId>,
    Query(Where(target)): Query<Where>,
) -> Reply<Document<Told>> {
    ok(&ask, told(app.room.promotion_info(&ask, id, target).await))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Promote {
    #[serde(default)]
    target_environment: Option<String>,
}

pub(super) async fn promote(
    State(app): State<App>,
    Path(ApplicationId(id)): Path<ApplicationId>,
    Sent { ask, body, .. }: Sent<Promote>,
) -> Reply<Document<Told>> {
    let target = body.target_environment;
    let target = target.unwrap_or_else(|| PRODUCTION.to_owned());
    ok(&ask, told(app.room.promote(&ask, id, target).await))
}

/// How urgent it is. Who approves is told; nobody is called.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Priority {
    Critical,
    High,
    Normal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expedite {
    priority: Priority,
    justification: String,
    #[serde(default)]
    target_environment: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Expedited {
    request_id: String,
    app_id: ClientId,
    app_name: String,
    priority: Priority,
    status: &'static str,
    thresholds_bypassed: Vec<String>,
    message: &'static str,
    next_steps: Vec<String>,
}

/// What is asked for and not there.
fn bypassed(found: &Promotion) -> Vec<String> {
    let contexts = found.contexts.iter();
    let missing = contexts.flat_map(|one| {
        let parts = [
            ("operations", one.operations),
            ("hours", one.hours),
            ("days", one.days),
        ];
        let missing = parts.into_iter().filter(|(_, progress)| !progress.is_met());
        missing.map(|(what, progress)| {
            let (current, required) = (progress.current, progress.required);
            format!("{}: {current} of {required} {what}", one.context)
        })
    });
    missing.collect()
}

pub(super) async fn expedite(
    State(app): State<App>,
    Path(ApplicationId(id)): Path<ApplicationId>,
    Sent { ask, body, .. }: Sent<Expedite>,
) -> Reply<Document<Expedited>> {
    let target = body.target_environment;
    let target = target.unwrap_or_else(|| PRODUCTION.to_owned());
    let asked = (target, body.justification);
    let waiting = app.room.promotion_expedite(&ask, id, asked).await;
    let request_id = ask.origin.request_id.to_string();
    let of = |found: Promotion| Expedited {
        request_id,
        app_id: found.id,
        priority: body.priority,
        status: "pending",
        thresholds_bypassed: bypassed(&found),
        message: "Promotion waits for an owner's approval",
        next_steps: vec![format!(
            "An owner approves target, contexts and justification: POST /api/v1/applications/{}/promotion/approve",
            found.id
        )],
        app_name: found.name,
    };
    ok(&ask, waiting.map(|answered| answered.map(of)))
}

/// What was looked at. Of another site, no form can send it: it is JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Approve {
    target_environment: String,
    contexts: Vec<ContextName>,
    #[serde(default)]
    justification: Option<String>,
}

pub(super) async fn approve(
    State(app): State<App>,
    Path(ApplicationId(id)): Path<ApplicationId>,
    Sent { ask, body, .. }: Sent<Approve>,
) -> Reply<Document<Told>> {
    let approval = Approval {
        target: body.target_environment,
        contexts: body.contexts,
        reason: body.justification,
    };
    let approved = app.room.promotion_approve(&ask, id, approval).await;
    ok(&ask, told(approved))
}
