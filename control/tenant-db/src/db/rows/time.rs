//! PostgreSQL's timestamps as milliseconds since 1970.

/// `2023-11-14 22:13:20.123456+01:30 BC`; the offset, the fraction and the era may be missing. Anything else, such as
/// `infinity`, is `None`. A fraction of a millisecond is cut off towards the past.
pub(super) fn epoch_millis(text: &str) -> Option<i64> {
    let (text, before_christ) = text.strip_suffix(" BC").map_or((text, false), |text| (text, true));
    let (date, time) = text.split_once(' ')?;
    let mut parts = date.splitn(3, '-');
    let year: i64 = number(parts.next()?)?;
    let month: i64 = number(parts.next()?)?;
    let day: i64 = number(parts.next()?)?;
    let year = if before_christ { 1 - year } else { year };
    let (clock, offset_seconds) = match time.find(['+', '-']) {
        Some(at) => (&time[..at], offset(&time[at..])?),
        None => (time, 0),
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let seconds = days_since_1970(year, month, day) * 86_400 + seconds(clock)? - offset_seconds;
    Some(seconds * 1000 + millis(fraction)?)
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `hh[:mm[:ss]]`
fn seconds(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let hours = number(parts.next()?)?;
    let minutes = parts.next().map_or(Some(0), number)?;
    let seconds = parts.next().map_or(Some(0), number)?;
    Some(hours * 3600 + minutes * 60 + seconds)
}

fn offset(text: &str) -> Option<i64> {
    let magnitude = seconds(text.get(1..)?)?;
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

fn millis(fraction: &str) -> Option<i64> {
    if fraction.is_empty() {
        return Some(0);
    }
    number(&format!("{:0<3}", fraction.get(..3.min(fraction.len()))?))
}

/// Days from 1970-01-01 in the Gregorian calendar, extended backwards. Counts from the first of March, so that the
/// leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn offsets_fractions_and_eras() {
        for (text, millis) in [
            ("1970-01-01 00:00:00", 0),
            ("1970-01-01 00:00:00+00", 0),
            ("1969-12-31 23:59:59.999999+00", -1),
            ("1970-01-01 01:30:00+01:30", 0),
            ("1969-12-31 19:00:00-05", 0),
            ("1970-01-01 00:00:00.5+00", 500),
            ("0001-01-01 00:00:00+00 BC", -62_167_219_200_000),
            ("294276-12-31 23:59:59+00", 9_224_318_015_999_000),
        ] {
            assert_eq!(epoch_millis(text), Some(millis), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_time() {
        for text in ["", "infinity", "-infinity", "14.11.2023 22:13:20", "2023-11-14", "2023-11-14 x"] {
            assert_eq!(epoch_millis(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_chrono(millis in -60_000_000_000_000_i64..250_000_000_000_000) {
            let date: DateTime<Utc> = DateTime::from_timestamp_millis(millis).unwrap();
            let text = date.format("%Y-%m-%d %H:%M:%S%.3f+00").to_string();
            let text = text.trim_start_matches('+');
            prop_assert_eq!(epoch_millis(text), Some(millis));
        }

        #[test]
        fn it_never_panics(text in "[-0-9:+. BC]{0,40}") {
            let _ = epoch_millis(&text);
        }
    }
}
