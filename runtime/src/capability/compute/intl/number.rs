//! `Intl.NumberFormat`.

mod data;
mod formatter;
mod notation;

use fixed_decimal::{Decimal, Sign};
use icu::decimal::options::{DecimalFormatterOptions, GroupingStrategy};
use icu::decimal::{DecimalFormatter, DecimalFormatterPreferences};
use icu::plurals::{PluralRules, PluralRulesPreferences};
use serde_json::Value;

use super::super::ComputeError;
use super::parts::{self, Piece, push};
use super::pattern::{self, Pattern, Symbols, affix, fill, is_digit};
use super::{IntlAnswer, bad_settings, cldr, locale, missing};
use notation::Notation;

pub(crate) use formatter::{NumberFormatter, NumberSettings};

/// A number as JavaScript writes it.
enum Number {
    Finite(Decimal),
    Infinite(Sign),
    NaN,
}

fn parse(text: &str) -> Result<Number, ComputeError> {
    match text {
        "NaN" => return Ok(Number::NaN),
        "Infinity" => return Ok(Number::Infinite(Sign::None)),
        "-Infinity" => return Ok(Number::Infinite(Sign::Negative)),
        _ => {}
    }
    let text = text.replace("e+", "e");
    Decimal::try_from_str(&text).map(Number::Finite).map_err(|_| bad_settings())
}

fn grouping(settings: &NumberSettings) -> GroupingStrategy {
    match settings.use_grouping.as_str() {
        Some("always") => GroupingStrategy::Always,
        Some("min2") => GroupingStrategy::Min2,
        Some(_) => GroupingStrategy::Auto,
        None => GroupingStrategy::Never,
    }
}

impl NumberFormatter {
    pub(super) fn new(settings: &str) -> Result<Self, ComputeError> {
        let settings: NumberSettings = serde_json::from_str(settings).map_err(|_| bad_settings())?;
        let tag = locale::with_keywords(&settings.locale, &[("nu", &settings.numbering_system)])?;
        let data = locale::data_of(&settings.locale).ok_or(missing())?;
        let decimal = |grouping: GroupingStrategy| {
            let options = DecimalFormatterOptions::from(grouping);
            DecimalFormatter::try_new(DecimalFormatterPreferences::from(&tag), options).map_err(|_| missing())
        };
        let numbers = cldr::section(&data, "numbers");
        let system = numbers
            .pointer(&format!("/systems/{}", settings.numbering_system))
            .or_else(|| numbers.pointer("/systems/latn"))
            .cloned()
            .unwrap_or_default();
        let words = data::words(&settings, &data);
        let plurals = PluralRules::try_new_cardinal(PluralRulesPreferences::from(&tag));
        Ok(Self {
            decimal: decimal(grouping(&settings))?,
            plain: decimal(GroupingStrategy::Never)?,
            plurals: plurals.map_err(|_| missing())?,
            currency: data::currency(&settings, &data),
            words,
            system,
            settings,
        })
    }

    pub(super) fn format(&self, number: &str) -> IntlAnswer {
        Ok(parts::json(&self.pieces(number)?))
    }

    /// From one number to another.
    pub(super) fn format_range(&self, from: &str, to: &str) -> IntlAnswer {
        let (mut from, mut to) = (self.pieces(from)?, self.pieces(to)?);
        if parts::text(&from) == parts::text(&to) {
            from.insert(0, Piece::new("approximatelySign", "~"));
            from.iter_mut().for_each(|piece| piece.source = Some("shared"));
            return Ok(parts::json(&from));
        }
        let has_words = |piece: &Piece| {
            matches!(piece.kind, "currency" | "unit" | "compact" | "percentSign" | "minusSign")
        };
        let spaced = from.iter().chain(&to).any(has_words);
        let dash = cldr::text(&self.system, "/range").replace("{0}", "").replace("{1}", "");
        let dash = if spaced && dash.trim() == dash { format!(" {dash} ") } else { dash };
        from.iter_mut().for_each(|piece| piece.source = Some("startRange"));
        to.iter_mut().for_each(|piece| piece.source = Some("endRange"));
        from.push(Piece { kind: "literal", text: dash, source: Some("shared") });
        from.append(&mut to);
        Ok(parts::json(&from))
    }

    fn symbol(&self, index: usize) -> &str {
        cldr::text(&self.system, &format!("/symbols/{index}"))
    }

