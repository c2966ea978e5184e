//! Collation, segmentation and case conversion.

use std::cmp::Ordering;

use icu::casemap::CaseMapper;
use icu::collator::options::{AlternateHandling, CaseLevel, CollatorOptions, Strength};
use icu::collator::{CollatorBorrowed, CollatorPreferences};
use icu::segmenter::options::{SentenceBreakInvariantOptions, WordBreakInvariantOptions};
use icu::segmenter::{GraphemeClusterSegmenter, SentenceSegmenter, WordSegmenter};
use serde::Deserialize;

use super::super::ComputeError;
use super::{IntlAnswer, bad_settings, locale, missing};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CollatorSettings {
    locale: String,
    usage: String,
    sensitivity: Option<String>,
    ignore_punctuation: bool,
    collation: String,
    numeric: bool,
    case_first: String,
}

/// `Intl.Collator`.
pub(super) struct Collator(CollatorBorrowed<'static>);

impl Collator {
    pub(super) fn new(settings: &str) -> Result<Self, ComputeError> {
        let settings: CollatorSettings = serde_json::from_str(settings).map_err(|_| bad_settings())?;
        let collation = match (settings.usage.as_str(), settings.collation.as_str()) {
            ("search", _) => "search",
            (_, "default") => "",
            (_, named) => named,
        };
        let numeric = if settings.numeric { "true" } else { "" };
        let keywords = [("co", collation), ("kf", settings.case_first.as_str()), ("kn", numeric)];
        let tag = locale::with_keywords(&settings.locale, &keywords)?;
        let mut options = CollatorOptions::default();
        let (strength, case_level) = match settings.sensitivity.as_deref() {
            Some("base") => (Strength::Primary, CaseLevel::Off),
            Some("accent") => (Strength::Secondary, CaseLevel::Off),
            Some("case") => (Strength::Primary, CaseLevel::On),
            _ => (Strength::Tertiary, CaseLevel::Off),
        };
        options.strength = Some(strength);
        options.case_level = Some(case_level);
        if settings.ignore_punctuation {
            options.alternate_handling = Some(AlternateHandling::Shifted);
        }
        let collator = CollatorBorrowed::try_new(CollatorPreferences::from(&tag), options);
        Ok(Self(collator.map_err(|_| missing())?))
    }

    pub(super) fn compare(&self, left: &str, right: &str) -> IntlAnswer {
        Ok(match self.0.compare(left, right) {
            Ordering::Less => "-1",
            Ordering::Equal => "0",
            Ordering::Greater => "1",
        }
        .to_owned())
    }
}

/// The ends of the segments in units of UTF-16; those of words are followed by a `w`.
pub(super) fn segment(granularity: &str, text: &str) -> IntlAnswer {
    let breaks: Vec<(usize, bool)> = match granularity {
        "word" => WordSegmenter::new_dictionary(WordBreakInvariantOptions::default())
            .segment_str(text)
            .iter_with_word_type()
            .map(|(at, kind)| (at, kind.is_word_like()))
            .collect(),
        "sentence" => SentenceSegmenter::new(SentenceBreakInvariantOptions::default())
            .segment_str(text)
            .map(|at| (at, false))
            .collect(),
        _ => GraphemeClusterSegmenter::new().segment_str(text).map(|at| (at, false)).collect(),
    };
    let (mut units, mut before) = (0, 0);
    let mut ends = String::new();
    for (at, is_word) in breaks.into_iter().filter(|(at, _)| *at > 0) {
        units += text[before..at].chars().map(char::len_utf16).sum::<usize>();
        before = at;
        if !ends.is_empty() {
            ends.push(',');
        }
        ends.push_str(&units.to_string());
        if is_word {
            ends.push('w');
        }
    }
    Ok(ends)
}

/// A text in another case, as a language has it.
pub(super) fn change_case(settings: &str, text: &str) -> IntlAnswer {
    let (case, tag) = settings.split_once(' ').ok_or_else(bad_settings)?;
    let tag = locale::with_keywords(tag, &[])?;
    let mapper = CaseMapper::new();
    Ok(if case == "upper" {
        mapper.uppercase_to_string(text, &tag.id).into_owned()
    } else {
        mapper.lowercase_to_string(text, &tag.id).into_owned()
    })
}
