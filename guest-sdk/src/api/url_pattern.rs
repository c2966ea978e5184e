//! URLPattern: patterns become regular expressions here, and those are JavaScript's own.

use std::cell::RefCell;
use std::collections::BTreeMap;

use javy_plugin_api::javy::quickjs::{Array, Ctx, Exception, Function, Object, Result, String as JsString};
use url::Url;
use urlpattern::regexp::RegExp;
use urlpattern::{Error, RegexSyntax, UrlPatternInit, UrlPatternMatchInput, UrlPatternOptions, quirks};

use crate::text;

// The parts of a pattern, in the order in which the prelude has them.
const PARTS: usize = 8;

/// Only JavaScript can say whether a regular expression matches a text: a match that is not known yet is asked for, and the
/// pattern is made again with the answer.
#[derive(Default)]
struct Matches {
    known: BTreeMap<[String; 3], bool>,
    asked: Option<[String; 3]>,
}

thread_local! {
    static MATCHES: RefCell<Matches> = const { RefCell::new(Matches { known: BTreeMap::new(), asked: None }) };
}

/// A regular expression that stays text.
struct Source {
    pattern: String,
    flags: String,
}

impl RegExp for Source {
    fn syntax() -> RegexSyntax {
        RegexSyntax::EcmaScript
    }

    // Whether it is one is seen when JavaScript makes it.
    fn parse(pattern: &str, flags: &str, _: bool) -> std::result::Result<Self, ()> {
        Ok(Self { pattern: pattern.to_owned(), flags: flags.to_owned() })
    }

    // While a pattern is made, the captures of a group are not used.
    fn matches<'a>(&self, text: &'a str) -> Option<Vec<Option<&'a str>>> {
        let question = [self.pattern.clone(), self.flags.clone(), text.to_owned()];
        MATCHES.with_borrow_mut(|matches| match matches.known.get(&question) {
            Some(true) => Some(Vec::new()),
            Some(false) => None,
            None => {
                matches.asked.get_or_insert(question);
                None
            }
        })
    }

    fn pattern_string(&self) -> &str {
        &self.pattern
    }
}

/// `parts` as the prelude gives them: eight, and the base URL.
fn init(parts: &Array<'_>) -> Result<std::result::Result<UrlPatternInit, Error>> {
    let part = |index: usize| -> Result<Option<String>> {
        parts.get::<Option<JsString<'_>>>(index)?.as_ref().map(text::text).transpose()
    };
    let base_url = match part(PARTS)? {
        None => None,
        Some(base) => match Url::parse(&base) {
            Ok(base) => Some(base),
            Err(error) => return Ok(Err(Error::Url(error))),
        },
    };
    Ok(Ok(UrlPatternInit {
        protocol: part(0)?,
        username: part(1)?,
        password: part(2)?,
        hostname: part(3)?,
        port: part(4)?,
        pathname: part(5)?,
        search: part(6)?,
        hash: part(7)?,
        base_url,
    }))
}

fn init_of_text(
    pattern: &JsString<'_>,
    base: Option<JsString<'_>>,
) -> Result<std::result::Result<UrlPatternInit, Error>> {
    let base = match base.as_ref().map(text::text).transpose()? {
        None => None,
        Some(base) => match Url::parse(&base) {
            Ok(base) => Some(base),
            Err(error) => return Ok(Err(Error::Url(error))),
        },
    };
    Ok(UrlPatternInit::parse_constructor_string::<Source>(&text::text(pattern)?, base))
}

