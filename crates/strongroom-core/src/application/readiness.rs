//! Whether an application is ready for another environment, by what the log has of it.
//!
//! ```text
//! tier 1   data of low sensitivity            10 operations · 1 hour · 1 day
//! tier 2   medium                             50 operations · 24 hours · 2 days
//! tier 3   high and critical, and personal,   100 operations · 48 hours · 3 days,
//!          health and card data               and an owner approves
//! ```
//!
//! Counted are values that the application sealed and opened under a context in its present
//! environment; hours from the first of them, days in UTC on which there were any.

use std::collections::BTreeSet;

use strongroom_types::body::{EntryView, NamedContextConfig, Sensitivity};
use strongroom_types::{ContextName, Operation};

use crate::ports::Micros;
use crate::time::{parse_time, seconds};

/// How much is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Little harm is done.
    Low,
    /// Some is.
    Medium,
    /// Much is.
    High,
}

impl Tier {
    pub(crate) fn of(config: &NamedContextConfig) -> Self {
        let data = &config.data_identity;
        let special = data.pii || data.phi || data.pci;
        match data.sensitivity {
            _ if special => Self::High,
            Sensitivity::High | Sensitivity::Critical => Self::High,
            Sensitivity::Medium => Self::Medium,
            Sensitivity::Low => Self::Low,
        }
    }

    /// Operations, hours and days.
    const fn asks(self) -> (u64, u64, u64) {
        match self {
            Self::Low => (10, 1, 1),
            Self::Medium => (50, 24, 2),
            Self::High => (100, 48, 3),
        }
    }
}

/// What the log has of an application under one context.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    operations: u64,
    first: Option<Micros>,
    days: BTreeSet<i64>,
}

impl Usage {
    /// Counts an entry of the application's.
    pub(crate) fn count(&mut self, entry: &EntryView) {
        let counts = matches!(entry.operation, Operation::Encrypt | Operation::Decrypt);
        let Some(time) = parse_time(&entry.time).filter(|_| counts) else {
            return;
        };
        self.operations = self.operations.saturating_add(entry.count.into());
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.days.insert(time.div_euclid(seconds(86_400)));
    }

    /// Whether nothing more need be counted.
    pub(crate) fn is_enough(&self, tier: Tier) -> bool {
        let (operations, _, days) = tier.asks();
        self.operations >= operations && self.days() >= days
    }

    fn days(&self) -> u64 {
        u64::try_from(self.days.len()).unwrap_or(u64::MAX)
    }

    fn hours(&self, now: Micros) -> u64 {
        let since = self
            .first
            .map_or(0, |first| now.saturating_sub(first).max(0));
        since.div_euclid(seconds(3600)).unsigned_abs()
    }
}

/// How far an application is under one context.
#[derive(Clone, Debug)]
pub struct ContextReadiness {
    /// The context.
    pub context: ContextName,
    /// How much is asked for.
    pub tier: Tier,
    /// Operations that there were; no more are counted than are asked for.
    pub operations: Progress,
    /// Hours since the first.
    pub hours: Progress,
    /// Days on which there were any.
    pub days: Progress,
}

/// How much there is of what is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// So much there is.
    pub current: u64,
    /// So much is asked for.
    pub required: u64,
}

impl Progress {
    /// Whether it is enough.
    #[must_use]
    pub const fn is_met(self) -> bool {
        self.current >= self.required
    }
}

impl ContextReadiness {
    pub(crate) fn of(context: ContextName, tier: Tier, usage: &Usage, now: Micros) -> Self {
        let (operations, hours, days) = tier.asks();
        let progress = |current, required| Progress { current, required };
        Self {
            context,
            tier,
            operations: progress(usage.operations, operations),
            hours: progress(usage.hours(now), hours),
            days: progress(usage.days(), days),
        }
    }

    /// Whether all is there.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.operations.is_met() && self.hours.is_met() && self.days.is_met()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(config: &str) -> Tier {
        Tier::of(&serde_json::from_str(config).unwrap())
    }

    #[test]
    fn what_harms_more_asks_for_more() {
        assert_eq!(tier("{}"), Tier::Medium);
        let of = |sensitivity: &str| {
            tier(&format!(
                r#"{{"data_identity":{{"sensitivity":"{sensitivity}"}}}}"#
            ))
        };
        assert_eq!(of("low"), Tier::Low);
        assert_eq!(of("high"), Tier::High);
        assert_eq!(of("critical"), Tier::High);
        let personal = r#"{"data_identity":{"sensitivity":"low","pii":true}}"#;
        assert_eq!(tier(personal), Tier::High);
        assert!(Tier::Low.asks() < Tier::Medium.asks());
        assert!(Tier::Medium.asks() < Tier::High.asks());
    }
}