    fn symbols(&self, words: &'static str) -> Symbols<'_> {
        Symbols {
            minus: self.symbol(0),
            plus: self.symbol(1),
            percent: self.symbol(2),
            currency: &self.currency,
            words,
        }
    }

    pub(super) fn pieces(&self, number: &str) -> Result<Vec<Piece>, ComputeError> {
        let (number, digits, kept) = match parse(number)? {
            Number::NaN => (None, vec![Piece::new("nan", self.symbol(5))], None),
            Number::Infinite(sign) => {
                (Some((sign, false)), vec![Piece::new("infinity", self.symbol(4))], None)
            }
            Number::Finite(number) => {
                let (sign, mut scaled) = (number.sign, number);
                if self.settings.style == "percent" {
                    scaled.absolute.multiply_pow10(2);
                }
                let (rounded, notation) = self.notation(scaled);
                let mut digits = self.digits(&rounded);
                if let Some(Notation::Power(power)) = &notation {
                    self.exponent(&mut digits, *power);
                }
                (Some((sign, rounded.absolute.is_zero())), digits, Some((rounded, notation)))
            }
        };
        let pattern = match &kept {
            Some((_, Some(Notation::Compact(pattern)))) => Some(pattern.as_str()),
            _ => None,
        };
        let plural = kept.as_ref().map_or("other", |(rounded, _)| self.plural(rounded));
        Ok(self.dressed(self.sign(number), digits, pattern, plural))
    }

    /// The sign that is shown of a number: its own, and whether it is zero.
    fn sign(&self, number: Option<(Sign, bool)>) -> Sign {
        let Some((sign, zero)) = number else {
            return if self.settings.sign_display == "always" { Sign::Positive } else { Sign::None };
        };
        let negative = sign == Sign::Negative;
        match self.settings.sign_display.as_str() {
            "never" => Sign::None,
            "always" if !negative => Sign::Positive,
            "exceptZero" if zero => Sign::None,
            "exceptZero" if !negative => Sign::Positive,
            "negative" if zero => Sign::None,
            _ if negative => Sign::Negative,
            _ => Sign::None,
        }
    }

    pub(super) fn plural(&self, number: &Decimal) -> &'static str {
        super::plural::plural_name(self.plurals.category_for(number))
    }

    /// The pattern of the style.
    fn pattern(&self) -> &str {
        let alphabetic = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        match self.settings.style.as_str() {
            "percent" => cldr::text(&self.system, "/percent"),
            "currency" if self.settings.currency_display.as_deref() != Some("name") => {
                let accounting = self.settings.currency_sign.as_deref() == Some("accounting");
                let before = cldr::text(&self.system, "/money/0").starts_with(|c: char| !is_digit(c));
                let mut edges = self.currency.chars();
                let letters = alphabetic(if before { edges.next_back() } else { edges.next() });
                let index = usize::from(accounting) * 2 + usize::from(letters);
                cldr::text(&self.system, &format!("/money/{index}"))
            }
            _ => cldr::text(&self.system, "/decimal"),
        }
    }

    /// Digits with all that stands around them.
    fn dressed(&self, sign: Sign, digits: Vec<Piece>, compact: Option<&str>, plural: &str) -> Vec<Piece> {
        let compact_has_all = compact.is_some_and(|pattern| pattern.contains('¤'));
        let pattern = compact.filter(|_| compact_has_all).unwrap_or_else(|| self.pattern());
        let pattern = signed(pattern::parse(pattern), sign);
        let symbols = self.symbols(if compact_has_all { "compact" } else { "literal" });
        let digits = match compact.filter(|_| !compact_has_all) {
            Some(template) => {
                let around = pattern::parse(template).0;
                let symbols = self.symbols("compact");
                let mut pieces = Vec::new();
                affix(&mut pieces, &around.prefix, &symbols);
                pieces.extend(digits);
                affix(&mut pieces, &around.suffix, &symbols);
                pieces
            }
            None => digits,
        };
        let mut pieces = Vec::new();
        affix(&mut pieces, &pattern.prefix, &symbols);
        self.space(&mut pieces, &pattern.prefix);
        for piece in digits {
            push(&mut pieces, piece);
        }
        affix(&mut pieces, &pattern.suffix, &symbols);
        self.named(pieces, plural)
    }

    /// A currency whose code stands before digits keeps a distance, where the pattern has none.
    fn space(&self, pieces: &mut Vec<Piece>, prefix: &str) {
        if prefix.ends_with('¤') && self.currency.chars().last().is_some_and(char::is_alphabetic) {
            push(pieces, Piece::new("literal", "\u{a0}"));
        }
    }

    /// Adds the name of a unit, or of a currency.
    fn named(&self, pieces: Vec<Piece>, plural: &str) -> Vec<Piece> {
        let of = |value: &Value| {
            let found = value.get(plural).or_else(|| value.get("other")).or_else(|| value.get("name"));
            found.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        match self.settings.style.as_str() {
            "unit" => {
                let pieces = fill(&of(&self.words), pieces, "unit");
                let per = cldr::text(&self.words, "/per");
                if per.is_empty() { pieces } else { fill(per, pieces, "unit") }
            }
            "currency" if self.settings.currency_display.as_deref() == Some("name") => {
                let name = of(&self.words);
                let name = if name.is_empty() { self.currency.clone() } else { name };
                let template = of(self.system.get("names").unwrap_or(&Value::Null)).replace("{1}", &name);
                fill(&template, pieces, "currency")
            }
            _ => pieces,
        }
    }
}

/// The pattern for a sign.
fn signed((positive, negative): (Pattern, Option<Pattern>), sign: Sign) -> Pattern {
    let with = |sign: char| match &negative {
        Some(negative) if sign == '-' || negative.prefix.contains('-') || negative.suffix.contains('-') => {
            Pattern {
                prefix: negative.prefix.replace('-', &sign.to_string()),
                suffix: negative.suffix.replace('-', &sign.to_string()),
                zeros: 0,
            }
        }
        _ => Pattern { prefix: format!("{sign}{}", positive.prefix), ..positive.clone() },
    };
    match sign {
        Sign::Negative => with('-'),
        Sign::Positive => with('+'),
        Sign::None => positive,
    }
}
