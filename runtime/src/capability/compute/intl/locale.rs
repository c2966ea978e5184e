//! Locales: canonical form, data about them, and locale negotiation.

use icu::calendar::week::{WeekInformation, WeekPreferences};
use icu::locale::extensions::unicode::Key;
use icu::locale::{
    LanguageIdentifier, Locale, LocaleCanonicalizer, LocaleDirectionality, LocaleExpander, langid,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::ComputeError;
use super::{IntlAnswer, bad_settings, cldr, zone};

fn expander() -> LocaleExpander {
    LocaleExpander::new_extended()
}

fn maximized(id: &LanguageIdentifier) -> LanguageIdentifier {
    let mut id = id.clone();
    expander().maximize(&mut id);
    if id.language.is_unknown() && id.script.is_none() && id.region.is_none() {
        let variants = id.variants;
        id = LanguageIdentifier { variants, ..langid!("en-Latn-US") };
    }
    id
}

fn minimized(id: &LanguageIdentifier) -> LanguageIdentifier {
    let mut id = maximized(id);
    expander().minimize(&mut id);
    id
}

/// The canonical form of a tag; nothing where it is not one.
fn canonical(tag: &str) -> Option<Locale> {
    // ECMA-402 knows neither tags that begin with a script, nor `root`, nor extensions twice.
    let language = tag.split('-').next()?;
    if !(2..=8).contains(&language.len()) || language.len() == 4 || has_repeated_variant(tag) {
        return None;
    }
    let mut locale = Locale::try_from_str(tag).ok()?;
    LocaleCanonicalizer::new_extended().canonicalize(&mut locale);
    Some(locale)
}

fn has_repeated_variant(tag: &str) -> bool {
    let lower = tag.to_ascii_lowercase();
    let is_variant = |part: &str| part.len() >= 5 || (part.len() == 4 && part.as_bytes()[0].is_ascii_digit());
    let variants: Vec<&str> = lower.split('-').skip(1).take_while(|part| part.len() > 1).collect();
    let variants: Vec<&str> = variants.into_iter().filter(|part| is_variant(part)).collect();
    variants.iter().enumerate().any(|(at, part)| variants[..at].contains(part))
}

/// The canonical form, as text; nothing where it is not a tag.
pub(super) fn canonicalize(tag: &str) -> IntlAnswer {
    Ok(canonical(tag).map(|locale| locale.to_string()).unwrap_or_default())
}

/// What `Intl.Locale` tells of a tag.
pub(super) fn describe(tag: &str) -> IntlAnswer {
    let Some(locale) = canonical(tag) else { return Ok(String::new()) };
    let full = maximized(&locale.id);
    let with = |id: LanguageIdentifier| Locale { id, extensions: locale.extensions.clone() }.to_string();
    let mut keywords = Map::new();
    for (key, value) in locale.extensions.unicode.keywords.iter() {
        keywords.insert(key.to_string(), value.to_string().into());
    }
    let right_to_left = LocaleDirectionality::new_extended().is_right_to_left(&full);
    let region = region_in_force(&locale, &full);
    let zones = locale.id.region.map(|_| zone::of_region(&region)).unwrap_or_default();
    let data = data_of(&locale.id.to_string()).unwrap_or_else(|| "en".to_owned());
    let numbers = cldr::section(&data, "numbers");
    let variants: Vec<String> = locale.id.variants.iter().map(ToString::to_string).collect();
    let about = json!({
        "tag": locale.to_string(), "baseName": locale.id.to_string(),
        "language": locale.id.language.to_string(),
        "script": locale.id.script.map(|script| script.to_string()),
        "region": locale.id.region.map(|region| region.to_string()),
        "variants": (!variants.is_empty()).then(|| variants.join("-")),
        "keywords": keywords, "maximized": with(full.clone()), "minimized": with(minimized(&locale.id)),
        "rightToLeft": right_to_left, "hours": cycle(full.language.as_str(), &region),
        "calendar": calendar(&region), "numbering": cldr::text(&numbers, "/system"), "zones": zones, "week": week(&region),
    });
    Ok(about.to_string())
}

/// The region of a locale: `-u-rg`, its own, `-u-sd`, or the likely one.
fn region_in_force(locale: &Locale, full: &LanguageIdentifier) -> String {
    let keyword = |name: &str| {
        let value = locale.extensions.unicode.keywords.get(&name.parse::<Key>().ok()?)?.to_string();
        Some(value.get(..2)?.to_ascii_uppercase())
    };
    let own = locale.id.region.map(|region| region.to_string());
    let likely = || full.region.map(|region| region.to_string());
    keyword("rg").or(own).or_else(|| keyword("sd")).or_else(likely).unwrap_or_default()
}

fn calendar(region: &str) -> &'static str {
    match region {
        "TH" => "buddhist",
        "IR" | "AF" => "persian",
        _ => "gregory",
    }
}

/// The first day of a week, and the days of the weekend, where Monday is 1.
fn week(region: &str) -> Vec<u8> {
    let tag = Locale::try_from_str(&format!("und-{region}")).unwrap_or(Locale::UNKNOWN);
    let Ok(week) = WeekInformation::try_new(WeekPreferences::from(&tag)) else { return vec![1, 6, 7] };
    let mut days = vec![week.first_weekday as u8];
    let mut weekend: Vec<u8> = week.weekend().map(|day| day as u8).collect();
    weekend.sort_unstable();
    days.append(&mut weekend);
    days
}

