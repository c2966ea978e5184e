//! The pattern of a date, from a style or from fields.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::cldr;
use super::skeleton::{Token, adjusted, kind, nearest, pattern, tokens};

/// The options of `Intl.DateTimeFormat`, resolved.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DateSettings {
    pub(super) locale: String,
    pub(super) numbering_system: String,
    pub(super) calendar: String,
    pub(super) time_zone: String,
    hour_cycle: Option<String>,
    date_style: Option<String>,
    time_style: Option<String>,
    weekday: Option<String>,
    era: Option<String>,
    year: Option<String>,
    month: Option<String>,
    day: Option<String>,
    day_period: Option<String>,
    hour: Option<String>,
    minute: Option<String>,
    second: Option<String>,
    fractional_second_digits: Option<usize>,
    time_zone_name: Option<String>,
}

/// A pattern, and the fields it is of.
pub(super) struct Shape {
    pub(super) tokens: Vec<Token>,
    pub(super) skeleton: Vec<(char, usize)>,
}

const STYLES: [&str; 4] = ["full", "long", "medium", "short"];

fn style_index(style: &str) -> usize {
    STYLES.iter().position(|known| *known == style).unwrap_or(2)
}

/// How many letters stand for a width.
fn width(of: &str) -> usize {
    match of {
        "2-digit" => 2,
        "short" => 3,
        "long" => 4,
        "narrow" => 5,
        _ => 1,
    }
}

impl DateSettings {
    fn letter(&self) -> char {
        match self.hour_cycle.as_deref() {
            Some("h11") => 'K',
            Some("h12") => 'h',
            Some("h24") => 'k',
            _ => 'H',
        }
    }

    fn date_fields(&self) -> Vec<(char, usize)> {
        let of =
            [('G', &self.era), ('y', &self.year), ('M', &self.month), ('E', &self.weekday), ('d', &self.day)];
        of.into_iter().filter_map(|(letter, option)| Some((letter, width(option.as_deref()?)))).collect()
    }

    fn time_fields(&self) -> Vec<(char, usize)> {
        let of = [
            ('B', &self.day_period),
            (kind(self.letter()), &self.hour),
            ('m', &self.minute),
            ('s', &self.second),
        ];
        let is_12 = matches!(self.letter(), 'h' | 'K');
        let fields = of.into_iter().filter_map(|(letter, option)| Some((letter, width(option.as_deref()?))));
        fields.filter(|(letter, _)| *letter != 'B' || is_12 || self.hour.is_none()).collect()
    }
}

/// The pattern of settings.
pub(super) fn shape(settings: &DateSettings, patterns: &Value) -> Shape {
    let (date, time, join) = parts(settings, patterns);
    let time = cycled(time, settings.letter());
    let skeleton = fields(date.iter().chain(&time));
    let tokens = match (date.is_empty(), time.is_empty()) {
        (false, false) => {
            let template = tokens(cldr::text(patterns, &format!("/at/{join}")));
            joined(template, date, time)
        }
        (true, _) => time,
        (false, true) => date,
    };
    Shape { tokens, skeleton }
}

/// The patterns of the date and of the time, and which of the templates joins them.
fn parts(settings: &DateSettings, patterns: &Value) -> (Vec<Token>, Vec<Token>, usize) {
    let formats = formats(patterns, "formats");
    if settings.date_style.is_some() || settings.time_style.is_some() {
        styled(settings, patterns, formats)
    } else {
        let date = settings.date_fields();
        let join = match date.iter().find(|(letter, _)| *letter == 'M') {
            Some((_, 4)) if settings.weekday.is_some() => 0,
            Some((_, 4)) => 1,
            Some((_, 3)) => 2,
            _ => 3,
        };
        (pattern(formats, &date), timed(settings, formats), join)
    }
}

/// `{1}` and `{0}` filled in.
fn joined(template: Vec<Token>, date: Vec<Token>, time: Vec<Token>) -> Vec<Token> {
    let text: String = template
        .into_iter()
        .map(|token| match token {
            Token::Text(text) => text,
            Token::Field(letter, width) => std::iter::repeat_n(letter, width).collect(),
        })
        .collect();
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('{') {
        found.push(Token::Text(rest[..at].to_owned()));
        found.extend(if rest[at..].starts_with("{1}") { date.clone() } else { time.clone() });
        rest = &rest[at + 3..];
    }
    found.push(Token::Text(rest.to_owned()));
    found.retain(|token| *token != Token::Text(String::new()));
    found
}

fn styled(
    settings: &DateSettings,
    patterns: &Value,
    formats: &Map<String, Value>,
) -> (Vec<Token>, Vec<Token>, usize) {
    let of =
        |name: &str, style: &str| tokens(cldr::text(patterns, &format!("/{name}/{}", style_index(style))));
    let date = settings.date_style.as_deref().map(|style| of("date", style)).unwrap_or_default();
    let time = settings.time_style.as_deref().map(|style| of("time", style)).unwrap_or_default();
    let is_12 = |letter: char| matches!(letter, 'h' | 'K');
    let had = time.iter().find_map(|token| match token {
        Token::Field(letter @ ('h' | 'H' | 'K' | 'k'), _) => Some(*letter),
        _ => None,
    });
    let time = match had {
        Some(had) if is_12(had) != is_12(settings.letter()) => other_cycle(&time, settings.letter(), formats),
        _ => time,
    };
    let join = settings.date_style.as_deref().map_or(2, style_index);
    (date, time, join)
}

