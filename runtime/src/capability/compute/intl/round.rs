//! How many digits of a number are shown: the rounding of ECMA-402.

use fixed_decimal::{Decimal, RoundingIncrement, SignedRoundingMode, UnsignedRoundingMode};
use serde::Deserialize;

/// The options about digits, resolved.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Digits {
    minimum_integer_digits: i16,
    minimum_fraction_digits: Option<i16>,
    maximum_fraction_digits: Option<i16>,
    minimum_significant_digits: Option<i16>,
    maximum_significant_digits: Option<i16>,
    rounding_increment: u16,
    rounding_mode: String,
    rounding_priority: String,
    trailing_zero_display: String,
}

impl Digits {
    /// Rounds, and fills up with zeros.
    pub(super) fn apply(&self, number: &mut Decimal) {
        let mode = self.mode();
        match (self.significant(), self.fraction()) {
            (Some((min, max)), None) => significant(number, min, max, mode),
            (None, Some((min, max))) => self.fixed(number, min, max, mode),
            (Some((min_digits, max_digits)), Some((min, max))) => {
                let by_digits = magnitude(number) - max_digits + 1;
                let more = self.rounding_priority == "morePrecision";
                if (more && by_digits <= -max) || (!more && by_digits > -max) {
                    significant(number, min_digits, max_digits, mode);
                } else {
                    self.fixed(number, min, max, mode);
                }
            }
            (None, None) => {}
        }
        if self.trailing_zero_display == "stripIfInteger" {
            number.absolute.trim_end_if_integer();
        }
        number.absolute.pad_start(self.minimum_integer_digits);
    }

    fn significant(&self) -> Option<(i16, i16)> {
        Some((self.minimum_significant_digits?, self.maximum_significant_digits?))
    }

    fn fraction(&self) -> Option<(i16, i16)> {
        Some((self.minimum_fraction_digits?, self.maximum_fraction_digits?))
    }

    fn fixed(&self, number: &mut Decimal, min: i16, max: i16, mode: SignedRoundingMode) {
        let (increment, shift) = increment(self.rounding_increment);
        number.round_with_mode_and_increment(shift - max, mode, increment);
        number.absolute.trim_end();
        number.absolute.pad_end(-min);
    }

    fn mode(&self) -> SignedRoundingMode {
        match self.rounding_mode.as_str() {
            "ceil" => SignedRoundingMode::Ceil,
            "floor" => SignedRoundingMode::Floor,
            "expand" => SignedRoundingMode::Unsigned(UnsignedRoundingMode::Expand),
            "trunc" => SignedRoundingMode::Unsigned(UnsignedRoundingMode::Trunc),
            "halfCeil" => SignedRoundingMode::HalfCeil,
            "halfFloor" => SignedRoundingMode::HalfFloor,
            "halfTrunc" => SignedRoundingMode::Unsigned(UnsignedRoundingMode::HalfTrunc),
            "halfEven" => SignedRoundingMode::Unsigned(UnsignedRoundingMode::HalfEven),
            _ => SignedRoundingMode::Unsigned(UnsignedRoundingMode::HalfExpand),
        }
    }
}

/// The power of ten of the first digit.
pub(super) fn magnitude(number: &Decimal) -> i16 {
    if number.absolute.is_zero() { 0 } else { number.absolute.nonzero_magnitude_start() }
}

fn significant(number: &mut Decimal, min: i16, max: i16, mode: SignedRoundingMode) {
    number.round_with_mode(magnitude(number) - max + 1, mode);
    number.absolute.trim_end();
    number.absolute.pad_end(magnitude(number) - min + 1);
}

/// Steps of 1, 2, 5 or 25 at a power of ten.
fn increment(of: u16) -> (RoundingIncrement, i16) {
    let (mut rest, mut shift) = (of, 0);
    while rest % 10 == 0 && rest > 0 {
        rest /= 10;
        shift += 1;
    }
    let increment = match rest {
        2 => RoundingIncrement::MultiplesOf2,
        5 => RoundingIncrement::MultiplesOf5,
        25 => RoundingIncrement::MultiplesOf25,
        _ => RoundingIncrement::MultiplesOf1,
    };
    (increment, shift)
}
