//! Time as the product sees it: never backwards, and readable.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::ports::{Clock, Micros, Reading};

/// How far the wall clock may be behind the newest entry before it is worth a warning: nodes differ
/// by less.
const BEHIND_MAX: Micros = seconds(1);

/// Monotonic time added to the latest start that any look at the wall clock implied: setting the wall
/// clock back never revives what has expired, also after it had been set forward, and also where the
/// server starts anew, since it starts no earlier than its newest entry.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    clock: Arc<dyn Clock>,
    /// Wall time less monotonic time, the greatest seen.
    offset: Arc<AtomicI64>,
}

impl Time {
    /// Time from the wall clock on, or from the newest entry where that is later.
    pub(crate) fn start(clock: Arc<dyn Clock>, newest: Option<Micros>) -> Self {
        let reading = clock.read();
        let newest = newest.unwrap_or(reading.wall);
        if newest.saturating_sub(reading.wall) > BEHIND_MAX {
            tracing::warn!(
                clock = format_time(reading.wall),
                newest_entry = format_time(newest),
                "the clock is behind the newest entry; time goes on from the entry"
            );
        }
        let started = Reading {
            wall: reading.wall.max(newest),
            ..reading
        };
        let offset = Arc::new(AtomicI64::new(offset(&started)));
        Self { clock, offset }
    }

    /// Microseconds since the epoch, never earlier than before.
    pub(crate) fn now(&self) -> Micros {
        let reading = self.clock.read();
        let present = offset(&reading);
        let before = self.offset.fetch_max(present, Ordering::AcqRel);
        before
            .max(present)
            .saturating_add(micros(reading.monotonic))
    }
}

/// Where the wall clock says that monotonic time began.
fn offset(reading: &Reading) -> Micros {
    reading.wall.saturating_sub(micros(reading.monotonic))
}

/// Whether `pause` has passed since this last said so.
pub(crate) fn once_in(last: &AtomicI64, now: Micros, pause: Micros) -> bool {
    let before = last.load(Ordering::Acquire);
    let due = before == 0 || now.saturating_sub(before) >= pause;
    due && last
        .compare_exchange(before, now, Ordering::AcqRel, Ordering::Acquire)
        .is_ok()
}

/// A duration in microseconds, saturating after 292,000 years.
pub(crate) fn micros(duration: Duration) -> Micros {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Microseconds of whole seconds, saturating.
pub(crate) const fn seconds(seconds: i64) -> Micros {
    seconds.saturating_mul(1_000_000)
}

/// Formats as RFC 3339 in UTC with microseconds: `2026-11-23T20:26:00.000001Z`.
#[must_use]
pub fn format_time(time: Micros) -> String {
    let (days, of_day) = (time.div_euclid(DAY), time.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (s, us) = (of_day / 1_000_000, of_day % 1_000_000);
    let (hour, minute, second) = (s / 3600, s / 60 % 60, s % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{us:06}Z")
}

/// Reads RFC 3339 in UTC (`Z`), with or without a fraction of up to six digits. `None` for anything
/// else, other offsets included.
#[must_use]
pub fn parse_time(text: &str) -> Option<Micros> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(whole, ':', [2, 2, 2])?;
    let days = days_from_civil(year, month, day);
    if civil(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let of_day = seconds(hour * 3600 + minute * 60 + second) + fraction_micros(fraction)?;
    days.checked_mul(DAY)?.checked_add(of_day)
}

const DAY: i64 = 24 * 3600 * 1_000_000;

fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut out = [0; 3];
    let mut parts = text.split(separator);
    for (slot, width) in out.iter_mut().zip(widths) {
        *slot = digits(parts.next().filter(|part| part.len() == width)?)?;
    }
    parts.next().is_none().then_some(out)
}

fn digits(text: &str) -> Option<i64> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn fraction_micros(text: &str) -> Option<i64> {
    let scale = 6usize
        .checked_sub(text.len())
        .filter(|_| !text.is_empty())?;
    Some(digits(text)? * 10i64.pow(u32::try_from(scale).ok()?))
}

/// Days since 1970-01-01 to the proleptic Gregorian calendar (era of 400 years = 146,097 days,
/// years counted from March so that the leap day is last).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The inverse of [`civil`].
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn known_instants_format_and_parse() {
        for (time, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_795_465_599_999_999, "2026-11-23T20:26:39.999999Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(format_time(time), text);
            assert_eq!(parse_time(text), Some(time));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for wrong in [
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00+01:00",
            "2026-1-01T00:00:00Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00.1234567Z",
            "2026-01-01T00:00:00.Z",
            "",
        ] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }

    #[derive(Debug)]
    struct Fake(Mutex<Reading>);

    impl Clock for Fake {
        fn read(&self) -> Reading {
            *self.0.lock().unwrap()
        }
    }

    #[test]
    fn a_clock_set_back_does_not_take_time_back() {
        let reading = Reading {
            wall: 1_000_000_000,
            monotonic: Duration::from_secs(5),
        };
        let clock = Arc::new(Fake(Mutex::new(reading)));
        let time = Time::start(Arc::<Fake>::clone(&clock), None);
        *clock.0.lock().unwrap() = Reading {
            wall: 0,
            monotonic: Duration::from_secs(7),
        };
        assert_eq!(time.now(), 1_002_000_000);
    }
    #[test]
    fn a_clock_set_forward_and_back_does_not_take_time_back() {
        let reading = |wall, seconds| Reading {
            wall,
            monotonic: Duration::from_secs(seconds),
        };
        let clock = Arc::new(Fake(Mutex::new(reading(1_000_000_000, 5))));
        let time = Time::start(Arc::<Fake>::clone(&clock), None);
        *clock.0.lock().unwrap() = reading(9_000_000_000, 6);
        assert_eq!(time.now(), 9_000_000_000);
        *clock.0.lock().unwrap() = reading(1_002_000_000, 7);
        assert_eq!(time.now(), 9_001_000_000);
    }

    #[test]
    fn time_starts_no_earlier_than_the_newest_entry() {
        let start = |newest| {
            let reading = Reading {
                wall: 1_000_000_000,
                monotonic: Duration::from_secs(5),
            };
            let clock = Arc::new(Fake(Mutex::new(reading)));
            Time::start(clock, newest).now()
        };
        assert_eq!(start(None), 1_000_000_000);
        assert_eq!(start(Some(999_000_000)), 1_000_000_000);
        assert_eq!(start(Some(9_000_000_000)), 9_000_000_000);
    }
}
