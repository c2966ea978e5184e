//! `Intl.PluralRules`.

use fixed_decimal::Decimal;
use icu::plurals::{PluralCategory, PluralRuleType, PluralRules, PluralRulesOptions, PluralRulesPreferences};
use serde::Deserialize;

use super::super::ComputeError;
use super::round::Digits;
use super::{IntlAnswer, bad_settings, locale, missing};

/// The name that ECMA-402 has for a plural.
pub(super) fn plural_name(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PluralSettings {
    locale: String,
    r#type: String,
    #[serde(flatten)]
    digits: Digits,
}

/// `Intl.PluralRules`.
pub(super) struct Plurals {
    rules: PluralRules,
    digits: Digits,
}

impl Plurals {
    pub(super) fn new(settings: &str) -> Result<Self, ComputeError> {
        let settings: PluralSettings = serde_json::from_str(settings).map_err(|_| bad_settings())?;
        let kind =
            if settings.r#type == "ordinal" { PluralRuleType::Ordinal } else { PluralRuleType::Cardinal };
        let tag = locale::with_keywords(&settings.locale, &[])?;
        let options = PluralRulesOptions::default().with_type(kind);
        let rules = PluralRules::try_new(PluralRulesPreferences::from(&tag), options);
        Ok(Self { rules: rules.map_err(|_| missing())?, digits: settings.digits })
    }

    /// The plural of a number; of nothing, all that there are.
    pub(super) fn select(&self, number: &str) -> IntlAnswer {
        if number.is_empty() {
            let all: Vec<&str> = self.rules.categories().map(plural_name).collect();
            return serde_json::to_string(&all).map_err(|_| bad_settings());
        }
        let Ok(mut number) = Decimal::try_from_str(&number.replace("e+", "e")) else {
            return Ok("other".to_owned());
        };
        self.digits.apply(&mut number);
        Ok(plural_name(self.rules.category_for(&number)).to_owned())
    }
}