/// The pattern for a clock of 24 hours, or of 12.
fn other_cycle(time: &[Token], letter: char, formats: &Map<String, Value>) -> Vec<Token> {
    let width = |token: &Token| match token {
        Token::Field('h' | 'H' | 'K' | 'k', width) => Some(*width),
        _ => None,
    };
    let hours = time.iter().find_map(width).unwrap_or(1);
    let (mut wanted, mut zone) = (vec![(kind(letter), hours), ('m', 1)], None);
    for token in time {
        match token {
            Token::Field('s', _) => wanted.push(('s', 1)),
            Token::Field('z', width) => zone = Some(*width),
            _ => {}
        }
    }
    let mut found = pattern(formats, &wanted);
    if let Some(width) = zone {
        found.extend([Token::Text(" ".to_owned()), Token::Field('z', width)]);
    }
    found
}

fn timed(settings: &DateSettings, formats: &Map<String, Value>) -> Vec<Token> {
    let wanted = settings.time_fields();
    let mut found = pattern(formats, &wanted);
    if let Some(digits) = settings.fractional_second_digits {
        let after = found.iter().position(|token| matches!(token, Token::Field('s', _)));
        match after {
            Some(at) => found.insert(at + 1, Token::Field('S', digits)),
            None => found.push(Token::Field('S', digits)),
        }
    }
    let zone = settings.time_zone_name.as_deref().map(|name| match name {
        "long" => Token::Field('z', 4),
        "shortOffset" => Token::Field('O', 1),
        "longOffset" => Token::Field('O', 4),
        "shortGeneric" => Token::Field('v', 1),
        "longGeneric" => Token::Field('v', 4),
        _ => Token::Field('z', 1),
    });
    if let Some(zone) = zone {
        if !found.is_empty() {
            found.push(Token::Text(" ".to_owned()));
        } else if !settings.date_fields().is_empty() {
            return vec![zone];
        }
        found.push(zone);
    }
    found
}

/// The hours in the cycle that is wanted.
fn cycled(tokens: Vec<Token>, letter: char) -> Vec<Token> {
    let hour = |token: Token| match token {
        // ICU4X has no clock that shows 24: it shows 0.
        Token::Field('h' | 'H' | 'K' | 'k', width) => {
            Token::Field(if letter == 'k' { 'H' } else { letter }, width)
        }
        token => token,
    };
    tokens.into_iter().map(hour).collect()
}

/// The fields of a pattern.
fn fields<'a>(tokens: impl Iterator<Item = &'a Token>) -> Vec<(char, usize)> {
    let field = |token: &Token| match token {
        Token::Field('a', _) | Token::Text(_) => None,
        Token::Field(letter, width) => Some((kind(*letter), *width)),
    };
    tokens.filter_map(field).collect()
}

/// The patterns of ranges, by the greatest field that differs.
pub(super) fn ranges(
    settings: &DateSettings,
    patterns: &Value,
    skeleton: &[(char, usize)],
) -> Vec<(char, Vec<Token>)> {
    let is_time = |letter: &char| matches!(letter, 'h' | 'H' | 'm' | 's' | 'B' | 'S' | 'z' | 'O' | 'v');
    let (time, date): (Vec<_>, Vec<_>) = skeleton.iter().copied().partition(|(letter, _)| is_time(letter));
    let of = if time.is_empty() { &date } else { &time };
    let Some((name, found, lacking)) = nearest(formats(patterns, "intervals"), of) else { return Vec::new() };
    if !lacking.is_empty() {
        return Vec::new();
    }
    let around = |tokens: Vec<Token>| {
        let tokens = cycled(tokens, settings.letter());
        if time.is_empty() || date.is_empty() { tokens } else { beside_date(settings, patterns, tokens) }
    };
    let found = found.as_object().into_iter().flatten();
    found
        .filter_map(|(difference, pattern)| {
            let letter = kind(difference.chars().next()?);
            let letter = if letter == 'H' {
                'h'
            } else if letter == 'B' {
                'a'
            } else {
                letter
            };
            Some((letter, around(adjusted(pattern.as_str()?, name, of))))
        })
        .collect()
}

/// A range of times beside the date that both are on.
fn beside_date(settings: &DateSettings, patterns: &Value, times: Vec<Token>) -> Vec<Token> {
    let (date, _, join) = parts(settings, patterns);
    joined(tokens(cldr::text(patterns, &format!("/at/{join}"))), date, times)
}

/// A time with its day, for what has a time alone.
pub(super) fn with_day(settings: &DateSettings, patterns: &Value) -> Option<Vec<Token>> {
    let (date, time, _) = parts(settings, patterns);
    let day = pattern(formats(patterns, "formats"), &[('y', 1), ('M', 1), ('d', 1)]);
    let time = cycled(time, settings.letter());
    let template = tokens(cldr::text(patterns, "/at/3"));
    date.is_empty().then(|| joined(template, day, time))
}

/// The patterns of a calendar, with what it has in common with others.
pub(super) fn patterns(locale: &str, calendar: &str) -> Value {
    // A place whose own calendar it is writes its dates as others do theirs, without the era.
    let at_home =
        matches!((calendar, locale.get(..2).unwrap_or_default()), ("buddhist", "th") | ("persian", "fa"));
    if calendar == "gregory" || at_home {
        return cldr::section(locale, "gregory");
    }
    let mut generic = cldr::section(locale, "generic");
    if let (Value::Object(own), Some(all)) = (cldr::section(locale, calendar), generic.as_object_mut()) {
        all.extend(own.into_iter().filter(|(_, value)| value != "="));
    }
    generic
}

/// The formats of a calendar.
fn formats<'a>(patterns: &'a Value, name: &str) -> &'a Map<String, Value> {
    static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
    patterns.get(name).and_then(Value::as_object).unwrap_or_else(|| NONE.get_or_init(Map::new))
}
