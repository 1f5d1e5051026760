//! Medians and percentiles.

use std::time::Duration;

/// What one worker or one run measured.
#[derive(Debug, Clone, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// Adds one observation.
    pub fn push(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    /// Adds the observations of another worker.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The number of observations.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// The latency that `percent` of the observations do not exceed; zero without observations.
    #[must_use]
    pub fn percentile(&mut self, percent: usize) -> Duration {
        let rank = self.0.len() * percent / 100;
        let rank = rank.min(self.0.len().saturating_sub(1));
        if self.0.is_empty() {
            return Duration::ZERO;
        }
        *self.0.select_nth_unstable(rank).1
    }
}

/// The middle of `values`, or 0 when there are none.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Duration, Latencies, median};

    #[test]
    fn percentiles_are_ranks_of_the_sorted_observations() {
        let mut latencies = Latencies::default();
        for ms in (1..=100).rev() {
            latencies.push(Duration::from_millis(ms));
        }
        assert_eq!(latencies.percentile(50), Duration::from_millis(51));
        assert_eq!(latencies.percentile(99), Duration::from_millis(100));
        assert_eq!(Latencies::default().percentile(50), Duration::ZERO);
    }

    #[test]
    fn median_is_the_middle_value() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).abs() < f64::EPSILON);
    }
}
