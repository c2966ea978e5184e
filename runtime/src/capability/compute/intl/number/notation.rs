//! How a number is written down: its digits, and the power of ten that is taken out of it.

use fixed_decimal::{Decimal, Sign};
use serde_json::Value;

use super::super::parts::{self, Piece};
use super::super::round::magnitude;
use super::super::{cldr, pattern};
use super::NumberFormatter;

/// What stands for a power of ten.
pub(super) enum Notation {
    Power(i16),
    Compact(String),
}

impl NumberFormatter {
    /// Rounds, with the power of ten that the notation takes out.
    pub(super) fn notation(&self, number: Decimal) -> (Decimal, Option<Notation>) {
        let round = |power: i16| {
            let mut scaled = number.clone();
            scaled.absolute.multiply_pow10(-power);
            self.settings.digits.apply(&mut scaled);
            scaled
        };
        let power_of = |magnitude: i16| match self.settings.notation.as_str() {
            "scientific" => magnitude,
            "engineering" => magnitude.div_euclid(3) * 3,
            "compact" => self.compact(magnitude).map_or(0, |(power, _)| power),
            _ => 0,
        };
        let mut at = magnitude(&number);
        let mut rounded = round(power_of(at));
        // What is rounded up may be of the next power: 999,999 is a million.
        if magnitude(&rounded) + power_of(at) > at {
            at += 1;
            rounded = round(power_of(at));
        }
        let notation = match self.settings.notation.as_str() {
            "scientific" | "engineering" => Some(Notation::Power(power_of(at))),
            "compact" => self.compact(at).map(|(_, patterns)| {
                let plural = self.plural(&rounded);
                Notation::Compact(
                    cldr::text(
                        patterns.get(plural).or_else(|| patterns.get("other")).unwrap_or(&Value::Null),
                        "",
                    )
                    .to_owned(),
                )
            }),
            _ => None,
        };
        (rounded, notation)
    }

    /// The power of ten that a compact notation names, and its patterns.
    fn compact(&self, magnitude: i16) -> Option<(i16, &Value)> {
        let long = self.settings.compact_display.as_deref() == Some("long");
        let money =
            self.settings.style == "currency" && self.settings.currency_display.as_deref() != Some("name");
        let key = if money {
            "money_short"
        } else if long {
            "long"
        } else {
            "short"
        };
        let all = self.system.get(key)?.as_object()?;
        let at = (0..=magnitude.min(20)).rev().find(|at| all.contains_key(&at.to_string()))?;
        let patterns = &all[&at.to_string()];
        let zeros = pattern::parse(cldr::text(patterns, "/other")).0.zeros;
        if cldr::text(patterns, "/other") == "0" {
            return None;
        }
        Some((at + 1 - zeros as i16, patterns))
    }

    pub(super) fn digits(&self, number: &Decimal) -> Vec<Piece> {
        let mut number = number.clone();
        number.sign = Sign::None;
        // In a compact notation, groups begin with five digits.
        let four = self.settings.notation == "compact"
            && magnitude(&number) < 4
            && self.settings.use_grouping == "min2";
        let formatter = if four { &self.plain } else { &self.decimal };
        let mut pieces = parts::written(&formatter.format(&number), "integer");
        if self.settings.use_grouping == "always" && magnitude(&number) == 3 {
            self.group(&mut pieces);
        }
        pieces
    }

    /// Groups of a number of four digits, which ICU4X leaves to the locale.
    fn group(&self, pieces: &mut Vec<Piece>) {
        let digits: Vec<char> = pieces.first().map(|piece| piece.text.chars().collect()).unwrap_or_default();
        let groups = parts::written(&self.decimal.format(&Decimal::from(100_000)), "integer");
        let separator = groups.into_iter().find(|piece| piece.kind == "group");
        if let (Some(separator), [first, rest @ ..]) = (separator, digits.as_slice())
            && pieces.get(1).is_none_or(|piece| piece.kind != "group")
        {
            let rest = Piece::new("integer", rest.iter().collect::<String>());
            pieces.splice(..1, [Piece::new("integer", first.to_string()), separator, rest]);
        }
    }

    pub(super) fn exponent(&self, pieces: &mut Vec<Piece>, power: i16) {
        pieces.push(Piece::new("exponentSeparator", self.symbol(3)));
        if power < 0 {
            pieces.push(Piece::new("exponentMinusSign", self.symbol(0)));
        }
        let power = Decimal::from(power.unsigned_abs());
        pieces.push(Piece::new("exponentInteger", self.plain.format_to_string(&power)));
    }
}
