//! Instants as their clients write them: RFC 3339 with any offset.

use strongroom_core::parse_time;

const MINUTE_US: i64 = 60 * 1_000_000;

/// Microseconds since 1970; `None` if it is no instant.
pub(super) fn parse(text: &str) -> Option<i64> {
    if let Some(instant) = parse_time(text) {
        return Some(instant);
    }
    let (clock, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let minutes = offset_minutes(offset)?;
    parse_time(&format!("{clock}Z"))?.checked_sub(minutes.checked_mul(MINUTE_US)?)
}

/// `+hh:mm` or `-hh:mm`.
fn offset_minutes(offset: &str) -> Option<i64> {
    let sign = match offset.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let two_digits = |text: &str, max: i64| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = text.parse().ok()?;
        (digits && number <= max).then_some(number)
    };
    Some(sign * (two_digits(hours, 23)? * 60 + two_digits(minutes, 59)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_in_any_offset() {
        let noon = parse("2024-01-01T12:00:00Z");
        assert_eq!(noon, Some(1_704_110_400_000_000));
        for text in [
            "2024-01-01T12:00:00+00:00",
            "2024-01-01T13:30:00.000+01:30",
            "2024-01-01T04:00:00.000000-08:00",
        ] {
            assert_eq!(parse(text), noon, "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "yesterday",
            "2024-01-01",
            "2024-01-01T12:00:00",
            "2024-01-01T12:00:00+24:00",
            "2024-01-01T12:00:00+1:000",
            "2024-01-01T12:00:00é1:00",
            "2024-01-01T12:00:00Z+01:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
