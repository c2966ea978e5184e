//! Time zones: canonical names and UTC offsets.

use icu::time::zone::iana::IanaParserExtended;
use icu::time::zone::{IanaParser, UtcOffset};
use jiff::Timestamp;
use jiff::tz::{TimeZone as Rules, TimeZoneDatabase};

use super::super::ComputeError;
use super::{IntlAnswer, bad_settings, missing};

/// A time zone, with what ICU4X calls it.
#[derive(Debug)]
pub(super) struct Zone {
    rules: Option<Rules>,
    offset: i32,
    pub(super) id: icu::time::TimeZone,
}

fn database() -> TimeZoneDatabase {
    TimeZoneDatabase::bundled()
}

/// `+01:30` and the like, in seconds.
fn offset(name: &str) -> Option<i32> {
    let sign = match name.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = name[1..].replacen(':', "", 1);
    let colon_is_right = name.len() != 6 || name.as_bytes()[3] == b':';
    if !matches!(digits.len(), 2 | 4) || !colon_is_right || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 =
        digits.get(2..).filter(|rest| !rest.is_empty()).map_or(Some(0), |rest| rest.parse().ok())?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// The name of a zone as the database has it; nothing where there is none.
pub(super) fn canonical(name: &str) -> IntlAnswer {
    if let Some(seconds) = offset(name) {
        let minutes = seconds.abs() / 60;
        let sign = if seconds < 0 { '-' } else { '+' };
        return Ok(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
    }
    if name.eq_ignore_ascii_case("UTC") {
        return Ok("UTC".to_owned());
    }
    if name.len() > 64 || !name.is_ascii() {
        return Ok(String::new());
    }
    let found = database().get(name).ok();
    Ok(found.and_then(|rules| rules.iana_name().map(ToOwned::to_owned)).unwrap_or_default())
}

/// `Etc/GMT+1` and the like.
fn is_distance(name: &str) -> bool {
    let rest = name.strip_prefix("Etc/GMT");
    rest.is_some_and(|rest| rest.len() > 1 && !rest.ends_with("+0") && !rest.ends_with("-0"))
}

/// The zones of a region, whose letters their names in CLDR begin with.
pub(super) fn of_region(region: &str) -> Vec<String> {
    let region = region.to_ascii_lowercase();
    let parser = IanaParserExtended::new();
    let is_of = |id: &str| id.starts_with(&region) && id.len() == 5;
    let of = parser.iter().filter(|zone| is_of(zone.time_zone.as_str()));
    let mut names: Vec<String> = of.map(|zone| zone.canonical.to_owned()).collect();
    names.sort();
    names
}

/// All zones there are.
pub(super) fn all() -> Vec<String> {
    let parser = IanaParser::new();
    let mut names: Vec<String> = database()
        .available()
        .map(|name| name.as_str().to_owned())
        .filter(|name| name.contains('/') && (!name.starts_with("Etc/") || is_distance(name)))
        .filter(|name| parser.parse(name) != icu::time::TimeZone::UNKNOWN)
        .collect();
    names.push("UTC".to_owned());
    names.sort();
    names
}

impl Zone {
    pub(super) fn new(name: &str) -> Result<Self, ComputeError> {
        if let Some(offset) = offset(name) {
            return Ok(Self { rules: None, offset, id: icu::time::TimeZone::UNKNOWN });
        }
        let rules = if name == "UTC" { None } else { Some(database().get(name).map_err(|_| missing())?) };
        Ok(Self { rules, offset: 0, id: IanaParser::new().parse(name) })
    }

    /// Whether it is UTC by that name.
    pub(super) fn is_utc(&self) -> bool {
        self.rules.is_none() && self.id != icu::time::TimeZone::UNKNOWN
    }

    /// How far its clocks are ahead of UTC at a time.
    pub(super) fn offset_at(&self, milliseconds: i64) -> Result<UtcOffset, ComputeError> {
        let seconds = match &self.rules {
            None => self.offset,
            Some(rules) => {
                // Beyond what the database knows, its first and last rules hold.
                let (first, last) = (Timestamp::MIN.as_second() * 1000, Timestamp::MAX.as_second() * 1000);
                let at = Timestamp::from_millisecond(milliseconds.clamp(first, last));
                rules.to_offset(at.map_err(|_| bad_settings())?).seconds()
            }
        };
        UtcOffset::try_from_seconds(seconds).map_err(|_| bad_settings())
    }
}