/// The pattern's parts, an array each: pattern, regular expression, names of groups; or the three texts of a question.
fn finish<'js>(
    ctx: Ctx<'js>,
    parsed: std::result::Result<UrlPatternInit, Error>,
    ignore_case: bool,
) -> Result<Array<'js>> {
    let options = UrlPatternOptions { regex_syntax: RegexSyntax::EcmaScript, ignore_case };
    let parsed = parsed.and_then(|init| quirks::parse_pattern::<Source>(init, options));
    let answer = Array::new(ctx.clone())?;
    if let Some(question) = MATCHES.with_borrow_mut(|matches| matches.asked.take()) {
        for (index, text) in question.into_iter().enumerate() {
            answer.set(index, text)?;
        }
        return Ok(answer);
    }
    MATCHES.with_borrow_mut(|matches| matches.known.clear());
    let pattern =
        parsed.map_err(|error| Exception::throw_type(&ctx, &format!("Not a URL pattern: {error}")))?;
    let quirks::UrlPattern { protocol, username, password, hostname, port, pathname, search, hash, .. } =
        pattern;
    let parts = [protocol, username, password, hostname, port, pathname, search, hash];
    for (index, part) in parts.into_iter().enumerate() {
        let entry = Array::new(ctx.clone())?;
        entry.set(0, part.pattern_string)?;
        entry.set(1, part.regexp_string)?;
        entry.set(2, part.group_name_list)?;
        answer.set(index, entry)?;
    }
    answer.set(PARTS, pattern.has_regexp_groups)?;
    Ok(answer)
}

fn of_parts<'js>(ctx: Ctx<'js>, parts: Array<'js>, ignore_case: bool) -> Result<Array<'js>> {
    finish(ctx, init(&parts)?, ignore_case)
}

fn of_text<'js>(
    ctx: Ctx<'js>,
    pattern: JsString<'js>,
    base: Option<JsString<'js>>,
    ignore_case: bool,
) -> Result<Array<'js>> {
    finish(ctx, init_of_text(&pattern, base)?, ignore_case)
}

/// The answer to a question.
fn answer(pattern: JsString<'_>, flags: JsString<'_>, subject: JsString<'_>, matches: bool) -> Result<()> {
    let question = [text::text(&pattern)?, text::text(&flags)?, text::text(&subject)?];
    MATCHES.with_borrow_mut(|all| all.known.insert(question, matches));
    Ok(())
}

fn input<'js>(ctx: Ctx<'js>, input: UrlPatternMatchInput) -> Result<Option<Array<'js>>> {
    let Some(parts) = quirks::parse_match_input(input) else { return Ok(None) };
    let quirks::MatchInput { protocol, username, password, hostname, port, pathname, search, hash } = parts;
    let array = Array::new(ctx)?;
    let all = [protocol, username, password, hostname, port, pathname, search, hash];
    for (index, part) in all.into_iter().enumerate() {
        array.set(index, part)?;
    }
    Ok(Some(array))
}

/// A URL's parts, to be matched; nothing where it is none.
fn input_of_text<'js>(
    ctx: Ctx<'js>,
    url: JsString<'js>,
    base: Option<JsString<'js>>,
) -> Result<Option<Array<'js>>> {
    let base = match base.as_ref().map(text::text).transpose()?.map(|base| Url::parse(&base)) {
        Some(Err(_)) => return Ok(None),
        Some(Ok(base)) => Some(base),
        None => None,
    };
    match Url::options().base_url(base.as_ref()).parse(&text::text(&url)?) {
        Ok(url) => input(ctx, UrlPatternMatchInput::Url(url)),
        Err(_) => Ok(None),
    }
}

fn input_of_parts<'js>(ctx: Ctx<'js>, parts: Array<'js>) -> Result<Option<Array<'js>>> {
    match init(&parts)? {
        Ok(init) => input(ctx, UrlPatternMatchInput::Init(init)),
        Err(_) => Ok(None),
    }
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("patternOfParts", Function::new(ctx.clone(), of_parts)?)?;
    host.set("patternOfText", Function::new(ctx.clone(), of_text)?)?;
    host.set("patternAnswer", Function::new(ctx.clone(), answer)?)?;
    host.set("patternInputOfText", Function::new(ctx.clone(), input_of_text)?)?;
    host.set("patternInputOfParts", Function::new(ctx.clone(), input_of_parts)?)
}
