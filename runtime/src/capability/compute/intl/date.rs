//! `Intl.DateTimeFormat`.

use icu::datetime::DateTimeFormatterPreferences;
use icu::datetime::pattern::DateTimePattern;

use super::super::ComputeError;
use super::calendar::{self, Fields, Moment};
use super::date_pattern::{DateSettings, Shape, shape};
use super::parts::{self, Piece};
use super::skeleton::{Token, halves, kind};
use super::zone::Zone;
use super::{IntlAnswer, bad_settings, cldr, locale, missing};

/// A date formatter for one locale and options.
pub(super) struct DateFormatter {
    fields: Box<dyn Fields>,
    zone: Zone,
    whole: Vec<Item>,
    /// The patterns of ranges by the greatest field that differs, with where their second halves begin.
    ranges: Vec<(char, Vec<Item>, usize)>,
    /// Between the halves of what has no pattern.
    between: String,
    /// What a range between two days is written in where the pattern itself has no day.
    with_day: Option<Vec<Item>>,
    decimal: String,
    /// Whether the name of the zone is short.
    short_zone: bool,
}

enum Item {
    Field(char, DateTimePattern),
    /// Digits of a second's fraction.
    Fraction(usize),
    Text(String),
}

impl DateFormatter {
    pub(super) fn new(settings: &str) -> Result<Self, ComputeError> {
        let settings: DateSettings = serde_json::from_str(settings).map_err(|_| bad_settings())?;
        let tag = locale::with_keywords(&settings.locale, &[("nu", &settings.numbering_system)])?;
        let data = locale::data_of(&settings.locale).ok_or(missing())?;
        let patterns = super::date_pattern::patterns(&data, &settings.calendar);
        let mut fields = calendar::fields(&settings.calendar, DateTimeFormatterPreferences::from(&tag))?;
        let Shape { tokens, skeleton } = shape(&settings, &patterns);
        let numbers = cldr::section(&data, "numbers");
        let system = format!("/systems/{}/symbols/6", settings.numbering_system);
        let decimal = [cldr::text(&numbers, &system), "."].into_iter().find(|text| !text.is_empty());
        let whole = items(&tokens, fields.as_mut())?;
        let with_day = match super::date_pattern::with_day(&settings, &patterns) {
            Some(tokens) => Some(items(&tokens, fields.as_mut())?),
            None => None,
        };
        let mut ranges = Vec::new();
        for (difference, tokens) in super::date_pattern::ranges(&settings, &patterns, &skeleton) {
            let at = halves(&tokens);
            // What a range needs beyond the date itself may not be there: then it is two dates.
            if let Ok(items) = items(&tokens, fields.as_mut()) {
                ranges.push((difference, items, at));
            }
        }
        let short_zone = tokens.contains(&Token::Field('z', 1));
        Ok(Self {
            short_zone,
            fields,
            zone: Zone::new(&settings.time_zone)?,
            whole,
            with_day,
            ranges,
            between: cldr::text(&patterns, "/between").replace("{0}", "").replace("{1}", ""),
            decimal: decimal.unwrap_or(".").to_owned(),
        })
    }

    fn moment(&self, milliseconds: &str) -> Result<Moment, ComputeError> {
        let milliseconds: f64 = milliseconds.parse().map_err(|_| bad_settings())?;
        let milliseconds = milliseconds as i64;
        Ok(Moment::from_epoch_milliseconds_and_utc_offset(milliseconds, self.zone.offset_at(milliseconds)?))
    }

    pub(super) fn format(&self, at: &str) -> IntlAnswer {
        Ok(parts::json(&self.pieces(&self.whole, &self.moment(at)?)))
    }

