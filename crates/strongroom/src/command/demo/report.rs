//! What was done, how much of it and how fast.

use std::io;
use std::time::Duration;

use strongroom_core::ports::Clock as _;
use strongroom_server::SystemClock;

use crate::print;

/// One line of the table.
#[derive(Debug)]
struct Row {
    step: &'static str,
    count: usize,
    bytes: usize,
    time: Duration,
}

/// Measures the steps; prints a line as each ends and a table at the end.
#[derive(Debug)]
pub(super) struct Report {
    clock: SystemClock,
    since: Duration,
    rows: Vec<Row>,
}

impl Report {
    pub(super) fn start() -> Self {
        let clock = SystemClock::start();
        Self {
            since: clock.read().monotonic,
            clock,
            rows: Vec::new(),
        }
    }

    /// Ends a step that dealt with `count` things of `bytes` bytes in all.
    pub(super) fn end(&mut self, step: &'static str, count: usize, bytes: usize) {
        let now = self.clock.read().monotonic;
        self.rows.push(Row {
            step,
            count,
            bytes,
            time: now.saturating_sub(self.since),
        });
        self.since = now;
    }

    /// Prints the table.
    pub(super) fn print(&self) -> io::Result<()> {
        print::line(format_args!(
            "\n{:<34} {:>8} {:>12} {:>9} {:>10}",
            "step", "count", "bytes", "seconds", "per second"
        ))?;
        self.rows
            .iter()
            .try_for_each(|row| print::line(line(row)))?;
        let total: Duration = self.rows.iter().map(|row| row.time).sum();
        print::line(format_args!(
            "{:<34} {:>8} {:>12} {:>9.2}",
            "all",
            "",
            "",
            total.as_secs_f64()
        ))
    }
}

fn line(row: &Row) -> String {
    let seconds = row.time.as_secs_f64();
    let count = u32::try_from(row.count).unwrap_or(u32::MAX);
    let rate = f64::from(count) / seconds.max(1e-6);
    format!(
        "{:<34} {:>8} {:>12} {:>9.2} {:>10.0}",
        row.step, row.count, row.bytes, seconds, rate
    )
}
