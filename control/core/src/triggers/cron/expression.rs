//! Cron expressions: five fields of a crontab, or six with the seconds first, and the names that begin with `@`.
//!
//! The `cron` crate counts Sunday as 1, wants both day fields to match, and refuses five fields: an expression is read
//! here by crontab's rules, and handed to the crate as plain lists of numbers.

use std::str::FromStr;

use ::cron::Schedule;

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpressionError {
    /// Too few or too many fields.
    #[error(
        "must have five fields (minute, hour, day of month, month, day of week), or six with the seconds first"
    )]
    FieldCount,
    /// A name that begins with `@`, and is none of those that have a schedule.
    #[error(
        "{0} is not a schedule; there are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly"
    )]
    Alias(String),
    /// A field is wrong.
    #[error("the {field} field: {reason}")]
    Field { field: &'static str, reason: String },
    /// Every field is right by itself, and no day is all of them.
    #[error("never comes: no date fits it")]
    Never,
}

/// An expression that was read.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    /// It matches when one of these does: crontab joins its day fields by "or" when both are restricted.
    pub(super) schedules: Vec<Schedule>,
    /// Whether its hour or minute begins with `*`: such a job follows elapsed time when clocks change, one at fixed
    /// times of the day runs once a day.
    pub(super) is_interval: bool,
}

/// What a field may hold.
struct FieldRule {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names for `min`, `min + 1`, ...
    names: &'static [&'static str],
}

const SECOND: FieldRule = FieldRule { name: "second", min: 0, max: 59, names: &[] };
const MINUTE: FieldRule = FieldRule { name: "minute", min: 0, max: 59, names: &[] };
const HOUR: FieldRule = FieldRule { name: "hour", min: 0, max: 23, names: &[] };
const DAY_OF_MONTH: FieldRule = FieldRule { name: "day of month", min: 1, max: 31, names: &[] };
const MONTH: FieldRule = FieldRule {
    name: "month",
    min: 1,
    max: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
/// 7 is Sunday, as 0 is.
const DAY_OF_WEEK: FieldRule = FieldRule {
    name: "day of week",
    min: 0,
    max: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};

/// A field that was read.
struct Field {
    /// One bit a number.
    set: u64,
    /// Whether it begins with `*`: crontab calls such a field unrestricted, even with a step.
    has_star: bool,
}

impl Expression {
    /// Read one.
    pub(super) fn parse(text: &str) -> Result<Self, ExpressionError> {
        let text = text.trim();
        let text = if text.starts_with('@') { alias(text)? } else { text };
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let (second, rest) = match *words.as_slice() {
            [minute, hour, day, month, weekday] => ("0", [minute, hour, day, month, weekday]),
            [second, minute, hour, day, month, weekday] => (second, [minute, hour, day, month, weekday]),
            _ => return Err(ExpressionError::FieldCount),
        };
        let second = SECOND.read(second)?;
        let [minute, hour, day, month, weekday] = rest;
        let (minute, hour) = (MINUTE.read(minute)?, HOUR.read(hour)?);
        let (day, month) = (DAY_OF_MONTH.read(day)?, MONTH.read(month)?);
        let mut weekday = DAY_OF_WEEK.read(weekday)?;
        weekday.set = (weekday.set | weekday.set >> 7) & 0x7f;
        let time = format!("{} {} {}", list(second.set, 0), list(minute.set, 0), list(hour.set, 0));
        let with_days = |days: &str, weekdays: &str| {
            Schedule::from_str(&format!("{time} {days} {} {weekdays}", list(month.set, 0)))
                .map_err(|_| ExpressionError::FieldCount)
        };
        let days = list(day.set, 0);
        // The crate's Sunday is 1.
        let weekdays = if weekday.set == 0x7f { "*".to_owned() } else { list(weekday.set, 1) };
        let schedules = if day.has_star || weekday.has_star {
            vec![with_days(&days, &weekdays)?]
        } else {
            vec![with_days(&days, "*")?, with_days("*", &weekdays)?]
        };
        Ok(Self { schedules, is_interval: minute.has_star || hour.has_star })
    }
}

fn alias(text: &str) -> Result<&'static str, ExpressionError> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return Err(ExpressionError::Alias(text.chars().take(40).collect())),
    })
}