fn cycle(language: &str, region: &str) -> &'static str {
    match cldr::hours(language, region) {
        'h' => "h12",
        'K' => "h11",
        'k' => "h24",
        _ => "h23",
    }
}

/// The locale of CLDR that serves a tag without extensions.
pub(super) fn data_of(tag: &str) -> Option<String> {
    if cldr::knows(tag) {
        return Some(tag.to_owned());
    }
    let id: LanguageIdentifier = tag.parse().ok()?;
    let full = maximized(&id);
    let alone = maximized(&LanguageIdentifier { language: id.language, ..LanguageIdentifier::UNKNOWN });
    let script = full.script.map(|script| script.to_string()).unwrap_or_default();
    let region = full.region.map(|region| region.to_string()).unwrap_or_default();
    let language = full.language.to_string();
    let (tall, short) = (format!("{language}-{script}-{region}"), format!("{language}-{script}"));
    [tall, short].into_iter().find(|tag| cldr::knows(tag)).or_else(|| {
        let candidates = [format!("{language}-{region}"), language.clone()];
        (full.script == alone.script).then(|| candidates.into_iter().find(|tag| cldr::knows(tag)))?
    })
}

/// Whether a tag without extensions is one that there is: CLDR leaves out those that its shorter ones imply.
fn available(tag: &str) -> bool {
    if cldr::knows(tag) {
        return true;
    }
    let (Ok(id), Some(data)) = (tag.parse::<LanguageIdentifier>(), data_of(tag)) else { return false };
    let Ok(data) = data.parse::<LanguageIdentifier>() else { return false };
    id.variants.is_empty() && maximized(&id) == maximized(&data)
}

/// The longest beginning of a tag that there is.
fn best(tag: &str) -> Option<&str> {
    let mut rest = tag;
    loop {
        if available(rest) {
            return Some(rest);
        }
        let cut = rest.rfind('-')?;
        rest = &rest[..cut];
        if rest.len() >= 2 && rest.as_bytes()[rest.len() - 2] == b'-' {
            rest = &rest[..rest.len() - 2];
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    locales: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
}

#[derive(Serialize)]
struct Resolved {
    /// Without extensions.
    locale: String,
    keywords: Map<String, Value>,
    numbering: String,
    hours: &'static str,
    calendar: &'static str,
}

fn without_extensions(tag: &str) -> String {
    tag.parse::<Locale>().map_or_else(|_| tag.to_owned(), |locale| locale.id.to_string())
}

/// The first of the locales asked for that there is, or English, with the keywords of it that matter.
pub(super) fn resolve(settings: &str) -> IntlAnswer {
    let wanted: Wanted = serde_json::from_str(settings).map_err(|_| bad_settings())?;
    let mut keywords = Map::new();
    let mut chosen = "en-US".to_owned();
    for tag in &wanted.locales {
        let plain = without_extensions(tag);
        let Some(found) = best(&plain) else { continue };
        found.clone_into(&mut chosen);
        let Ok(locale) = tag.parse::<Locale>() else { break };
        for key in &wanted.keys {
            let value = key.parse::<Key>().ok().and_then(|key| locale.extensions.unicode.keywords.get(&key));
            if let Some(value) = value {
                keywords.insert(key.clone(), value.to_string().into());
            }
        }
        break;
    }
    serde_json::to_string(&defaults(chosen, keywords)).map_err(|_| bad_settings())
}

fn defaults(locale: String, keywords: Map<String, Value>) -> Resolved {
    let data = data_of(&locale).unwrap_or_else(|| "en".to_owned());
    let numbers = cldr::section(&data, "numbers");
    let full = locale.parse().map_or(LanguageIdentifier::UNKNOWN, |id| maximized(&id));
    let region = full.region.map(|region| region.to_string()).unwrap_or_default();
    let numbering = cldr::text(&numbers, "/system").to_owned();
    let hours = cycle(full.language.as_str(), &region);
    Resolved { keywords, numbering, hours, calendar: calendar(&region), locale }
}

/// Those of the locales that there are, as they were written.
pub(super) fn supported(settings: &str) -> IntlAnswer {
    let wanted: Wanted = serde_json::from_str(settings).map_err(|_| bad_settings())?;
    let there: Vec<&String> =
        wanted.locales.iter().filter(|tag| best(&without_extensions(tag)).is_some()).collect();
    serde_json::to_string(&there).map_err(|_| bad_settings())
}

/// A locale of ICU4X's, with keywords.
pub(super) fn with_keywords(locale: &str, keywords: &[(&str, &str)]) -> Result<Locale, ComputeError> {
    let mut tag = locale.to_owned();
    let given: Vec<_> = keywords.iter().filter(|(_, value)| !value.is_empty()).collect();
    if !given.is_empty() {
        tag.push_str("-u");
    }
    for (key, value) in given {
        tag.push_str(&format!("-{key}-{value}"));
    }
    Locale::try_from_str(&tag).map_err(|_| bad_settings())
}
