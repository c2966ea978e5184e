//! The fields of a date (era, year, month, ...) in each calendar.

use icu::calendar::Iso;
use icu::calendar::cal::{Buddhist, Coptic, Ethiopian, Gregorian, Hebrew, Indian, Japanese, Persian, Roc};
use icu::datetime::DateTimeFormatterPreferences;
use icu::datetime::fieldsets::enums::CompositeFieldSet;
use icu::datetime::pattern::{DateTimePattern, FixedCalendarDateTimeNames};
use icu::time::zone::UtcOffset;
use icu::time::{DateTime, TimeZoneInfo, ZonedDateTime};
use writeable::TryWriteable as _;

use super::super::ComputeError;
use super::{bad_settings, missing};

/// A moment on a clock.
pub(super) type Moment = ZonedDateTime<Iso, UtcOffset>;

/// What writes single fields in some calendar.
pub(super) trait Fields: Send + Sync {
    /// Loads what a field needs.
    fn load(&mut self, pattern: &DateTimePattern) -> Result<(), ComputeError>;
    /// A field of a moment.
    fn write(&self, pattern: &DateTimePattern, moment: &Moment, zone: icu::time::TimeZone) -> String;
    /// The year, its era and month, to compare.
    fn year(&self, moment: &Moment) -> (i32, u8, u8);
}

macro_rules! calendars {
    ($($name:literal $calendar:ty = $new:expr,)*) => {
        /// The names of all calendars.
        pub(super) const CALENDARS: &[&str] = &[$($name),*];

        /// The fields in a calendar.
        pub(super) fn fields(
            calendar: &str,
            preferences: DateTimeFormatterPreferences,
        ) -> Result<Box<dyn Fields>, ComputeError> {
            match calendar {
                $($name => {
                    let names = FixedCalendarDateTimeNames::<$calendar, CompositeFieldSet>::try_new(preferences);
                    Ok(Box::new(In { names: names.map_err(|_| missing())?, calendar: $new }))
                })*
                _ => Err(bad_settings()),
            }
        }

        $(impl Fields for In<$calendar> {
            fn load(&mut self, pattern: &DateTimePattern) -> Result<(), ComputeError> {
                self.names.include_for_pattern(pattern).map(|_| ()).map_err(|_| missing())
            }

            fn write(&self, pattern: &DateTimePattern, moment: &Moment, zone: icu::time::TimeZone) -> String {
                let (date, time) = (moment.date.to_calendar(self.calendar), moment.time);
                let zone: TimeZoneInfo<_> =
                    zone.with_offset(Some(moment.zone)).at_date_time(DateTime { date: moment.date, time });
                let moment = ZonedDateTime { date, time, zone };
                let mut text = String::new();
                let _ = self.names.with_pattern_unchecked(pattern).format(&moment).try_write_to(&mut text);
                text
            }

            fn year(&self, moment: &Moment) -> (i32, u8, u8) {
                let date = moment.date.to_calendar(self.calendar);
                let era = date.era_year();
                (era.year, era.era_index.unwrap_or_default(), date.month().ordinal)
            }
        })*
    };
}

struct In<C> {
    names: FixedCalendarDateTimeNames<C, CompositeFieldSet>,
    calendar: C,
}

calendars! {
    "gregory" Gregorian = Gregorian,
    "buddhist" Buddhist = Buddhist,
    "coptic" Coptic = Coptic,
    "ethiopic" Ethiopian = Ethiopian::new(),
    "hebrew" Hebrew = Hebrew,
    "indian" Indian = Indian,
    "japanese" Japanese = Japanese::new(),
    "persian" Persian = Persian,
    "roc" Roc = Roc,
}