/// The numbers of a set, each plus `offset`.
fn list(set: u64, offset: u32) -> String {
    let numbers: Vec<String> =
        (0..64).filter(|bit| set >> bit & 1 == 1).map(|bit| (bit + offset).to_string()).collect();
    numbers.join(",")
}

impl FieldRule {
    fn read(&self, text: &str) -> Result<Field, ExpressionError> {
        let mut set = 0;
        for item in text.split(',') {
            set |= self.item(item).map_err(|reason| ExpressionError::Field { field: self.name, reason })?;
        }
        Ok(Field { set, has_star: text.starts_with(['*', '?']) })
    }

    /// One of the items between commas: `*`, `5`, `1-5`, and any of these with `/2` behind it.
    fn item(&self, item: &str) -> Result<u64, String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (item, None),
        };
        let (from, to) = match range {
            "*" => (self.min, self.last()),
            "?" if self.has_question_mark() && step.is_none() => (self.min, self.last()),
            range => match range.split_once('-') {
                Some((from, to)) => self.range(from, to)?,
                // As in every crontab with steps: from there to the end of the field.
                None if step.is_some() => (self.number(range)?, self.last()),
                None => {
                    let number = self.number(range)?;
                    (number, number)
                }
            },
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
        Ok((from..=to).step_by(step).fold(0, |set, number| set | 1 << number))
    }

    fn range(&self, from: &str, to: &str) -> Result<(u32, u32), String> {
        let (start, mut end) = (self.number(from)?, self.number(to)?);
        // `SAT-SUN`: a week may end with its Sunday.
        if self.name == DAY_OF_WEEK.name && end == 0 && start > 0 {
            end = 7;
        }
        if start > end {
            return Err(format!("{from}-{to} goes backwards; write it as two ranges, with a comma"));
        }
        Ok((start, end))
    }

    fn step(&self, text: &str) -> Result<u32, String> {
        let span = self.last() - self.min + 1;
        match digits(text) {
            Some(step) if (1..=span).contains(&step) => Ok(step),
            _ => Err(format!("a step must be from 1 to {span}, not {}", shown(text))),
        }
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        if let Some(number) = digits(text) {
            if (self.min..=self.max).contains(&number) {
                return Ok(number);
            }
            return Err(format!("{} is not from {} to {}", shown(text), self.min, self.max));
        }
        let named = self.names.iter().zip(self.min..).find(|(name, _)| name.eq_ignore_ascii_case(text));
        named.map(|(_, number)| number).ok_or_else(|| self.unknown(text))
    }

    fn unknown(&self, text: &str) -> String {
        if text.is_empty() {
            return "a number is missing".to_owned();
        }
        let quartz = |c: char| matches!(c, 'L' | 'W' | '#' | 'H' | 'l' | 'w' | 'h' | '?');
        if text.contains(quartz) && text.chars().all(|c| c.is_ascii_digit() || quartz(c)) {
            return format!("{} is not supported: L, W, #, H and ? are no part of crontab", shown(text));
        }
        match self.names.first() {
            Some(first) => {
                format!("{} is neither a number nor a name such as {first}", shown(text))
            }
            None => format!("{} is not a number", shown(text)),
        }
    }

    /// The last number that `*` means: Sunday is in it once.
    fn last(&self) -> u32 {
        if self.name == DAY_OF_WEEK.name { 6 } else { self.max }
    }

    fn has_question_mark(&self) -> bool {
        self.name == DAY_OF_WEEK.name || self.name == DAY_OF_MONTH.name
    }
}

