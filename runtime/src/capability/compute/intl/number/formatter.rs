//! A number formatter and the options that it is made of.

use icu::decimal::DecimalFormatter;
use icu::plurals::PluralRules;
use serde::Deserialize;
use serde_json::Value;

use super::super::round::Digits;

/// The options of `Intl.NumberFormat`, resolved.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NumberSettings {
    pub(super) locale: String,
    pub(super) numbering_system: String,
    pub(super) style: String,
    pub(super) currency: Option<String>,
    pub(super) currency_display: Option<String>,
    pub(super) currency_sign: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) unit_display: Option<String>,
    pub(super) notation: String,
    pub(super) compact_display: Option<String>,
    pub(super) use_grouping: Value,
    pub(super) sign_display: String,
    #[serde(flatten)]
    pub(super) digits: Digits,
}

/// A number formatter for one locale and options.
pub(crate) struct NumberFormatter {
    pub(super) settings: NumberSettings,
    pub(super) decimal: DecimalFormatter,
    pub(super) plain: DecimalFormatter,
    pub(super) plurals: PluralRules,
    /// What CLDR says of the numbering system.
    pub(super) system: Value,
    /// The currency, as it is shown.
    pub(super) currency: String,
    /// The patterns of the unit, or the names of the currency.
    pub(super) words: Value,
}