    fn pieces(&self, items: &[Item], moment: &Moment) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for item in items {
            let piece = match item {
                Item::Text(text) => Piece::new("literal", text.as_str()),
                Item::Fraction(digits) => {
                    parts::push(&mut pieces, Piece::new("literal", self.decimal.as_str()));
                    Piece::new("fractionalSecond", self.fraction(moment, *digits))
                }
                Item::Field('z', _) if self.zone.is_utc() && self.short_zone => {
                    Piece::new("timeZoneName", "UTC")
                }
                Item::Field(letter, pattern) => {
                    Piece::new(part(*letter), self.fields.write(pattern, moment, self.zone.id))
                }
            };
            parts::push(&mut pieces, piece);
        }
        pieces
    }

    /// The digits of a fraction; ICU4X has them in its own numbers only with the seconds.
    fn fraction(&self, moment: &Moment, digits: usize) -> String {
        let nanoseconds = format!("{:09}", moment.time.subsecond.number());
        nanoseconds.chars().take(digits).collect()
    }

    /// From one moment to another.
    pub(super) fn format_range(&self, from: &str, to: &str) -> IntlAnswer {
        let (from, to) = (self.moment(from)?, self.moment(to)?);
        let whole = |moment: &Moment| self.pieces(&self.whole, moment);
        if parts::text(&whole(&from)) == parts::text(&whole(&to)) {
            let pieces = whole(&from).into_iter().map(|piece| marked(piece, "shared")).collect::<Vec<_>>();
            return Ok(parts::json(&pieces));
        }
        let difference = self.difference(&from, &to);
        if let (true, Some(items)) = (from.date != to.date, &self.with_day) {
            return Ok(parts::json(&self.both(items, &from, &to)));
        }
        if let Some((_, items, at)) = self.ranges.iter().find(|(letter, ..)| *letter == difference) {
            return Ok(parts::json(&self.halves(items, *at, &from, &to)));
        }
        Ok(parts::json(&self.both(&self.whole, &from, &to)))
    }

    /// Both ends of a range in full.
    fn both(&self, items: &[Item], from: &Moment, to: &Moment) -> Vec<Piece> {
        let end = |moment: &Moment, source: &'static str| {
            self.pieces(items, moment).into_iter().map(move |piece| marked(piece, source))
        };
        let between = marked(Piece::new("literal", self.between.as_str()), "shared");
        end(from, "startRange").chain([between]).chain(end(to, "endRange")).collect()
    }

    fn halves(&self, items: &[Item], at: usize, from: &Moment, to: &Moment) -> Vec<Piece> {
        let letters = |items: &[Item]| -> Vec<char> {
            items
                .iter()
                .filter_map(|item| match item {
                    Item::Field(letter, _) => Some(kind(*letter)),
                    _ => None,
                })
                .collect()
        };
        let (first, second) = (letters(&items[..at]), letters(&items[at..]));
        let mut pieces = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let (moment, own, other, source) = if index < at {
                (from, &first, &second, "startRange")
            } else {
                (to, &second, &first, "endRange")
            };
            let twice = |letter: char| own.contains(&kind(letter)) && other.contains(&kind(letter));
            let source = match item {
                Item::Field(letter, _) if twice(*letter) => source,
                Item::Text(_) if surrounded(items, index, at, &twice) => source,
                _ => "shared",
            };
            for piece in self.pieces(std::slice::from_ref(item), moment) {
                parts::push(&mut pieces, marked(piece, source));
            }
        }
        pieces
    }

    /// The greatest field that differs between two moments.
    fn difference(&self, from: &Moment, to: &Moment) -> char {
        let (a, b) = (self.fields.year(from), self.fields.year(to));
        let half = |moment: &Moment| moment.time.hour.number() / 12;
        if a.1 != b.1 {
            'G'
        } else if a.0 != b.0 {
            'y'
        } else if a.2 != b.2 {
            'M'
        } else if from.date != to.date {
            'd'
        } else if half(from) != half(to) && self.ranges.iter().any(|(letter, ..)| *letter == 'a') {
            'a'
        } else if from.time.hour != to.time.hour {
            'h'
        } else if from.time.minute != to.time.minute {
            'm'
        } else {
            's'
        }
    }
}

/// Whether a text stands between fields of one half of a range that are in both.
fn surrounded(items: &[Item], index: usize, at: usize, twice: &dyn Fn(char) -> bool) -> bool {
    let is_twice = |item: Option<&Item>| matches!(item, Some(Item::Field(letter, _)) if twice(*letter));
    let before = index.checked_sub(1).and_then(|before| items.get(before));
    is_twice(before) && is_twice(items.get(index + 1)) && index + 1 != at
}

fn marked(piece: Piece, source: &'static str) -> Piece {
    Piece { source: Some(source), ..piece }
}

fn items(tokens: &[Token], fields: &mut dyn Fields) -> Result<Vec<Item>, ComputeError> {
    let mut items = Vec::new();
    for token in tokens {
        items.push(match token {
            Token::Text(text) => Item::Text(text.clone()),
            Token::Field('S', width) => Item::Fraction(*width),
            Token::Field(letter, width) => {
                let pattern: String = std::iter::repeat_n(*letter, *width).collect();
                let pattern = DateTimePattern::try_from_pattern_str(&pattern).map_err(|_| missing())?;
                fields.load(&pattern)?;
                Item::Field(*letter, pattern)
            }
        });
    }
    Ok(items)
}

/// What ECMA-402 calls a field.
fn part(letter: char) -> &'static str {
    match letter {
        'G' => "era",
        'y' | 'u' | 'Y' => "year",
        'r' => "relatedYear",
        'U' => "yearName",
        'M' | 'L' => "month",
        'd' => "day",
        'E' | 'c' | 'e' => "weekday",
        'a' | 'b' | 'B' => "dayPeriod",
        'h' | 'H' | 'K' | 'k' => "hour",
        'm' => "minute",
        's' => "second",
        _ => "timeZoneName",
    }
}
