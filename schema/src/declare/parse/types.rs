//! Names of types: their syntax, and their aliases.

use super::ParseError;

/// The longest type, in bytes.
const BYTES_MAX: usize = 200;

/// PostgreSQL's own types, for those who mistype them.
pub(crate) const KNOWN: &[&str] = &[
    "bigint",
    "bigserial",
    "bit",
    "bit varying",
    "boolean",
    "box",
    "bytea",
    "char",
    "character varying",
    "cidr",
    "circle",
    "citext",
    "date",
    "daterange",
    "decimal",
    "double precision",
    "float4",
    "float8",
    "inet",
    "int",
    "int4range",
    "int8range",
    "integer",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "numeric",
    "numrange",
    "oid",
    "path",
    "pg_lsn",
    "point",
    "polygon",
    "real",
    "serial",
    "smallint",
    "smallserial",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsquery",
    "tsrange",
    "tstzrange",
    "tsvector",
    "uuid",
    "varbit",
    "varchar",
    "vector",
    "xml",
];

/// Aliases, and how `format_type` writes them.
const ALIASES: &[(&str, &str)] = &[
    ("bool", "boolean"),
    ("char", "character"),
    ("bpchar", "character"),
    ("dec", "numeric"),
    ("decimal", "numeric"),
    ("float", "double precision"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("int", "integer"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("serial2", "smallserial"),
    ("serial4", "serial"),
    ("serial8", "bigserial"),
    ("time", "time without time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timestamptz", "timestamp with time zone"),
    ("timetz", "time with time zone"),
    ("varbit", "bit varying"),
    ("varchar", "character varying"),
];

/// Words that end a type and begin something else.
const NO_TYPE_WORDS: &[&str] = &[
    "as",
    "check",
    "collate",
    "compression",
    "constraint",
    "default",
    "deferrable",
    "generated",
    "initially",
    "not",
    "null",
    "primary",
    "references",
    "storage",
    "unique",
    "using",
];

/// Check that a type's text is the text of a type and of nothing else.
pub(super) fn check(text: &str, path: &str) -> Result<String, ParseError> {
    let wrong = |message: &str| Err(ParseError::new(path, message));
    if text.len() > BYTES_MAX {
        return wrong("is too long for a type");
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return wrong("must name a type");
    }
    let words =
        trimmed.split('"').step_by(2).flat_map(|part| part.split([' ', '(', ')', ',', '.', '[', ']']));
    for word in words {
        if NO_TYPE_WORDS.contains(&word.to_lowercase().as_str()) {
            return wrong(&format!("is more than a type: {word:?} does not belong here"));
        }
    }
    match shape(trimmed) {
        Ok(()) => Ok(trimmed.to_owned()),
        Err(message) => wrong(message),
    }
}

/// Words, perhaps quoted, perhaps with dots; once `(modifiers)`; at the end `[]`s.
fn shape(text: &str) -> Result<(), &'static str> {
    const NOT_A_TYPE: &str = "does not look like a type";
    let mut characters = text.chars().peekable();
    let (mut in_brackets, mut had_modifiers, mut had_word) = (false, false, false);
    while let Some(character) = characters.next() {
        match character {
            '"' if !in_brackets => {
                had_word = true;
                loop {
                    match characters.next() {
                        Some('"') if characters.peek() == Some(&'"') => drop(characters.next()),
                        Some('"') => break,
                        Some('\0') | None => return Err("has a quote that is not closed"),
                        Some(_) => {}
                    }
                }
            }
            '(' if !in_brackets && !had_modifiers && had_word => (in_brackets, had_modifiers) = (true, true),
            ')' if in_brackets => in_brackets = false,
            // Of PostGIS: geometry(Point,4326); of intervals and negative scales: signs and spaces.
            _ if in_brackets && (character.is_ascii_alphanumeric() || " ,-".contains(character)) => {}
            '[' if !in_brackets && had_word => {
                while characters.next_if(char::is_ascii_digit).is_some() {}
                if characters.next() != Some(']') {
                    return Err("has a '[' that is not closed");
                }
            }
            ' ' | '.' if !in_brackets => {}
            _ if !in_brackets && (character.is_alphanumeric() || character == '_' || character == '$') => {
                had_word = true
            }
            _ => return Err(NOT_A_TYPE),
        }
    }
    if in_brackets { Err("has a '(' that is not closed") } else { Ok(()) }
}

/// As `format_type` writes it, as far as that can be known without asking.
pub(crate) fn canonical(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if text.contains('"') {
        return text.to_owned();
    }
    let arrays = words.matches("[]").count();
    words = words.replace("[]", "");
    let (name, rest) = match words.split_once('(') {
        Some((name, rest)) => (name.trim_end().to_owned(), Some(rest.to_owned())),
        None => (words.trim_end().to_owned(), None),
    };
    let full = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, full)| full);
    let array = if arrays > 0 { "[]" } else { "" };
    let Some(rest) = rest else {
        let single = if full == "character" || full == "bit" { "(1)" } else { "" };
        return format!("{full}{single}{array}");
    };
    let (modifiers, tail) = rest.split_once(')').unwrap_or((&rest, ""));
    let mut modifiers = modifiers.replace(' ', "");
    if full == "numeric" && !modifiers.contains(',') {
        modifiers.push_str(",0");
    }
    match full.split_once(' ') {
        // The precision stands between: `timestamp(3) with time zone`.
        Some((first @ ("time" | "timestamp"), _)) if !tail.is_empty() => {
            format!("{first}({modifiers}){tail}{array}")
        }
        Some((first @ ("time" | "timestamp"), more)) => format!("{first}({modifiers}) {more}{array}"),
        _ => format!("{full}({modifiers}){tail}{array}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_look_like_types() {
        for text in [
            "int",
            "varchar(20)",
            "numeric(10, -2)",
            "double precision",
            "timestamp(3) with time zone",
            "int[][]",
            "int[3]",
            "\"my type\"",
            "public.mood",
            "geometry(Point,4326)",
            "interval day to second(3)",
            "größe",
            "\"a\"\"b\"[]",
        ] {
            assert!(check(text, "t").is_ok(), "{text}");
        }
        for text in [
            "",
            " ",
            "int; drop table x",
            "int)",
            "int) , evil int",
            "int(",
            "'x'",
            "\"x",
            "int default 3",
            "text NOT NULL",
            "int[",
            "int[x]",
            "(int)",
            "[]",
            "int /* x */",
        ] {
            assert!(check(text, "t").is_err(), "{text}");
        }
        assert!(check(&"x".repeat(BYTES_MAX + 1), "t").is_err());
    }

    #[test]
    fn aliases_are_known() {
        for (text, full) in [
            ("INT", "integer"),
            ("decimal(10)", "numeric(10,0)"),
            ("decimal(10, 2)[]", "numeric(10,2)[]"),
            ("char", "character(1)"),
            ("varchar(20)", "character varying(20)"),
            ("timestamptz(3)", "timestamp(3) with time zone"),
            ("timestamp(3) with time zone", "timestamp(3) with time zone"),
            ("timestamp", "timestamp without time zone"),
            ("int[][]", "integer[]"),
            ("uuid", "uuid"),
        ] {
            assert_eq!(canonical(text), full);
        }
    }
}
