//! `Intl.ListFormat`, `Intl.RelativeTimeFormat` and `Intl.DisplayNames`.

use fixed_decimal::Decimal;
use icu::experimental::displaynames::multi::{
    LocaleDisplayNamesFormatter, RegionDisplayNames, ScriptDisplayNames,
};
use icu::experimental::displaynames::{DisplayNamesOptions, DisplayNamesPreferences, Style};
use icu::list::options::{ListFormatterOptions, ListLength};
use icu::list::{ListFormatter, ListFormatterPreferences};
use icu::locale::Locale;
use serde::Deserialize;
use serde_json::Value;

use super::super::ComputeError;
use super::pattern::fill;
use super::{IntlAnswer, bad_settings, cldr, locale, missing, number, parts};

#[derive(Deserialize)]
struct ListSettings {
    locale: String,
    r#type: String,
    style: String,
}

/// `Intl.ListFormat`.
pub(super) struct List(ListFormatter);

impl List {
    pub(super) fn new(settings: &str) -> Result<Self, ComputeError> {
        let settings: ListSettings = serde_json::from_str(settings).map_err(|_| bad_settings())?;
        let tag = locale::with_keywords(&settings.locale, &[])?;
        let preferences = ListFormatterPreferences::from(&tag);
        let options = ListFormatterOptions::default().with_length(match settings.style.as_str() {
            "short" => ListLength::Short,
            "narrow" => ListLength::Narrow,
            _ => ListLength::Wide,
        });
        let list = match settings.r#type.as_str() {
            "disjunction" => ListFormatter::try_new_or(preferences, options),
            "unit" => ListFormatter::try_new_unit(preferences, options),
            _ => ListFormatter::try_new_and(preferences, options),
        };
        Ok(Self(list.map_err(|_| missing())?))
    }

    pub(super) fn format(&self, items: &str) -> IntlAnswer {
        let items: Vec<String> = serde_json::from_str(items).map_err(|_| bad_settings())?;
        let mut pieces = parts::written(&self.0.format(items.iter()), "literal");
        pieces.retain(|piece| piece.kind != "literal" || !piece.text.is_empty());
        Ok(parts::json(&pieces))
    }
}

#[derive(Deserialize)]
struct RelativeSettings {
    locale: String,
    style: String,
    numeric: String,
    /// The settings of the numbers.
    number: Value,
}

/// `Intl.RelativeTimeFormat`.
pub(super) struct Relative {
    always: bool,
    suffix: &'static str,
    number: number::NumberFormatter,
    patterns: Value,
}

impl Relative {
    pub(super) fn new(settings: &str) -> Result<Self, ComputeError> {
        let settings: RelativeSettings = serde_json::from_str(settings).map_err(|_| bad_settings())?;
        let data = locale::data_of(&settings.locale).ok_or(missing())?;
        Ok(Self {
            always: settings.numeric == "always",
            suffix: match settings.style.as_str() {
                "short" => "-short",
                "narrow" => "-narrow",
                _ => "",
            },
            number: number::NumberFormatter::new(&settings.number.to_string())?,
            patterns: cldr::section(&data, "relative"),
        })
    }

    /// `number` units from now.
    pub(super) fn format(&self, number: &str, unit: &str) -> IntlAnswer {
        let entry = self.patterns.get(format!("{unit}{}", self.suffix)).ok_or(missing())?;
        let word = if number == "-0" { "-0" } else { number };
        let word = entry.pointer(&format!("/words/{}", word.strip_prefix("-0").map_or(word, |_| "0")));
        if let (false, Some(Value::String(word))) = (self.always, word) {
            return Ok(parts::json(&[parts::Piece::new("literal", word.as_str())]));
        }
        let negative = number.starts_with('-');
        let absolute = number.trim_start_matches('-');
        let mut inner = self.number.pieces(absolute)?;
        inner.iter_mut().for_each(|piece| piece.source = Some("unit"));
        let decimal = Decimal::try_from_str(&absolute.replace("e+", "e")).map_err(|_| bad_settings())?;
        let patterns = entry.get(if negative { "past" } else { "future" }).ok_or(missing())?;
        let plural = self.number.plural(&decimal);
        let template = patterns.get(plural).or_else(|| patterns.get("other")).and_then(Value::as_str);
        let pieces = fill(template.unwrap_or_default(), inner, "literal");
        Ok(parts::json(&pieces))
    }
}

#[derive(Deserialize)]
struct NameSettings {
    locale: String,
    style: String,
    r#type: String,
}

/// `Intl.DisplayNames`.
pub(super) enum DisplayNames {
    Language(Box<LocaleDisplayNamesFormatter>),
    Region(Box<RegionDisplayNames>),
    Script(Box<ScriptDisplayNames>),
    Currency(Value, Value, bool),
    Nothing,
}

impl DisplayNames {
    pub(super) fn new(settings: &str) -> Result<Self, ComputeError> {
        let settings: NameSettings = serde_json::from_str(settings).map_err(|_| bad_settings())?;
        let tag = locale::with_keywords(&settings.locale, &[])?;
        let data = locale::data_of(&settings.locale).ok_or(missing())?;
        let preferences = DisplayNamesPreferences::from(&tag);
        let mut options = DisplayNamesOptions::default();
        options.style = (settings.style != "long").then_some(Style::Short);
        Ok(match settings.r#type.as_str() {
            "language" => Self::Language(Box::new(
                LocaleDisplayNamesFormatter::try_new(preferences, options).map_err(|_| missing())?,
            )),
            "region" => Self::Region(Box::new(
                RegionDisplayNames::try_new(preferences, options).map_err(|_| missing())?,
            )),
            "script" => Self::Script(Box::new(
                ScriptDisplayNames::try_new(preferences, options).map_err(|_| missing())?,
            )),
            "currency" => Self::Currency(
                cldr::section(&data, "money"),
                cldr::section(&data, "symbols"),
                settings.style == "long",
            ),
            _ => Self::Nothing,
        })
    }

    /// The name of a code; nothing where there is none.
    pub(super) fn of(&self, code: &str) -> IntlAnswer {
        let name = match self {
            Self::Language(names) => {
                let locale = Locale::try_from_str(code).map_err(|_| bad_settings())?;
                let name = names.of(&locale).into_owned();
                (name != code).then_some(name)
            }
            Self::Region(names) => {
                code.parse().ok().and_then(|region| names.of(region)).map(ToOwned::to_owned)
            }
            Self::Script(names) => {
                code.parse().ok().and_then(|script| names.of(script)).map(ToOwned::to_owned)
            }
            Self::Currency(names, _, true) => {
                names.pointer(&format!("/{code}/name")).and_then(Value::as_str).map(ToOwned::to_owned)
            }
            Self::Currency(_, symbols, false) => {
                symbols.pointer(&format!("/{code}/0")).and_then(Value::as_str).map(ToOwned::to_owned)
            }
            Self::Nothing => None,
        };
        Ok(name.unwrap_or_default())
    }
}
