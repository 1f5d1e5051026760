//! Progress of long work: done, total and rate on standard error, if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the line is drawn while nothing advances.
const TICK: Duration = Duration::from_millis(200);

/// Shows `done/total` and the rate of `what`.
pub(crate) fn counted(what: &'static str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what);
    styled(
        bar,
        "{msg} {human_pos}/{human_len} {wide_bar} {per_sec}, {eta} left",
    )
}

/// Shows how far a job is: `done/total` behind what is said of it.
pub(crate) fn job() -> ProgressBar {
    styled(
        ProgressBar::new(0),
        "{human_pos}/{human_len} {wide_bar} {msg}",
    )
}

/// Shows bytes, of how many if that is known, and the rate.
pub(crate) fn bytes(what: &'static str, total: Option<u64>) -> ProgressBar {
    match total {
        Some(total) => styled(
            ProgressBar::new(total).with_message(what),
            "{msg} {bytes}/{total_bytes} {wide_bar} {bytes_per_sec}, {eta} left",
        ),
        None => styled(
            ProgressBar::no_length().with_message(what),
            "{msg} {bytes} {spinner} {bytes_per_sec}",
        ),
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}
