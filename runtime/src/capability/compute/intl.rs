//! `Intl`: a task, the options as JSON, and one or two texts; a text comes back.
//!
//! Everything here is a function of its frame. Formatters are kept for all invocations, see `cache`; what one invocation
//! pays does not depend on what others did: it pays for making each formatter that it has not used lately. What is so
//! long that it goes to another thread pays for its length alone.

mod answer;
mod cache;
mod calendar;
mod cldr;
mod date;
mod date_pattern;
mod locale;
mod number;
mod parts;
mod pattern;
mod phrases;
mod plural;
mod round;
mod skeleton;
mod strings;
mod zone;

use std::collections::VecDeque;
use std::sync::Arc;

use mayfly_abi::compute::{IntlTask, Status};
use mayfly_abi::frame::Reader;

use super::{ComputeError, Computed, Output};
use cache::Formatter;

pub(crate) use answer::{IntlAnswer, bad_settings, missing};

/// What it costs to make a formatter.
const MAKE: u64 = 1_000_000;
/// How many formatters one invocation keeps; using another one again is paid again.
const RECENT_MAX: usize = 16;

/// The formatters that one invocation used lately.
#[derive(Default)]
pub(super) struct Recent {
    used: VecDeque<((u8, String), Arc<Formatter>)>,
    /// What it has not paid for yet.
    owed: u64,
}

impl Recent {
    /// The price of the formatters that were made since the last call.
    pub(super) fn owed(&mut self) -> u64 {
        std::mem::take(&mut self.owed)
    }

    fn formatter(&mut self, task: IntlTask, settings: &str) -> Result<Arc<Formatter>, ComputeError> {
        let family = cache::family(task);
        let known = self.used.iter().find(|((of, with), _)| *of == family && with == settings);
        if let Some((_, formatter)) = known {
            return Ok(Arc::clone(formatter));
        }
        self.owed += MAKE;
        let formatter = cache::formatter(task, settings)?;
        if self.used.len() == RECENT_MAX {
            self.used.pop_front();
        }
        self.used.push_back(((family, settings.to_owned()), Arc::clone(&formatter)));
        Ok(formatter)
    }
}

fn text(bytes: &[u8]) -> Result<&str, ComputeError> {
    std::str::from_utf8(bytes).map_err(|_| bad_settings())
}

/// Does one task.
pub(super) fn run(args: &mut Reader<'_>, recent: &mut Recent) -> Computed {
    let task = IntlTask::read(args)?;
    let (settings, first, second) = (text(args.bytes()?)?, text(args.bytes()?)?, text(args.bytes()?)?);
    if settings.len() > cache::SETTINGS_BYTES_MAX {
        return Err(ComputeError(Status::Type, "the options are too long"));
    }
    Ok(Output::new(answer(task, settings, first, second, recent)?.into_bytes()))
}

fn answer(task: IntlTask, settings: &str, first: &str, second: &str, recent: &mut Recent) -> IntlAnswer {
    match task {
        IntlTask::Canonicalize => return locale::canonicalize(first),
        IntlTask::Describe => return locale::describe(first),
        IntlTask::Resolve => return locale::resolve(settings),
        IntlTask::Supported => return locale::supported(settings),
        IntlTask::Zone => return zone::canonical(first),
        IntlTask::Values => return values(first),
        IntlTask::Segment => return strings::segment(settings, first),
        IntlTask::Case => return strings::change_case(settings, first),
        _ => {}
    }
    match (&*recent.formatter(task, settings)?, task) {
        (Formatter::Number(number), IntlTask::NumberRange) => number.format_range(first, second),
        (Formatter::Number(number), _) => number.format(first),
        (Formatter::Date(date), IntlTask::DateRange) => date.format_range(first, second),
        (Formatter::Date(date), _) => date.format(first),
        (Formatter::Collator(collator), _) => collator.compare(first, second),
        (Formatter::Plurals(plurals), _) => plurals.select(first),
        (Formatter::List(list), _) => list.format(first),
        (Formatter::Relative(relative), _) => relative.format(first, second),
        (Formatter::DisplayNames(names), _) => names.of(first),
    }
}

/// All values of a key, of those that only the host knows.
fn values(key: &str) -> IntlAnswer {
    let mut values = match key {
        "calendar" => calendar::CALENDARS.iter().map(ToString::to_string).collect(),
        "timeZone" => zone::all(),
        "locale" => cldr::locales().map(ToOwned::to_owned).collect(),
        "currency" => {
            let names = cldr::section("en", "money");
            names.as_object().map(|names| names.keys().cloned().collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    values.sort();
    serde_json::to_string(&values).map_err(|_| bad_settings())
}

#[cfg(test)]
mod tests;
