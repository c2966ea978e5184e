//! The patterns of CLDR that ICU4X does not offer, out of `data/cldr.deflate`, which `data/cldr.mjs` wrote.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::OnceLock;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

static PACKED: &[u8] = include_bytes!("../../../../data/cldr.deflate");

/// The locale that all others inherit from.
const ROOT: &str = "und";

#[derive(Default)]
struct Table {
    /// Each section of each locale: only what its parent does not have.
    sections: HashMap<(&'static str, &'static str), &'static str>,
    parents: HashMap<&'static str, &'static str>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut text = String::new();
        // The data is the binary's own; where it cannot be read, there are no locales.
        let _ = flate2::read::DeflateDecoder::new(PACKED).read_to_string(&mut text);
        let text: &'static str = Box::leak(text.into_boxed_str());
        let mut table = Table::default();
        for line in text.lines() {
            let Ok((locale, parent, section, own)) =
                serde_json::from_str::<(&str, &str, &str, &RawValue)>(line)
            else {
                continue;
            };
            if section.is_empty() {
                table.parents.insert(locale, parent);
            } else {
                table.sections.insert((locale, section), own.get());
            }
        }
        table
    })
}

/// Whether there is such a locale.
pub(super) fn knows(locale: &str) -> bool {
    locale != ROOT && table().parents.contains_key(locale)
}

/// All locales there are.
pub(super) fn locales() -> impl Iterator<Item = &'static str> {
    table().parents.keys().copied().filter(|locale| *locale != ROOT)
}

/// A section of a locale, with what it inherits.
pub(super) fn section(locale: &str, section: &str) -> Value {
    let mut value = match table().parents.get(locale) {
        Some(parent) if locale != ROOT => self::section(parent, section),
        _ => Value::Null,
    };
    if let Some(own) = table().sections.get(&(locale, section)).and_then(|own| serde_json::from_str(own).ok())
    {
        merge(&mut value, own);
    }
    value
}

fn merge(base: &mut Value, own: Value) {
    match (base, own) {
        (Value::Object(base), Value::Object(own)) => merge_objects(base, own),
        (base, own) => *base = own,
    }
}

fn merge_objects(base: &mut Map<String, Value>, own: Map<String, Value>) {
    for (key, value) in own {
        if value.is_null() {
            base.remove(&key);
        } else {
            merge(base.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// A text in a section, or nothing.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The cycle of hours that is preferred in a place: `h` or `H`, sometimes `K` or `k`.
pub(super) fn hours(language: &str, region: &str) -> char {
    static HOURS: OnceLock<Value> = OnceLock::new();
    let hours = HOURS.get_or_init(|| section("", "hours"));
    let of = |place: &str| hours.get(place).and_then(Value::as_str);
    let found = of(&format!("{language}-{region}")).or_else(|| of(region)).or_else(|| of("001"));
    found.and_then(|found| found.chars().next()).unwrap_or('H')
}
