//! The cache of formatters, for all invocations: one for each locale and options, which is all that it depends on.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mayfly_abi::compute::IntlTask;

use super::super::ComputeError;
use super::{date, number, phrases, plural, strings};

/// How many there are at once. The oldest is evicted.
const COUNT_MAX: usize = 512;
/// How long the options of one may be, as the guest writes them.
pub(super) const SETTINGS_BYTES_MAX: usize = 4 << 10;

pub(super) enum Formatter {
    Number(number::NumberFormatter),
    Date(date::DateFormatter),
    Collator(strings::Collator),
    Plurals(plural::Plurals),
    List(phrases::List),
    Relative(phrases::Relative),
    DisplayNames(phrases::DisplayNames),
}

/// What kind of formatter, and its options.
type Key = (u8, String);

#[derive(Default)]
struct Cache {
    made: HashMap<Key, Arc<Formatter>>,
    order: VecDeque<Key>,
}

impl Cache {
    fn add(&mut self, key: Key, formatter: Arc<Formatter>) {
        if self.made.len() == COUNT_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.made.remove(&oldest);
        }
        if self.made.insert(key.clone(), formatter).is_none() {
            self.order.push_back(key);
        }
    }
}

fn make(task: IntlTask, settings: &str) -> Result<Formatter, ComputeError> {
    use IntlTask as T;
    Ok(match task {
        T::Number | T::NumberRange => Formatter::Number(number::NumberFormatter::new(settings)?),
        T::Date | T::DateRange => Formatter::Date(date::DateFormatter::new(settings)?),
        T::Compare => Formatter::Collator(strings::Collator::new(settings)?),
        T::Plural => Formatter::Plurals(plural::Plurals::new(settings)?),
        T::List => Formatter::List(phrases::List::new(settings)?),
        T::Relative => Formatter::Relative(phrases::Relative::new(settings)?),
        _ => Formatter::DisplayNames(phrases::DisplayNames::new(settings)?),
    })
}

/// The formatter for some options.
pub(super) fn formatter(task: IntlTask, settings: &str) -> Result<Arc<Formatter>, ComputeError> {
    static CACHE: OnceLock<Mutex<Cache>> = OnceLock::new();
    let cache = || CACHE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let key = (family(task), settings.to_owned());
    if let Some(formatter) = cache().made.get(&key) {
        return Ok(Arc::clone(formatter));
    }
    // Made without the lock: others go on.
    let formatter = Arc::new(make(task, settings)?);
    cache().add(key, Arc::clone(&formatter));
    Ok(formatter)
}

/// Tasks that share their formatters.
pub(super) fn family(task: IntlTask) -> u8 {
    match task {
        IntlTask::NumberRange => IntlTask::Number as u8,
        IntlTask::DateRange => IntlTask::Date as u8,
        task => task as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room() {
        let mut cache = Cache::default();
        for number in 0..=COUNT_MAX {
            let formatter = Formatter::DisplayNames(phrases::DisplayNames::Nothing);
            cache.add((1, number.to_string()), Arc::new(formatter));
            assert!(cache.made.len() <= COUNT_MAX);
        }
        assert!(!cache.made.contains_key(&(1, "0".to_owned())));
        assert!(cache.made.contains_key(&(1, COUNT_MAX.to_string())));
    }
}
