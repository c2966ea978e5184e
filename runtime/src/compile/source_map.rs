//! Source maps: from positions in the code that runs back to the author's own file.

use std::fmt;

use oxc_sourcemap::{ConcatSourceMapBuilder, JSONSourceMap, SourceMap as Inner, SourceMapBuilder, Token};

use crate::error::SourcePlace;

/// The name under which the engine knows every function's module.
pub(crate) const MODULE_NAME: &str = "function.mjs";
/// The name of the script inside the sandbox that is not the author's.
const PRELUDE_NAME: &str = "mayfly:prelude";

/// What stands behind a stack when more of the error follows.
const OPENING: &str = " {";
const LINE_CHARS_MAX: usize = 200;
/// The most places of a bundler's map: one for each character of the longest code.
const PLACES_MAX: usize = 1 << 20;

/// A parsed source map.
#[derive(Debug)]
pub struct SourceMap {
    inner: Inner<'static>,
}

/// A position in one of the author's files.
struct SourcePosition<'a> {
    file: &'a str,
    content: Option<&'a str>,
    line: u32,
    column: u32,
}

impl SourcePosition<'_> {
    /// The line, where it is known and not empty.
    fn text(&self) -> Option<String> {
        let text = place_at(self.content?, self.line, 1).text;
        (!text.trim().is_empty()).then(|| text.trim_end().to_owned())
    }
}

/// A bundler's map, or what is wrong with it.
pub(super) fn read_bundlers(json: &str) -> Result<Inner<'static>, String> {
    let json: JSONSourceMap =
        serde_json::from_str(json).map_err(|error| wrong("is not a source map (JSON, version 3)", error))?;
    let places = json.mappings.bytes().filter(|byte| matches!(byte, b',' | b';')).count() + 1;
    if places > PLACES_MAX {
        return Err(format!("has {places} mappings, the limit is {PLACES_MAX}"));
    }
    Inner::from_json(json).map_err(|error| wrong("has mappings that cannot be decoded", error))
}

/// A parser's message may quote all of its input.
fn wrong(what: &str, error: impl fmt::Display) -> String {
    format!("{what}: {error}").chars().take(LINE_CHARS_MAX).collect()
}

/// The map that leads through `map` and on through a bundler's, as JSON.
pub(super) fn compose(map: &Inner<'_>, bundlers: &Inner<'_>) -> String {
    let table = bundlers.generate_lookup_table();
    let mut builder = SourceMapBuilder::default();
    let ids: Vec<u32> = (0..bundlers.get_sources().len() as u32)
        .map(|id| {
            let (source, content) = (bundlers.get_source(id), bundlers.get_source_content(id));
            builder.add_source_and_content(source.unwrap_or(MODULE_NAME), content.unwrap_or_default())
        })
        .collect();
    for token in map.get_tokens() {
        let Some(on) = bundlers.lookup_token(&table, token.get_src_line(), token.get_src_col()) else {
            continue;
        };
        let source = on.get_source_id().and_then(|id| ids.get(id as usize)).copied();
        let (line, column) = (token.get_dst_line(), token.get_dst_col());
        builder.add_token(line, column, on.get_src_line(), on.get_src_col(), source, None);
    }
    builder.into_sourcemap().to_json_string()
}

/// The map of the same code, that number of lines further down, as JSON.
pub(super) fn moved(map: &Inner<'_>, lines: u32) -> String {
    ConcatSourceMapBuilder::from_sourcemaps(&[(map, lines)]).into_sourcemap().to_json_string()
}

impl SourceMap {
    /// Parses what [`crate::Build::source_map`] holds; `None` for anything else.
    pub fn parse(json: &str) -> Option<Self> {
        Some(Self { inner: Inner::from_json_string(json).ok()?.into_owned() })
    }

    /// Whether a text speaks of places that a map leads back to the author's file.
    pub fn has_places(text: &str) -> bool {
        text.contains(MODULE_NAME)
    }

    /// The stack with its places in the author's file, and without the frames that are not the author's.
    pub fn map_stack(&self, stack: &str) -> String {
        let table = self.inner.generate_lookup_table();
        let mut mapped = String::with_capacity(stack.len());
        let mut shown = false;
        for line in stack.lines() {
            if let Some(behind) = behind_prelude_frame(line) {
                mapped.push_str(behind);
                continue;
            }
            if !mapped.is_empty() {
                mapped.push('\n');
            }
            match self.frame(&table, line) {
                Some((before, after, place)) => {
                    let SourcePosition { file, line, column, .. } = place;
                    // What an error holds beside its stack begins behind the last frame.
                    let (after, behind) =
                        after.strip_suffix(OPENING).map_or((after, ""), |after| (after, OPENING));
                    mapped.push_str(&format!("{before}{file}:{line}:{column}{after}"));
                    // The line itself, where it all happened.
                    if let Some(text) = place.text().filter(|_| !shown) {
                        mapped.push_str(&format!("\n      {line} | {text}"));
                    }
                    mapped.push_str(behind);
                    shown = true;
                }
                None => mapped.push_str(line),
            }
        }
        mapped
    }

    /// The first place of the author's in a stack; `source` is what there is where the map holds no files.
    pub(crate) fn first_place(&self, stack: &str, source: &str) -> Option<SourcePlace> {
        let table = self.inner.generate_lookup_table();
        let (_, _, place) = stack.lines().find_map(|line| self.frame(&table, line))?;
        Some(place_at(place.content.unwrap_or(source), place.line, place.column))
    }