/// A number of few digits; no sign.
fn digits(text: &str) -> Option<u32> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(20).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    format!("\"{}\"", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekdays(text: &str) -> Result<Vec<u32>, String> {
        let field = DAY_OF_WEEK.read(text).map_err(|error| error.to_string())?;
        let set = (field.set | field.set >> 7) & 0x7f;
        Ok((0..7).filter(|day| set >> day & 1 == 1).collect())
    }

    #[test]
    fn weekdays_are_crontabs() {
        for (text, days) in [
            ("2/2", vec![2, 4, 6]),
            ("1-7/2", vec![0, 1, 3, 5]),
            ("*/4", vec![0, 4]),
            ("*/7", vec![0]),
            ("6-7", vec![0, 6]),
            ("7", vec![0]),
            ("0", vec![0]),
            ("MON-FRI", vec![1, 2, 3, 4, 5]),
            ("mon-Fri", vec![1, 2, 3, 4, 5]),
            ("SAT-SUN", vec![0, 6]),
            ("mon", vec![1]),
            ("?", vec![0, 1, 2, 3, 4, 5, 6]),
            ("1,3-4", vec![1, 3, 4]),
        ] {
            assert_eq!(weekdays(text).unwrap(), days, "{text}");
        }
        assert!(weekdays("5-1").unwrap_err().contains("backwards"));
    }

    #[test]
    fn what_is_wrong_names_its_field() {
        for (text, message) in [
            ("60 * * * *", "the minute field: \"60\" is not from 0 to 59"),
            ("61 * * * *", "the minute field: "),
            ("* 24 * * *", "the hour field: "),
            ("* * 0 * *", "the day of month field: "),
            ("* * * 13 *", "the month field: "),
            ("* * * * 8", "the day of week field: "),
            ("* * * FOO *", "the month field: \"FOO\" is neither a number nor a name such as JAN"),
            ("*/0 * * * *", "the minute field: a step must be from 1 to 60, not \"0\""),
            ("*/61 * * * *", "the minute field: a step"),
            ("*/-1 * * * *", "the minute field: a step"),
            (", * * * *", "the minute field: a number is missing"),
            ("1,,2 * * * *", "the minute field: a number is missing"),
            ("5- * * * *", "the minute field: a number is missing"),
            ("-5 * * * *", "the minute field: a number is missing"),
            ("1-2-3 * * * *", "the minute field: "),
            ("1.5 * * * *", "the minute field: "),
            ("+1 * * * *", "the minute field: "),
            ("99999999999 * * * *", "the minute field: "),
            ("* * L * *", "the day of month field: \"L\" is not supported"),
            ("* * 15W * *", "the day of month field: \"15W\" is not supported"),
            ("* * * * 1#2", "the day of week field: \"1#2\" is not supported"),
            ("H * * * *", "the minute field: \"H\" is not supported"),
            ("? * * * *", "the minute field: \"?\" is not supported"),
            ("60 * * * * *", "the second field: "),
            ("@reboot", "@reboot is not a schedule"),
            ("@every 5m", "@every 5m is not a schedule"),
            ("* * * *", "must have five fields"),
            ("* * * * * * *", "must have five fields"),
            ("", "must have five fields"),
        ] {
            let error = Expression::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }

    #[test]
    fn day_fields_are_joined_as_crontab_does() {
        let schedules = |text: &str| Expression::parse(text).unwrap().schedules.len();
        assert_eq!(schedules("0 0 13 * 5"), 2, "the 13th, or a Friday");
        assert_eq!(schedules("0 0 */2 * 1"), 1, "every other day, and a Monday");
        assert_eq!(schedules("0 0 13 * *"), 1);
        assert_eq!(schedules("0 0 ? * 5"), 1);
    }

    #[test]
    fn an_interval_has_a_star_in_its_hour_or_minute() {
        let interval = |text: &str| Expression::parse(text).unwrap().is_interval;
        assert!(interval("*/15 * * * *") && interval("0 * * * *") && interval("*/10 2 * * *"));
        assert!(!interval("30 2 * * *") && !interval("0,30 1-3 * * *") && !interval("@daily"));
        assert!(interval("@hourly"));
    }
}