    /// One line of a stack: what stands before and after its place, and that place in the source.
    fn frame<'a>(
        &'a self,
        table: &[&[Token]],
        line: &'a str,
    ) -> Option<(&'a str, &'a str, SourcePosition<'a>)> {
        let at = line.find(MODULE_NAME)?;
        let rest = line.get(at + MODULE_NAME.len()..)?.strip_prefix(':')?;
        let (row, rest) = number(rest)?;
        let (column, after) = match rest.strip_prefix(':').and_then(number) {
            Some((column, after)) => (column, after),
            None => (1, rest),
        };
        let token = self.inner.lookup_token(table, row.checked_sub(1)?, column.saturating_sub(1))?;
        let source = token.get_source_id().unwrap_or(0);
        let place = SourcePosition {
            file: self.inner.get_source(source).unwrap_or(MODULE_NAME),
            content: self.inner.get_source_content(source),
            line: token.get_src_line() + 1,
            column: token.get_src_col() + 1,
        };
        Some((&line[..at], after, place))
    }
}

/// Where the line is a frame of the prelude's, what stands behind it: the brackets of an error with causes.
fn behind_prelude_frame(line: &str) -> Option<&str> {
    let (before, place) = line.split_once(PRELUDE_NAME)?;
    if !before.trim_start().starts_with("at ") {
        return None;
    }
    // The library of Node's modules is a prelude of its own, with its name behind a slash.
    let place = place
        .strip_prefix('/')
        .map_or(place, |rest| rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()));
    Some(place.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == ')'))
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// A place with its line's text.
pub(crate) fn place_at(source: &str, line: u32, column: u32) -> SourcePlace {
    let text = source.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
    SourcePlace { line, column, text: text.chars().take(LINE_CHARS_MAX).collect() }
}

/// The place at a byte offset.
pub(crate) fn place_of_offset(source: &str, offset: usize) -> SourcePlace {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
    place_at(source, line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns() {
        let place = place_of_offset("let é;\n  x y", 11);
        assert_eq!((place.line, place.column, place.text.as_str()), (2, 4, "  x y"));
        assert_eq!(place_of_offset("", 99).line, 1);
    }

    fn map_with(mappings: &str) -> String {
        format!(r#"{{"version":3,"sources":["a.ts"],"names":[],"mappings":"{mappings}"}}"#)
    }

    #[test]
    fn what_is_no_bundlers_map_is_refused_with_the_reason() {
        for good in [map_with(""), map_with("AAAA;;AACA,CAAC"), map_with("A")] {
            read_bundlers(&good).unwrap();
        }
        let long = format!("\"{}\"", "x".repeat(1 << 20));
        for (bad, why) in [
            ("", "is not a source map"),
            ("hello", "is not a source map"),
            ("[]", "is not a source map"),
            ("{}", "is not a source map"),
            (long.as_str(), "is not a source map"),
            (r#"{"version":3,"sources":[]}"#, "mappings"),
            (r#"{"version":2,"sources":[],"names":[],"mappings":""}"#, "version: 2"),
            (r#"{"version":"3","sources":[],"names":[],"mappings":""}"#, "is not a source map"),
            (r#"{"version":3,"sections":[]}"#, "is not a source map"),
            (r#"{"version":3,"sources":[],"names":[],"mappings":7}"#, "is not a source map"),
            (&map_with("!"), "cannot be decoded"),
            (&map_with("g"), "cannot be decoded"),
            (&map_with("AA"), "cannot be decoded"),
            (&map_with("ACAA"), "cannot be decoded"),
            (&map_with("AAAAC"), "cannot be decoded"),
            (&map_with("ggggggggggggggggggggA"), "cannot be decoded"),
        ] {
            let said = read_bundlers(bad).unwrap_err();
            assert!(
                said.contains(why) && said.len() <= LINE_CHARS_MAX,
                "{}: {said}",
                &bad[..bad.len().min(80)]
            );
        }
    }

    #[test]
    fn a_bundlers_map_has_so_many_places_and_no_more() {
        assert!(read_bundlers(&map_with(&";".repeat(PLACES_MAX - 1))).is_ok());
        let said = read_bundlers(&map_with(&";".repeat(PLACES_MAX))).unwrap_err();
        assert!(said.contains("has 1048577 mappings"), "{said}");
    }

    #[test]
    fn frames_of_the_prelude_are_dropped_and_what_is_behind_them_is_not() {
        let map = SourceMap::parse(r#"{"version":3,"sources":[],"names":[],"mappings":""}"#).unwrap();
        let stack = "    at f (x.mjs:1:2)\n    at g (mayfly:prelude:3:4)\n    at h (mayfly:prelude/node:7:8) {\n  [cause]: Error: mayfly:prelude\n      at mayfly:prelude:5:6\n}";
        assert_eq!(map.map_stack(stack), "    at f (x.mjs:1:2) {\n  [cause]: Error: mayfly:prelude\n}");
    }

    #[test]
    fn what_is_no_map_is_none() {
        assert!(SourceMap::parse("").is_none());
        assert!(SourceMap::parse("[]").is_none());
    }
}
